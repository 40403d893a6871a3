/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * faults - a chosen call of a chosen role fails, or is the last thing its process does
 *
 * A library to preload into the real server (LD_PRELOAD), for tests/lib/faults.py.
 * GELEIT_FAULTS names a file that each process maps before it gives its rights
 * away; the test writes into it which call of which role is meant, and what is to
 * happen there, while the server runs.  Nothing in the product knows of this, and
 * no call is made that a role's list would refuse.
 *
 * Calls are counted from the moment the page is armed, over all processes of the
 * role.  Not armed, a call costs one look at memory.
 */
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <time.h>
#include <unistd.h>

#define EXPORT __attribute__((visibility("default")))
#define DETAILS 64
#define MAGIC 0x544c4531u /* of a message, os/ipc.c */

/* The same numbers in tests/lib/faults.py. */
enum kind {
	KIND_SEND = 1, /* a message to another role */
	KIND_RECEIVE,
	KIND_FSYNC,
	KIND_RENAME,
	KIND_UNLINK,
	KIND_COMMIT, /* PostgreSQL's; SQLite's is an fsync of its journal */
	KIND_WRITE,
	KIND_ALLOC,
	KIND_CREATE, /* a file that was not there */
	KIND_READ,   /* by its place, as the store's and the database's files are */
	KIND_OPEN,   /* one that is there, below a folder: the store's */
	KIND_COUNT,
};

enum action {
	ACTION_COUNT = 1,
	ACTION_KILL_BEFORE,
	ACTION_KILL_AFTER,
	ACTION_HOLD, /* stands still in front of the call until it is ended */
	ACTION_FAIL,
	ACTION_SHORT,  /* half of it is written */
	ACTION_BROKEN, /* fails, and so does each one after it */
};

enum { OF_FOLDER = 1, OF_FILE, OF_DATABASE, OF_OTHER };

#define ROLES 9

struct page {
	_Atomic uint32_t armed;
	uint32_t role, kind, action, error, at, detail; /* detail 0: any */
	_Atomic uint32_t seen, struck;
	_Atomic uint32_t counts[ROLES][KIND_COUNT][DETAILS];
};

static const char *const role_names[ROLES] = {
    "", "master", "front", "app", "keeper", "worker", "scan", "egress", "media"};

static struct page *page;
static uint32_t role;

static ssize_t (*real_sendmsg)(int, const struct msghdr *, int);
static ssize_t (*real_recvmsg)(int, struct msghdr *, int);
static ssize_t (*real_send)(int, const void *, size_t, int);
static ssize_t (*real_write)(int, const void *, size_t);
static ssize_t (*real_pwrite64)(int, const void *, size_t, off_t);
static int (*real_fsync)(int);
static int (*real_fdatasync)(int);
static int (*real_renameat2)(int, const char *, int, const char *, unsigned);
static int (*real_unlinkat)(int, const char *, int);
static int (*real_unlink)(const char *);
static int (*real_openat)(int, const char *, int, ...);
static ssize_t (*real_pread64)(int, void *, size_t, off_t);
static ssize_t (*real_preadv2)(int, const struct iovec *, int, off_t, int);

/* ---- whom, and when ---- */

static uint32_t
role_of(const char *name)
{
	for (uint32_t i = 1; i < ROLES; i++) {
		if (strcmp(role_names[i], name) == 0)
			return i;
	}
	return 0;
}

/* "geleitd run", "geleitd -x ROLE DIR", "geleit-egress", "geleit-media"; 0: none of ours. */
static uint32_t
who_am_i(void)
{
	char line[512] = {0};
	const char *name, *first;
	int fd = open("/proc/self/cmdline", O_RDONLY | O_CLOEXEC);

	if (fd < 0 || read(fd, line, sizeof line - 2) <= 0)
		return 0;
	close(fd);
	name = strrchr(line, '/') != NULL ? strrchr(line, '/') + 1 : line;
	first = line + strlen(line) + 1;
	if (strncmp(name, "geleit-", 7) == 0)
		return role_of(name + 7);
	if (strcmp(name, "geleitd") != 0)
		return 0;
	if (strcmp(first, "run") == 0)
		return role_of("master");
	return strcmp(first, "-x") == 0 ? role_of(first + 3) : 0;
}

static void
find(void *at, const char *name)
{
	void *p = dlsym(RTLD_NEXT, name);

	memcpy(at, &p, sizeof p);
}

