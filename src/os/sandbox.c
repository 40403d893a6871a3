/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * sandbox - see sandbox.h.
 *
 * Landlock says which paths; the list of system calls (syscalls.c) says the rest.
 *
 * The numbers of newer Landlock rights stand here, since Debian 12's kernel
 * headers end at ABI 2 while the program may run under a newer kernel.
 */
#include "os/sandbox.h"

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <pwd.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <linux/landlock.h>

#include "base/error.h"
#include "os/file.h"
#include "os/syscalls.h"

#define GROUPS_MAX 16

/* ---- user ---- */

static int
group_of(const char *name, gid_t *ret, struct error *e)
{
	const struct group *g = getgrnam(name);

	if (g == NULL)
		return err_set(e, ERR_NOT_FOUND, "no group %s", name);
	*ret = g->gr_gid;
	return 0;
}

static int
set_user(const struct sandbox *s, struct error *e)
{
	const struct passwd *p = getpwnam(s->user);
	gid_t groups[GROUPS_MAX + 1];
	int n = GROUPS_MAX;

	if (p == NULL)
		return err_set(e, ERR_NOT_FOUND, "no user %s", s->user);
	if (getgrouplist(s->user, p->pw_gid, groups, &n) < 0)
		return err_set(
		    e, ERR_INTERNAL, "%s is in more than %d groups", s->user, GROUPS_MAX);
	if (s->group != NULL && group_of(s->group, &groups[n++], e) < 0)
		return err_code(e);
	if (setgroups((size_t)n, groups) < 0 || setresgid(p->pw_gid, p->pw_gid, p->pw_gid) < 0 ||
	    setresuid(p->pw_uid, p->pw_uid, p->pw_uid) < 0)
		return err_errno(e, "become user %s", s->user);
	if (setuid(0) == 0)
		return err_set(e, ERR_INTERNAL, "root came back after setresuid");
	return 0;
}

/* A change of user clears the signal of the parent's death: set it again. */
static int
drop_user(const struct sandbox *s, struct error *e)
{
	pid_t parent = getppid();
	int sig = 0;

	if (s->user == NULL)
		return 0;
	if (prctl(PR_GET_PDEATHSIG, &sig) < 0)
		return err_errno(e, "PR_GET_PDEATHSIG");
	if (set_user(s, e) < 0)
		return err_code(e);
	if (prctl(PR_SET_PDEATHSIG, sig) < 0)
		return err_errno(e, "PR_SET_PDEATHSIG");
	if (sig != 0 && getppid() != parent)
		return err_set(e, ERR_UNAVAILABLE, "the parent is gone");
	return 0;
}

/* ---- limits ---- */

static int
set_limits(const struct sandbox *s, struct error *e)
{
	const struct rlimit none = {0, 0};
	struct rlimit files;
	rlim_t want = (rlim_t)s->max_files;

	if (setrlimit(RLIMIT_CORE, &none) < 0)
		return err_errno(e, "RLIMIT_CORE");
	/* no core and no ptrace by another process of the same user */
	if (prctl(PR_SET_DUMPABLE, 0) < 0)
		return err_errno(e, "PR_SET_DUMPABLE");
	if (s->max_files == 0)
		return 0;
	if (getrlimit(RLIMIT_NOFILE, &files) < 0)
		return err_errno(e, "RLIMIT_NOFILE");
	if (want > files.rlim_max) {
		struct rlimit more = {want, want};

		/* raising it needs a capability that root in a container may lack */
		if (setrlimit(RLIMIT_NOFILE, &more) == 0)
			return 0;
		want = files.rlim_max;
	}
	files = (struct rlimit){want, want};
	return setrlimit(RLIMIT_NOFILE, &files) < 0 ? err_errno(e, "RLIMIT_NOFILE") : 0;
}

/* ---- Landlock ---- */

