/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * transfer - ranges unite as a bitmap does, complete means every byte in one session, reports may
 * come twice, late and in any order, the limit holds for two at once, the silent are interrupted
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "model/test_transfer.h"

/* ---- ranges ---- */

static void
ranges_unite_as_a_bitmap_does(void **state)
{
	enum { MAX_AT = 60 };

	for (int round = 0; round < 300; round++) {
		AUTO(arena_free) struct arena *a = arena_new();
		bool map[MAX_AT] = {false};
		struct str ranges = S("");

		for (int i = 0; i < 12; i++) {
			int64_t from = random_below(MAX_AT), to = from + random_below(MAX_AT / 4);
			int64_t sum, want = 0;

			to = MIN(to, MAX_AT);
			ranges = ranges_add(a, ranges, from, to, &sum);
			for (int64_t k = from; k < to; k++)
				map[k] = true;
			for (int k = 0; k < MAX_AT; k++)
				want += map[k];
			assert_int_equal(sum, want);
			for (size_t k = 0; k < ranges.n; k++)
				assert_true((ranges.p[k] != 0) <= (k % 8 == 7));
			for (size_t k = 15; k + 8 < ranges.n; k += 16) /* apart and in order */
				assert_true(ranges.p[k] < ranges.p[k + 8]);
		}
	}
}

static void
ranges_beyond_four_gigabytes(void **state)
{
	AUTO(arena_free) struct arena *a = arena_new();
	int64_t sum, big = (int64_t)1 << 44;
	struct str ranges = ranges_add(a, S(""), big, 2 * big, &sum);

	assert_int_equal(sum, big);
	ranges = ranges_add(a, ranges, 0, big - 1, &sum);
	assert_int_equal(sum, 2 * big - 1);
	assert_int_equal(ranges.n, 32);
	ranges = ranges_add(a, ranges, big - 1, big, &sum);
	assert_int_equal(sum, 2 * big);
	assert_int_equal(ranges.n, 16);
	ranges = ranges_add(a, ranges, 5, 5, &sum);
	assert_int_equal(ranges.n, 16);
}

static void
a_file_arrives(void **state)
{
	struct exchange *x = *state;
	struct run t = begin(x, exchange_open(x, "cookie", 0), 1);

	assert_string_equal(progress(x, 1).state, "running");
	assert_string_equal(progress(x, 2).state, "none");
	assert_int_equal(events(x, "started"), 0); /* not before the first byte */
	report(&t, 1, FIRST, 0);
	assert_int_equal(events(x, "started"), 1);
	assert_int_equal(step(x), STEP_DOWNLOADING);
	report(&t, 2, 0, 400);
	assert_int_equal(progress(x, 1).sent_bytes, 400);
	assert_int_equal(events(x, "complete"), 0);
	report(&t, 3, 0, BYTES_1);
	assert_string_equal(progress(x, 1).state, "complete");
	assert_int_equal(events(x, "complete"), 1);
	report(&t, 4, END, BYTES_1);
	assert_int_equal(events(x, "started"), 1);
	assert_int_equal(events(x, "complete"), 1);
	assert_int_equal(events(x, "interrupted"), 0);
	assert_int_equal(test_db_rows(x->db, x->a, "transfer", "state = 'complete'"), 1);
	assert_int_equal(step(x), STEP_DOWNLOADING); /* of three files */
	assert_int_equal(
	    test_db_rows(x->db, x->a, "event", "kind = 'download.complete' AND version_id = 1001"),
	    1);
}

static void
all_of_them_make_the_recipient_complete(void **state)
{
	struct exchange *x = *state;
	session_id s = exchange_open(x, "cookie", 0);
	struct item_range empty = range(x, 2, 0, 0);
	struct run t = begin(x, s, 2);

	/* an empty file: the acknowledged head is all there is */
	assert_int_equal(report_of(&t, 1, FIRST | END, 0, &empty, 1), 0);
	assert_string_equal(progress(x, 2).state, "complete");
	assert_int_equal(events(x, "interrupted"), 0);
	t = begin(x, s, 1);
	report(&t, 1, FIRST | END, BYTES_1);
	t = begin(x, s, 3);
	report(&t, 1, FIRST, BYTES_3 - 1);
	assert_int_equal(step(x), STEP_DOWNLOADING);
	report(&t, 2, END, BYTES_3);
	assert_int_equal(step(x), STEP_COMPLETE);
}

