/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * conn - the life of a connection: events, deadlines, and what handlers ask for
 *
 * What the loop watches follows what the state wants, lazily: a bit that is no
 * longer wanted stays armed until it fires once, which saves two system calls
 * per request, and is then taken off, so that nothing ever spins.  A hung-up
 * peer is reported by every round of epoll, so such a connection either ends
 * at once or is taken out of the loop (a paused body whose bytes are still in
 * the kernel).
 */
#include <assert.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/arena.h"
#include "base/error.h"
#include "net/net_private.h"
#include "os/loop.h"

#define STALL_CHECKS 4 /* per stall_us */

/* ---- running ---- */

/* The peer has closed its side and nothing more can be done now. */
static enum step
rest_of_hung(struct net_conn *c)
{
	if (c->state == CONN_LINGER)
		return STEP_REST;
	if (c->state != CONN_BODY || !c->paused)
		return STEP_GONE;
	watch_free(&c->watch);
	return STEP_REST;
}

static void
arm(struct net_conn *c, enum step s)
{
	if (c->watch == NULL) {
		if (s == STEP_YIELD)
			net_kick(c);
		return;
	}
	if ((c->want & ~c->armed) == 0)
		return;
	c->armed = c->want;
	watch_set(c->watch, c->want);
}

void
conn_run(struct net_conn *c)
{
	enum step s;

	c->running = true;
	do
		s = c->cut ? STEP_GONE : conn_step(c);
	while (s == STEP_AGAIN || (c->cut && s != STEP_GONE));
	c->running = false;
	if (s == STEP_REST && c->hung)
		s = rest_of_hung(c);
	if (s == STEP_GONE) {
		conn_close(c);
		return;
	}
	net_note_quiet(c);
	arm(c, s);
}

static void
on_event(void *arg, uint32_t events)
{
	struct net_conn *c = arg;

	if ((events & LOOP_HANGUP) != 0)
		c->hung = true;
	if (c->hung || (events & c->want) != 0) {
		conn_run(c);
		return;
	}
	c->armed = c->want;
	watch_set(c->watch, c->want);
}

/* ---- beginning and end ---- */

static void
note_peer(struct net_conn *c, const struct sockaddr_storage *peer)
{
	if (peer->ss_family == AF_INET6) {
		memcpy(c->peer, &((const struct sockaddr_in6 *)peer)->sin6_addr, 16);
		return;
	}
	memset(c->peer + 10, 0xff, 2);
	memcpy(c->peer + 12, &((const struct sockaddr_in *)peer)->sin_addr, 4);
}

void
conn_accept(struct net *n, int fd, const struct sockaddr_storage *peer)
{
	struct net_conn *c = xcalloc(1, sizeof *c);
	struct error e;

	c->net = n;
	c->fd = fd;
	c->ssl = SSL_new(n->ctx);
	c->want = c->armed = LOOP_READ;
	if (c->ssl == NULL || SSL_set_fd(c->ssl, fd) != 1 ||
	    loop_watch(n->loop, fd, LOOP_READ, on_event, c, &c->watch, &e) < 0) {
		SSL_free(c->ssl);
		free(c);
		close(fd);
		return;
	}
	SSL_set_accept_state(c->ssl);
	note_peer(c, peer);
	c->deadline = loop_now(n->loop) + n->set.times.handshake_us;
	c->next = n->conns;
	if (c->next != NULL)
		c->next->prev = &c->next;
	c->prev = &n->conns;
	n->conns = c;
	n->conn_count++;
	net_note_quiet(c);
}

static void
unlink_conn(struct net_conn *c)
{
	*c->prev = c->next;
	if (c->next != NULL)
		c->next->prev = c->prev;
	c->net->conn_count--;
}

/* Tell the handler, then let everything go.  With c->cut the peer sees a reset. */
void
conn_close(struct net_conn *c)
{
	const struct net_settings *set = &c->net->set;
	struct linger at_once = {1, 0};

	c->running = true; /* nothing the handler asks for now is queued */
	if (c->state == CONN_BODY && c->is_taken && !c->cut)
		set->handler->body_end(set->arg, c, false);
	set->handler->closed(set->arg, c);
	net_unkick(c);
	net_unquiet(c);
	unlink_conn(c);
	watch_free(&c->watch);
	if (c->cut)
		(void)setsockopt(c->fd, SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once);
	SSL_free(c->ssl);
	close(c->fd);
	acked_fini(&c->acked);
	free(c->in);
	free(c->head);
	free(c->pending);
	free(c);
}

