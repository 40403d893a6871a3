/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * wire - see wire.h.
 *
 * Bounds are checked in get_fixed and get_str alone; everything else goes through them.
 */
#include "msg/wire.h"

#include "base/buf.h"
#include "base/error.h"

void
put_u8(struct buf *b, uint8_t v)
{
	buf_add(b, &v, sizeof v);
}

void
put_u32(struct buf *b, uint32_t v)
{
	buf_add(b, &v, sizeof v);
}

void
put_u64(struct buf *b, uint64_t v)
{
	buf_add(b, &v, sizeof v);
}

void
put_bool(struct buf *b, bool v)
{
	put_u8(b, v ? 1 : 0);
}

void
put_str(struct buf *b, struct str s)
{
	put_u32(b, (uint32_t)s.n);
	buf_str(b, s);
}

void
get_fixed(struct wire *w, void *ret, size_t n)
{
	if (w->bad || w->n < n) {
		w->bad = true;
		memset(ret, 0, n);
		return;
	}
	memcpy(ret, w->p, n);
	w->p += n;
	w->n -= n;
}

uint8_t
get_u8(struct wire *w)
{
	uint8_t v;

	get_fixed(w, &v, sizeof v);
	return v;
}

uint32_t
get_u32(struct wire *w)
{
	uint32_t v;

	get_fixed(w, &v, sizeof v);
	return v;
}

uint64_t
get_u64(struct wire *w)
{
	uint64_t v;

	get_fixed(w, &v, sizeof v);
	return v;
}

bool
get_bool(struct wire *w)
{
	uint8_t v = get_u8(w);

	if (v > 1)
		w->bad = true;
	return v == 1;
}

struct str
get_str(struct wire *w, size_t max)
{
	uint32_t n = get_u32(w);
	struct str s;

	if (w->bad || n > max || n > w->n) {
		w->bad = true;
		return (struct str){0};
	}
	s = (struct str){w->p, n};
	w->p += n;
	w->n -= n;
	return s;
}

size_t
get_count(struct wire *w, size_t max, size_t least)
{
	uint32_t n = get_u32(w);

	if (w->bad || n > max || (uint64_t)n * least > w->n) {
		w->bad = true;
		return 0;
	}
	return n;
}

int
wire_end(const struct wire *w, const char *what, struct error *e)
{
	if (w->bad || w->n != 0)
		return err_set(e, ERR_PROTOCOL, "%s is malformed", what);
	return 0;
}