static void
an_empty_file_whose_head_did_not_arrive(void **state)
{
	struct exchange *x = *state;
	struct run t = begin(x, exchange_open(x, "cookie", 0), 2);

	assert_int_equal(report_of(&t, 1, END, 0, NULL, 0), 0);
	assert_string_equal(progress(x, 2).state, "interrupted");
	assert_int_equal(events(x, "complete") + events(x, "started"), 0);
	assert_int_equal(events(x, "interrupted"), 1);
}

static void
a_report_counts_once(void **state)
{
	struct exchange *x = *state;
	struct run t = begin(x, exchange_open(x, "cookie", 0), 1);

	for (int i = 0; i < 3; i++)
		report(&t, 1, FIRST, 400);
	assert_int_equal(events(x, "started"), 1);
	for (int i = 0; i < 3; i++)
		report(&t, 2, END, 500);
	assert_int_equal(events(x, "interrupted"), 1);
	report(&t, 3, 0, BYTES_1); /* after the end: nothing */
	assert_int_equal(events(x, "complete"), 0);
	assert_int_equal(progress(x, 1).sent_bytes, 500);
}

static void
a_report_may_be_overtaken(void **state)
{
	struct exchange *x = *state;
	struct run t = begin(x, exchange_open(x, "cookie", 0), 1);

	report(&t, 1, 0, 0); /* "still here", before the first byte */
	report(&t, 5, 0, 700);
	assert_int_equal(events(x, "started"), 1);
	report(&t, 4, FIRST, 300);
	assert_int_equal(events(x, "started"), 1);
	assert_int_equal(progress(x, 1).sent_bytes, 700);
	assert_int_equal(test_db_int(x->db, "SELECT sent_bytes FROM transfer"), 700);
}

static void
a_cut_is_told_with_its_bytes(void **state)
{
	struct exchange *x = *state;
	struct run t = begin(x, exchange_open(x, "cookie", 0), 1);
	const struct event_page page = {.max = 99};
	struct event_rows of;
	struct event_row *last;

	report(&t, 1, FIRST, 10);
	report(&t, 2, END, 999);
	assert_string_equal(progress(x, 1).state, "interrupted");
	assert_int_equal(progress(x, 1).sent_bytes, 999);
	assert_int_equal(event_list_delivery(x->db, x->a, x->delivery, &page, &of, &x->e), 0);
	last = &of.v[of.n - 1];
	assert_true(str_eq(last->kind, S("download.interrupted")));
	assert_int_equal(last->bytes, 999);
	assert_int_equal(last->version.v, x->items[0].version.v);
	assert_non_null(
	    memmem(last->entry.p, last->entry.n, id128_hex(x->a, t.id).p, 2 * sizeof t.id));
}

/* Half in one session and half in another is not a file at anybody's machine. */
static void
sessions_do_not_add_up(void **state)
{
	struct exchange *x = *state;
	session_id one = exchange_open(x, "one", 0), two = exchange_open(x, "two", 0);
	struct run t = begin(x, one, 1);
	struct item_range rest = range(x, 1, 400, BYTES_1);

	report(&t, 1, FIRST | END, 400);
	t = begin(x, two, 1);
	assert_int_equal(report_of(&t, 1, FIRST | END, 600, &rest, 1), 0);
	assert_int_equal(events(x, "complete"), 0);
	assert_int_equal(progress(x, 1).sent_bytes, 600); /* of the best one */
	assert_int_equal(progress(x, 1).uses, 2);
	t = begin(x, one, 1); /* resumed in the first */
	assert_int_equal(report_of(&t, 1, FIRST | END, 600, &rest, 1), 0);
	assert_int_equal(events(x, "complete"), 1);
	assert_string_equal(progress(x, 1).state, "complete");
}

