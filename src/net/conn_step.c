/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * conn_step - one step of each state of a connection
 *
 *	HANDSHAKE -> HEAD -> WAIT -> (BODY -> WAIT) -> SEND -> HEAD or LINGER
 *	                 `-> SEND (our own refusal)      BODY -> SEND (a refusal)
 *
 * A step does what can be done now and says what it waits for; conn.c runs
 * steps and arms the loop.  Handlers are called from here and may change the
 * state, so after each call the state is looked at again.
 */
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <openssl/err.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>

#include "base/arena.h"
#include "base/str.h"
#include "net/net_private.h"
#include "os/loop.h"

#define RECORDS_PER_ROUND 8 /* then others have a turn */

static int64_t
from_now(const struct net_conn *c, int64_t us)
{
	return loop_now(c->net->loop) + us;
}

/* ---- handshake and head ---- */

static enum step
step_handshake(struct net_conn *c)
{
	int ok;

	ERR_clear_error();
	ok = SSL_do_handshake(c->ssl);
	if (ok == 1) {
		c->state = CONN_HEAD;
		c->deadline = from_now(c, c->net->set.times.idle_us);
		c->want = LOOP_READ;
		return STEP_REST;
	}
	switch (SSL_get_error(c->ssl, ok)) {
	case SSL_ERROR_WANT_READ:
		c->want = LOOP_READ;
		return STEP_REST;
	case SSL_ERROR_WANT_WRITE:
		c->want = LOOP_WRITE;
		return STEP_REST;
	default: /* plain HTTP on this port, too, ends here: closed, no word */
		ERR_clear_error();
		return STEP_GONE;
	}
}

static void
begin_head(struct net_conn *c)
{
	const struct net_times *t = &c->net->set.times;

	c->state = CONN_HEAD;
	c->deadline = from_now(c, c->in_n > 0 ? t->head_us : t->idle_us);
	c->want = LOOP_READ;
}

static void
begin_request(struct net_conn *c, const struct http_head *h)
{
	c->state = CONN_WAIT;
	c->has_body = h->chunked || h->content_length > 0;
	c->needs_continue = h->expect_continue && c->has_body && c->in_n == 0;
	c->is_last = !h->keep_alive;
	c->is_taken = c->paused = c->doomed = c->is_ours = false;
	c->deadline = from_now(c, c->net->set.times.answer_us);
	http_body_init(&c->body, h->content_length, h->chunked);
	c->net->set.handler->request(c->net->set.arg, c, h);
}

/* h points into the shared buffer: good until request() returns. */
static enum step
step_head(struct net_conn *c)
{
	struct net *n = c->net;
	struct http_head h;
	size_t have = c->in_n, used;
	long got;

	if (have > 0)
		memcpy(n->in, c->in, have);
	for (;;) {
		int r = have == 0 ? 0 : http_head_parse((struct str){n->in, have}, &h, &used);

		if (r == 1) {
			conn_keep_input(c, n->in + used, have - used);
			begin_request(c, &h);
			return STEP_AGAIN;
		}
		if (r < 0) {
			conn_refuse(c, -r);
			return STEP_AGAIN;
		}
		got = conn_read(c, have);
		if (got == CONN_IO_END)
			return STEP_GONE;
		if (got == CONN_IO_WAIT)
			break;
		have += (size_t)got;
	}
	if (have > c->in_n) {
		if (c->in_n == 0)
			c->deadline = from_now(c, n->set.times.head_us);
		conn_keep_input(c, n->in, have);
	}
	return STEP_REST;
}

/* ---- body ---- */

static void
body_whole(struct net_conn *c)
{
	c->state = CONN_WAIT;
	c->has_body = c->is_taken = false;
	c->deadline = from_now(c, c->net->set.times.answer_us);
	c->net->set.handler->body_end(c->net->set.arg, c, true);
}

void
conn_body_fail(struct net_conn *c, int status)
{
	c->is_taken = false;
	c->net->set.handler->body_end(c->net->set.arg, c, false);
	if (c->state == CONN_BODY && !c->cut)
		conn_refuse(c, status);
}

/* Give content to the handler; keep what it may not have yet, or what is behind the end. */
static void
feed(struct net_conn *c, const char *p, size_t n)
{
	const struct net_handler *handler = c->net->set.handler;
	size_t skip, data;
	int r = 0;

	while (!c->paused && r == 0) {
		r = http_body_next(&c->body, (struct str){p, n}, &skip, &data);
		if (r < 0) {
			conn_body_fail(c, 400);
			return;
		}
		if (data > 0)
			handler->body(c->net->set.arg, c, p + skip, data);
		if (c->state != CONN_BODY || c->cut)
			return; /* answered or cut: the rest is of no interest */
		p += skip + data;
		n -= skip + data;
		if (skip + data == 0)
			break;
	}
	conn_keep_input(c, p, n);
	if (r == 1)
		body_whole(c);
}

static void
feed_kept(struct net_conn *c)
{
	char *kept = c->in;
	size_t n = c->in_n;

	c->in = NULL;
	c->in_n = 0;
	feed(c, kept, n);
	free(kept);
}

static int
send_continue(struct net_conn *c)
{
	static const char line[] = "HTTP/1.1 100 Continue\r\n\r\n";
	int r = conn_flush(c);

	if (r != 0 || !c->needs_continue)
		return r;
	c->needs_continue = false;
	return conn_write(c, line, sizeof line - 1, 0);
}

static enum step
step_body(struct net_conn *c)
{
	int r = send_continue(c);

	if (r != 0)
		return r == CONN_IO_END ? STEP_GONE : STEP_REST;
	for (int i = 0; i < RECORDS_PER_ROUND; i++) {
		long got;

		c->want = 0;
		if (c->paused)
			return STEP_REST;
		if (c->in_n > 0 || !c->has_body) {
			feed_kept(c);
			return STEP_AGAIN;
		}
		got = conn_read(c, 0);
		if (got == CONN_IO_END)
			return STEP_GONE; /* conn_close tells the handler */
		if (got == CONN_IO_WAIT)
			return STEP_REST;
		c->window += (uint64_t)got;
		feed(c, c->net->in, (size_t)got);
		if (c->state != CONN_BODY)
			return STEP_AGAIN;
	}
	c->want = LOOP_READ;
	return SSL_has_pending(c->ssl) ? STEP_AGAIN : STEP_YIELD;
}

/* ---- answer ---- */

static void
begin_linger(struct net_conn *c)
{
	conn_shut(c);
	c->state = CONN_LINGER;
	c->since = loop_now(c->net->loop);
	c->window = 0;
	c->deadline = from_now(c, c->net->set.times.discard_silence_us);
	c->want = LOOP_READ;
}

static enum step
finish(struct net_conn *c)
{
	if (c->is_last || c->doomed)
		begin_linger(c);
	else
		begin_head(c);
	if (!c->is_ours)
		c->net->set.handler->done(c->net->set.arg, c);
	return c->state == CONN_HEAD && c->in_n == 0 ? STEP_REST : STEP_AGAIN;
}

/* Nothing can leave now; a doomed connection goes on throwing input away. */
static enum step
rest_in_send(struct net_conn *c, unsigned want)
{
	c->want = (uint8_t)want;
	if (!c->doomed)
		return STEP_REST;
	c->want |= LOOP_READ;
	return conn_discard(c) == CONN_IO_END ? STEP_GONE : STEP_REST;
}

/* The head into the shared buffer, unless a large body wants records of its own. */
static size_t
take_head(struct net_conn *c)
{
	size_t n = c->head_n;

	if (c->head == NULL)
		return 0;
	memcpy(c->net->out, c->head, n);
	free(c->head);
	c->head = NULL;
	c->head_n = 0;
	return n;
}

/* Bytes from the handler, 0 none now, -1 cut.  is_filling is set before: fill() may call net_wake.
 */
static long
ask_for_body(struct net_conn *c, size_t have)
{
	size_t room = NET_RECORD_BYTES - have;
	long got;

	if (c->answer_left == 0 || c->is_filling || (have > 0 && c->answer_left > room))
		return 0;
	c->is_filling = true;
	room = c->answer_left < room ? (size_t)c->answer_left : room;
	got = c->net->set.handler->fill(c->net->set.arg, c, c->net->out + have, room);
	if (got == 0)
		return 0;
	c->is_filling = false;
	if (got < 0 || (size_t)got > room)
		return -1;
	c->answer_left -= (uint64_t)got;
	return got;
}

/* One record.  1 something left, 0 nothing to send now, or CONN_IO_. */
static int
send_record(struct net_conn *c)
{
	size_t have;
	long got;
	int r = conn_flush(c);

	if (r != 0)
		return r;
	have = take_head(c);
	got = ask_for_body(c, have);
	if (got < 0) {
		c->cut = true;
		return CONN_IO_END;
	}
	if (have + (size_t)got == 0)
		return 0;
	r = conn_write(c, c->net->out, have + (size_t)got, (size_t)got);
	return r == 0 ? 1 : r;
}

static enum step
send_round(struct net_conn *c)
{
	for (int i = 0; i < RECORDS_PER_ROUND; i++) {
		int r = send_record(c);

		if (r == CONN_IO_END || c->cut)
			return STEP_GONE;
		if (r == CONN_IO_WAIT)
			return rest_in_send(c, c->want);
		if (c->answer_left == 0 && c->pending == NULL && c->head == NULL)
			return finish(c);
		if (r == 0 && c->is_filling) {
			c->deadline = from_now(c, c->net->set.times.answer_us);
			return rest_in_send(c, 0);
		}
	}
	c->want = LOOP_WRITE;
	return STEP_YIELD;
}

/*
 * A round of records leaves as full segments: one pass through TCP instead of
 * one per record, a third of what sending costs.  (bench/RESULTS.md)
 */
static void
cork(const struct net_conn *c, int on)
{
	(void)setsockopt(c->fd, IPPROTO_TCP, TCP_CORK, &on, sizeof on);
}

static enum step
step_send(struct net_conn *c)
{
	bool is_large = c->answer_left > NET_RECORD_BYTES;
	enum step r;

	if (is_large)
		cork(c, 1);
	r = send_round(c);
	if (is_large)
		cork(c, 0);
	return r;
}

void
conn_refuse(struct net_conn *c, int status)
{
	char head[160];
	int n = snprintf(head, sizeof head,
	    "HTTP/1.1 %d %s\r\nContent-Length: 0\r\nCache-Control: no-store\r\n"
	    "Connection: close\r\n\r\n",
	    status, http_reason(status));

	c->state = CONN_WAIT; /* where an answer is allowed */
	c->has_body = true;   /* and whatever else comes is thrown away */
	net_answer(c, (struct str){head, (size_t)n}, 0, true);
	c->is_ours = true;
}

/* ---- the end ---- */

static enum step
step_linger(struct net_conn *c)
{
	const struct net_times *t = &c->net->set.times;
	uint64_t before = c->discarded;
	int64_t now = loop_now(c->net->loop);

	c->want = LOOP_READ;
	if (conn_discard(c) == CONN_IO_END)
		return STEP_GONE;
	if (c->discarded == before)
		return STEP_REST;
	c->window += c->discarded - before;
	c->deadline = now + t->discard_silence_us;
	if (now - c->since < t->body_window_us)
		return STEP_REST;
	if (c->window < t->body_window_bytes)
		return STEP_GONE;
	c->since = now;
	c->window = 0;
	return STEP_REST;
}

enum step
conn_step(struct net_conn *c)
{
	switch (c->state) {
	case CONN_HANDSHAKE:
		return step_handshake(c);
	case CONN_HEAD:
		return step_head(c);
	case CONN_BODY:
		return step_body(c);
	case CONN_SEND:
		return step_send(c);
	case CONN_LINGER:
		return step_linger(c);
	default: /* CONN_WAIT: for the handler, and for nothing else */
		c->want = 0;
		return STEP_REST;
	}
}
