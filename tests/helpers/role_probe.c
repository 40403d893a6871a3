/* SPDX-License-Identifier: AGPL-3.0-or-later */
/* sizes: every attempt of a role that was taken over, in one list */
/*
 * role_probe - what a role could do if it were in somebody else's hands
 *
 * A library to preload into the real server (LD_PRELOAD), for test_80_escapes.py.
 * Just before a role gives its rights away it forks once for each attempt below.
 * The copy goes on through the role's own code: its user, its Landlock, its list
 * of system calls.  Where it would say READY it makes its attempt instead and
 * ends; the role itself then goes its way and serves.  Nothing in the product
 * knows of this.
 *
 * A preview's process (src/media/job.c) is a program of its own, with an
 * environment of its own: media's execve hands this library on to it.  There the
 * copies are made just before the seal, in the job's own root, and they make their
 * attempt where the first byte of its request would be read.
 *
 *	ROLE_PROBE_OUT   folder for the results, one file per role: "name<TAB>outcome"
 *	ROLE_PROBE_DIR   DIR of the server
 *	ROLE_PROBE_PORT  where somebody listens on 127.0.0.1
 *	ROLE_PROBE_UNIX  and on two sockets: of this path, and with it as an abstract name
 *	ROLE_PROBE_ONLY  "job": roles are left alone
 *
 * An outcome is "ok", the name of an errno, or "killed" (by the list).
 */
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/ioctl.h>
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
#include <time.h>
#include <unistd.h>

#define EXPORT __attribute__((visibility("default")))
#define MSG_READY 3
#define CONTROL_FD 3
#define JOB_REQUEST 3
#define JOB_PART 5
#define HIGH 300 /* our descriptors, out of the role's way */
#define ARGS(...) syscall(__VA_ARGS__)

static char dir[200], unix_path[100], name[32];
static struct sockaddr_in address;
static int results = -1, report = -1, attempt = -1;
static int tcp = -1, unbound = -1, local[2] = {-1, -1}, listener = -1;
static bool is_probed, is_copy, is_job;
static pid_t parent; /* of a copy: asking for it may be forbidden */

/* ---- files ---- */

static long
try_open(const char *path, int flags)
{
	return open(path, flags | O_CLOEXEC, 0600);
}

/* Below DIR; a name that ends with "-" is this role's own, which others leave alone. */
static const char *
in(const char *below)
{
	static char path[2][512];
	static int which;
	bool is_own = below[strlen(below) - 1] == '-';

	which = !which;
	snprintf(path[which], sizeof path[which], "%s/%s%s", dir, below, is_own ? name : "");
	return path[which];
}

static const char *
of_parent(const char *what)
{
	static char path[64];

	snprintf(path, sizeof path, "/proc/%d/%s", (int)parent, what);
	return path;
}

#define OPENS(id, path, flags)                                                                     \
	static long id(void)                                                                       \
	{                                                                                          \
		return try_open(path, flags);                                                      \
	}
