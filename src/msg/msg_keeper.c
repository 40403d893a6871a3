/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * msg_keeper - questions to the keeper and its answers: fixed small items
 */
#include "msg/msg.h"

#include "base/arena.h"
#include "base/buf.h"
#include "msg/wire.h"

#define WRAPPED_BYTES (4 + 60 + 16 + 60 + 32)

static void
put_wrapped(struct buf *b, const struct msg_wrapped *items, size_t n)
{
	put_u32(b, (uint32_t)n);
	for (size_t i = 0; i < n; i++) {
		put_u32(b, items[i].epoch);
		buf_add(b, items[i].epoch_wrap, sizeof items[i].epoch_wrap);
		buf_add(b, items[i].id.b, sizeof items[i].id.b);
		buf_add(b, items[i].wrap, sizeof items[i].wrap);
		buf_add(b, items[i].key, sizeof items[i].key);
	}
}

static struct msg_wrapped *
get_wrapped(struct wire *w, struct arena *a, size_t *ret_n)
{
	size_t n = get_count(w, LIMIT_KEYS_PER_CALL, WRAPPED_BYTES);
	struct msg_wrapped *items = ARENA_ARRAY(a, struct msg_wrapped, n);

	for (size_t i = 0; i < n; i++) {
		items[i].epoch = get_u32(w);
		get_fixed(w, items[i].epoch_wrap, sizeof items[i].epoch_wrap);
		get_fixed(w, items[i].id.b, sizeof items[i].id.b);
		get_fixed(w, items[i].wrap, sizeof items[i].wrap);
		get_fixed(w, items[i].key, sizeof items[i].key);
	}
	*ret_n = n;
	return items;
}

void
msg_keeper_put(struct buf *b, const struct msg_keeper *m)
{
	put_u8(b, m->kind);
	put_bool(b, m->make_epoch);
	put_wrapped(b, m->items, m->item_count);
	put_str(b, m->label);
	put_str(b, m->data);
}

int
msg_keeper_get(struct str in, struct arena *a, struct msg_keeper *ret, struct error *e)
{
	struct wire w = {in.p, in.n, false};

	ret->kind = get_u8(&w);
	ret->make_epoch = get_bool(&w);
	ret->items = get_wrapped(&w, a, &ret->item_count);
	ret->label = get_str(&w, 64);
	ret->data = get_str(&w, 4096);
	return wire_end(&w, "keeper question", e);
}

void
msg_answer_put(struct buf *b, const struct msg_answer *m)
{
	put_u32(b, (uint32_t)m->result);
	put_wrapped(b, m->items, m->item_count);
	put_str(b, m->data);
}

int
msg_answer_get(struct str in, struct arena *a, struct msg_answer *ret, struct error *e)
{
	struct wire w = {in.p, in.n, false};

	ret->result = (int32_t)get_u32(&w);
	ret->items = get_wrapped(&w, a, &ret->item_count);
	ret->data = get_str(&w, 4096);
	return wire_end(&w, "keeper answer", e);
}
