/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * syscalls - see syscalls.h.
 *
 * Made from what the roles were seen to call in the system suites on SQLite
 * (with SCMP_ACT_LOG as the last answer), what libpq needs beside, and what glibc 2.36 (Debian 12)
 * and 2.41 (13) call in the same places.  Calls that neither libseccomp 2.5 nor this libc knows by
 * name (mseal, futex_wait, map_shadow_stack ...) need no line: they are ENOSYS.
 */
#include "os/syscalls.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <seccomp.h>
#include <signal.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <linux/sockios.h>

#include "base/error.h"
#include "os/sandbox.h"

#define ALLOW SCMP_ACT_ALLOW
#define REFUSE SCMP_ACT_ERRNO(EPERM)
#define ABSENT SCMP_ACT_ERRNO(ENOSYS)
#define KILL SCMP_ACT_KILL_PROCESS

/* Beside the permissions of sandbox.h; what a role has of these follows from its paths. */
#define WITH_PATHS (1u << 24)
#define WITH_WRITES (1u << 25)
#define EVERYBODY (~0u)

#define MAY_SOCKETS                                                                                \
	(SANDBOX_MAY_CONNECT | SANDBOX_MAY_LISTEN | SANDBOX_MAY_ACCEPT | SANDBOX_MAY_UNIX)
#define MAY_OPEN (WITH_PATHS | SANDBOX_MAY_JAIL)
#define MAY_WRITE (WITH_WRITES | SANDBOX_MAY_JAIL)

struct row {
	int call;
	unsigned may; /* any of these: allowed */
};

/* ---- allowed ---- */

