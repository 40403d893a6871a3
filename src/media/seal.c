/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * seal - what is left of a process before it reads a stranger's byte
 *
 * In this order: an empty root (or one with fonts, read-only), Landlock and the
 * list every role has (os/sandbox.h), no capabilities, then a list of what may
 * be called at all: anything else ends the process.  The root is needed beside
 * Landlock, which does not cover stat.  libraries stay mapped: whatever would
 * open a file later must have been used before (job.c).
 */
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <seccomp.h>
#include <signal.h>
#include <stdio.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <linux/capability.h>

#include "base/error.h"
#include "media/media.h"
#include "os/sandbox.h"

#define MIB (1024ull * 1024)
#define ROOT "/tmp" /* where the new root is put together */
#define ROOT_FLAGS (MS_NOSUID | MS_NODEV | MS_NOEXEC)
#define ROOT_SIZE "size=64k,nr_inodes=32"

/* ---- limits: hard ones, as the first process of a namespace ignores the soft ones' signals ----
 */

int
seal_limits(struct error *e)
{
	static const struct {
		int what;
		rlim_t most;
	} list[] = {
	    {RLIMIT_AS, 1536 * MIB},
	    {RLIMIT_CPU, LIMIT_RENDER_CPU_S},
	    {RLIMIT_FSIZE, 64 * MIB},
	    {RLIMIT_NOFILE, 2 * (JOB_PARTS + LIMIT_RENDER_PARTS)},
	    {RLIMIT_CORE, 0},
	    {RLIMIT_STACK, 8 * MIB},
	    {RLIMIT_MEMLOCK, 0},
	};

	for (size_t i = 0; i < ARRAY_LEN(list); i++) {
		const struct rlimit hard = {list[i].most, list[i].most};

		if (setrlimit((__rlimit_resource_t)list[i].what, &hard) < 0)
			return err_errno(e, "limit %d", list[i].what);
	}
	return 0;
}

/* ---- root ---- */

static const char *const font_dirs[] = {"/usr/share/fonts", "/etc/fonts", "/usr/share/fontconfig",
    "/var/cache/fontconfig", "/usr/share/poppler"};

/* The folders above, then the folder itself bound into the new root. */
static int
bind_dir(const char *dir, struct error *e)
{
	char path[128];
	struct stat st;

	if (stat(dir, &st) < 0)
		return 0;
	snprintf(path, sizeof path, ROOT "%s/", dir);
	for (char *p = strchr(path + sizeof ROOT, '/'); p != NULL; p = strchr(p + 1, '/')) {
		*p = '\0';
		if (mkdir(path, 0755) < 0 && errno != EEXIST)
			return err_errno(e, "mkdir %s", path);
		*p = '/';
	}
	if (mount(dir, path, NULL, MS_BIND | MS_REC, NULL) < 0)
		return err_errno(e, "bind %s", dir);
	return 0;
}

static int
own_root(bool with_fonts, struct error *e)
{
	if (mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) < 0 ||
	    mount("none", ROOT, "tmpfs", ROOT_FLAGS, ROOT_SIZE) < 0)
		return err_errno(e, "a root of its own");
	for (size_t i = 0; with_fonts && i < ARRAY_LEN(font_dirs); i++) {
		if (bind_dir(font_dirs[i], e) < 0)
			return err_code(e);
	}
	if (mount(NULL, ROOT, NULL, MS_REMOUNT | MS_RDONLY | ROOT_FLAGS, ROOT_SIZE) < 0)
		return err_errno(e, "a read-only root");
	if (chdir(ROOT) < 0 || syscall(SYS_pivot_root, ".", ".") < 0 ||
	    umount2(".", MNT_DETACH) < 0 || chdir("/") < 0)
		return err_errno(e, "pivot_root");
	return 0;
}

static int
drop_capabilities(struct error *e)
{
	struct __user_cap_header_struct head = {_LINUX_CAPABILITY_VERSION_3, 0};
	const struct __user_cap_data_struct none[2] = {0};

	if (syscall(SYS_capset, &head, none) < 0)
		return err_errno(e, "capset");
	return 0;
}

/* ---- system calls ---- */

static const int allowed[] = {SCMP_SYS(read), SCMP_SYS(readv), SCMP_SYS(pread64), SCMP_SYS(write),
    SCMP_SYS(writev), SCMP_SYS(lseek), SCMP_SYS(dup), SCMP_SYS(close), SCMP_SYS(fstat),
    SCMP_SYS(newfstatat), SCMP_SYS(brk), SCMP_SYS(munmap), SCMP_SYS(mremap), SCMP_SYS(madvise),
    SCMP_SYS(futex), SCMP_SYS(set_robust_list), SCMP_SYS(rseq), SCMP_SYS(rt_sigprocmask),
    SCMP_SYS(rt_sigaction), SCMP_SYS(rt_sigreturn), SCMP_SYS(getrusage),
    SCMP_SYS(sched_getaffinity), SCMP_SYS(sched_yield), SCMP_SYS(sysinfo), SCMP_SYS(gettid),
    SCMP_SYS(getpid), SCMP_SYS(clock_gettime), SCMP_SYS(gettimeofday), SCMP_SYS(clock_nanosleep),
    SCMP_SYS(restart_syscall), SCMP_SYS(getrandom), SCMP_SYS(exit), SCMP_SYS(exit_group)};

/* With fonts they are really asked; without, there is no such file. */
static const int of_paths[] = {SCMP_SYS(open), SCMP_SYS(access), SCMP_SYS(faccessat2),
    SCMP_SYS(stat), SCMP_SYS(statfs), SCMP_SYS(readlink)};
