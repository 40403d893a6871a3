/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * front_sent - what has arrived at each client, told every 500 ms and judged
 *
 * A transfer outlives its answer until the client's TCP has acknowledged all of
 * it, the connection went on to another answer, or it ended; then one last
 * report with SENT_END goes out and is repeated until an app has taken it.
 * A front that is to end cuts them and ends when that is told, so that a restart forgets nothing.
 * The app's answer says go on or stop.  Three seconds without one: stop.  So
 * revocation, expiry, a hung app and a hung database are one path.
 */
#include "roles/front.h"

#include <stdlib.h>

#include "base/arena.h"
#include "base/error.h"
#include "base/log.h"
#include "base/time.h"
#include "conf/conf.h"
#include "net/net.h"
#include "os/loop.h"
#include "roles/asks.h"

#define SILENCE_US (3 * US_PER_S)
#define WRITE_EVERY_US (5 * US_PER_S)
#define BATCH_BYTES 48000
#define FINISH_US (3 * US_PER_S / 2)

struct transfer {
	struct transfer *next, **prev;
	struct front *f;
	struct client *client; /* NULL: ended */
	bool is_sent;          /* the answer has left us, not all of it has arrived */
	uint32_t number, seq;
	struct str ticket;
	char ticket_space[LIMIT_TICKET_BYTES];
	uint64_t from, length, acked, given;
	bool head_acked;
	bool told_first, told_end;
	bool in_flight; /* a report waits for its answer */
	int64_t ok_us, written_us;
	int64_t given_us; /* by the clock that others have, too */
};

/*
 * One SENT on its way: kept until it was answered.  A transfer is in one batch
 * at a time and freed only by that batch's answer, so the pointers hold.
 */
struct batch {
	struct front *f;
	struct transfer *transfers[LIMIT_SENT_TRANSFERS];
	uint32_t flags[LIMIT_SENT_TRANSFERS];
	size_t count;
};

bool
transfers_has_room(const struct front *f)
{
	return f->end_us == 0 && f->transfer_count < (size_t)f->conf->transfers;
}

struct transfer *
transfer_new(struct exchange *x, struct str ticket, uint64_t from, uint64_t length)
{
	struct front *f = x->f;
	struct transfer *t = xcalloc(1, sizeof *t);

	t->f = f;
	t->client = x->client;
	x->client->transfer = t;
	t->number = ++f->transfer_number;
	t->ticket.n = MIN(ticket.n, sizeof t->ticket_space);
	memcpy(t->ticket_space, ticket.p, t->ticket.n);
	t->ticket.p = t->ticket_space;
	t->from = from;
	t->length = length;
	t->ok_us = t->written_us = loop_now(f->loop);
	t->next = f->transfers;
	if (t->next != NULL)
		t->next->prev = &t->next;
	t->prev = &f->transfers;
	f->transfers = t;
	f->transfer_count++;
	return t;
}

static void
transfer_free(struct transfer *t)
{
	*t->prev = t->next;
	if (t->next != NULL)
		t->next->prev = t->prev;
	t->f->transfer_count--;
	free(t);
}

static void
count(struct transfer *t)
{
	if (t->client == NULL)
		return;
	/* never down: what a refused request is answered counts anew */
	t->acked = MAX(t->acked, MIN(net_acked(t->client->conn), t->length));
	if (net_sent(t->client->conn) > t->given) {
		t->given = net_sent(t->client->conn);
		t->given_us = time_now_us();
	}
	t->head_acked = t->head_acked || net_is_head_acked(t->client->conn);
}

void
transfer_end(struct transfer *t)
{
	count(t);
	if (t->client != NULL)
		t->client->transfer = NULL;
	t->client = NULL;
}

void
transfer_sent(struct transfer *t)
{
	t->is_sent = true;
}

static bool
is_whole(const struct transfer *t)
{
	return t->acked == t->length && (t->length > 0 || t->head_acked);
}

/* The flags of its next report; 0 when there is nothing to say but "still here". */
static uint32_t
flags_of(const struct transfer *t, int64_t now)
{
	uint32_t flags = 0;

	if (!t->told_first && (t->acked > 0 || t->head_acked))
		flags |= SENT_FIRST | SENT_WRITE;
	if (now - t->written_us >= WRITE_EVERY_US)
		flags |= SENT_WRITE;
	if (t->client == NULL)
		flags |= SENT_END | SENT_WRITE;
	return flags;
}

/* An app has it: the end is told, or the transfer may go on, or must not. */
static void
judged(struct transfer *t, bool stop, uint32_t flags)
{
	t->in_flight = false;
	t->ok_us = loop_now(t->f->loop);
	if (flags & SENT_FIRST)
		t->told_first = true;
	if (flags & SENT_WRITE)
		t->written_us = t->ok_us;
	if (flags & SENT_END) {
		transfer_free(t);
		return;
	}
	if (stop && t->client != NULL)
		net_cut(t->client->conn); /* closed() ends the transfer */
}