OPENS(read_master_key, in("keys/master.key"), O_RDONLY)
OPENS(read_conf, in("geleit.conf"), O_RDONLY)
OPENS(read_db, in("db/file-"), O_RDONLY)
OPENS(write_db, in("db/file-"), O_WRONLY)
OPENS(read_tls_key, in("tls/key.pem"), O_RDONLY)
OPENS(write_tls_key, in("tls/key.pem"), O_WRONLY)
OPENS(read_roles, in("run/roles.json"), O_RDONLY)
OPENS(write_roles, in("run/roles.json"), O_WRONLY)
OPENS(read_blob, in("blobs/00/file-"), O_RDONLY)
OPENS(write_blob, in("blobs/00/file-"), O_WRONLY)
OPENS(empty_blob, in("blobs/00/file-"), O_WRONLY | O_TRUNC)
OPENS(read_part, in("parts/file-"), O_RDONLY)
OPENS(write_part, in("parts/file-"), O_WRONLY)
OPENS(read_and_write_part, in("parts/file-"), O_RDWR)
OPENS(list_dir, dir, O_RDONLY | O_DIRECTORY)
OPENS(list_blobs, in("blobs"), O_RDONLY | O_DIRECTORY)
OPENS(list_parts, in("parts"), O_RDONLY | O_DIRECTORY)
OPENS(list_root, "/", O_RDONLY | O_DIRECTORY)
OPENS(create_in_dir, in("new"), O_WRONLY | O_CREAT)
OPENS(create_in_keys, in("keys/new"), O_WRONLY | O_CREAT)
OPENS(create_in_db, in("db/new-"), O_WRONLY | O_CREAT)
OPENS(create_in_blobs, in("blobs/new-"), O_WRONLY | O_CREAT)
OPENS(create_in_run, in("run/new-"), O_WRONLY | O_CREAT)
OPENS(create_in_tmp, "/tmp/geleit-probe", O_WRONLY | O_CREAT)
OPENS(create_part, in("parts/new-"), O_WRONLY | O_CREAT)
OPENS(create_part_to_read, in("parts/new2-"), O_RDWR | O_CREAT)
OPENS(create_without_name, in("blobs"), O_WRONLY | O_TMPFILE)
OPENS(dots_below_blobs, in("blobs/../keys/master.key"), O_RDONLY)
OPENS(dots_below_parts, in("parts/../geleit.conf"), O_RDONLY)
OPENS(link_below_parts, in("parts/to-key"), O_RDONLY)
OPENS(link_below_blobs, in("blobs/to-key"), O_RDONLY)
OPENS(link_below_run, in("run/to-conf"), O_RDONLY)
OPENS(read_shadow, "/etc/shadow", O_RDONLY)
OPENS(read_passwd, "/etc/passwd", O_RDONLY)
OPENS(read_own_memory, "/proc/self/mem", O_RDWR)
OPENS(read_own_maps, "/proc/self/maps", O_RDONLY)
OPENS(read_parent_memory, of_parent("mem"), O_RDWR)
OPENS(read_parent_environment, of_parent("environ"), O_RDONLY)
OPENS(read_root_of_init, "/proc/1/root/etc/passwd", O_RDONLY)
OPENS(read_core_pattern, "/proc/sys/kernel/core_pattern", O_RDONLY)
OPENS(open_dev_zero, "/dev/zero", O_RDONLY)
OPENS(open_dev_kmsg, "/dev/kmsg", O_RDONLY)
OPENS(open_dev_null, "/dev/null", O_RDWR)

static long
openat2_blob(void)
{
	struct {
		uint64_t flags, mode, resolve;
	} how = {O_RDONLY, 0, 0};

	return ARGS(SYS_openat2, AT_FDCWD, in("blobs/00/file-"), &how, sizeof how);
}

/* A path descriptor is no right to read. */
static long
read_by_path_descriptor(void)
{
	int fd = open(in("keys/master.key"), O_PATH | O_CLOEXEC);
	char path[64];

	if (fd < 0)
		return -1;
	snprintf(path, sizeof path, "/proc/self/fd/%d", fd);
	return try_open(path, O_RDONLY);
}

