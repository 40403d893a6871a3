/* SPDX-License-Identifier: AGPL-3.0-or-later */
/* version - pending until ingested, once; merged parts take the place of the old ones; a fault
 * leaves all as it was */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/arena.h"
#include "base/str.h"
#include "base/time.h"
#include "model/change.h"
#include "model/person.h"
#include "model/sweep.h"
#include "model/test_db.h"
#include "model/upload.h"
#include "model/version.h"

static const struct actor nobody = {ACTOR_SYSTEM, 0};
static const version_id seven = {7};

struct fixture {
	struct db *db;
	struct arena *a;
	struct error e;
};

/* Version 7 of three parts of 2, 2 and 1 bytes, as an upload makes it. */
static void
upload(struct fixture *f)
{
	struct upload u = {
	    .id = {{1}}, .version = seven, .name = S("a.tif"), .length = 5, .expires_us = 1};
	AUTO(change_abort) struct change *c = NULL;
	asset_id result;

	if (change_begin(f->db, nobody, EVENT_VERSION_CREATED, &c, &f->e) < 0 ||
	    person_create(c, S("Anna"), S("a@geleit.example"), S("editor"), &u.person, &f->e) < 0 ||
	    upload_create(c, f->a, &u, &result, &f->e) < 0)
		fail_msg("%s", f->e.msg);
	for (uint8_t i = 0; i < 3; i++) {
		struct upload_part p = {.upload = u.id,
		    .blob = {{(uint8_t)(10 - i)}},
		    .offset = 2 * i,
		    .bytes = i < 2 ? 2 : 1};

		if (upload_add_part(c, f->a, &p, &result, &f->e) < 0)
			fail_msg("%s", f->e.msg);
	}
	if (change_commit(&c, &f->e) < 0)
		fail_msg("%s", f->e.msg);
}

static struct fixture *
fixture_new(struct db *db)
{
	struct fixture *f = xcalloc(1, sizeof *f);

	f->db = db;
	f->a = arena_new();
	upload(f);
	return f;
}

static int
begin(void **state)
{
	*state = fixture_new(test_db(schema_main));
	return 0;
}

static int
begin_fake(void **state)
{
	*state = fixture_new(test_db_fake(schema_main));
	return 0;
}

static int
end(void **state)
{
	struct fixture *f = *state;

	assert_int_equal(test_stale_views(f->db), 0);
	db_close(&f->db);
	arena_free(&f->a);
	free(f);
	return 0;
}

static struct version
get(struct fixture *f)
{
	struct version v;

	if (version_get(f->db, f->a, seven, &v, &f->e) < 0)
		fail_msg("%s", f->e.msg);
	return v;
}

/* The blobs' first bytes in their order, as text. */
static struct str
parts(struct fixture *f)
{
	struct version_part *list;
	struct str all = S("");
	size_t n;

	if (version_parts(f->db, f->a, seven, &list, &n, &f->e) < 0)
		fail_msg("%s", f->e.msg);
	for (size_t i = 0; i < n; i++)
		all = arena_printf(
		    f->a, "%.*s %d:%lld", STR(all), list[i].blob.b[0], (long long)list[i].bytes);
	return all;
}

static const struct version_part merged[] = {{{{20}}, 4}, {{{8}}, 1}};
static const struct ingested found = {.sha256 = {{1, 2, 3}},
    .crc32 = 0xfedcba98,
    .media_type = {"image/tiff", 10},
    .malware = MALWARE_CLEAN,
    .parts = merged,
    .part_count = 2};

static int
ingest(struct fixture *f, struct ingested in)
{
	AUTO(change_abort) struct change *c = NULL;

	if (change_begin(f->db, nobody, EVENT_VERSION_INGESTED, &c, &f->e) < 0 ||
	    version_ingested(c, seven, &in, &f->e) < 0)
		return f->e.code;
	return change_commit(&c, &f->e);
}

static int64_t
ingested_events(struct fixture *f)
{
	return test_db_rows(f->db, f->a, "event", "kind = 'version.ingested'");
}

