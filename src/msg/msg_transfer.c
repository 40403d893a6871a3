/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * msg_transfer - what has arrived at the clients, and whether it may go on
 */
#include "msg/msg.h"

#include "base/arena.h"
#include "base/buf.h"
#include "msg/wire.h"

void
msg_sent_put(struct buf *b, const struct msg_sent *m)
{
	put_u32(b, (uint32_t)m->transfer_count);
	for (size_t i = 0; i < m->transfer_count; i++) {
		const struct msg_sent_one *t = &m->transfers[i];

		put_u32(b, t->number);
		put_u32(b, t->seq);
		put_u32(b, t->flags);
		put_str(b, t->ticket);
		put_u64(b, t->given_to);
		put_u64(b, (uint64_t)t->given_us);
		put_u32(b, (uint32_t)t->range_count);
		for (size_t k = 0; k < t->range_count; k++) {
			put_u64(b, t->ranges[k].from);
			put_u64(b, t->ranges[k].to);
		}
	}
}

static void
get_sent_one(struct wire *w, struct arena *a, struct msg_sent_one *t)
{
	struct msg_range *r;

	t->number = get_u32(w);
	t->seq = get_u32(w);
	t->flags = get_u32(w);
	t->ticket = get_str(w, LIMIT_TICKET_BYTES);
	t->given_to = get_u64(w);
	t->given_us = (int64_t)get_u64(w);
	t->range_count = get_count(w, LIMIT_SENT_RANGES, 16);
	t->ranges = r = ARENA_ARRAY(a, struct msg_range, t->range_count);
	for (size_t k = 0; k < t->range_count; k++) {
		r[k].from = get_u64(w);
		r[k].to = get_u64(w);
		if (r[k].from > r[k].to)
			w->bad = true;
	}
	if ((t->flags & ~(uint32_t)(SENT_FIRST | SENT_WRITE | SENT_END)) != 0)
		w->bad = true;
}

int
msg_sent_get(struct str in, struct arena *a, struct msg_sent *ret, struct error *e)
{
	struct wire w = {in.p, in.n, false};
	struct msg_sent_one *t;

	ret->transfer_count = get_count(&w, LIMIT_SENT_TRANSFERS, 20);
	ret->transfers = t = ARENA_ARRAY(a, struct msg_sent_one, ret->transfer_count);
	for (size_t i = 0; i < ret->transfer_count; i++)
		get_sent_one(&w, a, &t[i]);
	return wire_end(&w, "SENT", e);
}

void
msg_sent_ok_put(struct buf *b, const struct msg_sent_ok *m)
{
	put_u32(b, (uint32_t)m->transfer_count);
	for (size_t i = 0; i < m->transfer_count; i++) {
		put_u32(b, m->transfers[i].number);
		put_u32(b, m->transfers[i].seq);
		put_bool(b, m->transfers[i].stop);
	}
}

int
msg_sent_ok_get(struct str in, struct arena *a, struct msg_sent_ok *ret, struct error *e)
{
	struct wire w = {in.p, in.n, false};
	struct msg_sent_ok_one *t;

	ret->transfer_count = get_count(&w, LIMIT_SENT_TRANSFERS, 9);
	ret->transfers = t = ARENA_ARRAY(a, struct msg_sent_ok_one, ret->transfer_count);
	for (size_t i = 0; i < ret->transfer_count; i++) {
		t[i].number = get_u32(&w);
		t[i].seq = get_u32(&w);
		t[i].stop = get_bool(&w);
	}
	return wire_end(&w, "SENT_OK", e);
}
