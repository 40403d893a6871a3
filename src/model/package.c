/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * package - see package.h
 *
 * Byte layout by APPNOTE 6.3.10: local header 4.3.7, central header 4.3.12, zip64
 * extra 4.5.3, end records 4.3.14 to 4.3.16.  zip64 only where a size, an offset
 * or the count does not fit.
 */
#include "model/package.h"

#include "base/arena.h"
#include "base/buf.h"
#include "base/error.h"
#include "base/limits.h"
#include "base/str.h"
#include "base/time.h"
#include "crypto/hash.h"
#include "crypto/sealed.h"

#define LOCAL_BYTES 50 /* of a header with zip64, without the name */
#define U32_FULL 0xffffffffu
#define MANIFEST S("MANIFEST.txt")

static void
le(struct buf *b, uint64_t v, size_t bytes)
{
	char out[8];

	for (size_t i = 0; i < bytes; i++)
		out[i] = (char)(v >> 8 * i & 0xff);
	buf_add(b, out, bytes);
}

static void
le16(struct buf *b, uint32_t v)
{
	le(b, v, 2);
}

static void
le32(struct buf *b, uint32_t v)
{
	le(b, v, 4);
}

static void
le64(struct buf *b, uint64_t v)
{
	le(b, v, 8);
}

/* ---- entries ---- */

struct entry {
	struct str name;
	uint64_t bytes, header_at;
	uint32_t crc, dos_time; /* date << 16 | time */
};

static bool
is_large(uint64_t v)
{
	return v >= U32_FULL;
}

static uint32_t
clip32(uint64_t v)
{
	return is_large(v) ? U32_FULL : (uint32_t)v;
}

static uint32_t
dos_time(int64_t us, const char *zone)
{
	struct civil c;

	time_civil(us, zone, &c);
	if (c.year < 1980)
		return 1u << 21 | 1u << 16;
	return (uint32_t)(c.year - 1980) << 25 | (uint32_t)c.month << 21 | (uint32_t)c.day << 16 |
	       (uint32_t)c.hour << 11 | (uint32_t)c.minute << 5 | (uint32_t)c.second / 2;
}

static void
put_local(struct buf *b, const struct entry *n)
{
	bool zip64 = is_large(n->bytes);

	le32(b, 0x04034b50);
	le16(b, zip64 ? 45 : 20);
	le16(b, 0x0800); /* names are UTF-8 */
	le16(b, 0);      /* stored */
	le16(b, n->dos_time & 0xffff);
	le16(b, n->dos_time >> 16);
	le32(b, n->crc);
	le32(b, clip32(n->bytes));
	le32(b, clip32(n->bytes));
	le16(b, (uint32_t)n->name.n);
	le16(b, zip64 ? 20 : 0);
	buf_str(b, n->name);
	if (!zip64)
		return;
	le16(b, 0x0001);
	le16(b, 16);
	le64(b, n->bytes);
	le64(b, n->bytes);
}

static void
put_central(struct buf *b, const struct entry *n)
{
	bool size64 = is_large(n->bytes), at64 = is_large(n->header_at);
	uint32_t extra = (size64 ? 16 : 0) + (at64 ? 8 : 0);

	le32(b, 0x02014b50);
	le16(b, 3 << 8 | (extra > 0 ? 45 : 20)); /* made by Unix */
	le16(b, extra > 0 ? 45 : 20);
	le16(b, 0x0800);
	le16(b, 0);
	le16(b, n->dos_time & 0xffff);
	le16(b, n->dos_time >> 16);
	le32(b, n->crc);
	le32(b, clip32(n->bytes));
	le32(b, clip32(n->bytes));
	le16(b, (uint32_t)n->name.n);
	le16(b, extra > 0 ? extra + 4 : 0);
	le16(b, 0); /* comment */
	le16(b, 0); /* disk */
	le16(b, 0);
	le32(b, 0100644u << 16);
	le32(b, clip32(n->header_at));
	buf_str(b, n->name);
	if (extra == 0)
		return;
	le16(b, 0x0001);
	le16(b, extra);
	if (size64) {
		le64(b, n->bytes);
		le64(b, n->bytes);
	}
	if (at64)
		le64(b, n->header_at);
}

static void
put_end(struct buf *b, uint64_t count, uint64_t central_at, uint64_t central_bytes)
{
	bool zip64 = count >= 0xffff || is_large(central_at) || is_large(central_bytes);
	uint32_t count16 = count >= 0xffff ? 0xffff : (uint32_t)count;

	if (zip64) {
		le32(b, 0x06064b50);
		le64(b, 44);
		le16(b, 3 << 8 | 45);
		le16(b, 45);
		le32(b, 0);
		le32(b, 0);
		le64(b, count);
		le64(b, count);
		le64(b, central_bytes);
		le64(b, central_at);
		le32(b, 0x07064b50);
		le32(b, 0);
		le64(b, central_at + central_bytes);
		le32(b, 1);
	}
	le32(b, 0x06054b50);
	le16(b, 0);
	le16(b, 0);
	le16(b, count16);
	le16(b, count16);
	le32(b, clip32(central_bytes));
	le32(b, clip32(central_at));
	le16(b, 0);
}

/* ---- the plan ---- */

struct maker {
	struct arena *a;
	struct msg_segment *segments;
	size_t n;
	uint64_t at;
};

static void
add_literal(struct maker *m, struct str bytes)
{
	if (bytes.n == 0)
		return;
	m->segments[m->n++] = (struct msg_segment){.bytes = bytes};
	m->at += bytes.n;
}