/* A report may name several ranges of one file: none is lost, and it is complete once. */
static void
ranges_of_one_report_add_up(void **state)
{
	struct exchange *x = *state;
	struct run t = begin(x, exchange_open(x, "cookie", 0), 1);
	struct item_range g[3] = {range(x, 1, 0, 100), range(x, 1, 300, 400), range(x, 1, 50, 150)};

	assert_int_equal(report_of(&t, 1, FIRST, 250, g, 3), 0);
	assert_int_equal(progress(x, 1).sent_bytes, 250);
	g[0] = g[1] = range(x, 1, 0, BYTES_1);
	g[2] = range(x, 1, 0, 1);
	assert_int_equal(report_of(&t, 2, END, BYTES_1, g, 3), 0);
	assert_int_equal(progress(x, 1).sent_bytes, BYTES_1);
	assert_string_equal(progress(x, 1).state, "complete");
	assert_int_equal(events(x, "complete"), 1);
}

static void
a_zip_is_its_files(void **state)
{
	struct exchange *x = *state;
	session_id s = exchange_open(x, "cookie", 0);
	struct run t = begin(x, s, ZIP);
	struct item_range g[3] = {range(x, 1, 0, BYTES_1), range(x, 2, 0, 0), range(x, 3, 0, 7)};

	assert_int_equal(report_of(&t, 1, FIRST, 1200, g, 3), 0);
	assert_int_equal(events(x, "complete"), 2);
	assert_string_equal(progress(x, 3).state, "running");
	assert_int_equal(progress(x, 3).sent_bytes, 7);
	assert_int_equal(report_of(&t, 2, END, 1207, g, 3), 0);
	assert_int_equal(events(x, "complete"), 2);
	assert_int_equal(events(x, "interrupted"), 1);
	/* the rest of the third file alone */
	g[0] = range(x, 3, 7, BYTES_3);
	t = begin(x, s, 3);
	assert_int_equal(report_of(&t, 1, FIRST | END, BYTES_3 - 7, g, 1), 0);
	assert_int_equal(events(x, "complete"), 3);
	assert_int_equal(step(x), STEP_COMPLETE);
}

static void
nothing_arrives_of_what_was_not_begun(void **state)
{
	struct exchange *x = *state;
	struct run t = begin(x, exchange_open(x, "cookie", 0), 1);
	struct item_range g[2] = {range(x, 3, 0, BYTES_3), range(x, 1, 0, 1)};

	assert_int_equal(report_of(&t, 1, FIRST, 50, g, 1), ERR_PROTOCOL);
	assert_int_equal(report_of(&t, 1, FIRST, 50, g, 2), ERR_PROTOCOL);
	g[0].position = FILES + 1;
	assert_int_equal(report_of(&t, 1, FIRST, 50, g, 1), ERR_PROTOCOL);
	assert_int_equal(events(x, "started"), 0);
	g[1].to = 1 << 30; /* more than there is */
	assert_int_equal(report_of(&t, 1, FIRST, BYTES_1, &g[1], 1), 0);
	assert_int_equal(progress(x, 1).sent_bytes, BYTES_1);
}

/* ---- the limit ---- */

static void
the_limit_counts_sessions(void **state)
{
	struct exchange *x = *state;
	session_id one = exchange_open(x, "one", 0), two = exchange_open(x, "two", 0);
	struct run t;

	assert_int_equal(begin_in(x, one, 1, 1, &t), 0);
	assert_int_equal(begin_in(x, one, 1, 1, &t), 0); /* resumed */
	assert_int_equal(begin_in(x, two, 1, 1, &t), ERR_DENIED);
	assert_string_equal(x->e.key, "limit-used-up");
	assert_int_equal(begin_in(x, two, 3, 1, &t), 0); /* another file */
	assert_int_equal(begin_in(x, two, ZIP, 1, &t), ERR_DENIED);
	assert_int_equal(begin_in(x, one, ZIP, 1, &t), ERR_DENIED);
	assert_int_equal(begin_in(x, two, 1, 2, &t), 0);
	assert_int_equal(begin_in(x, two, ZIP, 2, &t), 0);
	/* a refusal leaves neither a use nor a transfer */
	assert_int_equal(test_db_rows(x->db, x->a, "transfer", NULL), 5);
	assert_int_equal(test_db_rows(x->db, x->a, "session_item", NULL), 3);
}

