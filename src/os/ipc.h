/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * ipc - messages with descriptors between two processes
 *
 * SOCK_SEQPACKET: one send is one receive.  A message is type, id, body and up
 * to LIMIT_MSG_FDS descriptors; header and body at most LIMIT_MSG_BYTES.
 * Received descriptors are close-on-exec and owned by the message until taken.
 *
 * Layer: os.
 */
#pragma once

#include "base/base.h"
#include "base/limits.h"

struct error;

struct ipc_msg {
	uint32_t type; /* enum msg of msg/msg.h */
	uint32_t id;   /* request number of the sender, or 0 */
	struct str body;
	int fds[LIMIT_MSG_FDS];
	size_t fd_count;
};

#define IPC_HEAD_BYTES 12 /* magic, type, id: host order, one machine */

NODISCARD int ipc_pair(int ret[2], struct error *e);

/*
 * Send without blocking.  Descriptors are copied, the caller keeps its own.
 * Errors: ERR_BUSY (the socket is full), ERR_UNAVAILABLE (the peer is gone),
 * ERR_TOO_LARGE.
 */
NODISCARD int ipc_send(int fd, const struct ipc_msg *m, struct error *e);
/* The same, waiting up to ms for room. */
NODISCARD int ipc_send_wait(int fd, const struct ipc_msg *m, int ms, struct error *e);

/*
 * Receive without blocking into space (LIMIT_MSG_BYTES); body points there.
 * 1 a message, 0 nothing there.
 * Errors: ERR_UNAVAILABLE (peer closed), ERR_PROTOCOL (truncated, bad header).
 */
NODISCARD int ipc_recv(
    int fd, char space[static LIMIT_MSG_BYTES], struct ipc_msg *ret, struct error *e);
/* The same, waiting up to ms: ERR_TIMEOUT. */
NODISCARD int ipc_recv_wait(
    int fd, char space[static LIMIT_MSG_BYTES], int ms, struct ipc_msg *ret, struct error *e);
/* Close what has not been taken (set to -1). */
void ipc_msg_close(struct ipc_msg *m);

/* A memfd with this content, sealed against change; and its mapping after the seals are checked. */
NODISCARD int memfd_sealed(const char *name, struct str content, int *ret_fd, struct error *e);
struct mapping {
	void *p;
	size_t n;
};
NODISCARD int memfd_map(int fd, size_t max, struct mapping *ret, struct error *e);
void mapping_free(struct mapping *m);
