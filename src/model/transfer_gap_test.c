/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * transfer_gap - what a client holds that goes on where its connection broke: never more than it
 * was given, only when it says so, in whichever order the two are recorded
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "model/test_transfer.h"

static struct transfer_new
going_on(struct exchange *x, session_id s, int64_t at)
{
	return (struct transfer_new){.id = random_id128(),
	    .session = s,
	    .recipient = x->recipients[0],
	    .delivery = x->delivery,
	    .position = 1,
	    .range_from = at,
	    .range_to = BYTES_1,
	    .resumes = true};
}

static void
begin_as(struct exchange *x, const struct transfer_new *n)
{
	AUTO(change_abort) struct change *c = NULL;

	if (change_begin(x->db, the_system, CHANGE_HOUSEKEEPING, &c, &x->e) < 0 ||
	    transfer_begin(c, n, &x->e) < 0 || change_commit(&c, &x->e) < 0)
		fail_msg("%s", x->e.msg);
}

static bool
finds_before(struct exchange *x, const struct transfer_new *n, struct transfer_gap *ret)
{
	int r = transfer_gap_before(x->db, n, ret, &x->e);

	assert_true(r >= 0);
	return r > 0;
}

/* Acknowledged up to 100, given up to 500. */
static void
who_goes_on_holds_what_was_given(void **state)
{
	struct exchange *x = *state;
	session_id s = exchange_open(x, "cookie", 0);
	struct run t = begin(x, s, 1);
	struct transfer_new n = going_on(x, s, 400);
	struct transfer_gap gap;

	t.given = 500;
	report(&t, 1, FIRST, 100);
	assert_false(finds_before(x, &n, &gap)); /* it runs */
	report(&t, 2, END, 100);
	assert_true(finds_before(x, &n, &gap));
	assert_true(gap.from == 100 && gap.to == 400 && memcmp(&gap.id, &t.id, sizeof t.id) == 0);
	n.resumes = false;
	assert_false(finds_before(x, &n, &gap));
	n = going_on(x, s, 500);
	assert_true(finds_before(x, &n, &gap));
	n = going_on(x, s, 501); /* no one gave it this byte */
	assert_false(finds_before(x, &n, &gap));
	n = going_on(x, s, 100); /* nothing is missing */
	assert_false(finds_before(x, &n, &gap));
	/* the nearest: what is missing before it is not this one's to say */
	t = begin(x, s, 1);
	t.given = 500;
	report(&t, 1, FIRST | END, 300);
	n = going_on(x, s, 400);
	assert_true(finds_before(x, &n, &gap));
	assert_int_equal(gap.from, 300);
	n.position = 3;
	assert_false(finds_before(x, &n, &gap));
	n = going_on(x, exchange_open(x, "other", 0), 400);
	assert_false(finds_before(x, &n, &gap));
}

/* Of one that ends: where its client went on since. */
static int64_t
found_behind(const struct run *t, int64_t acked_to, int64_t given_to)
{
	struct transfer_report r = {.id = t->id, .given_to = given_to, .given_us = t->given_us};
	struct transfer_gap gap;
	int n = transfer_gap_behind(t->x->db, &r, acked_to, &gap, &t->x->e);

	assert_true(n >= 0 && (n == 0 || gap.from == acked_to));
	return n > 0 ? gap.to : 0;
}

static void
an_end_that_comes_late_finds_who_went_on(void **state)
{
	struct exchange *x = *state;
	session_id s = exchange_open(x, "cookie", 0);
	struct transfer_new n = going_on(x, s, 450);
	struct run t;

	begin_as(x, &n); /* before it: says nothing of it */
	t = begin(x, s, 1);
	assert_int_equal(found_behind(&t, 100, 500), 0);
	n = going_on(x, s, 300);
	n.resumes = false;
	begin_as(x, &n);
	n = going_on(x, s, 400);
	n.position = 3;
	begin_as(x, &n);
	n = going_on(x, exchange_open(x, "other", 0), 400);
	begin_as(x, &n);
	assert_int_equal(found_behind(&t, 100, 500), 0);
	n = going_on(x, s, 200);
	begin_as(x, &n);
	n = going_on(x, s, 400);
	begin_as(x, &n);
	assert_int_equal(found_behind(&t, 100, 500), 400);
	assert_int_equal(found_behind(&t, 100, 399), 200);
	assert_int_equal(found_behind(&t, 200, 399), 0);
	assert_int_equal(found_behind(&t, 500, 500), 0);
	/* it was given more afterwards: a download in several parts at once */
	t.given_us = time_now_us() + US_PER_S;
	assert_int_equal(found_behind(&t, 100, 500), 0);
}

static void
a_gap_is_filled_under_the_one_that_was_cut(void **state)
{
	AUTO(change_abort) struct change *c = NULL;
	struct exchange *x = *state;
	struct run t = begin(x, exchange_open(x, "cookie", 0), 1);
	struct item_range rest = range(x, 1, 100, BYTES_1);
	struct transfer_report r = {.id = t.id,
	    .session = t.session,
	    .recipient = x->recipients[0],
	    .delivery = x->delivery,
	    .ranges = &rest,
	    .range_count = 1,
	    .delivery_items = FILES};

	report(&t, 1, FIRST | END, 100);
	if (change_begin(x->db, the_system, CHANGE_HOUSEKEEPING, &c, &x->e) < 0 ||
	    transfer_fill(c, x->a, &r, &x->e) < 0 || change_commit(&c, &x->e) < 0)
		fail_msg("%s", x->e.msg);
	assert_string_equal(progress(x, 1).state, "complete");
	assert_int_equal(events(x, "complete"), 1);
	assert_int_equal(events(x, "interrupted"), 1);
}

int
main(void)
{
#define TEST(f) cmocka_unit_test_setup_teardown(f, exchange_begin, exchange_end)
	const struct CMUnitTest tests[] = {
	    TEST(who_goes_on_holds_what_was_given),
	    TEST(an_end_that_comes_late_finds_who_went_on),
	    TEST(a_gap_is_filled_under_the_one_that_was_cut),
	};
#undef TEST

	return cmocka_run_group_tests(tests, NULL, NULL);
}
