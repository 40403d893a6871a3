/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * msg_media - one file to geleit-media or to the scanner, and how that ended
 */
#include "msg/msg.h"

#include "base/arena.h"
#include "base/buf.h"
#include "base/str.h"
#include "msg/wire.h"

#define PART_BYTES 24

static const char *const kinds[MEDIA_KIND_COUNT] = {"picture", "heif", "svg", "pdf"};

const char *
media_kind_name(enum media_kind k)
{
	return k < MEDIA_KIND_COUNT ? kinds[k] : "none";
}

/* An SVG may lie in a gzip; whether it does is seen behind the seal. */
bool
media_kind_of(struct str media_type, enum media_kind *ret)
{
	static const struct {
		const char *type;
		enum media_kind kind;
	} list[] = {
	    {"image/jpeg", MEDIA_PICTURE},
	    {"image/png", MEDIA_PICTURE},
	    {"image/gif", MEDIA_PICTURE},
	    {"image/webp", MEDIA_PICTURE},
	    {"image/tiff", MEDIA_PICTURE},
	    {"image/heic", MEDIA_HEIF},
	    {"image/heif", MEDIA_HEIF},
	    {"image/avif", MEDIA_HEIF},
	    {"image/svg+xml", MEDIA_SVG},
	    {"application/pdf", MEDIA_PDF},
	};

	for (size_t i = 0; i < ARRAY_LEN(list); i++) {
		if (str_eq_c(media_type, list[i].type)) {
			*ret = list[i].kind;
			return true;
		}
	}
	return false;
}

/* ---- the parts of one file ---- */

static void
put_parts(struct buf *b, const struct msg_sealed_part *parts, size_t n)
{
	put_u32(b, (uint32_t)n);
	for (size_t i = 0; i < n; i++) {
		buf_add(b, parts[i].blob.b, sizeof parts[i].blob.b);
		put_u64(b, parts[i].bytes);
	}
}

static const struct msg_sealed_part *
get_parts(struct wire *w, struct arena *a, size_t *ret_n)
{
	size_t n = get_count(w, LIMIT_RENDER_PARTS, PART_BYTES);
	struct msg_sealed_part *parts = ARENA_ARRAY(a, struct msg_sealed_part, n);

	for (size_t i = 0; i < n; i++) {
		get_fixed(w, parts[i].blob.b, sizeof parts[i].blob.b);
		parts[i].bytes = get_u64(w);
		if (parts[i].bytes == 0 || parts[i].bytes > LIMIT_PART_BYTES)
			w->bad = true;
	}
	if (n == 0)
		w->bad = true;
	*ret_n = n;
	return parts;
}

/* ---- previews ---- */

void
msg_render_put(struct buf *b, const struct msg_render *m)
{
	put_u64(b, (uint64_t)m->job);
	put_u8(b, (uint8_t)m->kind);
	buf_add(b, m->key, sizeof m->key);
	put_u32(b, m->pages);
	put_parts(b, m->parts, m->part_count);
}

int
msg_render_get(struct str in, struct arena *a, struct msg_render *ret, struct error *e)
{
	struct wire w = {in.p, in.n, false};
	uint8_t kind;

	ret->job = (int64_t)get_u64(&w);
	kind = get_u8(&w);
	get_fixed(&w, ret->key, sizeof ret->key);
	ret->pages = get_u32(&w);
	ret->parts = get_parts(&w, a, &ret->part_count);
	if (kind >= MEDIA_KIND_COUNT || ret->pages == 0 || ret->pages > LIMIT_RENDER_PAGES)
		w.bad = true;
	ret->kind = w.bad ? MEDIA_PICTURE : (enum media_kind)kind;
	return wire_end(&w, "RENDER", e);
}

void
msg_rendered_put(struct buf *b, const struct msg_rendered *m)
{
	put_u64(b, (uint64_t)m->job);
	put_u8(b, (uint8_t)m->outcome);
	put_u32(b, m->detail);
	put_u32(b, m->cpu_ms);
	put_u32(b, m->peak_kib);
}

int
msg_rendered_get(struct str in, struct arena *a, struct msg_rendered *ret, struct error *e)
{
	struct wire w = {in.p, in.n, false};
	uint8_t outcome;

	(void)a;
	ret->job = (int64_t)get_u64(&w);
	outcome = get_u8(&w);
	ret->detail = get_u32(&w);
	ret->cpu_ms = get_u32(&w);
	ret->peak_kib = get_u32(&w);
	if (outcome > RENDER_KILLED)
		w.bad = true;
	ret->outcome = w.bad ? RENDER_KILLED : (enum render_outcome)outcome;
	return wire_end(&w, "RENDERED", e);
}

/* ---- the scanner ---- */

static bool
is_printable(struct str s)
{
	for (size_t i = 0; i < s.n; i++) {
		if (s.p[i] < ' ' || s.p[i] > '~')
			return false;
	}
	return true;
}

void
msg_scan_put(struct buf *b, const struct msg_scan *m)
{
	put_u64(b, (uint64_t)m->job);
	buf_add(b, m->key, sizeof m->key);
	put_parts(b, m->parts, m->part_count);
}

int
msg_scan_get(struct str in, struct arena *a, struct msg_scan *ret, struct error *e)
{
	struct wire w = {in.p, in.n, false};

	ret->job = (int64_t)get_u64(&w);
	get_fixed(&w, ret->key, sizeof ret->key);
	ret->parts = get_parts(&w, a, &ret->part_count);
	return wire_end(&w, "SCAN", e);
}

void
msg_scanned_put(struct buf *b, const struct msg_scanned *m)
{
	put_u64(b, (uint64_t)m->job);
	put_u8(b, (uint8_t)m->outcome);
	put_str(b, m->detail);
}

int
msg_scanned_get(struct str in, struct arena *a, struct msg_scanned *ret, struct error *e)
{
	struct wire w = {in.p, in.n, false};
	uint8_t outcome;

	(void)a;
	ret->job = (int64_t)get_u64(&w);
	outcome = get_u8(&w);
	ret->detail = get_str(&w, SCAN_DETAIL_BYTES);
	if (outcome >= SCAN_OUTCOME_COUNT || !is_printable(ret->detail))
		w.bad = true;
	ret->outcome = w.bad ? SCAN_UNAVAILABLE : (enum scan_outcome)outcome;
	return wire_end(&w, "SCANNED", e);
}
