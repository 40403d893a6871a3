/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * test_transfer - downloads of a sent delivery, begun and reported
 *
 * For the tests of model/transfer.  Include after cmocka.h.  Layer: model, tests only.
 */
#pragma once

#include "model/test_exchange.h"
#include "model/transfer.h"

#define ZIP 0

struct run {
	struct exchange *x;
	struct id128 id;
	session_id session;
	int recipient;
	int64_t position, window, given, given_us;
};

static inline int
begin_in(struct exchange *x, session_id s, int64_t position, int64_t limit, struct run *ret)
{
	AUTO(change_abort) struct change *c = NULL;
	static const int64_t all[] = {1, 2, 3};
	static const int64_t windows[] = {2000, BYTES_1, 0, BYTES_3};
	struct transfer_new n = {.id = random_id128(),
	    .session = s,
	    .recipient = x->recipients[0],
	    .delivery = x->delivery,
	    .position = position,
	    .range_to = windows[position],
	    .items = position == ZIP ? all : &position,
	    .item_count = position == ZIP ? FILES : 1,
	    .limit = limit};

	*ret = (struct run){x, n.id, s, 0, position, windows[position], 0, 0};
	if (change_begin(x->db, the_system, CHANGE_HOUSEKEEPING, &c, &x->e) < 0 ||
	    transfer_begin(c, &n, &x->e) < 0)
		return x->e.code;
	return change_commit(&c, &x->e);
}

static inline struct run
begin(struct exchange *x, session_id s, int64_t position)
{
	struct run t;

	if (begin_in(x, s, position, 0, &t) < 0)
		fail_msg("%s", x->e.msg);
	return t;
}

static inline struct item_range
range(struct exchange *x, int64_t position, int64_t from, int64_t to)
{
	static const int64_t bytes[] = {0, BYTES_1, 0, BYTES_3};

	return (struct item_range){.position = position,
	    .from = from,
	    .to = to,
	    .item_bytes = bytes[position],
	    .version = x->items[position - 1].version,
	    .asset = x->items[position - 1].asset};
}

enum { FIRST = 1, END = 2 };

static inline int
report_of(
    const struct run *t, int64_t seq, int flags, int64_t sent, const struct item_range *g, size_t n)
{
	AUTO(change_abort) struct change *c = NULL;
	struct exchange *x = t->x;
	struct transfer_report r = {.id = t->id,
	    .session = t->session,
	    .recipient = x->recipients[0],
	    .delivery = x->delivery,
	    .version = t->position > 0 ? x->items[t->position - 1].version : (version_id){0},
	    .level = 1,
	    .seq = seq,
	    .first = flags & FIRST,
	    .ended = flags & END,
	    .sent_bytes = sent,
	    .window_bytes = t->window,
	    .given_to = t->given,
	    .ranges = g,
	    .range_count = n,
	    .delivery_items = FILES};

	if (change_begin(x->db, the_system, CHANGE_HOUSEKEEPING, &c, &x->e) < 0 ||
	    transfer_record(c, x->a, &r, &x->e) < 0)
		return x->e.code;
	return change_commit(&c, &x->e);
}

/* One file: from 0 to `to` has arrived. */
static inline void
report(const struct run *t, int64_t seq, int flags, int64_t to)
{
	struct item_range g = range(t->x, t->position, 0, to);

	if (report_of(t, seq, flags, to, &g, to > 0 ? 1 : 0) < 0)
		fail_msg("%s", t->x->e.msg);
}

static inline int64_t
events(struct exchange *x, const char *kind)
{
	return test_db_rows(
	    x->db, x->a, "event", arena_printf(x->a, "kind = 'download.%s'", kind).p);
}

static inline struct file_progress
progress(struct exchange *x, int64_t position)
{
	struct file_progress *list;

	if (recipient_progress(x->db, x->a, x->recipients[0], FILES, &list, &x->e) < 0)
		fail_msg("%s", x->e.msg);
	return list[position - 1];
}

static inline enum recipient_step
step(struct exchange *x)
{
	struct recipient r;

	if (recipient_get(x->db, x->a, x->recipients[0], &r, &x->e) < 0)
		fail_msg("%s", x->e.msg);
	return r.step;
}