static long
move_blob_to_parts(void)
{
	return rename(in("blobs/00/move-"), in("parts/moved-"));
}
static long
move_part_out(void)
{
	return rename(in("parts/move-"), "/tmp/geleit-probe");
}
static long
move_part_to_run(void)
{
	return rename(in("parts/move-"), in("run/moved-"));
}
static long
move_part_over_blob(void)
{
	return rename(in("parts/over-"), in("blobs/00/over-"));
}
static long
swap_part_and_blob(void)
{
	return ARGS(SYS_renameat2, AT_FDCWD, in("parts/swap-"), AT_FDCWD, in("blobs/00/swap-"),
	    RENAME_EXCHANGE);
}
static long
publish_part(void)
{
	return rename(in("parts/publish-"), in("blobs/00/published-"));
}
static long
move_key_to_parts(void)
{
	return rename(in("keys/move-"), in("parts/key-"));
}
static long
link_blob_to_parts(void)
{
	return link(in("blobs/00/file-"), in("parts/link-"));
}
static long
link_blob_to_db(void)
{
	return link(in("blobs/00/file-"), in("db/link-"));
}
static long
remove_blob(void)
{
	return unlink(in("blobs/00/remove-"));
}
static long
remove_db(void)
{
	return unlink(in("db/remove-"));
}
static long
remove_key(void)
{
	return unlink(in("keys/remove-"));
}
static long
remove_part(void)
{
	return unlink(in("parts/remove-"));
}
static long
truncate_blob(void)
{
	return truncate(in("blobs/00/file-"), 0);
}
static long
truncate_by_descriptor(void)
{
	int fd = memfd_create("probe", MFD_CLOEXEC);

	return fd < 0 ? -1 : ftruncate(fd, 1);
}
static long
make_symlink(void)
{
	return symlink("../keys/master.key", in("parts/symlink-"));
}
static long
make_fifo(void)
{
	return mkfifo(in("parts/fifo-"), 0600);
}
static long
make_folder(void)
{
	return mkdir(in("parts/folder-"), 0700);
}
static long
change_mode_of_blob(void)
{
	return chmod(in("blobs/00/file-"), 0777);
}
static long
set_setuid_bit(void)
{
	int fd = memfd_create("probe", MFD_CLOEXEC);

	return fd < 0 ? -1 : fchmod(fd, 04755);
}
static long
change_owner_of_blob(void)
{
	return chown(in("blobs/00/file-"), is_job ? 0 : getuid(), is_job ? 0 : getgid());
}
static long
set_attribute(void)
{
	return ARGS(SYS_setxattr, in("blobs/00/file-"), "user.a", "b", 1, 0);
}
static long
change_folder(void)
{
	return chdir("/");
}
static long
name_to_handle(void)
{
	struct {
		unsigned bytes;
		int type;
		char f[128];
	} h = {128, 0, {0}};
	int mount_id;

	return ARGS(SYS_name_to_handle_at, AT_FDCWD, in("blobs/00/file-"), &h, &mount_id, 0);
}
static long
open_by_handle(void)
{
	return ARGS(SYS_open_by_handle_at, AT_FDCWD, NULL, O_RDONLY);
}

/* ---- network ---- */

#define SOCKETS(id, ...)                                                                           \
	static long id(void)                                                                       \
	{                                                                                          \
		return socket(__VA_ARGS__);                                                        \
	}
SOCKETS(socket_tcp, AF_INET, SOCK_STREAM, 0)
SOCKETS(socket_tcp6, AF_INET6, SOCK_STREAM, 0)
SOCKETS(socket_udp, AF_INET, SOCK_DGRAM, 0)
SOCKETS(socket_unix, AF_UNIX, SOCK_STREAM, 0)
SOCKETS(socket_netlink, AF_NETLINK, SOCK_RAW, 0)
SOCKETS(socket_netlink_audit, AF_NETLINK, SOCK_RAW, 9)
SOCKETS(socket_packet, AF_PACKET, SOCK_RAW, 0)
SOCKETS(socket_crypto, 38, SOCK_SEQPACKET, 0)
SOCKETS(socket_vsock, 40, SOCK_STREAM, 0)

static long
connect_tcp(void)
{
	return connect(tcp, (struct sockaddr *)&address, sizeof address);
}

static long
connect_named(const char *path, size_t skip)
{
	struct sockaddr_un a = {.sun_family = AF_UNIX};

	memcpy(a.sun_path + skip, path, strlen(path));
	return connect(local[skip], (struct sockaddr *)&a,
	    (socklen_t)(offsetof(struct sockaddr_un, sun_path) + skip + strlen(path)));
}
static long
connect_unix(void)
{
	return connect_named(unix_path, 0);
}
static long
connect_abstract(void)
{
	return connect_named(unix_path, 1);
}
static long
bind_tcp(void)
{
	struct sockaddr_in any = {.sin_family = AF_INET};

	return bind(unbound, (struct sockaddr *)&any, sizeof any);
}
static long
listen_tcp(void)
{
	return listen(unbound, 1);
}
static long
accept_one(void)
{
	long r = accept4(listener, NULL, NULL, SOCK_NONBLOCK);

	return r < 0 && errno == EAGAIN ? 0 : r;
}
static long
attach_filter(void)
{
	int fd = -1;

	return setsockopt(tcp, SOL_SOCKET, SO_ATTACH_BPF, &fd, sizeof fd);
}

/* ---- other processes ---- */

