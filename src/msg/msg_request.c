/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * msg_request - what a front asks: REQUEST, BODY, KEYS; and what it is handed: TAKE_BODY
 */
#include "msg/msg.h"

#include "base/arena.h"
#include "base/buf.h"
#include "msg/wire.h"
#include "msg/wire_fields.h"

void
put_fields(struct buf *b, const struct msg_field *f, size_t n)
{
	put_u32(b, (uint32_t)n);
	for (size_t i = 0; i < n; i++) {
		put_str(b, f[i].name);
		put_str(b, f[i].value);
	}
}

const struct msg_field *
get_fields(struct wire *w, struct arena *a, size_t *ret_n)
{
	size_t n = get_count(w, LIMIT_HEAD_FIELDS, 8);
	struct msg_field *f = ARENA_ARRAY(a, struct msg_field, n);

	for (size_t i = 0; i < n; i++) {
		f[i].name = get_str(w, LIMIT_HEAD_BYTES);
		f[i].value = get_str(w, LIMIT_HEAD_BYTES);
	}
	*ret_n = n;
	return f;
}

void
msg_request_put(struct buf *b, const struct msg_request *m)
{
	put_str(b, m->method);
	put_str(b, m->target);
	put_str(b, m->peer);
	put_u64(b, (uint64_t)m->content_length);
	put_bool(b, m->chunked);
	put_bool(b, m->body_waits);
	put_bool(b, m->body_in_fd);
	put_str(b, m->body);
	put_fields(b, m->fields, m->field_count);
}

int
msg_request_get(struct str in, struct arena *a, struct msg_request *ret, struct error *e)
{
	struct wire w = {in.p, in.n, false};

	ret->method = get_str(&w, 32);
	ret->target = get_str(&w, LIMIT_TARGET_BYTES);
	ret->peer = get_str(&w, 64);
	ret->content_length = (int64_t)get_u64(&w);
	ret->chunked = get_bool(&w);
	ret->body_waits = get_bool(&w);
	ret->body_in_fd = get_bool(&w);
	ret->body = get_str(&w, LIMIT_MSG_BYTES);
	ret->fields = get_fields(&w, a, &ret->field_count);
	if (ret->content_length < -1)
		w.bad = true;
	return wire_end(&w, "REQUEST", e);
}

void
msg_take_body_put(struct buf *b, const struct msg_take_body *m)
{
	put_str(b, m->ticket);
	buf_add(b, m->blob.b, sizeof m->blob.b);
	buf_add(b, m->key, sizeof m->key);
	put_u8(b, m->purpose);
	put_u64(b, m->part_bytes);
	put_u64(b, m->body_bytes);
	put_u8(b, m->digest);
}

int
msg_take_body_get(struct str in, struct arena *a, struct msg_take_body *ret, struct error *e)
{
	struct wire w = {in.p, in.n, false};

	ret->ticket = get_str(&w, LIMIT_TICKET_BYTES);
	get_fixed(&w, ret->blob.b, sizeof ret->blob.b);
	get_fixed(&w, ret->key, sizeof ret->key);
	ret->purpose = get_u8(&w);
	ret->part_bytes = get_u64(&w);
	ret->body_bytes = get_u64(&w);
	ret->digest = get_u8(&w);
	if (ret->part_bytes > LIMIT_PART_BYTES || ret->body_bytes > LIMIT_FILE_BYTES ||
	    ret->digest >= DIGEST_KIND_COUNT)
		w.bad = true;
	return wire_end(&w, "TAKE_BODY", e);
}

void
msg_body_put(struct buf *b, const struct msg_body *m)
{
	put_str(b, m->ticket);
	buf_add(b, m->blob.b, sizeof m->blob.b);
	put_u64(b, m->bytes);
	put_bool(b, m->ended);
	put_bool(b, m->broken);
	put_bool(b, m->excess);
	put_u32(b, (uint32_t)m->failed);
	buf_add(b, m->digest, sizeof m->digest);
}

int
msg_body_get(struct str in, struct arena *a, struct msg_body *ret, struct error *e)
{
	struct wire w = {in.p, in.n, false};

	ret->ticket = get_str(&w, LIMIT_TICKET_BYTES);
	get_fixed(&w, ret->blob.b, sizeof ret->blob.b);
	ret->bytes = get_u64(&w);
	ret->ended = get_bool(&w);
	ret->broken = get_bool(&w);
	ret->excess = get_bool(&w);
	ret->failed = (int32_t)get_u32(&w);
	if (ret->failed > 0)
		w.bad = true;
	get_fixed(&w, ret->digest, sizeof ret->digest);
	if (ret->bytes > LIMIT_PART_BYTES)
		w.bad = true;
	return wire_end(&w, "BODY", e);
}

void
msg_keys_put(struct buf *b, const struct msg_keys *m)
{
	put_str(b, m->ticket);
	put_u32(b, m->first);
	put_u32(b, m->count);
}

int
msg_keys_get(struct str in, struct arena *a, struct msg_keys *ret, struct error *e)
{
	struct wire w = {in.p, in.n, false};

	ret->ticket = get_str(&w, LIMIT_TICKET_BYTES);
	ret->first = get_u32(&w);
	ret->count = get_u32(&w);
	if (ret->count > LIMIT_KEYS_PER_CALL || ret->first > UINT32_MAX - ret->count)
		w.bad = true;
	return wire_end(&w, "KEYS", e);
}

void
msg_keys_are_put(struct buf *b, const struct msg_keys_are *m)
{
	put_bool(b, m->stop);
	put_u32(b, m->first);
	put_u32(b, m->count);
	buf_add(b, m->keys, (size_t)m->count * 32);
}

int
msg_keys_are_get(struct str in, struct arena *a, struct msg_keys_are *ret, struct error *e)
{
	struct wire w = {in.p, in.n, false};

	ret->stop = get_bool(&w);
	ret->first = get_u32(&w);
	ret->count = (uint32_t)get_count(&w, LIMIT_KEYS_PER_CALL, 32);
	ret->keys = (const uint8_t(*)[32])w.p;
	if (!w.bad) {
		w.p += (size_t)ret->count * 32;
		w.n -= (size_t)ret->count * 32;
	}
	return wire_end(&w, "KEYS_ARE", e);
}