static void
add_parts(struct maker *m, const struct package_item *it, uint32_t slot)
{
	for (size_t i = 0; i < it->part_count; i++) {
		if (it->parts[i].bytes == 0)
			continue;
		m->segments[m->n++] = (struct msg_segment){.is_blob = true,
		    .blob = it->parts[i].blob,
		    .purpose = SEALED_ORIGINAL,
		    .slot = slot,
		    .length = (uint64_t)it->parts[i].bytes};
		m->at += (uint64_t)it->parts[i].bytes;
	}
}

void
package_file(
    struct arena *a, const struct package_item *it, struct msg_plan *ret, struct str *ret_etag)
{
	struct maker m = {
	    .a = a, .segments = ARENA_ARRAY(a, struct msg_segment, it->part_count + 1)};

	add_parts(&m, it, 0);
	*ret = (struct msg_plan){
	    .segments = m.segments, .segment_count = m.n, .bytes = m.at, .slot_count = 1};
	*ret_etag = arena_printf(a, "\"%.*s\"", STR(str_hex(a, it->item->sha256.b, 16)));
}

static struct str
manifest_of(struct arena *a, const struct package_item *items, size_t n, struct str number,
    bool *ret_is_cut)
{
	struct buf b;

	buf_init_arena(&b, a, LIMIT_PLAN_BYTES);
	buf_printf(&b, "eTicket %.*s\r\nSHA-256\r\n\r\n", STR(number));
	for (size_t i = 0; i < n; i++)
		buf_printf(&b, "%.*s  %.*s\r\n",
		    STR(str_hex(a, items[i].item->sha256.b, SHA256_BYTES)),
		    STR(items[i].item->name));
	*ret_is_cut = b.full;
	return buf_view(&b);
}

static struct str
local_of(struct arena *a, const struct entry *n)
{
	struct buf b;

	buf_init_arena(&b, a, LOCAL_BYTES + n->name.n); /* there are ten thousand of them */
	put_local(&b, n);
	return buf_view(&b);
}

/* The archive is a function of this text: its hash is the ETag. */
static struct str
etag_of(struct arena *a, const struct entry *entries, size_t n, struct str manifest)
{
	struct digest *s = digest_new(DIGEST_SHA256);
	struct sha256 h;

	digest_add(s, manifest.p, manifest.n);
	for (size_t i = 0; i < n; i++)
		digest_add(s, &entries[i].dos_time, sizeof entries[i].dos_time);
	h = digest_end_sha256(s);
	digest_free(&s);
	return arena_printf(a, "\"z%.*s\"", STR(str_hex(a, h.b, 16)));
}

static size_t
segments_needed(const struct package_item *items, size_t n)
{
	size_t sum = 2 * n + 4;

	for (size_t i = 0; i < n; i++)
		sum += items[i].part_count;
	return sum;
}

int
package_zip(struct arena *a, struct package_item *items, size_t n,
    const struct package_label *label, struct msg_plan *ret, struct str *ret_etag, struct error *e)
{
	struct maker m = {
	    .a = a, .segments = ARENA_ARRAY(a, struct msg_segment, segments_needed(items, n))};
	struct entry *entries = ARENA_ARRAY(a, struct entry, n + 1);
	bool is_cut;
	struct str manifest = manifest_of(a, items, n, label->number, &is_cut);
	uint64_t central_at;
	struct buf tail;

	for (size_t i = 0; i <= n; i++) {
		struct entry *x = &entries[i];

		*x = i == n ? (struct entry){MANIFEST, manifest.n, m.at,
		                  crc32_add(0, manifest.p, manifest.n),
		                  i > 0 ? entries[0].dos_time : 1u << 21 | 1u << 16}
		            : (struct entry){items[i].item->name, (uint64_t)items[i].item->bytes,
		                  m.at, items[i].item->crc32,
		                  dos_time(items[i].item->created_us, label->zone)};
		add_literal(&m, local_of(a, x));
		if (i == n) {
			add_literal(&m, manifest);
			break;
		}
		items[i].data_at = m.at;
		add_parts(&m, &items[i], (uint32_t)i);
	}
	central_at = m.at;
	buf_init_arena(&tail, a, LIMIT_PLAN_BYTES);
	for (size_t i = 0; i <= n; i++)
		put_central(&tail, &entries[i]);
	put_end(&tail, n + 1, central_at, tail.n);
	if (tail.full || is_cut)
		return err_set(e, ERR_TOO_LARGE, "package");
	add_literal(&m, buf_view(&tail));
	*ret = (struct msg_plan){
	    .segments = m.segments, .segment_count = m.n, .bytes = m.at, .slot_count = (uint32_t)n};
	*ret_etag = etag_of(a, entries, n + 1, manifest);
	return 0;
}

size_t
package_ranges(
    const struct package_item *items, size_t n, uint64_t from, uint64_t to, struct item_range *ret)
{
	size_t found = 0;

	for (size_t i = 0; i < n; i++) {
		const struct delivery_item *it = items[i].item;
		uint64_t start = items[i].data_at, end = start + (uint64_t)it->bytes;
		uint64_t f = MAX(from, start), t = MIN(to, end);
		/* an empty file has arrived when what stands before it has */
		bool empty_here = it->bytes == 0 && from <= start && to >= start && to > from;

		if (f >= t && !empty_here)
			continue;
		ret[found++] = (struct item_range){.position = it->position,
		    .from = empty_here ? 0 : (int64_t)(f - start),
		    .to = empty_here ? 0 : (int64_t)(t - start),
		    .item_bytes = it->bytes,
		    .version = it->version,
		    .asset = it->asset,
		    .sha256 = &it->sha256};
	}
	return found;
}