#define FS_ABI_1 ((1ull << 13) - 1)
#define FS_REFER (1ull << 13)
#define FS_TRUNCATE (1ull << 14)
#define FS_IOCTL_DEV (1ull << 15)
#define FS_ON_A_FILE                                                                               \
	(LANDLOCK_ACCESS_FS_EXECUTE | LANDLOCK_ACCESS_FS_WRITE_FILE |                              \
	    LANDLOCK_ACCESS_FS_READ_FILE | FS_TRUNCATE | FS_IOCTL_DEV)
#define NET_BIND_TCP 1ull
#define NET_CONNECT_TCP 2ull
#define RULE_NET_PORT 2
#define SCOPE_ABSTRACT_UNIX_SOCKET 1ull
#define SCOPE_SIGNAL 2ull

/* A long answer about a name comes by TCP; by UDP, which Landlock does not see, anyone may be
 * asked. */
#define DNS_PORT 53

struct ruleset {
	uint64_t fs, net, scoped;
};
struct port_rule {
	uint64_t allowed, port;
};

static uint64_t
fs_of_abi(long abi)
{
	return FS_ABI_1 | (abi >= 2 ? FS_REFER : 0) | (abi >= 3 ? FS_TRUNCATE : 0) |
	       (abi >= 5 ? FS_IOCTL_DEV : 0);
}

static struct ruleset
ruleset_of(long abi, const struct sandbox *s)
{
	struct ruleset r = {.fs = fs_of_abi(abi)};
	bool anywhere = (s->may & SANDBOX_MAY_CONNECT) != 0 && s->ports == NULL;
	unsigned may = s->may;

	if (abi >= 4) {
		r.net = ((may & SANDBOX_MAY_LISTEN) != 0 ? 0 : NET_BIND_TCP) |
		        (anywhere ? 0 : NET_CONNECT_TCP);
	}
	if (abi >= 6) {
		r.scoped =
		    (anywhere || (may & SANDBOX_MAY_UNIX) != 0 ? 0 : SCOPE_ABSTRACT_UNIX_SOCKET) |
		    ((may & SANDBOX_MAY_KILL) != 0 ? 0 : SCOPE_SIGNAL);
	}
	return r;
}

static uint64_t
fs_of_rights(unsigned rights)
{
	static const struct {
		unsigned right;
		uint64_t fs;
	} map[] = {
	    {SANDBOX_READ, LANDLOCK_ACCESS_FS_READ_FILE | LANDLOCK_ACCESS_FS_READ_DIR},
	    {SANDBOX_READ_FILE, LANDLOCK_ACCESS_FS_READ_FILE},
	    {SANDBOX_READ_DIR, LANDLOCK_ACCESS_FS_READ_DIR},
	    {SANDBOX_WRITE_FILE, LANDLOCK_ACCESS_FS_WRITE_FILE},
	    {SANDBOX_MAKE_REG, LANDLOCK_ACCESS_FS_MAKE_REG},
	    {SANDBOX_REMOVE_FILE, LANDLOCK_ACCESS_FS_REMOVE_FILE},
	    {SANDBOX_REFER, FS_REFER},
	    {SANDBOX_MAKE_SOCK, LANDLOCK_ACCESS_FS_MAKE_SOCK},
	    {SANDBOX_TRUNCATE, FS_TRUNCATE},
	};
	uint64_t fs = 0;

	for (size_t i = 0; i < ARRAY_LEN(map); i++)
		fs |= (rights & map[i].right) != 0 ? map[i].fs : 0;
	return fs;
}

static int
allow_path(int ruleset, uint64_t handled, const struct sandbox_path *p, struct error *e)
{
	AUTO(fd_close) int fd = open(p->path, O_PATH | O_CLOEXEC);
	struct landlock_path_beneath_attr rule = {.parent_fd = fd};
	struct stat st;

	if (fd < 0 && errno == ENOENT)
		return 0;
	if (fd < 0 || fstat(fd, &st) < 0)
		return err_errno(e, "sandbox: %s", p->path);
	rule.allowed_access = fs_of_rights(p->rights) & handled;
	if (!S_ISDIR(st.st_mode))
		rule.allowed_access &= FS_ON_A_FILE;
	if (rule.allowed_access == 0)
		return 0;
	if (syscall(SYS_landlock_add_rule, ruleset, LANDLOCK_RULE_PATH_BENEATH, &rule, 0) < 0)
		return err_errno(e, "landlock rule for %s", p->path);
	return 0;
}