/* ---- deadlines ---- */

static void
cut_now(struct net_conn *c)
{
	c->cut = true;
	conn_run(c);
}

static void
head_is_late(struct net_conn *c)
{
	if (c->in_n > 0) {
		conn_refuse(c, 408);
		conn_run(c);
		return;
	}
	conn_shut(c);
	conn_close(c);
}

static void
body_is_late(struct net_conn *c, int64_t now)
{
	const struct net_times *t = &c->net->set.times;

	if (c->paused) {
		cut_now(c); /* the handler never went on */
		return;
	}
	if (c->window >= t->body_window_bytes) {
		c->window = 0;
		c->deadline = now + t->body_window_us;
		return;
	}
	conn_body_fail(c, 408);
	conn_run(c);
}

/* Acknowledged bytes are progress, also within one record; a byte now and then is none. */
static void
reader_is_late(struct net_conn *c, int64_t now)
{
	const struct net_times *t = &c->net->set.times;
	uint64_t wire = acked_wire(c->fd);
	bool has_moved = wire >= c->window + t->stall_bytes;

	if (c->is_filling || (!has_moved && now - c->since >= t->stall_us)) {
		cut_now(c);
		return;
	}
	if (has_moved) {
		c->window = wire;
		c->since = now;
	}
	c->deadline = now + t->stall_us / STALL_CHECKS;
}

void
conn_tick(struct net_conn *c, int64_t now)
{
	if (c->state == CONN_HEAD && c->acked.many != NULL)
		(void)acked_read(&c->acked, c->fd); /* gives the ring back */
	if (now < c->deadline)
		return;
	switch (c->state) {
	case CONN_HEAD:
		head_is_late(c);
		break;
	case CONN_WAIT:
		conn_refuse(c, 503);
		conn_run(c);
		break;
	case CONN_BODY:
		body_is_late(c, now);
		break;
	case CONN_SEND:
		reader_is_late(c, now);
		break;
	default: /* HANDSHAKE, LINGER */
		conn_close(c);
		break;
	}
}

/* ---- what a handler asks for ---- */

static void
restart_body_window(struct net_conn *c)
{
	c->window = 0;
	c->deadline = loop_now(c->net->loop) + c->net->set.times.body_window_us;
}

void
net_take_body(struct net_conn *c)
{
	if (c->state != CONN_WAIT || c->is_taken)
		return;
	c->state = CONN_BODY;
	c->is_taken = true;
	restart_body_window(c);
	net_kick(c);
}

void
net_body_pause(struct net_conn *c)
{
	if (c->state != CONN_BODY || c->paused)
		return;
	c->paused = true;
	c->since = MAX(c->deadline - loop_now(c->net->loop), 0); /* left of the window */
	c->deadline = loop_now(c->net->loop) + c->net->set.times.answer_us;
}

void
net_body_resume(struct net_conn *c)
{
	if (c->state != CONN_BODY || !c->paused)
		return;
	c->paused = false;
	c->deadline = loop_now(c->net->loop) + c->since; /* a pause is no progress */
	net_kick(c);
}

void
net_answer(struct net_conn *c, struct str head, uint64_t body_bytes, bool is_last)
{
	int64_t now = loop_now(c->net->loop);

	assert(head.n > 0 && head.n <= NET_RECORD_BYTES);
	if ((c->state != CONN_WAIT && c->state != CONN_BODY) || c->cut)
		return;
	c->doomed = c->has_body; /* its end was not seen */
	if (c->doomed)
		conn_keep_input(c, NULL, 0);
	c->head = memcpy(xrealloc(NULL, head.n), head.p, head.n);
	c->head_n = (uint32_t)head.n;
	c->head_wire = 0;
	c->answer_left = body_bytes;
	c->answer_from = c->sent;
	c->is_last = c->is_last || is_last;
	c->is_taken = c->is_filling = false;
	c->state = CONN_SEND;
	c->since = now;
	c->window = 0;
	c->deadline = now + c->net->set.times.stall_us / STALL_CHECKS;
	net_kick(c);
}

void
net_wake(struct net_conn *c)
{
	if (c->state != CONN_SEND || !c->is_filling)
		return;
	c->is_filling = false;
	c->since = loop_now(c->net->loop);
	c->deadline = c->since + c->net->set.times.stall_us / STALL_CHECKS;
	net_kick(c);
}

void
net_cut(struct net_conn *c)
{
	c->cut = true;
	net_kick(c);
}
