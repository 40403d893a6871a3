/* SPDX-License-Identifier: AGPL-3.0-or-later */
/* sizes: every denied call, in one list */
/*
 * sandbox_test - each denied call, tried from inside
 *
 * A case forks, gives its rights away and tries; the child's exit code is the
 * errno of the call, 0 when it succeeded, KILLED when the list ended it.  A call
 * counts as denied only with the errno of the part that denies it, so that "no
 * such file" is not taken for a refusal.
 */
#include "os/sandbox.h"

#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include <linux/filter.h>
#include <linux/seccomp.h>

#include "base/error.h"

#define NO_LANDLOCK 250 /* the child could not be confined here */
#define NOT_ENTERED 251
#define KILLED 252
#define EXIT_SKIPPED 77 /* meson shows it as skipped */

static bool is_skipped;
static char dir[32];
static char inside[48], outside[48]; /* files */
/* made before the rights are gone; one is connected by a case, the other bound */
static int listener, plain_socket, unbound_socket;
static struct sockaddr_in address;

typedef long (*attempt_fn)(void);

/* 0 or the errno with which the attempt failed inside. */
static int
try_in(const struct sandbox *s, attempt_fn fn)
{
	int status;
	pid_t pid = fork();

	assert_true(pid >= 0);
	if (pid == 0) {
		unsigned missing = 0;
		struct error e;

		if (sandbox_enter(s, &missing, &e) < 0) {
			fprintf(stderr, "sandbox: %s\n", e.msg);
			_exit(NOT_ENTERED);
		}
		if (missing != 0)
			_exit(NO_LANDLOCK);
		errno = 0;
		_exit(fn() < 0 ? errno : 0);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	if (WIFSIGNALED(status) && WTERMSIG(status) == SIGSYS)
		return KILLED;
	assert_true(WIFEXITED(status));
	return WEXITSTATUS(status);
}

static int
try_as(unsigned may, const char *user, attempt_fn fn)
{
	const struct sandbox_path paths[] = {
	    {inside, SANDBOX_READ_FILE | SANDBOX_WRITE_FILE},
	    {"/nonexistent", SANDBOX_READ},
	};
	const struct sandbox s = {
	    .paths = paths, .path_count = ARRAY_LEN(paths), .may = may, .user = user};

	return try_in(&s, fn);
}

static int
try_with(unsigned may, attempt_fn fn)
{
	return try_as(may, NULL, fn);
}

/* ---- paths ---- */

static long
open_inside(void)
{
	return open(inside, O_RDWR | O_CLOEXEC);
}
static long
open_outside(void)
{
	return open(outside, O_RDONLY | O_CLOEXEC);
}
static long
open_passwd(void)
{
	return open("/etc/passwd", O_RDONLY | O_CLOEXEC);
}
static long
create_outside(void)
{
	return open(outside, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
}
static long
list_directory(void)
{
	return open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
}
static long
remove_outside(void)
{
	return unlink(outside);
}
static long
make_link(void)
{
	char path[64];

	snprintf(path, sizeof path, "%s/link", dir);
	return symlink("/etc", path);
}
static long
make_directory(void)
{
	char path[64];

	snprintf(path, sizeof path, "%s/new", dir);
	return mkdir(path, 0700);
}

static void
only_named_paths_are_there(void **state)
{
	assert_int_equal(try_with(0, open_inside), 0);
	assert_int_equal(try_with(0, open_outside), EACCES);
	assert_int_equal(try_with(0, open_passwd), EACCES);
	assert_int_equal(try_with(0, create_outside), EACCES);
	assert_int_equal(try_with(0, list_directory), EACCES);
	assert_int_equal(try_with(0, remove_outside), EACCES);
	assert_int_equal(try_with(0, make_link), ENOSYS);
	assert_int_equal(try_with(0, make_directory), ENOSYS);
}

/* ---- truncation ---- */

static long
truncate_outside(void)
{
	return truncate(outside, 0);
}
static long
truncate_inside(void)
{
	return truncate(inside, 0);
}
static long
open_truncating(void)
{
	return open(inside, O_WRONLY | O_TRUNC | O_CLOEXEC);
}
#ifdef SYS_open
static long
open_truncating_the_old_way(void)
{
	return syscall(SYS_open, inside, O_WRONLY | O_TRUNC | O_CLOEXEC); /* libc takes openat */
}
#endif
static long
open_truncating_unseen(void)
{
	struct {
		uint64_t flags, mode, resolve;
	} how = {O_RDONLY | O_TRUNC | O_CLOEXEC, 0, 0};

	return syscall(SYS_openat2, AT_FDCWD, inside, &how, sizeof how);
}
static long
truncate_descriptor(void)
{
	int fd = memfd_create("t", MFD_CLOEXEC);

	return fd < 0 ? -1 : ftruncate(fd, 1);
}

/* Before ABI 3 Landlock does not see it, so the list must. */
static void
nothing_is_truncated_by_path(void **state)
{
	assert_int_equal(try_with(SANDBOX_MAY_TRUNCATE, truncate_outside), EPERM);
	assert_int_equal(try_with(SANDBOX_MAY_TRUNCATE, truncate_inside), EPERM);
	assert_int_equal(try_with(SANDBOX_MAY_TRUNCATE, open_truncating), EPERM);
#ifdef SYS_open
	assert_int_equal(try_with(SANDBOX_MAY_TRUNCATE, open_truncating_the_old_way), EPERM);
#endif
	assert_int_equal(try_with(SANDBOX_MAY_TRUNCATE, open_truncating_unseen), ENOSYS);
	assert_int_equal(try_with(0, truncate_descriptor), EPERM);
	assert_int_equal(try_with(SANDBOX_MAY_TRUNCATE, truncate_descriptor), 0);
}

/* ---- network ---- */

static long
make_inet(void)
{
	return socket(AF_INET, SOCK_STREAM, 0);
}
static long
make_unix(void)
{
	return socket(AF_UNIX, SOCK_STREAM, 0);
}
static long
make_packet(void)
{
	return socket(AF_PACKET, SOCK_RAW, 0);
}
static long
connect_old_socket(void)
{
	return connect(plain_socket, (struct sockaddr *)&address, sizeof address);
}
static long
bind_old_socket(void)
{
	struct sockaddr_in any = {.sin_family = AF_INET};

	return bind(unbound_socket, (struct sockaddr *)&any, sizeof any);
}
static long
listen_old_socket(void)
{
	return listen(plain_socket, 1);
}
static long
accept_from_listener(void)
{
	return accept4(listener, NULL, NULL, SOCK_NONBLOCK);
}

static void
no_network_but_what_was_granted(void **state)
{
	assert_int_equal(try_with(0, make_inet), EPERM);
	assert_int_equal(try_with(0, make_unix), EPERM);
	assert_int_equal(try_with(0, connect_old_socket), EPERM);
	assert_int_equal(try_with(0, bind_old_socket), EPERM);
	assert_int_equal(try_with(0, listen_old_socket), EPERM);
	assert_int_equal(try_with(0, accept_from_listener), EPERM);
}

static void
each_permission_opens_its_own_call_only(void **state)
{
	assert_int_equal(try_with(SANDBOX_MAY_ACCEPT, accept_from_listener), EAGAIN);
	assert_int_equal(try_with(SANDBOX_MAY_ACCEPT, make_inet), EPERM);
	assert_int_equal(try_with(SANDBOX_MAY_ACCEPT, bind_old_socket), EPERM);
	assert_int_equal(try_with(SANDBOX_MAY_CONNECT, make_inet), 0);
	assert_int_equal(try_with(SANDBOX_MAY_CONNECT, connect_old_socket), 0);
	assert_int_equal(try_with(SANDBOX_MAY_CONNECT, make_packet), EPERM);
	assert_int_equal(try_with(SANDBOX_MAY_CONNECT, bind_old_socket), EPERM);
	assert_int_equal(try_with(SANDBOX_MAY_CONNECT, accept_from_listener), EPERM);
	assert_int_equal(try_with(SANDBOX_MAY_UNIX, make_unix), 0);
	assert_int_equal(try_with(SANDBOX_MAY_UNIX, make_inet), ENOSYS);
	assert_int_equal(try_with(SANDBOX_MAY_LISTEN, bind_old_socket), 0);
}

static long
connect_new_socket(void)
{
	int s = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	return s < 0 ? s : connect(s, (struct sockaddr *)&address, sizeof address);
}
/* Bound to nothing, it gets a name of its own, an abstract one. */
static struct sockaddr_un abstract = {.sun_family = AF_UNIX};
static socklen_t abstract_n = sizeof(sa_family_t);

static int
listen_abstract(void)
{
	int s = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	assert_int_equal(bind(s, (struct sockaddr *)&abstract, abstract_n), 0);
	assert_int_equal(listen(s, 8), 0);
	abstract_n = sizeof abstract;
	assert_int_equal(getsockname(s, (struct sockaddr *)&abstract, &abstract_n), 0);
	return s;
}
static long
connect_abstract(void)
{
	int s = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	return s < 0 ? s : connect(s, (struct sockaddr *)&abstract, abstract_n);
}

static int
try_port(uint16_t port, attempt_fn fn)
{
	const struct sandbox s = {.may = SANDBOX_MAY_CONNECT, .ports = &port, .port_count = 1};

	return try_in(&s, fn);
}

static void
only_the_named_ports_are_connected_to(void **state)
{
	uint16_t right = ntohs(address.sin_port), other = right == 1 ? 2 : 1;
	const struct sandbox none = {.may = SANDBOX_MAY_CONNECT, .ports = &other};
	long abi = syscall(SYS_landlock_create_ruleset, NULL, 0, 1);
	int local = listen_abstract();

	assert_int_equal(try_port(right, connect_new_socket), 0);
	assert_int_equal(try_port(other, connect_new_socket), abi >= 4 ? EACCES : 0);
	assert_int_equal(try_in(&none, connect_new_socket), abi >= 4 ? EACCES : 0);
	assert_int_equal(try_with(SANDBOX_MAY_CONNECT, connect_abstract), 0);
	assert_int_equal(try_port(right, connect_abstract), abi >= 6 ? EPERM : 0);
	close(local);
}

/* ---- other programs and processes ---- */

static long
execute(void)
{
	char *argv[] = {(char *)(uintptr_t) "true", NULL};

	return execv("/bin/true", argv);
}
static long
trace_parent(void)
{
	return ptrace(PTRACE_ATTACH, getppid(), NULL, NULL);
}
static long
kill_parent(void)
{
	return kill(getppid(), 0);
}
static long
tgkill_parent(void)
{
	return syscall(SYS_tgkill, getppid(), getppid(), 0);
}
static long
signal_myself(void)
{
	return syscall(SYS_tgkill, getpid(), getpid(), 0);
}
static long
read_parent_memory(void)
{
	return syscall(SYS_process_vm_readv, getppid(), NULL, 0, NULL, 0, 0);
}
static long
limit_parent(void)
{
	struct rlimit r = {0, 0};

	return prlimit(getppid(), RLIMIT_NOFILE, &r, NULL);
}
static long
own_a_descriptor_s_signals(void)
{
	return fcntl(plain_socket, F_SETOWN, getppid());
}
static long
own_them_the_other_way(void)
{
	struct f_owner_ex owner = {F_OWNER_PID, getppid()};

	return fcntl(plain_socket, F_SETOWN_EX, &owner);
}

static void
other_processes_are_out_of_reach(void **state)
{
	assert_int_equal(try_with(0, execute), KILLED);
	assert_int_equal(try_with(0, trace_parent), KILLED);
	assert_int_equal(try_with(0, kill_parent), EPERM);
	assert_int_equal(try_with(0, tgkill_parent), ENOSYS);
	assert_int_equal(try_with(0, signal_myself), 0); /* abort() must work */
	assert_int_equal(try_with(0, read_parent_memory), KILLED);
	assert_int_equal(try_with(0, limit_parent), ENOSYS);
	assert_int_equal(try_with(0, own_a_descriptor_s_signals), EPERM);
	assert_int_equal(try_with(0, own_them_the_other_way), EPERM);
	assert_int_equal(try_with(SANDBOX_MAY_KILL, kill_parent), EPERM);
}

/* ---- the kernel's large rooms ---- */

static long
mount_something(void)
{
	return mount("none", dir, "tmpfs", 0, NULL);
}
static long
unmount_something(void)
{
	return umount2(dir, 0);
}
static long
make_namespace(void)
{
	return unshare(CLONE_NEWUSER);
}
static long
clone_namespace(void)
{
	return syscall(SYS_clone, CLONE_NEWUSER | SIGCHLD, NULL, NULL, NULL, NULL);
}
static long
change_root(void)
{
	return chroot(dir);
}
static long
make_ring(void)
{
	return syscall(SYS_io_uring_setup, 1, NULL);
}
static long
load_bpf(void)
{
	return syscall(SYS_bpf, 0, NULL, 0);
}

static void
the_mount_family_and_side_doors_are_closed(void **state)
{
	assert_int_equal(try_with(0, mount_something), KILLED);
	assert_int_equal(try_with(0, unmount_something), KILLED);
	assert_int_equal(try_with(0, make_namespace), KILLED);
	assert_int_equal(try_with(0, clone_namespace), EPERM);
	assert_int_equal(try_with(SANDBOX_MAY_THREAD, clone_namespace), ENOSYS);
	assert_int_equal(try_with(0, change_root), KILLED);
	assert_int_equal(try_with(0, make_ring), EPERM);
	assert_int_equal(try_with(0, load_bpf), KILLED);
}

static long
namespace_in_a_jailer(void)
{
	pid_t pid = (pid_t)syscall(SYS_clone, CLONE_NEWUSER | SIGCHLD, NULL, NULL, NULL, NULL);

	if (pid == 0)
		_exit(0);
	return pid > 0 ? 0 : -1;
}

/* Not for everybody, and not in a chroot: then it is not us who refuses. */
static bool
host_lets_namespaces(void)
{
	int status;
	pid_t pid = fork();

	if (pid == 0)
		_exit(namespace_in_a_jailer() == 0 ? 0 : 1);
	return waitpid(pid, &status, 0) == pid && WIFEXITED(status) && WEXITSTATUS(status) == 0;
}

static void
a_jailer_may_make_jails_and_no_more(void **state)
{
	if (host_lets_namespaces())
		assert_int_equal(try_with(SANDBOX_MAY_JAIL, namespace_in_a_jailer), 0);
	assert_int_equal(try_with(SANDBOX_MAY_JAIL, unmount_something), EINVAL);
	assert_int_equal(try_with(SANDBOX_MAY_JAIL, make_namespace), KILLED);
	assert_int_equal(try_with(SANDBOX_MAY_JAIL, change_root), KILLED);
	assert_int_equal(try_with(SANDBOX_MAY_JAIL, make_inet), EPERM);
	assert_int_equal(try_with(SANDBOX_MAY_JAIL, execute), KILLED);
}

/* Whatever the permissions and the arguments: EPERM. */
static const long refused[] = {
    SYS_kill,
    SYS_tkill,
    SYS_rt_sigqueueinfo,
    SYS_rt_tgsigqueueinfo,
    SYS_truncate,
    SYS_setuid,
    SYS_setgid,
    SYS_setreuid,
    SYS_setregid,
    SYS_setresuid,
    SYS_setresgid,
    SYS_setgroups,
    SYS_setfsuid,
    SYS_setfsgid,
    SYS_personality,
    SYS_add_key,
    SYS_keyctl,
    SYS_request_key,
    SYS_io_uring_setup,
    SYS_io_uring_enter,
    SYS_io_uring_register,
#ifdef SYS_creat /* x86 has these, arm64 not */
    SYS_creat,
    SYS_fork,
    SYS_vfork,
#endif
};
static const long refused_unless_granted[] = {SYS_socket, SYS_connect, SYS_bind, SYS_listen,
    SYS_accept, SYS_accept4, SYS_pidfd_send_signal, SYS_clone, SYS_ftruncate, SYS_setrlimit,
    SYS_capset};
/* Whoever calls these is ended. */
static const long killing[] = {SYS_execveat, SYS_ptrace, SYS_process_vm_readv,
    SYS_process_vm_writev, SYS_process_madvise, SYS_pidfd_getfd, SYS_kcmp, SYS_chroot,
    SYS_open_tree, SYS_move_mount, SYS_fsopen, SYS_fsconfig, SYS_fsmount, SYS_fspick,
    SYS_mount_setattr, SYS_setns, SYS_unshare, SYS_open_by_handle_at, SYS_bpf, SYS_perf_event_open,
    SYS_userfaultfd, SYS_init_module, SYS_finit_module, SYS_delete_module, SYS_kexec_load,
    SYS_kexec_file_load, SYS_reboot, SYS_swapon, SYS_swapoff, SYS_acct};
static const long killing_unless_granted[] = {SYS_execve, SYS_mount, SYS_umount2, SYS_pivot_root};
/* Of no use to anybody here, or younger than this program (600: of no kernel yet). */
static const long unknown[] = {SYS_clone3, SYS_openat2, SYS_inotify_init1, SYS_fanotify_init,
    SYS_shmget, SYS_msgget, SYS_semget, SYS_vmsplice, SYS_splice, SYS_tee, SYS_link, SYS_linkat,
    SYS_symlink, SYS_symlinkat, SYS_mknod, SYS_mknodat, SYS_mkdirat, SYS_chmod, SYS_fchmodat,
    SYS_chown, SYS_fchown, SYS_fchownat, SYS_setxattr, SYS_utimensat, SYS_setsid, SYS_setpriority,
    SYS_sched_setaffinity, SYS_syslog, SYS_sethostname, SYS_clock_settime, SYS_name_to_handle_at,
    SYS_pidfd_open, SYS_pkey_mprotect, SYS_seccomp, 453, 462, 600};

/* The call to try, for a child. */
static long the_call;

static long
try_one(void)
{
	return syscall(the_call, -1L, -1L, -1L, -1L, -1L, -1L);
}

static void
expect_each(const long *calls, size_t n, unsigned may, int outcome)
{
	for (size_t i = 0; i < n; i++) {
		the_call = calls[i];
		if (try_with(may, try_one) != outcome)
			fail_msg("system call %ld is not answered with %d", calls[i], outcome);
	}
}

static void
the_whole_list_is_denied_and_most_of_it_to_everyone(void **state)
{
	const unsigned everything = ~(unsigned)SANDBOX_OWN_LIST;
	const unsigned all_but_jail = everything & ~(unsigned)SANDBOX_MAY_JAIL;

	expect_each(refused, ARRAY_LEN(refused), 0, EPERM);
	expect_each(refused, ARRAY_LEN(refused), all_but_jail, EPERM);
	expect_each(refused_unless_granted, ARRAY_LEN(refused_unless_granted), 0, EPERM);
	expect_each(killing, ARRAY_LEN(killing), 0, KILLED);
	expect_each(killing, ARRAY_LEN(killing), everything, KILLED);
	expect_each(killing_unless_granted, ARRAY_LEN(killing_unless_granted), 0, KILLED);
	expect_each(unknown, ARRAY_LEN(unknown), 0, ENOSYS);
	expect_each(unknown, ARRAY_LEN(unknown), all_but_jail, ENOSYS);
}

/* ---- some calls for some arguments ---- */

static long
make_code(void)
{
	void *p = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	return p == MAP_FAILED ? -1 : mprotect(p, 4096, PROT_READ | PROT_EXEC);
}
static long
map_code(void)
{
	void *p = mmap(NULL, 4096, PROT_READ | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	return p == MAP_FAILED ? -1 : 0;
}
static long
map_code_of_a_file(void)
{
	int fd = open(inside, O_RDONLY | O_CLOEXEC);

	return mmap(NULL, 7, PROT_READ | PROT_EXEC, MAP_PRIVATE, fd, 0) == MAP_FAILED ? -1 : 0;
}
static long
be_dumpable(void)
{
	return prctl(PR_SET_DUMPABLE, 1);
}
static long
raise_own_limit(void)
{
	struct rlimit r = {RLIM_INFINITY, RLIM_INFINITY};

	return prlimit(0, RLIMIT_CORE, &r, NULL);
}
static long
filter_packets(void)
{
	int fd = -1;

	return setsockopt(plain_socket, SOL_SOCKET, SO_ATTACH_BPF, &fd, sizeof fd);
}
static long
set_an_option(void)
{
	int one = 1;

	return setsockopt(plain_socket, SOL_SOCKET, SO_KEEPALIVE, &one, sizeof one);
}
static long
set_setuid_bit(void)
{
	int fd = open(inside, O_RDWR | O_CLOEXEC);

	return fd < 0 ? -1 : fchmod(fd, 04755);
}
static long
set_plain_rights(void)
{
	int fd = open(inside, O_RDWR | O_CLOEXEC);

	return fd < 0 ? -1 : fchmod(fd, 0666);
}
static long
audit_by_netlink(void)
{
	return socket(AF_NETLINK, SOCK_RAW, 9);
}

static void
some_calls_are_allowed_for_some_arguments(void **state)
{
	assert_int_equal(try_with(0, make_code), EPERM);
	assert_int_equal(try_with(0, map_code), ENOSYS);
	assert_int_equal(try_with(0, map_code_of_a_file), ENOSYS);
	assert_int_equal(try_with(SANDBOX_MAY_LOAD, map_code_of_a_file), 0);
	assert_int_equal(try_with(SANDBOX_MAY_LOAD, map_code), ENOSYS);
	assert_int_equal(try_with(SANDBOX_MAY_LOAD, make_code), EPERM);
	assert_int_equal(try_with(0, be_dumpable), ENOSYS);
	assert_int_equal(try_with(0, raise_own_limit), ENOSYS);
	assert_int_equal(try_with(SANDBOX_MAY_ACCEPT, set_an_option), 0);
	assert_int_equal(try_with(SANDBOX_MAY_ACCEPT, filter_packets), ENOSYS);
	assert_int_equal(try_with(SANDBOX_MAY_CONNECT, filter_packets), ENOSYS);
	assert_int_equal(try_with(SANDBOX_MAY_CONNECT, audit_by_netlink), ENOSYS);
	assert_int_equal(try_with(0, set_plain_rights), 0);
	assert_int_equal(try_with(0, set_setuid_bit), ENOSYS);
}

/* ---- who has no path opens nothing ---- */

static long
enter_without_paths(void)
{
	const struct sandbox s = {.may = 0};
	unsigned missing = 0;
	struct error e;

	if (sandbox_enter(&s, &missing, &e) < 0)
		return -1;
	if (open(inside, O_RDONLY | O_CLOEXEC) >= 0 || errno != EPERM)
		return 0;
	if (rename(inside, outside) == 0 || errno != ENOSYS)
		return 0;
	errno = EDOM; /* both as they should be */
	return -1;
}

/* ---- what must go on working ---- */

static void *
nothing(void *arg)
{
	return arg;
}

static long
make_thread(void)
{
	pthread_t t; /* libcurl resolves names in one */

	errno = pthread_create(&t, NULL, nothing, NULL);
	return errno == 0 ? pthread_join(t, NULL) : -1;
}
static long
have_no_core(void)
{
	struct rlimit r;

	if (getrlimit(RLIMIT_CORE, &r) < 0 || r.rlim_max != 0 || prctl(PR_GET_DUMPABLE) != 0)
		errno = ERANGE;
	return errno == 0 ? 0 : -1;
}

static void
what_libraries_need_still_works(void **state)
{
	assert_int_equal(try_with(SANDBOX_MAY_THREAD, make_thread), 0);
	assert_int_equal(try_with(0, have_no_core), 0);
}

/* ---- users ---- */

static long
come_back_as_root(void)
{
	if (getuid() == 0 || geteuid() == 0 || getgid() == 0)
		return 0;
	return setresuid(0, 0, 0);
}
static long
keep_the_parent_s_death(void)
{
	int sig = 0;

	/* set by the parent's test before the fork's child entered */
	if (prctl(PR_GET_PDEATHSIG, &sig) < 0 || sig != SIGKILL)
		errno = ERANGE;
	return errno == 0 ? 0 : -1;
}

static long
set_death_then_drop(void)
{
	struct sandbox s = {.user = "nobody", .may = 0};
	unsigned missing;
	struct error e;

	if (prctl(PR_SET_PDEATHSIG, SIGKILL) < 0 || sandbox_enter(&s, &missing, &e) < 0)
		return -1;
	errno = 0;
	return keep_the_parent_s_death();
}

static int
in_child(attempt_fn fn)
{
	int status;
	pid_t pid = fork();

	assert_true(pid >= 0);
	if (pid == 0)
		_exit(fn() < 0 ? (errno == 0 ? NOT_ENTERED : errno) : 0);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	return WEXITSTATUS(status);
}

static void
who_has_no_path_opens_nothing(void **state)
{
	assert_int_equal(in_child(enter_without_paths), EDOM);
}

static void
a_dropped_user_stays_dropped(void **state)
{
	if (getuid() != 0)
		skip();
	assert_int_equal(try_as(0, "nobody", come_back_as_root), EPERM);
	/* the kernel clears it when the user changes */
	assert_int_equal(in_child(set_death_then_drop), 0);
}

static long
enter_as_nobody_known(void)
{
	struct sandbox s = {.user = "no-such-user-here"};
	unsigned missing;
	struct error e;

	return sandbox_enter(&s, &missing, &e) == ERR_NOT_FOUND ? 0 : -1;
}

static void
an_unknown_user_is_refused(void **state)
{
	assert_int_equal(in_child(enter_as_nobody_known), 0);
}

/* ---- kernels that differ ---- */

/* From now on seccomp() is answered so, as by a kernel that has none, or forbids it. */
static bool
answer_seccomp_with(unsigned errnum)
{
	struct sock_filter code[] = {
	    BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
	    BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_seccomp, 0, 1),
	    BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | errnum),
	    BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
	};
	const struct sock_fprog program = {ARRAY_LEN(code), code};

	return prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0 &&
	       prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program) == 0;
}