static long
execute(void)
{
	char *argv[] = {(char *)(uintptr_t) "true", NULL};

	return execv("/bin/true", argv);
}
static long
execute_memory(void)
{
	int fd = memfd_create("probe", MFD_CLOEXEC);
	char *none[] = {(char *)(uintptr_t) "x", NULL};

	return fd < 0 || write(fd, "#!/bin/true\n", 12) != 12 ? -1 : fexecve(fd, none, none);
}
static long
make_process(void)
{
	long pid = ARGS(SYS_clone, SIGCHLD, NULL, NULL, NULL, NULL);

	if (pid == 0)
		_exit(0);
	return pid;
}
static long
make_process_newly(void)
{
	uint64_t a[11] = {0, 0, 0, 0, SIGCHLD};
	long pid = ARGS(SYS_clone3, a, sizeof a);

	if (pid == 0)
		_exit(0);
	return pid;
}
static void *
nothing(void *arg)
{
	return arg;
}
static long
make_thread(void)
{
	pthread_t t;

	errno = pthread_create(&t, NULL, nothing, NULL);
	return errno == 0 ? pthread_join(t, NULL) : -1;
}
static long
make_namespace(void)
{
	long pid = ARGS(SYS_clone, CLONE_NEWUSER | SIGCHLD, NULL, NULL, NULL, NULL);

	if (pid == 0)
		_exit(0);
	return pid;
}
static long
trace_parent(void)
{
	return ptrace(PTRACE_SEIZE, parent, NULL, NULL);
}
static long
be_traced(void)
{
	return ptrace(PTRACE_TRACEME, 0, NULL, NULL);
}
static long
copy_from_parent(void)
{
	return ARGS(SYS_process_vm_readv, parent, NULL, 0, NULL, 0, 0);
}
static long
copy_to_parent(void)
{
	return ARGS(SYS_process_vm_writev, parent, NULL, 0, NULL, 0, 0);
}
static long
signal_parent(void)
{
	return kill(parent, 0);
}
static long
signal_everybody(void)
{
	return kill(-1, 0);
}
static long
signal_thread_of_parent(void)
{
	return ARGS(SYS_tgkill, parent, parent, 0);
}
static long
signal_oneself(void)
{
	return ARGS(SYS_tgkill, getpid(), getpid(), 0);
}
static long
queue_signal(void)
{
	siginfo_t i = {.si_code = SI_QUEUE};

	return ARGS(SYS_rt_sigqueueinfo, parent, 0, &i);
}
static long
watch_parent(void)
{
	return ARGS(SYS_pidfd_open, parent, 0);
}
static long
take_descriptor(void)
{
	return ARGS(SYS_pidfd_getfd, -1, 0, 0);
}
static long
own_signals(void)
{
	return fcntl(CONTROL_FD, F_SETOWN, parent);
}
static long
limit_parent(void)
{
	struct rlimit r = {0, 0};

	return ARGS(SYS_prlimit64, parent, RLIMIT_NOFILE, &r, NULL);
}
static long
look_at_limits_of_parent(void)
{
	struct rlimit r;

	return ARGS(SYS_prlimit64, parent, RLIMIT_NOFILE, NULL, &r);
}
static long
look_at_own_limits(void)
{
	struct rlimit r;

	return ARGS(SYS_prlimit64, 0, RLIMIT_NOFILE, NULL, &r);
}
static long
slow_parent_down(void)
{
	return setpriority(PRIO_PROCESS, (id_t)parent, 19);
}
static long
place_parent(void)
{
	cpu_set_t set;

	CPU_ZERO(&set);
	CPU_SET(0, &set);
	return sched_setaffinity(parent, sizeof set, &set);
}
static long
compare_with_parent(void)
{
	return ARGS(SYS_kcmp, parent, parent, 0, 0, 0);
}

/* ---- rights ---- */

