/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * ipc - see ipc.h.
 *
 * Whatever is wrong with a message, its descriptors are closed before the
 * error is told: a hostile peer must not fill our table.
 */
#include "os/ipc.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <unistd.h>

#include "base/error.h"
#include "base/time.h"
#include "os/file.h"

#define MAGIC 0x544c4531u /* "1ELT" */
#define SEALS (F_SEAL_SEAL | F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE)

struct head {
	uint32_t magic, type, id;
};
_Static_assert(sizeof(struct head) == IPC_HEAD_BYTES, "the head has no holes");

/* Room for the descriptors, aligned as cmsg(3) wants it. */
union control {
	char space[CMSG_SPACE(LIMIT_MSG_FDS * sizeof(int))];
	struct cmsghdr align;
};

int
ipc_pair(int ret[2], struct error *e)
{
	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, ret) < 0)
		return err_errno(e, "socketpair");
	return 0;
}

/* ---- sending ---- */

static void
put_fds(struct msghdr *mh, union control *c, const struct ipc_msg *m)
{
	struct cmsghdr *cm;

	if (m->fd_count == 0)
		return;
	mh->msg_control = c->space;
	mh->msg_controllen = CMSG_SPACE(m->fd_count * sizeof(int));
	cm = CMSG_FIRSTHDR(mh);
	assert(cm != NULL); /* there is room */
	cm->cmsg_level = SOL_SOCKET;
	cm->cmsg_type = SCM_RIGHTS;
	cm->cmsg_len = CMSG_LEN(m->fd_count * sizeof(int));
	memcpy(CMSG_DATA(cm), m->fds, m->fd_count * sizeof(int));
}

static int
send_error(struct error *e)
{
	switch (errno) {
	case EAGAIN:
	case ENOBUFS:
	case ETOOMANYREFS: /* too many descriptors in flight */
		return err_set(e, ERR_BUSY, "the socket is full");
	case EPIPE:
	case ECONNRESET:
	case ENOTCONN:
		return err_set(e, ERR_UNAVAILABLE, "the peer is gone");
	default:
		return err_errno(e, "sendmsg");
	}
}

int
ipc_send(int fd, const struct ipc_msg *m, struct error *e)
{
	struct head h = {MAGIC, m->type, m->id};
	struct iovec iov[] = {{&h, sizeof h}, {(void *)(uintptr_t)m->body.p, m->body.n}};
	struct msghdr mh = {.msg_iov = iov, .msg_iovlen = ARRAY_LEN(iov)};
	union control c = {0};
	ssize_t r;

	if (m->body.n > LIMIT_MSG_BYTES - IPC_HEAD_BYTES || m->fd_count > LIMIT_MSG_FDS)
		return err_set(e, ERR_TOO_LARGE, "message of %zu bytes", m->body.n);
	put_fds(&mh, &c, m);
	do
		r = sendmsg(fd, &mh, MSG_NOSIGNAL | MSG_DONTWAIT);
	while (r < 0 && errno == EINTR);
	return r < 0 ? send_error(e) : 0;
}

/* True when something happened (also a hang-up), false when the time is over. */
static bool
wait_for(int fd, short events, int64_t until_us)
{
	for (;;) {
		struct pollfd p = {.fd = fd, .events = events};
		int64_t left = until_us - time_monotonic_us();
		int r = poll(&p, 1, left <= 0 ? 0 : (int)((left + 999) / 1000));

		if (r > 0)
			return true;
		if ((r == 0 || errno != EINTR) && left <= 0)
			return false;
		if (r < 0 && errno != EINTR)
			return false;
	}
}

/*
 * Room alone does not mean that it goes: descriptors in flight are counted per
 * user, and nothing tells when that number sinks.  So a second refusal is
 * waited out step by step, and the time counts whatever poll says.
 */
int
ipc_send_wait(int fd, const struct ipc_msg *m, int ms, struct error *e)
{
	int64_t until = time_monotonic_us() + ms * 1000LL;
	bool had_room = false;

	while (ipc_send(fd, m, e) < 0) {
		if (e->code != ERR_BUSY || (had_room && time_monotonic_us() >= until))
			return err_code(e);
		if (had_room)
			(void)poll(NULL, 0, 1);
		if (!wait_for(fd, POLLOUT, until))
			return err_code(e);
		had_room = true;
	}
	return 0;
}

/* ---- receiving ---- */

void
ipc_msg_close(struct ipc_msg *m)
{
	for (size_t i = 0; i < m->fd_count; i++)
		fd_close(&m->fds[i]);
	m->fd_count = 0;
}

