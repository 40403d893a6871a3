/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * record - see record.h
 *
 * Measures are compared with what stands in the picture itself: JPEG's frame
 * header (T.81 B.2.2), WebP's first chunk (RFC 9649 section 2).
 */
#include "msg/record.h"

#include "base/arena.h"
#include "base/buf.h"
#include "base/error.h"
#include "base/limits.h"
#include "base/str.h"
#include "msg/wire.h"

#define TAG_BYTES 4
#define PICTURE_HEAD 20
#define INFO_MOST 65536
#define SIDE_MOST 1600
#define PICTURES_MOST (LIMIT_RENDER_PAGES * 4)
#define SIDE_LIMIT 100000000u /* of an original: no decoder here goes so far */
#define CAMERA_BYTES 120
#define BLURHASH_BYTES 28 /* 4 x 3 */
#define WORD_BYTES 32

/* ---- writing ---- */

static void
put_head(struct buf *b, const char *tag, size_t n)
{
	buf_add(b, tag, TAG_BYTES);
	put_u32(b, (uint32_t)n);
}

void
record_info(struct buf *b, const char *key, struct str value)
{
	put_head(b, "info", strlen(key) + 1 + value.n);
	buf_add(b, key, strlen(key) + 1);
	buf_str(b, value);
}

void
record_picture(struct buf *b, const struct render_picture *p)
{
	put_head(b, "pic.", PICTURE_HEAD + p->bytes.n);
	put_u32(b, p->page);
	put_u32(b, p->size);
	put_u32(b, p->width);
	put_u32(b, p->height);
	put_u32(b, p->format);
	buf_str(b, p->bytes);
}

static const char *const states[] = {"ready", "refused", "damaged"};

void
record_done(struct buf *b, enum render_state state, const char *reason)
{
	put_head(b, "done", strlen(states[state]) + 1 + strlen(reason));
	buf_add(b, states[state], strlen(states[state]) + 1);
	buf_lit(b, reason);
}

/* ---- pictures ---- */

static uint32_t
be16(struct str s, size_t at)
{
	return (uint32_t)(unsigned char)s.p[at] << 8 | (unsigned char)s.p[at + 1];
}

static uint32_t
le24(struct str s, size_t at)
{
	return (unsigned char)s.p[at] | (uint32_t)(unsigned char)s.p[at + 1] << 8 |
	       (uint32_t)(unsigned char)s.p[at + 2] << 16;
}

/* Markers one after another until the frame header. */
static bool
jpeg_measures(struct str s, uint32_t *w, uint32_t *h)
{
	size_t at = 2;

	if (s.n < 4 || be16(s, 0) != 0xffd8 || be16(s, s.n - 2) != 0xffd9)
		return false;
	while (at + 9 <= s.n && (unsigned char)s.p[at] == 0xff) {
		unsigned char marker = (unsigned char)s.p[at + 1];
		bool is_frame = marker >= 0xc0 && marker <= 0xc2;

		if (is_frame) {
			*h = be16(s, at + 5);
			*w = be16(s, at + 7);
			return true;
		}
		at += 2 + (size_t)be16(s, at + 2);
	}
	return false;
}

static bool
webp_measures(struct str s, uint32_t *w, uint32_t *h)
{
	uint32_t bits;

	if (s.n < 30 || memcmp(s.p, "RIFF", 4) != 0 || memcmp(s.p + 8, "WEBP", 4) != 0)
		return false;
	if (memcmp(s.p + 12, "VP8X", 4) == 0) {
		*w = 1 + le24(s, 24);
		*h = 1 + le24(s, 27);
	} else if (memcmp(s.p + 12, "VP8L", 4) == 0) {
		bits = le24(s, 21) | (uint32_t)(unsigned char)s.p[24] << 24;
		*w = 1 + (bits & 0x3fff);
		*h = 1 + (bits >> 14 & 0x3fff);
	} else if (memcmp(s.p + 12, "VP8 ", 4) == 0) {
		*w = le24(s, 26) & 0x3fff;
		*h = (le24(s, 27) >> 8) & 0x3fff;
	} else {
		return false;
	}
	return true;
}

static bool
is_wanted_size(uint32_t size)
{
	return size == 64 || size == 320 || size == 640 || size == SIDE_MOST;
}

static bool
picture_is_sound(const struct render_picture *p)
{
	uint32_t w = 0, h = 0;
	bool ok = p->format == PICTURE_JPEG ? jpeg_measures(p->bytes, &w, &h)
	                                    : webp_measures(p->bytes, &w, &h);

	return ok && w == p->width && h == p->height && w > 0 && h > 0 && w <= p->size &&
	       h <= p->size;
}

static bool
comes_after(const struct render_picture *p, const struct render_picture *before)
{
	return p->page > before->page || (p->page == before->page && p->size > before->size);
}

static bool
read_picture(struct str body, struct render_picture *list, size_t *n)
{
	struct wire w = {body.p, body.n, false};
	struct render_picture *p = &list[*n];
	uint32_t format;

	if (*n == PICTURES_MOST)
		return false;
	p->page = get_u32(&w);
	p->size = get_u32(&w);
	p->width = get_u32(&w);
	p->height = get_u32(&w);
	format = get_u32(&w);
	p->format = format == PICTURE_WEBP ? PICTURE_WEBP : PICTURE_JPEG;
	p->bytes = (struct str){w.p, w.n};
	if (w.bad || format > PICTURE_WEBP || p->page < 1 || p->page > LIMIT_RENDER_PAGES ||
	    !is_wanted_size(p->size) || !picture_is_sound(p))
		return false;
	if (*n > 0 && !comes_after(p, p - 1))
		return false;
	(*n)++;
	return true;
}