static const struct row allowed[] = {
    /* descriptors one has */
    {SCMP_SYS(read), EVERYBODY},
    {SCMP_SYS(readv), EVERYBODY},
    {SCMP_SYS(pread64), EVERYBODY},
    {SCMP_SYS(write), EVERYBODY},
    {SCMP_SYS(writev), EVERYBODY},
    {SCMP_SYS(pwrite64), EVERYBODY},
    {SCMP_SYS(lseek), EVERYBODY},
    {SCMP_SYS(close), EVERYBODY},
    {SCMP_SYS(dup), EVERYBODY},
    {SCMP_SYS(fstat), EVERYBODY},
    {SCMP_SYS(newfstatat), EVERYBODY}, /* fstat() of glibc before 2.39 */
    {SCMP_SYS(sendmsg), EVERYBODY},
    {SCMP_SYS(recvmsg), EVERYBODY},
    {SCMP_SYS(memfd_create), EVERYBODY},
    {SCMP_SYS(preadv2), MAY_OPEN},
    {SCMP_SYS(fadvise64), MAY_OPEN},
    /* memory */
    {SCMP_SYS(brk), EVERYBODY},
    {SCMP_SYS(munmap), EVERYBODY},
    {SCMP_SYS(mremap), EVERYBODY},
    {SCMP_SYS(madvise), EVERYBODY},
    {SCMP_SYS(mlock), EVERYBODY},
    {SCMP_SYS(mlock2), EVERYBODY},
    {SCMP_SYS(munlock), EVERYBODY},
    /* waiting */
    {SCMP_SYS(epoll_create1), EVERYBODY},
    {SCMP_SYS(epoll_ctl), EVERYBODY},
    {SCMP_SYS(epoll_wait), EVERYBODY},
    {SCMP_SYS(epoll_pwait), EVERYBODY},
    {SCMP_SYS(poll), EVERYBODY},
    {SCMP_SYS(ppoll), EVERYBODY},
    {SCMP_SYS(select), EVERYBODY},
    {SCMP_SYS(pselect6), EVERYBODY},
    {SCMP_SYS(timerfd_create), EVERYBODY},
    {SCMP_SYS(timerfd_settime), EVERYBODY},
    {SCMP_SYS(signalfd4), EVERYBODY},
    {SCMP_SYS(eventfd2), EVERYBODY},
    {SCMP_SYS(nanosleep), EVERYBODY},
    {SCMP_SYS(clock_nanosleep), EVERYBODY},
    {SCMP_SYS(restart_syscall), EVERYBODY},
    {SCMP_SYS(futex), EVERYBODY},
    {SCMP_SYS(sched_yield), EVERYBODY},
    /* time, chance, oneself */
    {SCMP_SYS(clock_gettime), EVERYBODY},
    {SCMP_SYS(clock_getres), EVERYBODY},
    {SCMP_SYS(gettimeofday), EVERYBODY},
    {SCMP_SYS(time), EVERYBODY},
    {SCMP_SYS(getrandom), EVERYBODY},
    {SCMP_SYS(getpid), EVERYBODY},
    {SCMP_SYS(gettid), EVERYBODY},
    {SCMP_SYS(getppid), EVERYBODY},
    {SCMP_SYS(getuid), EVERYBODY},
    {SCMP_SYS(geteuid), EVERYBODY},
    {SCMP_SYS(getgid), EVERYBODY},
    {SCMP_SYS(getegid), EVERYBODY},
    {SCMP_SYS(getrlimit), EVERYBODY},
    {SCMP_SYS(getrusage), EVERYBODY},
    {SCMP_SYS(getcpu), EVERYBODY},
    {SCMP_SYS(sched_getaffinity), EVERYBODY},
    {SCMP_SYS(sysinfo), EVERYBODY},
    {SCMP_SYS(times), EVERYBODY},
    {SCMP_SYS(uname), EVERYBODY},
    {SCMP_SYS(rt_sigaction), EVERYBODY},
    {SCMP_SYS(rt_sigprocmask), EVERYBODY},
    {SCMP_SYS(rt_sigreturn), EVERYBODY},
    {SCMP_SYS(rt_sigtimedwait), EVERYBODY},
    {SCMP_SYS(sigaltstack), EVERYBODY},
    {SCMP_SYS(set_robust_list), EVERYBODY},
    {SCMP_SYS(rseq), EVERYBODY},
    {SCMP_SYS(exit), EVERYBODY},
    {SCMP_SYS(exit_group), EVERYBODY},
    /* names; which ones is Landlock's part */
    {SCMP_SYS(stat), MAY_OPEN},
    {SCMP_SYS(lstat), MAY_OPEN},
    {SCMP_SYS(statx), MAY_OPEN},
    {SCMP_SYS(access), MAY_OPEN},
    {SCMP_SYS(faccessat), MAY_OPEN},
    {SCMP_SYS(faccessat2), MAY_OPEN},
    {SCMP_SYS(readlink), MAY_OPEN},
    {SCMP_SYS(readlinkat), MAY_OPEN},
    {SCMP_SYS(getdents64), MAY_OPEN},
    {SCMP_SYS(getcwd), MAY_OPEN},
    {SCMP_SYS(statfs), MAY_OPEN},
    {SCMP_SYS(fstatfs), MAY_OPEN},
    {SCMP_SYS(fsync), MAY_WRITE},
    {SCMP_SYS(fdatasync), MAY_WRITE},
    {SCMP_SYS(rename), MAY_WRITE},
    {SCMP_SYS(renameat), MAY_WRITE},
    {SCMP_SYS(renameat2), MAY_WRITE},
    {SCMP_SYS(unlink), MAY_WRITE},
    {SCMP_SYS(unlinkat), MAY_WRITE},
    {SCMP_SYS(fallocate), MAY_WRITE},
    {SCMP_SYS(flock), MAY_WRITE},
    {SCMP_SYS(ftruncate), SANDBOX_MAY_TRUNCATE},
    /* the network */
    {SCMP_SYS(connect), SANDBOX_MAY_CONNECT | SANDBOX_MAY_UNIX},
    {SCMP_SYS(bind), SANDBOX_MAY_LISTEN},
    {SCMP_SYS(listen), SANDBOX_MAY_LISTEN},
    {SCMP_SYS(accept), SANDBOX_MAY_LISTEN | SANDBOX_MAY_ACCEPT},
    {SCMP_SYS(accept4), SANDBOX_MAY_LISTEN | SANDBOX_MAY_ACCEPT},
    {SCMP_SYS(sendto), MAY_SOCKETS},
    {SCMP_SYS(recvfrom), MAY_SOCKETS},
    {SCMP_SYS(sendmmsg), SANDBOX_MAY_CONNECT}, /* the resolver's two questions */
    {SCMP_SYS(shutdown), MAY_SOCKETS},
    {SCMP_SYS(getsockname), MAY_SOCKETS},
    {SCMP_SYS(getpeername), MAY_SOCKETS},
    {SCMP_SYS(getsockopt), MAY_SOCKETS},
    {SCMP_SYS(socketpair), SANDBOX_MAY_THREAD}, /* libcurl wakes itself up */
    {SCMP_SYS(pipe2), SANDBOX_MAY_THREAD | SANDBOX_MAY_JAIL},
    /* other programs */
    {SCMP_SYS(execve), SANDBOX_MAY_EXEC},
    {SCMP_SYS(pidfd_send_signal), SANDBOX_MAY_KILL}, /* of whom one has a descriptor */
    {SCMP_SYS(wait4), SANDBOX_MAY_EXEC},
    {SCMP_SYS(waitid), SANDBOX_MAY_EXEC},
    /* of who is executed anew: its loader's start, its own root, its own seal */
    {SCMP_SYS(clone), SANDBOX_MAY_JAIL},
    {SCMP_SYS(arch_prctl), SANDBOX_MAY_EXEC},
    {SCMP_SYS(set_tid_address), SANDBOX_MAY_EXEC},
    {SCMP_SYS(close_range), SANDBOX_MAY_EXEC},
    {SCMP_SYS(dup2), SANDBOX_MAY_EXEC},
    {SCMP_SYS(dup3), SANDBOX_MAY_EXEC},
    {SCMP_SYS(chdir), SANDBOX_MAY_JAIL},
    {SCMP_SYS(mkdir), SANDBOX_MAY_JAIL},
    {SCMP_SYS(mount), SANDBOX_MAY_JAIL},
    {SCMP_SYS(umount2), SANDBOX_MAY_JAIL},
    {SCMP_SYS(pivot_root), SANDBOX_MAY_JAIL},
    {SCMP_SYS(capget), SANDBOX_MAY_JAIL},
    {SCMP_SYS(capset), SANDBOX_MAY_JAIL},
    {SCMP_SYS(seccomp), SANDBOX_MAY_JAIL},
    {SCMP_SYS(landlock_create_ruleset), SANDBOX_MAY_JAIL},
    {SCMP_SYS(landlock_add_rule), SANDBOX_MAY_JAIL},
    {SCMP_SYS(landlock_restrict_self), SANDBOX_MAY_JAIL},
    {SCMP_SYS(setrlimit), SANDBOX_MAY_JAIL},
    {SCMP_SYS(prctl), SANDBOX_MAY_JAIL},
    {SCMP_SYS(mmap), SANDBOX_MAY_JAIL},
    {SCMP_SYS(mprotect), SANDBOX_MAY_JAIL},
    {SCMP_SYS(sched_getattr), SANDBOX_MAY_JAIL}, /* GLib's threads */
    {SCMP_SYS(sched_setattr), SANDBOX_MAY_JAIL},
};

