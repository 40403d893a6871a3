/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * msg_reply - an app's answer and the plan of its body
 *
 * A plan's decoder checks that slots never fall, that lengths add up without
 * overflow and that no blob segment is empty, so that its executor need not.
 */
#include "msg/msg.h"

#include "base/arena.h"
#include "base/buf.h"
#include "msg/wire.h"
#include "msg/wire_fields.h"

#define KEY_BYTES 32
/* kind byte, then a length or 16 + 1 + 4 + 8 + 8 */
#define SEGMENT_LEAST_BYTES 5

void
msg_reply_put(struct buf *b, const struct msg_reply *m)
{
	put_u32(b, m->status);
	put_fields(b, m->fields, m->field_count);
	put_u8(b, (uint8_t)m->kind);
	put_str(b, m->body);
	put_str(b, m->plan);
	put_u64(b, m->from);
	put_u64(b, m->length);
	put_str(b, m->ticket);
	put_str(b, m->key);
	put_bool(b, m->is_transfer);
	put_bool(b, m->close);
}

int
msg_reply_get(struct str in, struct arena *a, struct msg_reply *ret, struct error *e)
{
	struct wire w = {in.p, in.n, false};
	uint8_t kind;

	ret->status = get_u32(&w);
	ret->fields = get_fields(&w, a, &ret->field_count);
	kind = get_u8(&w);
	ret->body = get_str(&w, LIMIT_MSG_BYTES);
	ret->plan = get_str(&w, LIMIT_MSG_BYTES);
	ret->from = get_u64(&w);
	ret->length = get_u64(&w);
	ret->ticket = get_str(&w, LIMIT_TICKET_BYTES);
	ret->key = get_str(&w, KEY_BYTES);
	ret->is_transfer = get_bool(&w);
	ret->close = get_bool(&w);
	if (ret->key.n != 0 && ret->key.n != KEY_BYTES)
		w.bad = true;
	if (kind > REPLY_PLAN_FD || ret->status < 200 || ret->status > 599)
		w.bad = true;
	ret->kind = w.bad ? REPLY_NONE : (enum msg_body_kind)kind;
	return wire_end(&w, "REPLY", e);
}

static void
put_segment(struct buf *b, const struct msg_segment *g)
{
	put_u8(b, g->is_blob ? 1 : 0);
	if (!g->is_blob) {
		put_str(b, g->bytes);
		return;
	}
	buf_add(b, g->blob.b, sizeof g->blob.b);
	put_u8(b, g->purpose);
	put_u32(b, g->slot);
	put_u64(b, g->offset);
	put_u64(b, g->length);
}

void
msg_plan_put(struct buf *b, const struct msg_plan *m)
{
	put_u64(b, m->bytes);
	put_u32(b, m->slot_count);
	put_u32(b, (uint32_t)m->segment_count);
	for (size_t i = 0; i < m->segment_count; i++)
		put_segment(b, &m->segments[i]);
}

static void
get_segment(struct wire *w, struct msg_segment *g)
{
	g->is_blob = get_bool(w);
	if (!g->is_blob) {
		g->bytes = get_str(w, LIMIT_PLAN_BYTES);
		return;
	}
	get_fixed(w, g->blob.b, sizeof g->blob.b);
	g->purpose = get_u8(w);
	g->slot = get_u32(w);
	g->offset = get_u64(w);
	g->length = get_u64(w);
	if (g->length == 0 || g->offset > LIMIT_PART_BYTES ||
	    g->length > LIMIT_PART_BYTES - g->offset)
		w->bad = true;
}

int
msg_plan_get(struct str in, struct arena *a, struct msg_plan *ret, struct error *e)
{
	struct wire w = {in.p, in.n, false};
	struct msg_segment *segments;
	uint64_t sum = 0;
	uint32_t slot = 0;

	ret->bytes = get_u64(&w);
	ret->slot_count = get_u32(&w);
	ret->segment_count =
	    get_count(&w, LIMIT_PLAN_BYTES / SEGMENT_LEAST_BYTES, SEGMENT_LEAST_BYTES);
	segments = ARENA_ARRAY(a, struct msg_segment, ret->segment_count);
	for (size_t i = 0; i < ret->segment_count && !w.bad; i++) {
		struct msg_segment *g = &segments[i];

		get_segment(&w, g);
		if (g->is_blob && (g->slot < slot || g->slot >= ret->slot_count))
			w.bad = true;
		slot = g->is_blob ? g->slot : slot;
		if (__builtin_add_overflow(sum, g->is_blob ? g->length : g->bytes.n, &sum))
			w.bad = true;
	}
	if (sum != ret->bytes)
		w.bad = true;
	ret->segments = segments;
	return wire_end(&w, "plan", e);
}
