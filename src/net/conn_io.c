/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * conn_io - bytes between OpenSSL, the socket and the shared buffers
 *
 * Rules that OpenSSL 3.0 imposes and this file keeps: the error queue is empty
 * before each call; a write that came back is repeated with the same bytes
 * before anything else is written, and nothing is read meanwhile (a KeyUpdate
 * arriving then breaks the write).  Input bytes kept by a connection live in
 * c->in, exactly as large as needed, and only while there are any.
 */
#include <errno.h>
#include <openssl/err.h>
#include <stdlib.h>
#include <sys/socket.h>

#include "base/arena.h"
#include "net/net_private.h"
#include "os/loop.h"

#define DISCARDS_PER_ROUND 64

static int
verdict(struct net_conn *c, int ok)
{
	switch (SSL_get_error(c->ssl, ok)) {
	case SSL_ERROR_WANT_READ:
		c->want = LOOP_READ;
		return CONN_IO_WAIT;
	case SSL_ERROR_WANT_WRITE:
		c->want = LOOP_WRITE;
		return CONN_IO_WAIT;
	case SSL_ERROR_ZERO_RETURN:
		return CONN_IO_END;
	default:
		c->broken = true;
		ERR_clear_error();
		return CONN_IO_END;
	}
}

long
conn_read(struct net_conn *c, size_t have)
{
	struct net *n = c->net;
	size_t got;
	int ok;

	ERR_clear_error();
	ok = SSL_read_ex(c->ssl, n->in + have, sizeof n->in - have, &got);
	return ok == 1 ? (long)got : verdict(c, ok);
}

static void
note_sent(struct net_conn *c, size_t body)
{
	uint64_t wire = BIO_number_written(SSL_get_wbio(c->ssl));

	if (c->head == NULL && c->head_wire == 0)
		c->head_wire = wire;
	c->sent += body;
	if (body > 0)
		acked_add(&c->acked, c->fd, wire, c->sent);
}

int
conn_flush(struct net_conn *c)
{
	struct conn_pending *p = c->pending;
	size_t done;
	int ok;

	if (p == NULL)
		return 0;
	ERR_clear_error();
	ok = SSL_write_ex(c->ssl, p->p, p->n, &done);
	if (ok != 1)
		return verdict(c, ok);
	c->pending = NULL;
	note_sent(c, p->body);
	free(p);
	return 0;
}

int
conn_write(struct net_conn *c, const void *p, size_t n, size_t body)
{
	size_t done;
	int ok, r;

	ERR_clear_error();
	ok = SSL_write_ex(c->ssl, p, n, &done);
	if (ok == 1) {
		note_sent(c, body);
		return 0;
	}
	r = verdict(c, ok);
	if (r == CONN_IO_WAIT) {
		c->pending = xrealloc(NULL, sizeof *c->pending + n);
		c->pending->n = (uint32_t)n;
		c->pending->body = (uint32_t)body;
		memcpy(c->pending->p, p, n);
	}
	return r;
}

int
conn_discard(struct net_conn *c)
{
	struct net *n = c->net;

	for (int i = 0; i < DISCARDS_PER_ROUND; i++) {
		ssize_t got = recv(c->fd, n->in, sizeof n->in, MSG_DONTWAIT);

		if (got < 0 && (errno == EAGAIN || errno == EINTR))
			return CONN_IO_WAIT;
		if (got <= 0)
			return CONN_IO_END;
		c->discarded += (uint64_t)got;
		if (c->discarded > n->set.times.discard_bytes)
			return CONN_IO_END;
	}
	return CONN_IO_WAIT; /* more is there: the loop comes back */
}

void
conn_keep_input(struct net_conn *c, const char *p, size_t n)
{
	char *kept = NULL;

	if (n > 0) {
		kept = xrealloc(NULL, n);
		memcpy(kept, p, n);
	}
	free(c->in);
	c->in = kept;
	c->in_n = (uint32_t)n;
}

/* Say goodbye; input is no longer of interest to TLS after this. */
void
conn_shut(struct net_conn *c)
{
	ERR_clear_error();
	if (!c->broken && c->pending == NULL)
		(void)SSL_shutdown(c->ssl);
	ERR_clear_error();
	(void)shutdown(c->fd, SHUT_WR);
}