/* ---- allowed for some arguments ---- */

#define CMP(arg, op, ...)                                                                          \
	{                                                                                          \
		arg, SCMP_CMP_##op, __VA_ARGS__                                                    \
	}
#define ALL_OF(arg, mask) CMP(arg, MASKED_EQ, mask, mask)
#define NONE_OF(arg, mask) CMP(arg, MASKED_EQ, mask, 0)
/* The kernel looks at 32 bits of these. */
#define INT_IS(arg, value) CMP(arg, MASKED_EQ, UINT32_MAX, (uint32_t)(value))
#define ITSELF 0x69u /* stands for our process number, see add_some() */

#define THREAD ((uint64_t)(CLONE_VM | CLONE_FS | CLONE_FILES | CLONE_SIGHAND | CLONE_THREAD))
#define NAMESPACES                                                                                 \
	((uint64_t)0x7e020080) /* CLONE_NEW of user, mount, pid, net, ipc, uts, cgroup, time */
#define NOT_RIGHTS_OF_A_FILE ((uint64_t)(~(uint64_t)0777 & UINT32_MAX))

static const struct {
	int call;
	unsigned may;
	unsigned n;
	struct scmp_arg_cmp when[2];
	uint32_t action;
} some[] = {
    /* code comes from the program's own files, and is there when the rights are given away */
    {SCMP_SYS(mmap), EVERYBODY, 1, {NONE_OF(2, PROT_EXEC)}, ALLOW},
    {SCMP_SYS(mprotect), EVERYBODY, 1, {NONE_OF(2, PROT_EXEC)}, ALLOW},
    {SCMP_SYS(mprotect), EVERYBODY, 1, {ALL_OF(2, PROT_EXEC)}, REFUSE},
    {SCMP_SYS(mmap), SANDBOX_MAY_LOAD, 2,
        {CMP(2, MASKED_EQ, PROT_EXEC | PROT_WRITE, PROT_EXEC), NONE_OF(3, MAP_ANONYMOUS)}, ALLOW},
    /* truncation by path goes past Landlock before ABI 3 */
    {SCMP_SYS(open), MAY_OPEN, 1, {NONE_OF(1, O_TRUNC)}, ALLOW},
    {SCMP_SYS(open), MAY_OPEN, 1, {ALL_OF(1, O_TRUNC)}, REFUSE},
    {SCMP_SYS(openat), MAY_OPEN, 1, {NONE_OF(2, O_TRUNC)}, ALLOW},
    {SCMP_SYS(openat), MAY_OPEN, 1, {ALL_OF(2, O_TRUNC)}, REFUSE},
    /* SQLite's journal gets the rights of its database, a part its own; never a setuid bit */
    {SCMP_SYS(fchmod), MAY_WRITE, 1, {NONE_OF(1, NOT_RIGHTS_OF_A_FILE)}, ALLOW},
    /* no signals by way of F_SETOWN, no leases, no notices */
    {SCMP_SYS(fcntl), EVERYBODY, 1, {INT_IS(1, F_DUPFD)}, ALLOW},
    {SCMP_SYS(fcntl), EVERYBODY, 1, {INT_IS(1, F_DUPFD_CLOEXEC)}, ALLOW},
    {SCMP_SYS(fcntl), EVERYBODY, 1, {INT_IS(1, F_GETFD)}, ALLOW},
    {SCMP_SYS(fcntl), EVERYBODY, 1, {INT_IS(1, F_SETFD)}, ALLOW},
    {SCMP_SYS(fcntl), EVERYBODY, 1, {INT_IS(1, F_GETFL)}, ALLOW},
    {SCMP_SYS(fcntl), EVERYBODY, 1, {INT_IS(1, F_SETFL)}, ALLOW},
    {SCMP_SYS(fcntl), EVERYBODY, 1, {INT_IS(1, F_ADD_SEALS)}, ALLOW},
    {SCMP_SYS(fcntl), EVERYBODY, 1, {INT_IS(1, F_GET_SEALS)}, ALLOW},
    {SCMP_SYS(fcntl), MAY_WRITE, 1, {INT_IS(1, F_GETLK)}, ALLOW},
    {SCMP_SYS(fcntl), MAY_WRITE, 1, {INT_IS(1, F_SETLK)}, ALLOW},
    {SCMP_SYS(fcntl), MAY_WRITE, 1, {INT_IS(1, F_SETLKW)}, ALLOW},
    {SCMP_SYS(fcntl), EVERYBODY, 1, {INT_IS(1, F_SETOWN)}, REFUSE},
    {SCMP_SYS(fcntl), EVERYBODY, 1, {INT_IS(1, F_SETOWN_EX)}, REFUSE},
    {SCMP_SYS(ioctl), EVERYBODY, 1, {INT_IS(1, SIOCOUTQ)}, ALLOW},
    {SCMP_SYS(ioctl), EVERYBODY, 1, {INT_IS(1, FIONREAD)}, ALLOW},
    {SCMP_SYS(ioctl), EVERYBODY, 1, {INT_IS(1, FIONBIO)}, ALLOW},
    {SCMP_SYS(ioctl), EVERYBODY, 1, {INT_IS(1, TIOCSTI)}, KILL},
    {SCMP_SYS(prctl), EVERYBODY, 1, {INT_IS(0, PR_SET_NAME)}, ALLOW},
    {SCMP_SYS(prctl), EVERYBODY, 1, {INT_IS(0, PR_GET_DUMPABLE)}, ALLOW},
    {SCMP_SYS(prctl), EVERYBODY, 1, {INT_IS(0, PR_GET_SECCOMP)}, ALLOW},
    {SCMP_SYS(prctl), EVERYBODY, 1, {INT_IS(0, PR_GET_PDEATHSIG)}, ALLOW},
    /* limits are read, and one's own */
    {SCMP_SYS(prlimit64), EVERYBODY, 2, {INT_IS(0, 0), CMP(2, EQ, 0)}, ALLOW},
    {SCMP_SYS(prlimit64), SANDBOX_MAY_JAIL, 1, {INT_IS(0, 0)}, ALLOW},
    /* abort() signals itself, nobody else may be signalled */
    {SCMP_SYS(tgkill), EVERYBODY, 1, {INT_IS(0, ITSELF)}, ALLOW},
    {SCMP_SYS(clone), SANDBOX_MAY_THREAD, 1, {CMP(0, MASKED_EQ, THREAD | NAMESPACES, THREAD)},
        ALLOW},
    /* no AF_PACKET, AF_ALG, AF_VSOCK ...; the resolver wants netlink */
    {SCMP_SYS(socket), SANDBOX_MAY_CONNECT | SANDBOX_MAY_LISTEN, 1, {INT_IS(0, AF_INET)}, ALLOW},
    {SCMP_SYS(socket), SANDBOX_MAY_CONNECT | SANDBOX_MAY_LISTEN, 1, {INT_IS(0, AF_INET6)}, ALLOW},
    {SCMP_SYS(socket), SANDBOX_MAY_CONNECT, 2, {INT_IS(0, AF_NETLINK), INT_IS(2, 0)}, ALLOW},
    {SCMP_SYS(socket), SANDBOX_MAY_CONNECT | SANDBOX_MAY_UNIX, 1, {INT_IS(0, AF_UNIX)}, ALLOW},
    {SCMP_SYS(socket), EVERYBODY, 1, {CMP(0, GT, AF_NETLINK)}, REFUSE},
    /* of sockets, TCP and IP: no packet filters from here, which are SO_ 26, 27, 50 to 52 */
    {SCMP_SYS(setsockopt), MAY_SOCKETS, 2, {INT_IS(1, SOL_SOCKET), CMP(2, LT, 26)}, ALLOW},
    {SCMP_SYS(setsockopt), MAY_SOCKETS, 2, {INT_IS(1, 6), CMP(2, LT, 31)}, ALLOW},
    {SCMP_SYS(setsockopt), SANDBOX_MAY_CONNECT, 1, {INT_IS(1, 0)}, ALLOW},
    {SCMP_SYS(setsockopt), SANDBOX_MAY_CONNECT, 1, {INT_IS(1, 41)}, ALLOW},
};

