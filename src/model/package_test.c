/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * package - the archive is exact to the byte, the same each time, and any window of it is known
 * by the files that lie in it
 *
 * With PACKAGE_OUT naming a folder the archives are also written there, for
 * tests/package_zip_test.py, which reads them with readers that are not ours.
 */
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/arena.h"
#include "base/error.h"
#include "base/str.h"
#include "base/time.h"
#include "model/package.h"

#define ZONE "Europe/Berlin"
#define NUMBER S("ABCD-2345")
#define SUMMER 1782907261000000LL /* 2026-07-01 14:01:01 in Berlin */
#define WINTER 1767266460000000LL /* 2026-01-01 12:21 in Berlin */
#define PART 40000

struct archive {
	struct arena *a;
	struct delivery_item *items;
	struct package_item *package;
	size_t n;
	struct msg_plan plan;
	struct str etag;
};

/* What stands at offset i of file `slot`. */
static char
content_at(uint32_t slot, uint64_t i)
{
	return (char)((slot * 31 + i * 7 + (i >> 8)) & 0xff);
}

static uint32_t
crc_of(uint32_t slot, int64_t bytes)
{
	uint32_t crc = 0;

	for (int64_t i = 0; i < bytes; i++) {
		char c = content_at(slot, (uint64_t)i);

		crc = crc32_add(crc, &c, 1);
	}
	return crc;
}

static void
add_parts(struct archive *z, size_t i, int64_t part_bytes)
{
	int64_t left = z->items[i].bytes;
	size_t n = (size_t)((left + part_bytes - 1) / part_bytes);
	struct version_part *parts = ARENA_ARRAY(z->a, struct version_part, n);

	for (size_t k = 0; k < n; k++, left -= part_bytes)
		parts[k].bytes = MIN(left, part_bytes);
	z->package[i] =
	    (struct package_item){.item = &z->items[i], .parts = parts, .part_count = n};
}

static void
start(struct archive *z, size_t n)
{
	*z = (struct archive){.a = arena_new(), .n = n};
	z->items = ARENA_ARRAY(z->a, struct delivery_item, n);
	z->package = ARENA_ARRAY(z->a, struct package_item, n);
}

static void
finish(struct archive *z)
{
	struct error e;

	assert_int_equal(package_zip(z->a, z->package, z->n, &(struct package_label){NUMBER, ZONE},
	                     &z->plan, &z->etag, &e),
	    0);
}

static void
set(struct archive *z, size_t i, const char *name, int64_t bytes, int64_t created)
{
	z->items[i] = (struct delivery_item){.position = (int64_t)i + 1,
	    .name = str_c(name),
	    .bytes = bytes,
	    .ready = true,
	    .crc32 = bytes < 1000000 ? crc_of((uint32_t)i, bytes) : 0,
	    .sha256 = {{(uint8_t)(i >> 8), (uint8_t)i}},
	    .created_us = created};
	add_parts(z, i, bytes < 1000000 ? PART : 64 << 20);
}

static void
make_small(struct archive *z)
{
	start(z, 5);
	set(z, 0, "leer.txt", 0, SUMMER);
	set(z, 1, "a.txt", 5, SUMMER);
	set(z, 2, "Übung ß – 日本.pdf", 100000, WINTER);
	set(z, 3, "auch leer.txt", 0, 0);
	set(z, 4, "z.bin", 2 * PART, WINTER);
	finish(z);
}

static void
make_many(struct archive *z, size_t n)
{
	start(z, n);
	for (size_t i = 0; i < n; i++)
		set(z, i, arena_printf(z->a, "datei-%zu.txt", i).p, (int64_t)(i % 3), SUMMER);
	finish(z);
}

static void
make_large(struct archive *z)
{
	start(z, 5);
	set(z, 0, "knapp.bin", 0xfffffffe, SUMMER);
	set(z, 1, "genau.bin", 0xffffffff, SUMMER);
	set(z, 2, "mehr.bin", 0x100000000, SUMMER);
	set(z, 3, "klein.bin", 3, SUMMER);
	set(z, 4, "leer.bin", 0, SUMMER);
	finish(z);
}

/* ---- the bytes ---- */

/* Which file each sealed segment belongs to is its slot; offsets run on within a file. */
static struct str
bytes_of(const struct archive *z)
{
	char *out = arena_alloc(z->a, z->plan.bytes);
	uint64_t at = 0, in_file = 0;
	uint32_t slot = 0;

	for (size_t i = 0; i < z->plan.segment_count; i++) {
		const struct msg_segment *g = &z->plan.segments[i];

		if (!g->is_blob) {
			memcpy(out + at, g->bytes.p, g->bytes.n);
			at += g->bytes.n;
			continue;
		}
		if (g->slot != slot)
			in_file = 0;
		slot = g->slot;
		for (uint64_t k = 0; k < g->length; k++)
			out[at++] = content_at(slot, in_file++);
	}
	assert_int_equal(at, z->plan.bytes);
	return (struct str){out, at};
}