static long
become_root(void)
{
	return ARGS(SYS_setresuid, 0, 0, 0);
}
static long
become_roots_group(void)
{
	return ARGS(SYS_setresgid, 0, 0, 0);
}
static long
join_groups(void)
{
	gid_t root = 0;

	return ARGS(SYS_setgroups, 1, &root);
}
static long
take_capabilities(void)
{
	struct {
		uint32_t version;
		int pid;
	} head = {0x20080522, 0};
	uint32_t data[6] = {~0u, ~0u, 0, ~0u, ~0u, 0};

	return ARGS(SYS_capset, &head, data);
}
static long
raise_core_limit(void)
{
	struct rlimit r = {RLIM_INFINITY, RLIM_INFINITY};

	return ARGS(SYS_prlimit64, 0, RLIMIT_CORE, &r, NULL);
}
static long
set_a_limit(void)
{
	struct rlimit r = {64, 64};

	return ARGS(SYS_prlimit64, 0, RLIMIT_NOFILE, &r, NULL);
}
static long
become_dumpable(void)
{
	return prctl(PR_SET_DUMPABLE, 1);
}
static long
outlive_parent(void)
{
	return prctl(PR_SET_PDEATHSIG, 0);
}
static long
keep_capabilities(void)
{
	return prctl(PR_SET_KEEPCAPS, 1);
}
static long
change_root(void)
{
	return chroot("/tmp");
}
static long
leave_namespace(void)
{
	return unshare(CLONE_NEWUSER);
}
static long
enter_namespace(void)
{
	return setns(-1, 0);
}
static long
mount_something(void)
{
	return mount("none", in("parts"), "tmpfs", 0, NULL);
}
static long
unmount_something(void)
{
	return umount2(in("parts"), 0);
}
static long
pivot(void)
{
	return ARGS(SYS_pivot_root, "/nonexistent", "/nonexistent");
}

#define CALLS(id, ...)                                                                             \
	static long id(void)                                                                       \
	{                                                                                          \
		return syscall(__VA_ARGS__);                                                       \
	}
CALLS(mount_tree, SYS_open_tree, AT_FDCWD, "/", 0)
CALLS(mount_open, SYS_fsopen, "tmpfs", 0)
CALLS(become_another_system, SYS_personality, 0x0400000)
CALLS(new_session, SYS_setsid)
CALLS(write_to_log_of_kernel, SYS_syslog, 10, NULL, 0)

/* ---- the kernel's large rooms ---- */

CALLS(load_bpf, SYS_bpf, 0, NULL, 0)
CALLS(count_events, SYS_perf_event_open, NULL, 0, -1, -1, 0)
CALLS(fault_for_others, SYS_userfaultfd, 0)
CALLS(make_ring, SYS_io_uring_setup, 1, NULL)
CALLS(ask_keyring, SYS_keyctl, 0, -3, 0, 0, 0)
CALLS(add_to_keyring, SYS_add_key, "user", "probe", "x", 1, -3)
CALLS(load_module, SYS_init_module, NULL, 0, "")
CALLS(load_kernel, SYS_kexec_load, 0, 0, NULL, 0)
CALLS(restart_machine, SYS_reboot, 0, 0, 0, NULL)
CALLS(swap, SYS_swapon, "/nonexistent", 0)
CALLS(account, SYS_acct, "/nonexistent")
CALLS(shared_memory, SYS_shmget, 0, 4096, 0600)
CALLS(message_queue, SYS_msgget, 0, 0600)
CALLS(watch_files, SYS_inotify_init1, 0)
CALLS(watch_all_files, SYS_fanotify_init, 0, 0)
CALLS(secret_memory, SYS_memfd_secret, 0)
CALLS(set_clock, SYS_clock_settime, 0, NULL)
CALLS(name_host, SYS_sethostname, "x", 1)
CALLS(splice_memory, SYS_vmsplice, 1, NULL, 0, 0)
CALLS(of_tomorrow, 600)

static long
push_input(void)
{
	char c = 'x';

	return ioctl(0, TIOCSTI, &c);
}
#ifdef __x86_64__
CALLS(own_ports, SYS_iopl, 3)
CALLS(own_segments, SYS_modify_ldt, 0, NULL, 0)
/* getpid of the other two ways into the kernel */
static long
call_as_32_bits(void)
{
	long r;

	__asm__ volatile("int $0x80" : "=a"(r) : "a"(20) : "memory", "r8", "r9", "r10", "r11");
	return r;
}
CALLS(call_as_x32, 0x40000000 | SYS_getpid)
#endif

/* ---- code ---- */

static long
map_code(int prot, int fd)
{
	void *p = mmap(NULL, 4096, prot, fd < 0 ? MAP_PRIVATE | MAP_ANONYMOUS : MAP_PRIVATE, fd, 0);

	return p == MAP_FAILED ? -1 : 0;
}
static long
write_code(void)
{
	return map_code(PROT_READ | PROT_WRITE | PROT_EXEC, -1);
}
static long
turn_data_into_code(void)
{
	void *p = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	return p == MAP_FAILED ? -1 : mprotect(p, 4096, PROT_READ | PROT_EXEC);
}
static long
run_code_of_memory(void)
{
	int fd = memfd_create("probe", MFD_CLOEXEC);

	return fd < 0 || write(fd, "\xc3", 1) != 1 ? -1 : map_code(PROT_READ | PROT_EXEC, fd);
}