/* ---- answered, each in its way ---- */

static const struct row refused[] = {
    {SCMP_SYS(socket), MAY_SOCKETS & ~(unsigned)SANDBOX_MAY_ACCEPT},
    {SCMP_SYS(connect), SANDBOX_MAY_CONNECT | SANDBOX_MAY_UNIX},
    {SCMP_SYS(bind), SANDBOX_MAY_LISTEN},
    {SCMP_SYS(listen), SANDBOX_MAY_LISTEN},
    {SCMP_SYS(accept), SANDBOX_MAY_LISTEN | SANDBOX_MAY_ACCEPT},
    {SCMP_SYS(accept4), SANDBOX_MAY_LISTEN | SANDBOX_MAY_ACCEPT},
    {SCMP_SYS(kill), 0},
    {SCMP_SYS(tkill), 0},
    {SCMP_SYS(pidfd_send_signal), SANDBOX_MAY_KILL},
    {SCMP_SYS(rt_sigqueueinfo), 0},
    {SCMP_SYS(rt_tgsigqueueinfo), 0},
    {SCMP_SYS(clone), SANDBOX_MAY_THREAD | SANDBOX_MAY_JAIL},
    {SCMP_SYS(fork), 0},
    {SCMP_SYS(vfork), 0},
    {SCMP_SYS(open), MAY_OPEN},
    {SCMP_SYS(openat), MAY_OPEN},
    {SCMP_SYS(creat), 0},
    {SCMP_SYS(truncate), 0},
    {SCMP_SYS(ftruncate), SANDBOX_MAY_TRUNCATE},
    {SCMP_SYS(setrlimit), SANDBOX_MAY_JAIL},
    {SCMP_SYS(setuid), 0},
    {SCMP_SYS(setgid), 0},
    {SCMP_SYS(setreuid), 0},
    {SCMP_SYS(setregid), 0},
    {SCMP_SYS(setresuid), 0},
    {SCMP_SYS(setresgid), 0},
    {SCMP_SYS(setgroups), 0},
    {SCMP_SYS(setfsuid), 0},
    {SCMP_SYS(setfsgid), 0},
    {SCMP_SYS(capset), SANDBOX_MAY_JAIL},
    {SCMP_SYS(personality), 0},
    /* libraries ask for these: libkrb5 its keyring, newer ones a ring */
    {SCMP_SYS(add_key), 0},
    {SCMP_SYS(keyctl), 0},
    {SCMP_SYS(request_key), 0},
    {SCMP_SYS(io_uring_setup), 0},
    {SCMP_SYS(io_uring_enter), 0},
    {SCMP_SYS(io_uring_register), 0},
};