static void
check_plan(const struct archive *z)
{
	uint64_t sum = 0;
	uint32_t slot = 0;

	for (size_t i = 0; i < z->plan.segment_count; i++) {
		const struct msg_segment *g = &z->plan.segments[i];

		sum += g->is_blob ? g->length : g->bytes.n;
		assert_true((g->is_blob ? g->length : g->bytes.n) > 0);
		if (!g->is_blob)
			continue;
		assert_true(g->slot >= slot && g->slot < z->plan.slot_count);
		slot = g->slot;
	}
	assert_int_equal(sum, z->plan.bytes);
	assert_int_equal(z->plan.slot_count, z->n);
}

static void
write_out(const struct archive *z, const char *name)
{
	const char *dir = getenv("PACKAGE_OUT");
	uint64_t at = 0;
	int fd;

	if (dir == NULL)
		return;
	fd = open(arena_printf(z->a, "%s/%s.zip", dir, name).p, O_WRONLY | O_CREAT | O_EXCL, 0600);
	assert_true(fd >= 0);
	for (size_t i = 0; i < z->plan.segment_count; i++) { /* what is sealed stays a hole */
		const struct msg_segment *g = &z->plan.segments[i];

		if (!g->is_blob)
			assert_int_equal(pwrite(fd, g->bytes.p, g->bytes.n, (off_t)at), g->bytes.n);
		at += g->is_blob ? g->length : g->bytes.n;
	}
	assert_int_equal(ftruncate(fd, (off_t)at), 0);
	close(fd);
}

static void
write_bytes(const struct archive *z, const char *name)
{
	const char *dir = getenv("PACKAGE_OUT");
	struct str s = bytes_of(z);
	size_t done = 0;
	int fd;

	if (dir == NULL)
		return;
	fd = open(arena_printf(z->a, "%s/%s.zip", dir, name).p, O_WRONLY | O_CREAT | O_EXCL, 0600);
	assert_true(fd >= 0);
	while (done < s.n) {
		ssize_t n = write(fd, s.p + done, s.n - done);

		assert_true(n > 0);
		done += (size_t)n;
	}
	close(fd);
}

/* ---- tests ---- */

static void
the_plan_is_whole(void **state)
{
	struct archive z;

	make_small(&z);
	check_plan(&z);
	write_bytes(&z, "small");
	arena_free(&z.a);
	make_large(&z);
	check_plan(&z);
	write_out(&z, "large");
	arena_free(&z.a);
}

static uint32_t
tail16(struct str s, size_t from_end)
{
	const unsigned char *p = (const unsigned char *)s.p + s.n - from_end;

	return p[0] | (uint32_t)p[1] << 8;
}

/* 65,535 entries are the first that need zip64; the manifest is one of them. */
static void
zip64_begins_where_it_must(void **state)
{
	static const struct {
		size_t n;
		uint32_t count;
		bool is_zip64;
	} cases[] = {{65533, 65534, false}, {65534, 65535, true}, {65536, 65535, true}};

	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		struct archive z;
		struct str tail;

		make_many(&z, cases[i].n);
		check_plan(&z);
		tail = z.plan.segments[z.plan.segment_count - 1].bytes;
		assert_int_equal(tail16(tail, 12), cases[i].count);
		assert_int_equal(
		    memcmp(tail.p + tail.n - 42, "PK\x06\x07", 4) == 0, cases[i].is_zip64);
		write_bytes(
		    &z, cases[i].is_zip64 ? cases[i].n == 65536 ? "many" : "just64" : "just32");
		arena_free(&z.a);
	}
}

static void
it_is_the_same_each_time(void **state)
{
	struct archive one, two;

	make_small(&one);
	make_small(&two);
	assert_true(str_eq(one.etag, two.etag));
	assert_true(str_eq(bytes_of(&one), bytes_of(&two)));
	assert_true(one.etag.p[0] == '"' && one.etag.p[one.etag.n - 1] == '"');
	arena_free(&one.a);
	arena_free(&two.a);
}

enum changed { NAME, CONTENT, TIME, COUNT, CHANGES };

