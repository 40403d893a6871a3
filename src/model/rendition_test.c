/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * rendition - the size that is given for the one that is wanted, lists with gaps, a batch that
 * waits, and a job that nobody else claims
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/time.h"
#include "model/job.h"
#include "model/person.h"
#include "model/rendition.h"
#include "model/sweep.h"
#include "model/test_file.h"

struct fixture {
	struct db *db;
	struct arena *a;
	struct error e;
	person_id by, other;
};

static const struct actor nobody = {ACTOR_SYSTEM, 0};

static person_id
person(struct fixture *f, const char *address)
{
	AUTO(change_abort) struct change *c = NULL;
	person_id id;

	if (change_begin(f->db, nobody, CHANGE_HOUSEKEEPING, &c, &f->e) < 0 ||
	    person_create(c, S("P"), str_c(address), S("editor"), &id, &f->e) < 0 ||
	    change_commit(&c, &f->e) < 0)
		fail_msg("%s", f->e.msg);
	return id;
}

static int
begin(void **state)
{
	struct fixture *f = xcalloc(1, sizeof *f);

	f->db = test_db(schema_main);
	f->a = arena_new();
	f->by = person(f, "a@b.example");
	f->other = person(f, "c@d.example");
	*state = f;
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

static void
expect(struct fixture *f, int64_t version)
{
	AUTO(change_abort) struct change *c = NULL;
	person_id by = {test_value(f->db, f->a, "created_by", "version",
	    arena_printf(f->a, "id = %lld", (long long)version).p)};

	if (change_begin(f->db, nobody, CHANGE_HOUSEKEEPING, &c, &f->e) < 0 ||
	    media_expect(c, (version_id){version}, by, &f->e) < 0 || change_commit(&c, &f->e) < 0)
		fail_msg("%s", f->e.msg);
}

static void
set(struct fixture *f, int64_t version, const struct media *m, const struct rendition *list,
    size_t n)
{
	AUTO(change_abort) struct change *c = NULL;

	if (change_begin(f->db, nobody, CHANGE_HOUSEKEEPING, &c, &f->e) < 0 ||
	    media_set(c, (version_id){version}, m, list, n, &f->e) < 0 ||
	    change_commit(&c, &f->e) < 0)
		fail_msg("%s", f->e.msg);
}

static int64_t
given(struct fixture *f, int64_t page, int64_t size)
{
	struct rendition_wanted w = {{101}, page, size};
	struct rendition r;
	struct id128 blob;

	return rendition_find(f->db, f->a, &w, &r, &blob, &f->e) < 0 ? 0 : r.size;
}

static void
test_sizes(void **state)
{
	struct fixture *f = *state;
	const struct media m = {.state = MEDIA_READY,
	    .blob = {{7}},
	    .width = 500,
	    .height = 400,
	    .colour = S("#102030"),
	    .blurhash = S("LKO2")};
	const struct rendition list[] = {{1, 64, 64, 51, S("jpeg"), 0, 10},
	    {1, 320, 320, 256, S("jpeg"), 10, 20}, {1, 640, 500, 400, S("webp"), 30, 40}};
	struct media back;

	test_file(f->db, f->a, f->by, 100, "a.jpg", 5);
	set(f, 101, &m, list, ARRAY_LEN(list));
	assert_int_equal(given(f, 1, 64), 64);
	assert_int_equal(given(f, 1, 320), 320);
	assert_int_equal(given(f, 1, 1600), 640); /* never enlarged */
	assert_int_equal(given(f, 2, 64), 0);
	assert_string_equal(f->e.key, "no-preview");
	assert_int_equal(media_get_list(f->db, f->a, &(version_id){101}, 1, &back, &f->e), 0);
	assert_int_equal(back.state, MEDIA_READY);
	assert_int_equal(back.width, 500);
	assert_true(str_eq_c(back.colour, "#102030"));
	assert_int_equal(blob_is_named(f->db, m.blob, &f->e), 1);
	/* tried again, it is nothing: the old ones are gone, and a day later their bytes */
	set(f, 101, &(struct media){.state = MEDIA_REFUSED, .reason = S("pixels")}, NULL, 0);
	assert_int_equal(given(f, 1, 64), 0);
	assert_int_equal(sweep_finished(f->db, time_now_us() + US_PER_DAY - US_PER_S, &f->e), 0);
	assert_int_equal(blob_is_named(f->db, m.blob, &f->e), 1);
	assert_int_equal(sweep_finished(f->db, time_now_us() + US_PER_DAY + US_PER_S, &f->e), 0);
	assert_int_equal(blob_is_named(f->db, m.blob, &f->e), 0);
}

static void
test_list(void **state)
{
	struct fixture *f = *state;
	version_id ids[45];
	struct media list[45];

	for (int i = 0; i < 45; i++)
		ids[i] = (version_id){1000 + i};
	ids[44] = ids[3] = (version_id){101};
	test_file(f->db, f->a, f->by, 100, "a.jpg", 5);
	expect(f, 101);
	assert_int_equal(media_get_list(f->db, f->a, ids, 45, list, &f->e), 0);
	assert_int_equal(list[3].state, MEDIA_PENDING);
	assert_int_equal(list[44].state, MEDIA_PENDING);
	for (int i = 0; i < 44; i++)
		assert_true(i == 3 || list[i].state == MEDIA_NONE);
}

/* Thirty of one person, then one of another: hers is made after twenty, not after thirty. */
static void
test_batch(void **state)
{
	struct fixture *f = *state;
	struct job j;
	int before = 0;

	for (int i = 0; i < 30; i++) {
		test_file(f->db, f->a, f->by, 100 + 2 * i, "a.jpg", 5);
		expect(f, 101 + 2 * i);
	}
	test_file(f->db, f->a, f->other, 900, "b.jpg", 5);
	expect(f, 901);
	assert_int_equal(job_claim(f->db, "ingest", US_PER_S, &j, &f->e), 0);
	do {
		assert_int_equal(job_claim(f->db, "render", 60 * US_PER_S, &j, &f->e), 1);
		before++;
	} while (j.version.v != 901);
	assert_int_equal(before, 21);
}

static void
change_sql(struct fixture *f, const char *sql)
{
	AUTO(change_abort) struct change *c = NULL;

	if (change_begin(f->db, nobody, CHANGE_HOUSEKEEPING, &c, &f->e) < 0 ||
	    db_exec(f->db, NULL, &f->e, sql) < 0 || change_commit(&c, &f->e) < 0)
		fail_msg("%s", f->e.msg);
}

static size_t
missed(struct fixture *f, int64_t after, int64_t *ret_first)
{
	struct media_missed list[3];
	size_t n = ARRAY_LEN(list);

	if (media_missed(f->db, f->a, (version_id){after}, list, &n, &f->e) < 0)
		fail_msg("%s", f->e.msg);
	*ret_first = n > 0 ? list[0].version.v : 0;
	return n;
}

static void
again(struct fixture *f, int64_t version)
{
	AUTO(change_abort) struct change *c = NULL;

	if (change_begin(f->db, nobody, CHANGE_HOUSEKEEPING, &c, &f->e) < 0 ||
	    media_again(c, (version_id){version}, &f->e) < 0 || change_commit(&c, &f->e) < 0)
		fail_msg("%s", f->e.msg);
}

/* Never tried, failed of old, failed now, ready of old as JPEG and as WebP. */
static void
test_backfill(void **state)
{
	struct fixture *f = *state;
	const struct rendition webp = {1, 64, 64, 48, S("webp"), 0, 10},
	                       jpeg = {1, 64, 64, 48, S("jpeg"), 0, 10};
	const struct media killed = {.state = MEDIA_KILLED, .reason = S("crash")},
	                   ready = {.state = MEDIA_READY, .blob = {{1}}},
	                   ready_too = {.state = MEDIA_READY, .blob = {{2}}};
	struct media m;
	struct job j;
	int64_t first;

	for (int i = 0; i < 6; i++)
		test_file(f->db, f->a, f->by, 100 + 2 * i, "a.jpg", 5);
	change_sql(f, "UPDATE version SET state = 'ready', media_type = 'image/jpeg'");
	change_sql(f, "UPDATE version SET media_type = 'text/plain' WHERE id = 111");
	set(f, 103, &killed, NULL, 0);
	set(f, 105, &ready, &jpeg, 1);
	set(f, 107, &ready_too, &webp, 1);
	set(f, 109, &killed, NULL, 0);
	assert_int_equal(missed(f, 0, &first), 1);
	assert_int_equal(first, 101);
	change_sql(f, "UPDATE version_media SET maker = NULL WHERE version_id <> 109");
	assert_int_equal(missed(f, 0, &first), 3);
	assert_int_equal(missed(f, 101, &first), 2);
	assert_int_equal(first, 103);
	again(f, 101);
	again(f, 101);
	again(f, 103);
	/* what there is stays, and an upload comes first */
	assert_int_equal(media_get_list(f->db, f->a, &(version_id){103}, 1, &m, &f->e), 0);
	assert_int_equal(m.state, MEDIA_KILLED);
	expect(f, 109);
	assert_int_equal(job_claim(f->db, "render", US_PER_S, &j, &f->e), 1);
	assert_int_equal(j.version.v, 109);
	assert_int_equal(missed(f, 0, &first), 2); /* 101 has its job */
	change_sql(f, "DELETE FROM job WHERE version_id = 101");
	assert_int_equal(missed(f, 0, &first), 3);
	change_sql(
	    f, "UPDATE version_media SET reason = 'not-started', maker = 2 WHERE version_id = 103");
	assert_int_equal(missed(f, 101, &first), 2);
}

static void
test_names(void **state)
{
	enum media_state s;

	(void)state;
	for (int i = 0; i < MEDIA_STATE_COUNT; i++) {
		assert_true(media_state_parse(str_c(media_state_name((enum media_state)i)), &s));
		assert_int_equal(s, i);
	}
	assert_false(media_state_parse(S("broken"), &s));
	assert_true(rendition_is_size(320));
	assert_false(rendition_is_size(321));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test_setup_teardown(test_sizes, begin, end),
	    cmocka_unit_test_setup_teardown(test_list, begin, end),
	    cmocka_unit_test_setup_teardown(test_batch, begin, end),
	    cmocka_unit_test_setup_teardown(test_backfill, begin, end),
	    cmocka_unit_test(test_names),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
