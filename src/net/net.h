/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * net - client connections: TLS, HTTP/1.1 framing, deadlines, acknowledged bytes
 *
 * The only code that reads the network.  A connection is driven by the loop
 * and calls a handler; it holds one request at a time (pipelined ones wait).
 *
 *	request()  the head is whole.  The handler later calls net_take_body(),
 *	           net_answer() or net_cut().
 *	body()     content bytes after net_take_body, in order; the handler may
 *	           net_body_pause() and resume; body_end() says whole or broken,
 *	           once per net_take_body unless the handler answered or cut before.
 *	fill()     produce up to n bytes of the answer's body: > 0 bytes, 0 not
 *	           now (call net_wake later), -1 cut the connection.
 *	done()     the answer has left completely (in our buffers at least); the
 *	           connection goes on with the next request.
 *	closed()   it is gone, in any state, also before its first request; c is
 *	           invalid afterwards.  Called exactly once.  net_acked() still
 *	           works inside.
 *
 * Everything a handler asks for takes effect after the callback it is in, or
 * after this round of the loop: no net_ function calls back, and none makes c
 * invalid.
 *
 * What net answers by itself, without done(): a head that is refused, 408 to a
 * head or body that is too slow, 400 to a malformed body (after
 * body_end(false)), 503 when the handler is silent for answer_us.  A later
 * net_answer() is then ignored; closed() follows.
 *
 * A client that shuts its side is gone (EPOLLRDHUP): a body is read to its end
 * first, everything else is dropped.
 *
 * Deadlines (docs/internals/http.md): handshake 10 s, head 10 s from its first byte, body
 * at least 1 KiB/s over 30 s, idle 60 s, answer 30 s; a reader that takes
 * less than 8 KiB in 60 s while there is more for it is cut.  A refusal while a
 * body is coming is answered, then the write side is shut and input discarded
 * (64 MiB, 2 s of silence).  A cut is SO_LINGER{1,0}.  All are checked in one
 * 500 ms tick.
 *
 * Acknowledged bytes: after each SSL_write (at most 16 KiB) a ring keeps (wire
 * end, plain end); tcpi_bytes_acked decides.  Only net/acked.c includes
 * <linux/tcp.h>.
 *
 * Layer: net.
 */
#pragma once

#include "base/base.h"
#include "http/head.h"

struct error;
struct loop;
struct net;
struct net_conn;

struct net_handler {
	void (*request)(void *arg, struct net_conn *c, const struct http_head *h);
	void (*body)(void *arg, struct net_conn *c, const void *p, size_t n);
	void (*body_end)(
	    void *arg, struct net_conn *c, bool whole); /* false: broken off or malformed */
	long (*fill)(void *arg, struct net_conn *c, void *p, size_t n);
	void (*done)(void *arg, struct net_conn *c);
	void (*closed)(void *arg, struct net_conn *c);
};

/*
 * When all of max_conns are taken, a new connection takes the place of the one
 * that was silent longest among those without a request: handshakes, idle ones,
 * unfinished heads, goodbyes.  When all have a request, new ones wait in the
 * kernel's queue.
 */
/* One number per deadline, so that tests can make them short. */
struct net_times {
	int64_t handshake_us, head_us, idle_us, answer_us, stall_us, body_window_us,
	    discard_silence_us;
	uint64_t body_window_bytes, stall_bytes, discard_bytes;
};
extern const struct net_times net_times_default;

/* Strings are copied; handler must outlive the net. */
struct net_settings {
	const char *cert_path, *key_path;
	const char *ciphersuites; /* TLS 1.3; NULL: OpenSSL's own */
	size_t max_conns;
	struct net_times times;
	const struct net_handler *handler;
	void *arg;
};

NODISCARD int net_new(
    struct loop *l, const struct net_settings *s, struct net **ret, struct error *e);
/* Closes what is open, with closed() for each.  Not from inside the loop: it holds a tick there. */
void net_free(struct net **n);
/* Accept from this listening socket (non-blocking, TCP_NODELAY and NOTSENT_LOWAT set by
 * net_listen). */
NODISCARD int net_add_listener(struct net *n, int fd, struct error *e);
/* Used by master: a bound, listening, non-blocking socket.  ERR_EXISTS "port-taken". */
NODISCARD int net_listen(const char *host, const char *port, int *ret_fd, struct error *e);
/* Read certificate and key again; on failure the old ones stay. */
NODISCARD int net_reload(struct net *n, struct error *e);
/* When the certificate that is shown ends; 0: it does not say so in a way that is understood. */
int64_t net_certificate_end(const struct net *n);

/* The handler's own pointer for a connection; NULL at first. */
void net_set_data(struct net_conn *c, void *data);
void *net_data(const struct net_conn *c);
struct str net_peer(const struct net_conn *c); /* address as text, until the next call for any */

/* Let the body come; sends 100 Continue first when it was asked for. */
void net_take_body(struct net_conn *c);
/* Resume within answer_us, or the connection is cut. */
void net_body_pause(struct net_conn *c);
void net_body_resume(struct net_conn *c);

/*
 * Answer: head is the whole head with its final CRLF CRLF, at most
 * LIMIT_REPLY_HEAD_BYTES, copied; then body_bytes come from fill() (0: none).
 * is_last closes afterwards, as do a client's Connection: close and a body that
 * has not been read to its end; the latter is the refusal described above.
 */
void net_answer(struct net_conn *c, struct str head, uint64_t body_bytes, bool is_last);
/* fill() has something now; due within answer_us of a 0, or the connection is cut. */
void net_wake(struct net_conn *c);
/* End at once with a reset. */
void net_cut(struct net_conn *c);

/*
 * Plaintext bytes of this answer's body acknowledged by the client's TCP: a
 * lower bound, whole records only.  "This answer" is the last one given to
 * net_answer(), also after done() and while the next request waits.
 */
uint64_t net_acked(struct net_conn *c);
/* Those of it that were given to TCP in whole records: the client can have read no more. */
uint64_t net_sent(const struct net_conn *c);
bool net_is_head_acked(struct net_conn *c);