static const struct row killing[] = {
    /* other programs and processes */
    {SCMP_SYS(execve), SANDBOX_MAY_EXEC},
    {SCMP_SYS(execveat), 0},
    {SCMP_SYS(ptrace), 0},
    {SCMP_SYS(process_vm_readv), 0},
    {SCMP_SYS(process_vm_writev), 0},
    {SCMP_SYS(process_madvise), 0},
    {SCMP_SYS(pidfd_getfd), 0},
    {SCMP_SYS(kcmp), 0},
    /* the mount family and other namespaces */
    {SCMP_SYS(mount), SANDBOX_MAY_JAIL},
    {SCMP_SYS(umount2), SANDBOX_MAY_JAIL},
    {SCMP_SYS(pivot_root), SANDBOX_MAY_JAIL},
    {SCMP_SYS(chroot), 0},
    {SCMP_SYS(open_tree), 0},
    {SCMP_SYS(move_mount), 0},
    {SCMP_SYS(fsopen), 0},
    {SCMP_SYS(fsconfig), 0},
    {SCMP_SYS(fsmount), 0},
    {SCMP_SYS(fspick), 0},
    {SCMP_SYS(mount_setattr), 0},
    {SCMP_SYS(setns), 0},
    {SCMP_SYS(unshare), 0},
    {SCMP_SYS(open_by_handle_at), 0},
    /* large rooms of the kernel */
    {SCMP_SYS(bpf), 0},
    {SCMP_SYS(perf_event_open), 0},
    {SCMP_SYS(userfaultfd), 0},
    {SCMP_SYS(init_module), 0},
    {SCMP_SYS(finit_module), 0},
    {SCMP_SYS(delete_module), 0},
    {SCMP_SYS(kexec_load), 0},
    {SCMP_SYS(kexec_file_load), 0},
    {SCMP_SYS(reboot), 0},
    {SCMP_SYS(swapon), 0},
    {SCMP_SYS(swapoff), 0},
    {SCMP_SYS(acct), 0},
};