static const int of_fonts[] = {SCMP_SYS(access), SCMP_SYS(faccessat2), SCMP_SYS(stat),
    SCMP_SYS(statfs), SCMP_SYS(fstatfs), SCMP_SYS(getdents64)};

static const int refused[] = {SCMP_SYS(ioctl), SCMP_SYS(getcwd), SCMP_SYS(unlink), SCMP_SYS(mkdir),
    SCMP_SYS(sched_setaffinity), SCMP_SYS(sched_getattr), SCMP_SYS(sched_setattr),
    SCMP_SYS(sched_setscheduler), SCMP_SYS(sched_getparam), SCMP_SYS(sched_getscheduler)};

static const struct {
	int call;
	struct scmp_arg_cmp when;
} allowed_if[] = {
    {SCMP_SYS(mmap), {2, SCMP_CMP_MASKED_EQ, PROT_EXEC, 0}},
    {SCMP_SYS(mprotect), {2, SCMP_CMP_MASKED_EQ, PROT_EXEC, 0}},
    {SCMP_SYS(clone), {0, SCMP_CMP_MASKED_EQ, CLONE_VM | CLONE_THREAD, CLONE_VM | CLONE_THREAD}},
    {SCMP_SYS(fcntl), {1, SCMP_CMP_LE, F_SETFL, 0}},
    {SCMP_SYS(fcntl), {1, SCMP_CMP_EQ, F_DUPFD_CLOEXEC, 0}},
    {SCMP_SYS(prctl), {0, SCMP_CMP_EQ, PR_SET_NAME, 0}},
};

/* Its own limits, and its own end: a job without namespaces sees others of its user. */
static int
add_own(scmp_filter_ctx f)
{
	return seccomp_rule_add(f, SCMP_ACT_ALLOW, SCMP_SYS(prlimit64), 2, SCMP_A0(SCMP_CMP_EQ, 0),
	           SCMP_A2(SCMP_CMP_EQ, 0)) |
	       seccomp_rule_add(f, SCMP_ACT_ALLOW, SCMP_SYS(tgkill), 2,
	           SCMP_A0(SCMP_CMP_EQ, (scmp_datum_t)getpid()), SCMP_A2(SCMP_CMP_EQ, SIGABRT));
}

static int
add_all(scmp_filter_ctx f, uint32_t what, const int *calls, size_t n)
{
	int r = 0;

	for (size_t i = 0; i < n; i++)
		r |= seccomp_rule_add(f, what, calls[i], 0);
	return r;
}

static int
add_paths(scmp_filter_ctx f, bool with_fonts)
{
	const uint64_t writing = O_ACCMODE | O_CREAT;

	if (!with_fonts)
		return add_all(f, SCMP_ACT_ERRNO(ENOENT), of_paths, ARRAY_LEN(of_paths)) |
		       seccomp_rule_add(f, SCMP_ACT_ERRNO(ENOENT), SCMP_SYS(openat), 0);
	return add_all(f, SCMP_ACT_ALLOW, of_fonts, ARRAY_LEN(of_fonts)) |
	       seccomp_rule_add(f, SCMP_ACT_ERRNO(ENOENT), SCMP_SYS(readlink), 0) |
	       seccomp_rule_add(f, SCMP_ACT_ALLOW, SCMP_SYS(openat), 1,
	           SCMP_A2(SCMP_CMP_MASKED_EQ, writing, O_RDONLY));
}

static int
add_rules(scmp_filter_ctx f, bool with_fonts)
{
	int r = add_all(f, SCMP_ACT_ALLOW, allowed, ARRAY_LEN(allowed));

	r |= add_own(f);
	r |= add_paths(f, with_fonts);
	r |= add_all(f, SCMP_ACT_ERRNO(ENOTTY), refused, ARRAY_LEN(refused));
	for (size_t i = 0; i < ARRAY_LEN(allowed_if); i++)
		r |= seccomp_rule_add_array(
		    f, SCMP_ACT_ALLOW, allowed_if[i].call, 1, &allowed_if[i].when);
	/* its flags lie in memory; glibc then takes clone() */
	return r | seccomp_rule_add(f, SCMP_ACT_ERRNO(ENOSYS), SCMP_SYS(clone3), 0);
}

static void
filter_free(scmp_filter_ctx *f)
{
	if (*f != NULL)
		seccomp_release(*f);
	*f = NULL;
}

static int
allow_only(bool with_fonts, struct error *e)
{
	AUTO(filter_free) scmp_filter_ctx f = seccomp_init(SCMP_ACT_KILL_PROCESS);
	int r;

	if (f == NULL || seccomp_attr_set(f, SCMP_FLTATR_CTL_TSYNC, 1) < 0 ||
	    add_rules(f, with_fonts) < 0)
		return err_set(e, ERR_INTERNAL, "the list of system calls");
	r = seccomp_load(f);
	return r < 0 ? err_set(e, ERR_INTERNAL, "seccomp_load: %s", strerror(-r)) : 0;
}

int
seal_enter(bool with_fonts, bool in_own_root, struct error *e)
{
	struct sandbox_path paths[ARRAY_LEN(font_dirs)];
	struct sandbox s = {.paths = paths, .may = SANDBOX_OWN_LIST};
	unsigned missing = 0; /* the list below stands alone where there is no Landlock */

	for (; with_fonts && s.path_count < ARRAY_LEN(font_dirs); s.path_count++)
		paths[s.path_count] = (struct sandbox_path){font_dirs[s.path_count], SANDBOX_READ};
	if ((in_own_root && own_root(with_fonts, e) < 0) || sandbox_enter(&s, &missing, e) < 0 ||
	    drop_capabilities(e) < 0)
		return err_code(e);
	return allow_only(with_fonts, e);
}