static int
allow_port(int ruleset, uint16_t port, struct error *e)
{
	const struct port_rule rule = {NET_CONNECT_TCP, port};

	if (syscall(SYS_landlock_add_rule, ruleset, RULE_NET_PORT, &rule, 0) < 0)
		return err_errno(e, "landlock rule for port %u", port);
	return 0;
}

static int
allow_ports(int ruleset, const struct ruleset *r, const struct sandbox *s, struct error *e)
{
	if ((s->may & SANDBOX_MAY_CONNECT) == 0 || (r->net & NET_CONNECT_TCP) == 0)
		return 0;
	for (size_t i = 0; i < s->port_count; i++) {
		if (allow_port(ruleset, s->ports[i], e) < 0)
			return err_code(e);
	}
	return allow_port(ruleset, DNS_PORT, e);
}

static int
open_ruleset(const struct sandbox *s, struct ruleset *ret, unsigned *missing, struct error *e)
{
	long abi = syscall(SYS_landlock_create_ruleset, NULL, 0, LANDLOCK_CREATE_RULESET_VERSION);
	struct ruleset r = ruleset_of(abi, s);
	size_t size = abi >= 6   ? sizeof r
	              : abi >= 4 ? offsetof(struct ruleset, scoped)
	                         : offsetof(struct ruleset, net);
	int fd;

	if (abi < 0 && (errno == ENOSYS || errno == EOPNOTSUPP)) {
		*missing |= SANDBOX_MISSING_LANDLOCK;
		return -1;
	}
	fd = abi < 0 ? -1 : (int)syscall(SYS_landlock_create_ruleset, &r, size, 0);
	*ret = r;
	return fd < 0 ? err_errno(e, "landlock ruleset") : fd;
}

static int
enter_landlock(const struct sandbox *s, unsigned *missing, struct error *e)
{
	struct ruleset handled = {0};
	AUTO(fd_close) int ruleset = -1;

	if ((s->may & SANDBOX_MAY_JAIL) != 0)
		return 0;
	ruleset = open_ruleset(s, &handled, missing, e);
	if (ruleset < 0)
		return (*missing & SANDBOX_MISSING_LANDLOCK) != 0 ? 0 : err_code(e);
	for (size_t i = 0; i < s->path_count; i++) {
		if (allow_path(ruleset, handled.fs, &s->paths[i], e) < 0)
			return err_code(e);
	}
	if (allow_ports(ruleset, &handled, s, e) < 0)
		return err_code(e);
	if (syscall(SYS_landlock_restrict_self, ruleset, 0) < 0)
		return err_errno(e, "landlock_restrict_self");
	return 0;
}

int
sandbox_enter(const struct sandbox *s, unsigned *ret_missing, struct error *e)
{
	unsigned missing = 0;

	if (set_limits(s, e) < 0 || drop_user(s, e) < 0)
		return err_code(e);
	/* changing the user may have made us dumpable again (fs.suid_dumpable) */
	if (prctl(PR_SET_DUMPABLE, 0) < 0)
		return err_errno(e, "PR_SET_DUMPABLE");
	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0)
		return err_errno(e, "PR_SET_NO_NEW_PRIVS");
	if (enter_landlock(s, &missing, e) < 0)
		return err_code(e);
	if ((s->may & SANDBOX_OWN_LIST) == 0 && syscalls_confine(s, &missing, e) < 0)
		return err_code(e);
	*ret_missing = missing;
	return 0;
}

const char *
sandbox_seen(void)
{
	int root = open("/", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	bool landlock = root < 0 && errno == EACCES;
	bool seccomp = prctl(PR_GET_SECCOMP) == 2;

	if (root >= 0)
		close(root);
	if (landlock && seccomp)
		return "landlock, seccomp";
	return landlock ? "landlock" : seccomp ? "seccomp" : "none";
}