static long
write_to_part(void)
{
	return write(JOB_PART, "x", 1);
}
/* The one signal that it may send, to itself. */
static long
abort_parent(void)
{
	return ARGS(SYS_tgkill, parent, parent, SIGABRT);
}

/* ---- what must work, or the rest says nothing ---- */

static long
tell_time(void)
{
	struct timespec t;

	return ARGS(SYS_clock_gettime, CLOCK_REALTIME, &t);
}
static long
have_memory(void)
{
	return map_code(PROT_READ | PROT_WRITE, -1);
}
static long
hand_over_memory(void)
{
	return memfd_create("probe", MFD_CLOEXEC);
}

#define A(id)                                                                                      \
	{                                                                                          \
#id, id                                                                            \
	}
static const struct {
	const char *name;
	long (*run)(void);
} attempts[] = {
    A(tell_time),
    A(have_memory),
    A(hand_over_memory),
    A(signal_oneself),
    A(read_master_key),
    A(read_conf),
    A(read_db),
    A(write_db),
    A(read_tls_key),
    A(write_tls_key),
    A(read_roles),
    A(write_roles),
    A(read_blob),
    A(write_blob),
    A(empty_blob),
    A(read_part),
    A(write_part),
    A(read_and_write_part),
    A(list_dir),
    A(list_blobs),
    A(list_parts),
    A(list_root),
    A(create_in_dir),
    A(create_in_keys),
    A(create_in_db),
    A(create_in_blobs),
    A(create_in_run),
    A(create_in_tmp),
    A(create_part),
    A(create_part_to_read),
    A(create_without_name),
    A(dots_below_blobs),
    A(dots_below_parts),
    A(link_below_parts),
    A(link_below_blobs),
    A(link_below_run),
    A(read_shadow),
    A(read_passwd),
    A(read_own_memory),
    A(read_own_maps),
    A(read_parent_memory),
    A(read_parent_environment),
    A(read_root_of_init),
    A(read_core_pattern),
    A(open_dev_zero),
    A(open_dev_kmsg),
    A(open_dev_null),
    A(openat2_blob),
    A(read_by_path_descriptor),
    A(move_blob_to_parts),
    A(move_part_out),
    A(move_part_to_run),
    A(move_part_over_blob),
    A(swap_part_and_blob),
    A(publish_part),
    A(move_key_to_parts),
    A(link_blob_to_parts),
    A(link_blob_to_db),
    A(remove_blob),
    A(remove_db),
    A(remove_key),
    A(remove_part),
    A(truncate_blob),
    A(truncate_by_descriptor),
    A(make_symlink),
    A(make_fifo),
    A(make_folder),
    A(change_mode_of_blob),
    A(set_setuid_bit),
    A(change_owner_of_blob),
    A(set_attribute),
    A(change_folder),
    A(name_to_handle),
    A(open_by_handle),
    A(socket_tcp),
    A(socket_tcp6),
    A(socket_udp),
    A(socket_unix),
    A(socket_netlink),
    A(socket_netlink_audit),
    A(socket_packet),
    A(socket_crypto),
    A(socket_vsock),
    A(connect_tcp),
    A(connect_unix),
    A(connect_abstract),
    A(bind_tcp),
    A(listen_tcp),
    A(accept_one),
    A(attach_filter),
    A(execute),
    A(execute_memory),
    A(make_process),
    A(make_process_newly),
    A(make_thread),
    A(make_namespace),
    A(trace_parent),
    A(be_traced),
    A(copy_from_parent),
    A(copy_to_parent),
    A(signal_parent),
    A(signal_everybody),
    A(signal_thread_of_parent),
    A(queue_signal),
    A(watch_parent),
    A(take_descriptor),
    A(own_signals),
    A(limit_parent),
    A(look_at_limits_of_parent),
    A(look_at_own_limits),
    A(slow_parent_down),
    A(place_parent),
    A(compare_with_parent),
    A(become_root),
    A(become_roots_group),
    A(join_groups),
    A(take_capabilities),
    A(raise_core_limit),
    A(set_a_limit),
    A(become_dumpable),
    A(outlive_parent),
    A(keep_capabilities),
    A(change_root),
    A(leave_namespace),
    A(enter_namespace),
    A(mount_something),
    A(unmount_something),
    A(pivot),
    A(mount_tree),
    A(mount_open),
    A(become_another_system),
    A(new_session),
    A(write_to_log_of_kernel),
    A(load_bpf),
    A(count_events),
    A(fault_for_others),
    A(make_ring),
    A(ask_keyring),
    A(add_to_keyring),
    A(load_module),
    A(load_kernel),
    A(restart_machine),
    A(swap),
    A(account),
    A(shared_memory),
    A(message_queue),
    A(watch_files),
    A(watch_all_files),
    A(secret_memory),
    A(set_clock),
    A(name_host),
    A(splice_memory),
    A(of_tomorrow),
    A(push_input),
    A(write_code),
    A(turn_data_into_code),
    A(run_code_of_memory),
#ifdef __x86_64__
    A(own_ports),
    A(own_segments),
    A(call_as_32_bits),
    A(call_as_x32),
#endif
    A(write_to_part),
    A(abort_parent),
};
#define ATTEMPTS ((int)(sizeof attempts / sizeof attempts[0]))
#define OF_JOBS 2 /* the last ones: elsewhere that descriptor is something else */