/* ---- texts ---- */

static bool
only_of(struct str s, const char *allowed, size_t least, size_t most)
{
	for (size_t i = 0; i < s.n; i++) {
		if (s.p[i] == '\0' || strchr(allowed, s.p[i]) == NULL)
			return false;
	}
	return s.n >= least && s.n <= most;
}

#define LOWER "abcdefghijklmnopqrstuvwxyz"
#define DIGITS "0123456789"
#define WORD LOWER DIGITS "-_"
#define BASE83 DIGITS "ABCDEFGHIJKLMNOPQRSTUVWXYZ" LOWER "#$%*+,-.:;=?@[]^_{|}~"

static bool
is_line(struct str s)
{
	for (size_t i = 0; i < s.n; i++) {
		if ((unsigned char)s.p[i] < ' ' || s.p[i] == 0x7f)
			return false;
	}
	return s.n > 0 && s.n <= CAMERA_BYTES && str_is_utf8(s);
}

/* "2024-05-01 12:30:00" */
static bool
is_taken(struct str s)
{
	static const char form[] = "dddd-dd-dd dd:dd:dd";

	if (s.n != sizeof form - 1)
		return false;
	for (size_t i = 0; i < s.n; i++) {
		bool ok = form[i] == 'd' ? s.p[i] >= '0' && s.p[i] <= '9' : s.p[i] == form[i];

		if (!ok)
			return false;
	}
	return true;
}

static bool
read_number(struct str s, uint32_t *ret)
{
	uint64_t v;

	if (!str_u64(s, &v) || v == 0 || v > SIDE_LIMIT)
		return false;
	*ret = (uint32_t)v;
	return true;
}

static bool
keep(struct str *to, struct str value, bool ok)
{
	if (ok)
		*to = value;
	return ok;
}

static bool
read_text(struct str key, struct str value, struct render_result *r)
{
	if (str_eq_c(key, "colour"))
		return keep(&r->colour, value,
		    value.n == 7 && value.p[0] == '#' &&
		        only_of(str_from(value, 1), DIGITS "abcdef", 6, 6));
	if (str_eq_c(key, "blurhash"))
		return keep(
		    &r->blurhash, value, only_of(value, BASE83, BLURHASH_BYTES, BLURHASH_BYTES));
	if (str_eq_c(key, "camera"))
		return keep(&r->camera, value, is_line(value));
	if (str_eq_c(key, "taken"))
		return keep(&r->taken, value, is_taken(value));
	if (str_eq_c(key, "space"))
		return keep(&r->space, value, only_of(value, WORD, 1, WORD_BYTES));
	return false;
}

static bool
read_info(struct str body, struct render_result *r)
{
	struct str value, key = str_cut(body, '\0', &value);

	if (value.p == NULL || body.n > INFO_MOST)
		return false;
	if (str_eq_c(key, "width"))
		return read_number(value, &r->width);
	if (str_eq_c(key, "height"))
		return read_number(value, &r->height);
	if (str_eq_c(key, "pages"))
		return read_number(value, &r->pages);
	return read_text(key, value, r);
}

static bool
read_done(struct str body, struct render_result *r)
{
	struct str reason, state = str_cut(body, '\0', &reason);

	for (size_t i = 0; i < ARRAY_LEN(states); i++) {
		if (!str_eq_c(state, states[i]))
			continue;
		r->state = (enum render_state)i;
		r->reason = reason;
		return only_of(reason, WORD, r->state == RENDER_READY ? 0 : 1, WORD_BYTES);
	}
	return false;
}

/* ---- the whole ---- */

static bool
read_one(struct str tag, struct str body, struct render_result *r, struct render_picture *list)
{
	if (str_eq_c(tag, "info"))
		return read_info(body, r);
	return str_eq_c(tag, "pic.") && read_picture(body, list, &r->picture_count);
}

int
record_read(struct str in, struct arena *a, struct render_result *ret, struct error *e)
{
	struct render_picture *list = ARENA_ARRAY(a, struct render_picture, PICTURES_MOST);

	*ret = (struct render_result){.pictures = list};
	while (in.n > 0) {
		struct str tag = str_head(in, TAG_BYTES);
		struct wire w = {str_from(in, tag.n).p, in.n - tag.n, false};
		uint32_t n = get_u32(&w);
		struct str body = {w.p, n};

		if (w.bad || n > w.n)
			return err_set(e, ERR_PROTOCOL, "a record longer than what is there");
		in = (struct str){w.p + n, w.n - n};
		if (str_eq_c(tag, "done")) {
			if (in.n > 0 || !read_done(body, ret) ||
			    (ret->state == RENDER_READY && ret->picture_count == 0))
				return err_set(e, ERR_PROTOCOL, "no such end");
			return 0;
		}
		if (!read_one(tag, body, ret, list))
			return err_set(e, ERR_PROTOCOL, "record %.*s is not as it should be",
			    STR(str_head(tag, TAG_BYTES)));
	}
	return err_set(e, ERR_PROTOCOL, "the records end without done");
}