static int
use(struct exchange *x, session_id s, const int64_t *items, size_t n, int64_t limit)
{
	AUTO(change_abort) struct change *c = NULL;
	const struct transfer_new t = {.session = s,
	    .recipient = x->recipients[0],
	    .delivery = x->delivery,
	    .items = items,
	    .item_count = n,
	    .limit = limit};

	if (change_begin(x->db, the_system, CHANGE_HOUSEKEEPING, &c, &x->e) < 0 ||
	    transfer_use(c, &t, &x->e) < 0)
		return x->e.code;
	return change_commit(&c, &x->e);
}

static void
a_zip_counts_file_by_file(void **state)
{
	struct exchange *x = *state;
	static const int64_t items[] = {1, 2, 3};
	session_id one = exchange_open(x, "one", 0), two = exchange_open(x, "two", 0);
	struct run t;

	assert_int_equal(begin_in(x, one, ZIP, 1, &t), 0);
	assert_int_equal(test_db_rows(x->db, x->a, "session_item", NULL), 0);
	assert_int_equal(use(x, one, items, 2, 1), 0);
	assert_int_equal(use(x, one, items, 2, 1), 0); /* its keys are asked for again */
	assert_int_equal(test_db_rows(x->db, x->a, "session_item", NULL), 2);
	assert_int_equal(begin_in(x, two, 1, 1, &t), ERR_DENIED);
	assert_int_equal(begin_in(x, two, ZIP, 1, &t), ERR_DENIED);
	assert_int_equal(begin_in(x, two, 3, 1, &t), 0);            /* not reached by the ZIP yet */
	assert_int_equal(use(x, one, items + 1, 2, 1), ERR_DENIED); /* and now taken */
	assert_string_equal(x->e.key, "limit-used-up");
	assert_int_equal(test_db_rows(x->db, x->a, "session_item", NULL), 3);
}

/* Where nothing is limited, the first acknowledged byte begins a file of a ZIP. */
static void
a_zip_without_limit_begins_files_as_they_arrive(void **state)
{
	struct exchange *x = *state;
	session_id s = exchange_open(x, "cookie", 0);
	struct run t = begin(x, s, ZIP);
	struct item_range g = range(x, 1, 0, 10);

	assert_int_equal(test_db_rows(x->db, x->a, "session_item", NULL), 0);
	assert_int_equal(report_of(&t, 1, FIRST, 100, &g, 1), 0);
	assert_int_equal(test_db_rows(x->db, x->a, "session_item", NULL), 1);
	assert_int_equal(progress(x, 1).sent_bytes, 10);
	assert_string_equal(progress(x, 1).state, "running");
	assert_string_equal(progress(x, 3).state, "none");
}

static int
begin_one(struct change *c, struct exchange *x, session_id s)
{
	static const int64_t position = 1;
	struct transfer_new n = {.id = random_id128(),
	    .session = s,
	    .recipient = x->recipients[0],
	    .delivery = x->delivery,
	    .position = position,
	    .range_to = BYTES_1,
	    .items = &position,
	    .item_count = 1,
	    .limit = 1};

	return transfer_begin(c, &n, &x->e);
}

/* Neither sees the other's use; the database lets only one of them hold. */
static void
the_last_use_is_given_once(void **state)
{
	struct exchange *x = *state;
	session_id one = exchange_open(x, "one", 0), two = exchange_open(x, "two", 0);
	AUTO(db_close) struct db *other = NULL;
	AUTO(change_abort) struct change *c = NULL, *d = NULL;

	if (getenv("GELEIT_TEST_PG") == NULL)
		skip(); /* SQLite has one writer at a time: the second sees the first */
	if (db_open(getenv("GELEIT_TEST_PG"), NULL, &other, &x->e) < 0 ||
	    change_begin(x->db, the_system, CHANGE_HOUSEKEEPING, &c, &x->e) < 0 ||
	    change_begin(other, the_system, CHANGE_HOUSEKEEPING, &d, &x->e) < 0)
		fail_msg("%s", x->e.msg);
	assert_int_equal(begin_one(c, x, one), 0);
	assert_int_equal(begin_one(d, x, two), 0);
	assert_int_equal(change_commit(&c, &x->e), 0);
	assert_int_equal(change_commit(&d, &x->e), ERR_RETRY);
	change_abort(&d);
	assert_int_equal(change_begin(other, the_system, CHANGE_HOUSEKEEPING, &d, &x->e), 0);
	assert_int_equal(begin_one(d, x, two), ERR_DENIED); /* run again */
	assert_string_equal(x->e.key, "limit-used-up");
	change_abort(&d);
	assert_int_equal(test_db_rows(x->db, x->a, "session_item", NULL), 1);
}