static void
a_new_one_is_pending(void **state)
{
	struct fixture *f = *state;
	struct version v = get(f), *list, none;
	size_t n;

	assert_false(v.ready || v.damaged);
	assert_int_equal(v.number, 1);
	assert_int_equal(v.bytes, 5);
	assert_int_equal(v.malware, MALWARE_NOT_SCANNED);
	assert_true(str_eq(v.name, S("a.tif")) && v.media_type.n == 0);
	assert_true(str_eq(parts(f), S(" 10:2 9:2 8:1")));
	assert_int_equal(version_list(f->db, f->a, v.asset, &list, &n, &f->e), 0);
	assert_int_equal(n, 1);
	assert_int_equal(version_get(f->db, f->a, (version_id){8}, &none, &f->e), ERR_NOT_FOUND);
}

static void
ingest_ends_it_and_merges(void **state)
{
	struct fixture *f = *state;
	struct version v;

	if (ingest(f, found) < 0)
		fail_msg("%s", f->e.msg);
	v = get(f);
	assert_true(v.ready && !v.damaged);
	assert_memory_equal(v.sha256.b, found.sha256.b, sizeof v.sha256.b);
	assert_int_equal(v.crc32, 0xfedcba98);
	assert_true(str_eq(v.media_type, S("image/tiff")));
	assert_int_equal(v.malware, MALWARE_CLEAN);
	assert_true(str_eq(parts(f), S(" 20:4 8:1")));
	assert_int_equal(ingested_events(f), 1);
	/* for a day: a copy of the database may name it that a backup made just before */
	assert_int_equal(blob_is_named(f->db, (struct id128){{9}}, &f->e), 1);
	assert_int_equal(sweep_finished(f->db, time_now_us() + US_PER_DAY + US_PER_S, &f->e), 0);
	assert_int_equal(blob_is_named(f->db, (struct id128){{9}}, &f->e), 0);
	assert_int_equal(blob_is_named(f->db, (struct id128){{20}}, &f->e), 1);
}

static void
without_merging_the_parts_stay(void **state)
{
	struct fixture *f = *state;
	struct ingested in = found;

	in.parts = NULL;
	assert_int_equal(ingest(f, in), 0);
	assert_true(str_eq(parts(f), S(" 10:2 9:2 8:1")));
}

static void
what_is_damaged_is_never_ready(void **state)
{
	struct fixture *f = *state;
	struct ingested in = {.damaged = true, .malware = MALWARE_NOT_SCANNED};

	assert_int_equal(ingest(f, in), 0);
	assert_true(get(f).damaged && !get(f).ready);
	assert_int_equal(ingest(f, found), ERR_CONFLICT);
	assert_true(get(f).damaged && !get(f).ready);
}

static void
it_is_ingested_once(void **state)
{
	struct fixture *f = *state;
	struct ingested other = found;

	assert_int_equal(ingest(f, found), 0);
	other.crc32 = 1;
	other.parts = &merged[1];
	other.part_count = 1;
	assert_int_equal(ingest(f, other), ERR_CONFLICT);
	assert_int_equal(get(f).crc32, 0xfedcba98);
	assert_true(str_eq(parts(f), S(" 20:4 8:1")));
	assert_int_equal(ingested_events(f), 1);
}

static void
a_fault_leaves_all_as_it_was(void **state)
{
	struct fixture *f = *state;
	int n, r = -1;

	for (n = 1; r != 0; n++) {
		assert_in_range(n, 1, 60);
		db_fake_fail(f->db, n, ERR_NO_SPACE);
		r = ingest(f, found);
		assert_int_equal(r, db_fake_failed(f->db) ? ERR_NO_SPACE : 0);
		db_fake_fail(f->db, 0, 0);
		assert_int_equal(get(f).ready, r == 0);
		assert_true(str_eq(parts(f), r == 0 ? S(" 20:4 8:1") : S(" 10:2 9:2 8:1")));
		assert_int_equal(ingested_events(f), r == 0);
	}
	assert_true(n > 8);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, begin, end)

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    TEST(a_new_one_is_pending),
	    TEST(ingest_ends_it_and_merges),
	    TEST(without_merging_the_parts_stay),
	    TEST(what_is_damaged_is_never_ready),
	    TEST(it_is_ingested_once),
	    cmocka_unit_test_setup_teardown(a_fault_leaves_all_as_it_was, begin_fake, end),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