/* ---- the copies ---- */

static void
take(char *to, size_t n, const char *variable)
{
	const char *v = getenv(variable);

	snprintf(to, n, "%s", v != NULL ? v : "");
}

static int
high(int fd)
{
	int r = fcntl(fd, F_DUPFD_CLOEXEC, HIGH);

	close(fd);
	return r;
}

/* "geleit-media job KIND jailed|bare" */
static void
name_job(const char *kind)
{
	snprintf(name, sizeof name, "job-%.10s-%.10s", kind, kind + strlen(kind) + 1);
	is_job = true;
}

/* "geleitd -x NAME DIR", or a program of its own; "": none of ours. */
static void
find_name(void)
{
	char line[64] = {0};
	int fd = open("/proc/self/cmdline", O_RDONLY | O_CLOEXEC);
	ssize_t n = read(fd, line, sizeof line - 1);
	const char *first = line + strlen(line) + 1;

	close(fd);
	if (n > 0 && strcmp(first, "-x") == 0 && strcmp(first + 3, "check") != 0)
		snprintf(name, sizeof name, "%.20s", first + 3);
	else if (n > 0 && strcmp(line, "geleit-media") == 0 && strcmp(first, "job") == 0)
		name_job(first + 4);
	else if (n > 0 && (strcmp(line, "geleit-egress") == 0 || strcmp(line, "geleit-media") == 0))
		snprintf(name, sizeof name, "%.20s", line + 7);
}

/* Made while that is allowed, to be tried when it is not.  A job is not even allowed now: media's
 * list is its own, too. */
static void
make_sockets(void)
{
	socklen_t n = sizeof address;

	address =
	    (struct sockaddr_in){.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	listener = high(socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0));
	if (bind(listener, (struct sockaddr *)&address, n) < 0 || listen(listener, 8) < 0)
		abort();
	address.sin_port = htons((uint16_t)strtoul(getenv("ROLE_PROBE_PORT"), NULL, 10));
	tcp = high(socket(AF_INET, SOCK_STREAM, 0));
	unbound = high(socket(AF_INET, SOCK_STREAM, 0));
	local[0] = high(socket(AF_UNIX, SOCK_STREAM, 0));
	local[1] = high(socket(AF_UNIX, SOCK_STREAM, 0));
}

/* The first of each role alone is looked into. */
__attribute__((constructor)) static void
begin(void)
{
	char path[300], out[200], only[8];

	take(out, sizeof out, "ROLE_PROBE_OUT");
	take(only, sizeof only, "ROLE_PROBE_ONLY");
	find_name();
	if (out[0] == '\0' || name[0] == '\0' || (only[0] != '\0' && !is_job))
		return;
	snprintf(path, sizeof path, "%s/%s", out, name);
	results = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0644);
	if (results < 0)
		return;
	results = high(results);
	take(dir, sizeof dir, "ROLE_PROBE_DIR");
	take(unix_path, sizeof unix_path, "ROLE_PROBE_UNIX");
	if (!is_job)
		make_sockets();
}