/* ---- the filter ---- */

static int
add_rows(scmp_filter_ctx f, uint32_t action, const struct row *rows, size_t n, unsigned may)
{
	int r = 0;

	for (size_t i = 0; i < n; i++) {
		bool has = (rows[i].may & may) != 0;

		if (has == (action == ALLOW))
			r |= seccomp_rule_add(f, action, rows[i].call, 0);
	}
	return r;
}

/* A call that is allowed whole has no row here that counts. */
static bool
is_allowed_whole(int call, unsigned may)
{
	for (size_t i = 0; i < ARRAY_LEN(allowed); i++) {
		if (allowed[i].call == call && (allowed[i].may & may) != 0)
			return true;
	}
	return false;
}

static bool
is_refused_whole(int call, unsigned may)
{
	for (size_t i = 0; i < ARRAY_LEN(refused); i++) {
		if (refused[i].call == call && (refused[i].may & may) == 0)
			return true;
	}
	return false;
}

static int
add_some(scmp_filter_ctx f, unsigned may)
{
	int r = 0;

	for (size_t i = 0; i < ARRAY_LEN(some); i++) {
		struct scmp_arg_cmp when[2];
		int call = some[i].call;

		if ((some[i].may & may) == 0 || is_allowed_whole(call, may) ||
		    is_refused_whole(call, may))
			continue;
		memcpy(when, some[i].when, sizeof when);
		if (when[0].datum_b == ITSELF)
			when[0].datum_b = (uint32_t)getpid();
		r |= seccomp_rule_add_array(f, some[i].action, call, some[i].n, when);
	}
	return r;
}