/* ---- the sweeper ---- */

static void
the_silent_are_interrupted(void **state)
{
	struct exchange *x = *state;
	session_id s = exchange_open(x, "cookie", 0);
	struct run t = begin(x, s, 1);
	struct run other;
	int64_t seen;

	report(&t, 1, FIRST, 300);
	seen = test_db_int(x->db, "SELECT seen_us FROM transfer");
	other = begin(x, s, 3);
	assert_int_equal(transfer_sweep(x->db, x->a, seen, &x->e), 0);
	assert_int_equal(events(x, "interrupted"), 0);
	assert_int_equal(transfer_sweep(x->db, x->a, seen + 1, &x->e), 0);
	assert_int_equal(events(x, "interrupted"), 1);
	assert_int_equal(test_db_rows(x->db, x->a, "event",
	                     "kind = 'download.interrupted' AND version_id = 1001"),
	    1);
	assert_string_equal(progress(x, 1).state, "interrupted");
	assert_string_equal(progress(x, 3).state, "running");
	report(&t, 2, END, BYTES_1); /* a front that was only slow: too late, never falsely more */
	assert_int_equal(progress(x, 1).sent_bytes, 300);
	report(&other, 1, FIRST | END, BYTES_3);
	assert_string_equal(progress(x, 3).state, "complete");
}

/* ---- faults ---- */

static int64_t
traces(struct exchange *x)
{
	return events(x, "started") + events(x, "complete") +
	       test_db_int(x->db, "SELECT sent_bytes + seq FROM transfer") +
	       test_db_int(x->db, "SELECT max(sent_bytes) FROM session_item");
}

static void
a_fault_leaves_the_report_untold(void **state)
{
	struct exchange *x = exchange_new(test_db_fake(schema_main));
	struct item_range g[3];
	struct run t;
	int n, r = -1;

	if (exchange_send(x, "ABCD-2345", 0) < 0)
		fail_msg("%s", x->e.msg);
	t = begin(x, exchange_open(x, "cookie", 0), ZIP);
	g[0] = range(x, 1, 0, BYTES_1);
	g[1] = range(x, 2, 0, 0);
	g[2] = range(x, 3, 0, BYTES_3);
	for (n = 1; r != 0; n++) {
		assert_in_range(n, 1, 100);
		db_fake_fail(x->db, n, ERR_RETRY);
		r = report_of(&t, 1, FIRST, 1500, g, 3);
		assert_int_equal(r, db_fake_failed(x->db) ? ERR_RETRY : 0);
		assert_false(db_in_write(x->db));
		db_fake_fail(x->db, 0, 0);
		assert_int_equal(traces(x), r == 0 ? 1 + 3 + 1500 + 1 + BYTES_1 : 0);
	}
	assert_true(n > 12);
	assert_int_equal(step(x), STEP_COMPLETE);
	exchange_free(&x);
}

int
main(void)
{
#define TEST(f) cmocka_unit_test_setup_teardown(f, exchange_begin, exchange_end)
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(ranges_unite_as_a_bitmap_does),
	    cmocka_unit_test(ranges_beyond_four_gigabytes),
	    TEST(a_file_arrives),
	    TEST(all_of_them_make_the_recipient_complete),
	    TEST(an_empty_file_whose_head_did_not_arrive),
	    TEST(a_report_counts_once),
	    TEST(a_report_may_be_overtaken),
	    TEST(a_cut_is_told_with_its_bytes),
	    TEST(sessions_do_not_add_up),
	    TEST(ranges_of_one_report_add_up),
	    TEST(a_zip_is_its_files),
	    TEST(nothing_arrives_of_what_was_not_begun),
	    TEST(the_limit_counts_sessions),
	    TEST(a_zip_counts_file_by_file),
	    TEST(a_zip_without_limit_begins_files_as_they_arrive),
	    TEST(the_last_use_is_given_once),
	    TEST(the_silent_are_interrupted),
	    cmocka_unit_test(a_fault_leaves_the_report_untold),
	};
#undef TEST

	return cmocka_run_group_tests(tests, NULL, NULL);
}