/* No word about this one: it is reported again at the next tick. */
static void
batch_end(struct batch **bp)
{
	struct batch *b = *bp;

	for (size_t i = 0; i < b->count; i++) {
		if (b->transfers[i] != NULL)
			b->transfers[i]->in_flight = false;
	}
	free(b);
	*bp = NULL;
}

/* All is told, or nobody listens any more. */
static void
stop_when_finished(struct front *f)
{
	if (f->end_us != 0 && (f->transfers == NULL || loop_now(f->loop) >= f->end_us))
		loop_stop(f->loop);
}

static void
sent_answered(void *arg, struct ipc_msg *m, const struct error *lost)
{
	struct batch *b = arg;
	struct msg_sent_ok ok = {0};
	struct error e;

	(void)lost;
	arena_reset(b->f->scratch);
	if (m != NULL &&
	    (m->type != MSG_SENT_OK || msg_sent_ok_get(m->body, b->f->scratch, &ok, &e) < 0))
		ok.transfer_count = 0;
	/* an app answers in the order it was asked */
	for (size_t i = 0; i < ok.transfer_count && i < b->count; i++) {
		struct transfer *t = b->transfers[i];

		if (ok.transfers[i].number != t->number || ok.transfers[i].seq != t->seq)
			break;
		b->transfers[i] = NULL;
		judged(t, ok.transfers[i].stop, b->flags[i]);
	}
	stop_when_finished(b->f);
	batch_end(&b);
}

static void
send_batch(struct front *f, struct batch *b, const struct msg_sent_one *ones)
{
	struct msg_sent m = {.transfers = ones, .transfer_count = b->count};
	struct ask q = {.type = MSG_SENT,
	    .lane = LANE_INTERACTIVE,
	    .fd = -1,
	    .repeatable = true,
	    .urgent = true,
	    .answered = sent_answered,
	    .arg = b};
	struct buf out;
	struct error e;

	buf_init(&out, LIMIT_MSG_BYTES - IPC_HEAD_BYTES);
	msg_sent_put(&out, &m);
	q.body = buf_view(&out);
	if (out.full || ask_put(f->asks, &q, &e) == 0)
		batch_end(&b);
	buf_fini(&out);
}

/* Take transfers from *at on until the batch is full; *at is the next one. */
static void
fill_batch(struct front *f, struct transfer **at, int64_t now)
{
	struct msg_sent_one ones[LIMIT_SENT_TRANSFERS];
	struct msg_range ranges[LIMIT_SENT_TRANSFERS];
	struct batch *b = xcalloc(1, sizeof *b);
	size_t bytes = 0;

	b->f = f;
	for (; *at != NULL && b->count < LIMIT_SENT_TRANSFERS && bytes < BATCH_BYTES;
	     *at = (*at)->next) {
		struct transfer *t = *at;
		size_t i = b->count;

		if (t->in_flight)
			continue;
		ranges[i] = (struct msg_range){t->from, t->from + t->acked};
		t->seq++;
		b->transfers[i] = t;
		b->flags[i] = flags_of(t, now);
		ones[i] = (struct msg_sent_one){.number = t->number,
		    .seq = t->seq,
		    .flags = b->flags[i],
		    .ticket = t->ticket,
		    .given_to = t->from + MIN(t->given, t->length),
		    .given_us = t->given_us,
		    .ranges = &ranges[i],
		    .range_count = t->acked > 0 || is_whole(t) ? 1 : 0};
		bytes += t->ticket.n + 64;
		t->in_flight = true;
		b->count++;
	}
	if (b->count == 0)
		free(b);
	else
		send_batch(f, b, ones);
}

void
transfers_tick(struct front *f)
{
	int64_t now = loop_now(f->loop);

	for (struct transfer *t = f->transfers; t != NULL; t = t->next) {
		count(t);
		if (t->client != NULL && t->is_sent && is_whole(t))
			transfer_end(t); /* all of it has arrived */
		if (t->client != NULL && now - t->ok_us > SILENCE_US) {
			log_warn("a transfer was cut: no answer from an app for 3 s");
			net_cut(t->client->conn);
		}
	}
	for (struct transfer *at = f->transfers; at != NULL;)
		fill_batch(f, &at, now);
	stop_when_finished(f);
}

void
transfers_finish(struct front *f)
{
	f->end_us = loop_now(f->loop) + FINISH_US;
	for (struct transfer *t = f->transfers; t != NULL; t = t->next) {
		if (t->client != NULL)
			net_cut(t->client->conn);
	}
	stop_when_finished(f);
}