static unsigned
all_that_is_granted(const struct sandbox *s)
{
	const unsigned writing = SANDBOX_WRITE_FILE | SANDBOX_MAKE_REG | SANDBOX_REMOVE_FILE;
	unsigned may = s->may | 1u << 31; /* so that EVERYBODY is never nobody */

	may |= s->path_count > 0 ? WITH_PATHS : 0;
	for (size_t i = 0; i < s->path_count; i++)
		may |= (s->paths[i].rights & writing) != 0 ? WITH_WRITES : 0;
	return may;
}

static void
filter_free(scmp_filter_ctx *f)
{
	if (*f != NULL)
		seccomp_release(*f);
	*f = NULL;
}

static int
fill(scmp_filter_ctx f, unsigned may)
{
	/* a tree and not a list: some twenty steps less for the calls at its end */
	int r = seccomp_attr_set(f, SCMP_FLTATR_CTL_OPTIMIZE, 2) |
	        seccomp_attr_set(f, SCMP_FLTATR_ACT_BADARCH, KILL);

	r |= add_rows(f, ALLOW, allowed, ARRAY_LEN(allowed), may);
	r |= add_rows(f, REFUSE, refused, ARRAY_LEN(refused), may);
	r |= add_rows(f, KILL, killing, ARRAY_LEN(killing), may);
	return r | add_some(f, may);
}

static bool
is_offered(void)
{
	uint32_t action = SECCOMP_RET_KILL_PROCESS;

	return syscall(SYS_seccomp, SECCOMP_GET_ACTION_AVAIL, 0, &action) == 0 || errno != ENOSYS;
}

int
syscalls_confine(const struct sandbox *s, unsigned *missing, struct error *e)
{
	AUTO(filter_free)
	scmp_filter_ctx f = seccomp_init(ABSENT);
	int r;

	/* libseccomp cannot make a list for a kernel whose actions it cannot ask for */
	if (!is_offered()) {
		*missing |= SANDBOX_MISSING_SECCOMP;
		return 0;
	}
	if (f == NULL || fill(f, all_that_is_granted(s)) < 0)
		return err_set(e, ERR_INTERNAL, "the list of system calls");
	r = seccomp_load(f);
	if (r == -EINVAL || r == -ENOSYS) {
		*missing |= SANDBOX_MISSING_SECCOMP;
		return 0;
	}
	return r < 0 ? err_set(e, ERR_INTERNAL, "seccomp_load: %s", strerror(-r)) : 0;
}