__attribute__((constructor)) static void
begin(void)
{
	const char *path = getenv("GELEIT_FAULTS");
	void *p;
	int fd;

	find(&real_sendmsg, "sendmsg");
	find(&real_recvmsg, "recvmsg");
	find(&real_send, "send");
	find(&real_write, "write");
	find(&real_pwrite64, "pwrite64");
	find(&real_fsync, "fsync");
	find(&real_fdatasync, "fdatasync");
	find(&real_renameat2, "renameat2");
	find(&real_unlinkat, "unlinkat");
	find(&real_unlink, "unlink");
	find(&real_openat, "openat64");
	find(&real_pread64, "pread64");
	find(&real_preadv2, "preadv64v2");
	role = who_am_i();
	fd = path == NULL || role == 0 ? -1 : open(path, O_RDWR | O_CLOEXEC);
	if (fd < 0)
		return;
	p = mmap(NULL, sizeof *page, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	close(fd);
	if (p != MAP_FAILED)
		page = p;
}

/* True for the one call that is meant, or for all from it on. */
static bool
is_meant(enum kind kind, uint32_t detail)
{
	uint32_t n;

	if (page == NULL || atomic_load(&page->armed) == 0)
		return false;
	if (page->action == ACTION_COUNT) {
		atomic_fetch_add(&page->counts[role][kind][detail % DETAILS], 1);
		return false;
	}
	if (page->role != role || page->kind != kind ||
	    (page->detail != 0 && page->detail != detail))
		return false;
	n = atomic_fetch_add(&page->seen, 1) + 1;
	if (page->action == ACTION_BROKEN ? n < page->at : n != page->at)
		return false;
	atomic_store(&page->struck, (uint32_t)getpid());
	return true;
}

/* ---- what happens ---- */

static void
die(void)
{
	syscall(SYS_tgkill, getpid(), gettid(), SIGKILL);
	for (;;)
		_exit(137);
}

static void
hold(void)
{
	const struct timespec nap = {.tv_nsec = 100000000};

	for (;;)
		nanosleep(&nap, NULL);
}

/* True: the call is not made, and has failed. */
static bool
before(void)
{
	if (page->action == ACTION_KILL_BEFORE)
		die();
	if (page->action == ACTION_HOLD)
		hold();
	errno = (int)page->error;
	return page->action == ACTION_FAIL || page->action == ACTION_BROKEN;
}

static void
after(void)
{
	if (page->action == ACTION_KILL_AFTER)
		die();
}

/* The call, with what was chosen for it around it. */
#define AROUND(kind, detail, failed, call)                                                         \
	do {                                                                                       \
		bool meant = is_meant(kind, detail);                                               \
                                                                                                   \
		if (meant && before())                                                             \
			return failed;                                                             \
		__typeof__(call) r = call;                                                         \
		if (meant)                                                                         \
			after();                                                                   \
		return r;                                                                          \
	} while (0)

/* ---- messages ---- */

/* Of one between roles; 0: something else. */
static uint32_t
type_of(const struct msghdr *m)
{
	uint32_t head[2];

	if (m->msg_iovlen == 0 || m->msg_iov[0].iov_len < sizeof head)
		return 0;
	memcpy(head, m->msg_iov[0].iov_base, sizeof head);
	return head[0] == MAGIC ? head[1] : 0;
}

EXPORT ssize_t
sendmsg(int fd, const struct msghdr *m, int flags)
{
	if (type_of(m) == 0)
		return real_sendmsg(fd, m, flags);
	AROUND(KIND_SEND, type_of(m), -1, real_sendmsg(fd, m, flags));
}

/* A message that is taken and dies with who took it. */
EXPORT ssize_t
recvmsg(int fd, struct msghdr *m, int flags)
{
	ssize_t r = real_recvmsg(fd, m, flags);

	if (r > 0 && type_of(m) != 0 && is_meant(KIND_RECEIVE, type_of(m)) && before())
		return -1;
	return r;
}

EXPORT ssize_t
send(int fd, const void *p, size_t n, int flags)
{
	static const char commit[] = "COMMIT";

	bool meant = memmem(p, n, commit, sizeof commit - 1) != NULL && is_meant(KIND_COMMIT, 0);
	ssize_t r;

	if (meant && before()) {
		shutdown(fd, SHUT_RDWR); /* libpq reads on after a failed write */
		errno = (int)page->error;
		return -1;
	}
	r = real_send(fd, p, n, flags);
	if (meant)
		after();
	return r;
}

/* ---- files ---- */

/* Asked only while somebody wants to know. */
static uint32_t
what_is(int fd)
{
	struct stat st;

	if (page == NULL || atomic_load(&page->armed) == 0 || fstat(fd, &st) < 0)
		return OF_OTHER;
	if (S_ISDIR(st.st_mode))
		return OF_FOLDER;
	return S_ISREG(st.st_mode) ? OF_FILE : OF_OTHER;
}

EXPORT int
fsync(int fd)
{
	AROUND(KIND_FSYNC, what_is(fd), -1, real_fsync(fd));
}

EXPORT int
fdatasync(int fd)
{
	AROUND(KIND_FSYNC, OF_DATABASE, -1, real_fdatasync(fd));
}

EXPORT int
renameat2(int from_dir, const char *from, int to_dir, const char *to, unsigned flags)
{
	AROUND(KIND_RENAME, 0, -1, real_renameat2(from_dir, from, to_dir, to, flags));
}

EXPORT int
unlinkat(int dir, const char *name, int flags)
{
	AROUND(KIND_UNLINK, 0, -1, real_unlinkat(dir, name, flags));
}

EXPORT int
unlink(const char *name)
{
	AROUND(KIND_UNLINK, 0, -1, real_unlink(name));
}

EXPORT int
openat(int dir, const char *name, int flags, ...)
{
	va_list ap;
	mode_t mode = 0;

	va_start(ap, flags);
	if ((flags & O_CREAT) != 0)
		mode = va_arg(ap, mode_t);
	va_end(ap);
	if ((flags & O_EXCL) == 0)
		AROUND(KIND_OPEN, (flags & O_DIRECTORY) != 0 ? OF_FOLDER : OF_FILE, -1,
		    real_openat(dir, name, flags, mode));
	AROUND(KIND_CREATE, 0, -1, real_openat(dir, name, flags, mode));
}

/* SQLite's files are regular ones, too: who reads tells them from the store's. */
static uint32_t
what_is_read(int fd, const void *caller)
{
	uint32_t what = what_is(fd);
	Dl_info from;

	if (what == OF_FILE && dladdr(caller, &from) != 0 &&
	    strstr(from.dli_fname, "libsqlite3") != NULL)
		return OF_DATABASE;
	return what;
}

EXPORT ssize_t
pread64(int fd, void *p, size_t n, off_t at)
{
	AROUND(KIND_READ, what_is_read(fd, __builtin_return_address(0)), -1,
	    real_pread64(fd, p, n, at));
}

EXPORT ssize_t
preadv2(int fd, const struct iovec *io, int count, off_t at, int flags)
{
	AROUND(KIND_READ, what_is_read(fd, __builtin_return_address(0)), -1,
	    real_preadv2(fd, io, count, at, flags));
}

static size_t
less(size_t n)
{
	return page->action == ACTION_SHORT && n > 1 ? n / 2 : n;
}

EXPORT ssize_t
write(int fd, const void *p, size_t n)
{
	size_t now = n;
	bool meant;
	ssize_t r;

	if (real_write == NULL) /* before begin() */
		return syscall(SYS_write, fd, p, n);
	meant = is_meant(KIND_WRITE, what_is(fd));
	if (meant && before())
		return -1;
	if (meant)
		now = less(n);
	r = real_write(fd, p, now);
	if (meant)
		after();
	return r;
}

EXPORT ssize_t
pwrite64(int fd, const void *p, size_t n, off_t at)
{
	size_t now = n;
	bool meant = is_meant(KIND_WRITE, what_is(fd));
	ssize_t r;

	if (meant && before())
		return -1;
	if (meant)
		now = less(n);
	r = real_pwrite64(fd, p, now, at);
	if (meant)
		after();
	return r;
}

/* ---- memory ---- */

extern void *__libc_malloc(size_t);
extern void *__libc_calloc(size_t, size_t);
extern void *__libc_realloc(void *, size_t);

static bool
has_no_memory(void)
{
	return is_meant(KIND_ALLOC, 0) && before();
}

EXPORT void *
malloc(size_t n)
{
	return has_no_memory() ? NULL : __libc_malloc(n);
}

EXPORT void *
calloc(size_t n, size_t size)
{
	return has_no_memory() ? NULL : __libc_calloc(n, size);
}

EXPORT void *
realloc(void *p, size_t n)
{
	return has_no_memory() ? NULL : __libc_realloc(p, n);
}