/* Whatever changes a byte changes the tag, or If-Range would join two archives. */
static void
another_archive_has_another_tag(void **state)
{
	struct archive first;

	make_small(&first);
	for (int i = NAME; i < CHANGES; i++) {
		struct archive z;

		make_small(&z);
		if (i == NAME)
			z.items[1].name = S("b.txt");
		if (i == CONTENT)
			z.items[1].sha256.b[31]++;
		if (i == TIME)
			z.items[1].created_us += 2 * US_PER_S;
		if (i == COUNT)
			z.n--;
		finish(&z);
		assert_false(str_eq(z.etag, first.etag));
		arena_free(&z.a);
	}
	arena_free(&first.a);
}

static void
one_file_is_its_parts(void **state)
{
	struct archive z;
	struct msg_plan plan;
	struct str etag, other;

	make_small(&z);
	package_file(z.a, &z.package[2], &plan, &etag);
	assert_int_equal(plan.bytes, 100000);
	assert_int_equal(plan.segment_count, 3);
	assert_int_equal(plan.slot_count, 1);
	assert_int_equal(plan.segments[2].length, 100000 - 2 * PART);
	package_file(z.a, &z.package[4], &plan, &other);
	assert_false(str_eq(etag, other));
	package_file(z.a, &z.package[0], &plan, &other);
	assert_int_equal(plan.bytes + plan.segment_count, 0);
	arena_free(&z.a);
}

/* The range of item i in [from, to), found the slow way. */
static void
compare(const struct archive *z, uint64_t from, uint64_t to)
{
	struct item_range got[5];
	size_t n = package_ranges(z->package, z->n, from, to, got), k = 0;

	for (size_t i = 0; i < z->n; i++) {
		uint64_t start = z->package[i].data_at, end = start + (uint64_t)z->items[i].bytes;
		uint64_t f = MAX(from, start), t = MIN(to, end);

		if (z->items[i].bytes == 0 || f >= t)
			continue;
		while (k < n && got[k].item_bytes == 0)
			k++;
		assert_true(k < n);
		assert_int_equal(got[k].position, i + 1);
		assert_int_equal(got[k].from, f - start);
		assert_int_equal(got[k].to, t - start);
		assert_int_equal(got[k].item_bytes, z->items[i].bytes);
		k++;
	}
	while (k < n && got[k].item_bytes == 0)
		k++;
	assert_int_equal(k, n);
}

static void
windows_are_known_by_file(void **state)
{
	struct archive z;

	make_small(&z);
	for (uint64_t from = 0; from < z.plan.bytes; from += 1217) {
		for (uint64_t to = from; to <= z.plan.bytes; to += 1933)
			compare(&z, from, to);
		compare(&z, from, z.plan.bytes);
	}
	for (size_t i = 0; i < z.n; i++) { /* at the very edges */
		uint64_t at = z.package[i].data_at;

		compare(&z, at - 1, at);
		compare(&z, at, at + 1);
		compare(&z, at - 1, at + 1);
		compare(&z, 0, at + (uint64_t)z.items[i].bytes);
	}
	arena_free(&z.a);
}

static bool
is_in(const struct archive *z, uint64_t from, uint64_t to, int64_t position)
{
	struct item_range got[5];
	size_t n = package_ranges(z->package, z->n, from, to, got);

	for (size_t i = 0; i < n; i++) {
		if (got[i].position == position)
			return true;
	}
	return false;
}

/* A file of 0 bytes has arrived with the header before it, and never before. */
static void
an_empty_file_arrives_with_its_header(void **state)
{
	struct archive z;
	uint64_t at;

	make_small(&z);
	at = z.package[3].data_at;
	assert_true(is_in(&z, 0, at, 4));
	assert_true(is_in(&z, at - 40, at, 4));
	assert_false(is_in(&z, 0, at - 1, 4));
	assert_false(is_in(&z, at + 1, z.plan.bytes, 4));
	assert_false(is_in(&z, at, at, 4));
	arena_free(&z.a);
}

static void
an_archive_of_nothing(void **state)
{
	struct archive z;

	start(&z, 0);
	finish(&z);
	assert_int_equal(z.plan.slot_count, 0);
	write_bytes(&z, "nothing");
	arena_free(&z.a);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(the_plan_is_whole),
	    cmocka_unit_test(zip64_begins_where_it_must),
	    cmocka_unit_test(it_is_the_same_each_time),
	    cmocka_unit_test(another_archive_has_another_tag),
	    cmocka_unit_test(one_file_is_its_parts),
	    cmocka_unit_test(windows_are_known_by_file),
	    cmocka_unit_test(an_empty_file_arrives_with_its_header),
	    cmocka_unit_test(an_archive_of_nothing),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