/* Descriptors beyond our space are closed by the kernel and told as MSG_CTRUNC. */
static void
take_fds(struct msghdr *mh, struct ipc_msg *m)
{
	for (struct cmsghdr *cm = CMSG_FIRSTHDR(mh); cm != NULL; cm = CMSG_NXTHDR(mh, cm)) {
		size_t n;

		if (cm->cmsg_level != SOL_SOCKET || cm->cmsg_type != SCM_RIGHTS)
			continue;
		n = (cm->cmsg_len - CMSG_LEN(0)) / sizeof(int);
		n = MIN(n, LIMIT_MSG_FDS - m->fd_count);
		memcpy(&m->fds[m->fd_count], CMSG_DATA(cm), n * sizeof(int));
		m->fd_count += n;
	}
}

static int
recv_error(struct error *e)
{
	if (errno == EAGAIN)
		return 0;
	if (errno == ECONNRESET || errno == EPIPE)
		return err_set(e, ERR_UNAVAILABLE, "the peer is gone");
	return err_errno(e, "recvmsg");
}

int
ipc_recv(int fd, char space[static LIMIT_MSG_BYTES], struct ipc_msg *ret, struct error *e)
{
	struct iovec iov = {space, LIMIT_MSG_BYTES};
	union control c = {0};
	struct msghdr mh = {.msg_iov = &iov,
	    .msg_iovlen = 1,
	    .msg_control = c.space,
	    .msg_controllen = sizeof c.space};
	struct ipc_msg m = {0};
	struct head h;
	ssize_t n;

	do
		n = recvmsg(fd, &mh, MSG_DONTWAIT | MSG_CMSG_CLOEXEC);
	while (n < 0 && errno == EINTR);
	if (n < 0)
		return recv_error(e);
	take_fds(&mh, &m);
	/* an empty packet reads like the end; nobody who speaks this protocol sends one */
	if (n == 0) {
		ipc_msg_close(&m);
		return err_set(e, ERR_UNAVAILABLE, "the peer closed");
	}
	memcpy(&h, space, MIN((size_t)n, sizeof h));
	if ((mh.msg_flags & (MSG_TRUNC | MSG_CTRUNC)) != 0 || (size_t)n < sizeof h ||
	    h.magic != MAGIC) {
		ipc_msg_close(&m);
		return err_set(e, ERR_PROTOCOL, "truncated or foreign message");
	}
	m.type = h.type;
	m.id = h.id;
	m.body = (struct str){space + sizeof h, (size_t)n - sizeof h};
	*ret = m;
	return 1;
}

int
ipc_recv_wait(
    int fd, char space[static LIMIT_MSG_BYTES], int ms, struct ipc_msg *ret, struct error *e)
{
	int64_t until = time_monotonic_us() + ms * 1000LL;
	int r;

	while ((r = ipc_recv(fd, space, ret, e)) == 0) {
		if (!wait_for(fd, POLLIN, until))
			return err_set(e, ERR_TIMEOUT, "no message within %d ms", ms);
	}
	return r;
}

/* ---- memfd ---- */

int
memfd_sealed(const char *name, struct str content, int *ret_fd, struct error *e)
{
	AUTO(fd_close) int fd = memfd_create(name, MFD_CLOEXEC | MFD_ALLOW_SEALING);

	if (fd < 0)
		return err_errno(e, "memfd_create");
	if (fd_write_all(fd, content.p, content.n, e) < 0)
		return err_prefix(e, "memfd");
	if (fcntl(fd, F_ADD_SEALS, SEALS) < 0)
		return err_errno(e, "F_ADD_SEALS");
	*ret_fd = TAKE_FD(fd);
	return 0;
}

int
memfd_map(int fd, size_t max, struct mapping *ret, struct error *e)
{
	int seals = fcntl(fd, F_GET_SEALS);
	struct stat st;
	void *p = NULL;

	/* without all seals the sender could shrink it under our hands (SIGBUS) or change it */
	if (seals < 0 || (seals & SEALS) != SEALS)
		return err_set(e, ERR_PROTOCOL, "memfd without seals");
	if (fstat(fd, &st) < 0)
		return err_errno(e, "fstat of a memfd");
	if (st.st_size < 0 || (uint64_t)st.st_size > max)
		return err_set(e, ERR_TOO_LARGE, "memfd of %lld bytes", (long long)st.st_size);
	if (st.st_size > 0) {
		p = mmap(NULL, (size_t)st.st_size, PROT_READ, MAP_PRIVATE, fd, 0);
		if (p == MAP_FAILED)
			return err_errno(e, "mmap of a memfd");
	}
	*ret = (struct mapping){p, (size_t)st.st_size};
	return 0;
}

void
mapping_free(struct mapping *m)
{
	if (m->p != NULL)
		munmap(m->p, m->n);
	*m = (struct mapping){0};
}