static long
enter_without_seccomp(void)
{
	const struct sandbox s = {.may = 0};
	unsigned missing = 0;
	struct error e;

	if (!answer_seccomp_with(ENOSYS) || sandbox_enter(&s, &missing, &e) < 0)
		return -1;
	return (missing & SANDBOX_MISSING_SECCOMP) != 0 ? 0 : -1;
}

/* It is there, and the list cannot be had: nobody goes on without. */
static long
enter_where_seccomp_is_refused(void)
{
	const struct sandbox s = {.may = 0};
	unsigned missing = 0;
	struct error e;

	if (!answer_seccomp_with(EPERM))
		return -1;
	return sandbox_enter(&s, &missing, &e) == ERR_INTERNAL && missing == 0 ? 0 : -1;
}

static void
a_kernel_without_seccomp_is_told_apart(void **state)
{
	assert_int_equal(in_child(enter_without_seccomp), 0);
	assert_int_equal(in_child(enter_where_seccomp_is_refused), 0);
}

/* ---- set-up ---- */

static void
write_file(const char *path)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0666);

	assert_true(fd >= 0);
	assert_int_equal(write(fd, "content", 7), 7);
	close(fd);
}

static int
set_up(void **state)
{
	socklen_t n = sizeof address;

	address =
	    (struct sockaddr_in){.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	listener = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	plain_socket = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	unbound_socket = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	assert_int_equal(bind(listener, (struct sockaddr *)&address, sizeof address), 0);
	assert_int_equal(listen(listener, 8), 0);
	assert_int_equal(getsockname(listener, (struct sockaddr *)&address, &n), 0);
	snprintf(dir, sizeof dir, "/tmp/sandbox_test.XXXXXX");
	assert_non_null(mkdtemp(dir));
	assert_int_equal(chmod(dir, 0755), 0); /* another user opens it, too */
	snprintf(inside, sizeof inside, "%s/inside", dir);
	snprintf(outside, sizeof outside, "%s/outside", dir);
	write_file(inside);
	write_file(outside);
	return 0;
}

static int
tear_down(void **state)
{
	struct stat st;

	/* nothing tried above reached the file */
	assert_int_equal(stat(outside, &st), 0);
	assert_int_equal(st.st_size, 7);
	assert_int_equal(unlink(inside), 0);
	assert_int_equal(unlink(outside), 0);
	assert_int_equal(rmdir(dir), 0);
	close(listener);
	close(plain_socket);
	close(unbound_socket);
	return 0;
}

static bool
is_offered_here(void)
{
	if (try_with(0, open_inside) != NO_LANDLOCK)
		return true;
	fputs("this kernel offers no Landlock or no seccomp: skipped\n", stderr);
	return false;
}

static int
begin(void **state)
{
	set_up(state);
	is_skipped = !is_offered_here();
	return is_skipped ? -1 : 0;
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(only_named_paths_are_there),
	    cmocka_unit_test(nothing_is_truncated_by_path),
	    cmocka_unit_test(no_network_but_what_was_granted),
	    cmocka_unit_test(each_permission_opens_its_own_call_only),
	    cmocka_unit_test(only_the_named_ports_are_connected_to),
	    cmocka_unit_test(other_processes_are_out_of_reach),
	    cmocka_unit_test(a_jailer_may_make_jails_and_no_more),
	    cmocka_unit_test(the_mount_family_and_side_doors_are_closed),
	    cmocka_unit_test(the_whole_list_is_denied_and_most_of_it_to_everyone),
	    cmocka_unit_test(some_calls_are_allowed_for_some_arguments),
	    cmocka_unit_test(who_has_no_path_opens_nothing),
	    cmocka_unit_test(what_libraries_need_still_works),
	    cmocka_unit_test(a_dropped_user_stays_dropped),
	    cmocka_unit_test(an_unknown_user_is_refused),
	    cmocka_unit_test(a_kernel_without_seccomp_is_told_apart),
	};

	int failed = cmocka_run_group_tests(tests, begin, tear_down);

	return is_skipped ? EXIT_SKIPPED : failed;
}