static void
say(int fd, const char *what, const char *outcome)
{
	char line[200];
	int n = snprintf(line, sizeof line, "%s\t%s\n", what, outcome);

	if (write(fd, line, (size_t)n) != n)
		_exit(3);
}

/* In the copy, its rights gone. */
static void
try(void)
{
	const char *outcome = "ok";

	errno = 0;
	if (attempts[attempt].run() < 0)
		outcome = strerrorname_np(errno);
	say(report, attempts[attempt].name, outcome != NULL ? outcome : "?");
	_exit(0);
}

/* In the role, before its own way goes on: true in a copy. */
static bool
copy(int i)
{
	char line[200];
	int pipes[2], status;
	ssize_t n;
	pid_t pid;

	if (pipe2(pipes, O_CLOEXEC) < 0)
		abort();
	parent = getpid();
	pid = fork();
	if (pid == 0) {
		/* a job's limits know no high ones */
		report = is_job ? pipes[1] : high(pipes[1]);
		close(pipes[0]);
		attempt = i;
		is_copy = true;
		return true;
	}
	close(pipes[1]);
	n = read(pipes[0], line, sizeof line);
	close(pipes[0]);
	while (waitpid(pid, &status, 0) < 0)
		continue;
	if (WIFSIGNALED(status))
		say(results, attempts[i].name, WTERMSIG(status) == SIGSYS ? "killed" : "crashed");
	else if (n > 0)
		(void)!write(results, line, (size_t)n);
	else /* it has become another program */
		say(results, attempts[i].name, status == 0 ? "ok" : "silent");
	return false;
}

/* ---- in place of libc's ---- */

/* A job sets it a first time before it warms up. */
static bool
is_time(void)
{
	static int times;

	return results >= 0 && !is_probed && ++times == (is_job ? 2 : 1);
}

static int
set_limit(int what, const struct rlimit *r)
{
	if (what == RLIMIT_CORE && is_time()) {
		is_probed = true;
		/* as it will be, for who tries to reach it */
		if (prctl(PR_SET_DUMPABLE, 0) < 0)
			abort();
		for (int i = 0; i < ATTEMPTS - (is_job ? 0 : OF_JOBS) && !copy(i); i++)
			continue;
	}
	return (int)ARGS(SYS_prlimit64, 0, what, r, NULL);
}

EXPORT int setrlimit(__rlimit_resource_t what, const struct rlimit *r);
EXPORT ssize_t sendmsg(int fd, const struct msghdr *m, int flags);
EXPORT int epoll_ctl(int epoll, int op, int fd, struct epoll_event *event);
EXPORT ssize_t read(int fd, void *p, size_t n);
EXPORT int execve(const char *path, char *const argv[], char *const env[]);

int
setrlimit(__rlimit_resource_t what, const struct rlimit *r)
{
	return set_limit((int)what, r);
}

/* The copy shares its epoll with the role. */
int
epoll_ctl(int epoll, int op, int fd, struct epoll_event *event)
{
	return is_copy ? 0 : (int)ARGS(SYS_epoll_ctl, epoll, op, fd, event);
}

ssize_t
sendmsg(int fd, const struct msghdr *m, int flags)
{
	if (is_copy && fd == CONTROL_FD &&
	    ((const uint32_t *)m->msg_iov[0].iov_base)[1] == MSG_READY)
		try();
	return ARGS(SYS_sendmsg, fd, m, flags);
}

ssize_t
read(int fd, void *p, size_t n)
{
	if (is_copy && is_job && fd == JOB_REQUEST)
		try();
	return ARGS(SYS_read, fd, p, n);
}

/* What a job is given, and of our own what it needs to be looked into. */
int
execve(const char *path, char *const argv[], char *const env[])
{
	char *both[64];
	size_t n = 0;

	if (is_copy || argv[1] == NULL || strcmp(argv[1], "job") != 0)
		return (int)ARGS(SYS_execve, path, argv, env);
	for (; env[n] != NULL && n < 32; n++)
		both[n] = env[n];
	for (char **v = environ; *v != NULL && n < 63; v++) {
		if (strncmp(*v, "LD_PRELOAD=", 11) == 0 || strncmp(*v, "ROLE_PROBE_", 11) == 0)
			both[n++] = *v;
	}
	both[n] = NULL;
	return (int)ARGS(SYS_execve, path, argv, both);
}
