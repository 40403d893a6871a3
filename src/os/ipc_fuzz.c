/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * ipc_fuzz - any bytes as a packet of another role, with descriptors
 *
 * The first byte says how many.  Whatever comes, the descriptors are the message's or
 * closed, and a message is exactly what lay behind its head.
 */
#include <fcntl.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/error.h"
#include "os/ipc.h"

#define FDS_MOST 8
#define FIRST_FREE 64 /* below it nothing is opened or closed by others meanwhile */

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n);

static void
must(bool ok)
{
	if (!ok)
		abort();
}

static void
send_raw(int to, int fd, const uint8_t *p, size_t n, size_t fd_count)
{
	union {
		struct cmsghdr align;
		char space[CMSG_SPACE(FDS_MOST * sizeof(int))];
	} c = {0};
	struct iovec iov = {(void *)(uintptr_t)p, n};
	struct msghdr m = {.msg_iov = &iov, .msg_iovlen = 1};
	int fds[FDS_MOST];

	for (size_t i = 0; i < FDS_MOST; i++)
		fds[i] = fd;
	if (fd_count > 0) {
		m.msg_control = c.space;
		m.msg_controllen = CMSG_SPACE(fd_count * sizeof(int));
		*CMSG_FIRSTHDR(&m) = (struct cmsghdr){.cmsg_len = CMSG_LEN(fd_count * sizeof(int)),
		    .cmsg_level = SOL_SOCKET,
		    .cmsg_type = SCM_RIGHTS};
		memcpy(CMSG_DATA(CMSG_FIRSTHDR(&m)), fds, fd_count * sizeof(int));
	}
	(void)!sendmsg(to, &m, MSG_DONTWAIT);
}

/* The lowest free number: the same before and after, when nothing is left open. */
static int
lowest_free(void)
{
	int fd = fcntl(0, F_DUPFD, FIRST_FREE);

	close(fd);
	return fd;
}

int
LLVMFuzzerTestOneInput(const uint8_t *p, size_t n)
{
	static char space[LIMIT_MSG_BYTES];
	struct ipc_msg m = {0};
	struct error e;
	int pair[2], r, before;

	if (n == 0 || ipc_pair(pair, &e) < 0)
		return 0;
	before = lowest_free();
	send_raw(pair[0], pair[1], p + 1, n - 1, p[0] % (FDS_MOST + 1));
	r = ipc_recv(pair[1], space, &m, &e);
	if (r > 0) {
		must(m.body.n + IPC_HEAD_BYTES == n - 1 && m.fd_count == p[0] % (FDS_MOST + 1));
		must(memcmp(m.body.p, p + 1 + IPC_HEAD_BYTES, m.body.n) == 0);
		ipc_msg_close(&m);
	}
	close(pair[0]);
	close(pair[1]);
	must(lowest_free() == before);
	return 0;
}
