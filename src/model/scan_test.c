/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * scan - what a result does to the version, to the deliveries that hold it and to
 * transfers that run; who is worth another try; who waits
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "model/event.h"
#include "model/job.h"
#include "model/scan.h"
#include "model/test_exchange.h"
#include "model/version.h"

#define MIB (1024 * 1024)

static void
say(struct exchange *x, version_id v, enum malware_state state, const char *detail)
{
	AUTO(change_abort) struct change *c = NULL;
	const struct scan_result r = {state, str_c(detail)};

	if (change_begin(x->db, the_system, EVENT_VERSION_SCANNED, &c, &x->e) < 0 ||
	    scan_set(c, v, &r, &x->e) < 0 || change_commit(&c, &x->e) < 0)
		fail_msg("%s", x->e.msg);
}

static int64_t
events(struct exchange *x, const char *where)
{
	return test_value(x->db, x->a, "count(*)", "event", where);
}

static int64_t
stamp(struct exchange *x)
{
	struct delivery d;

	assert_int_equal(delivery_get(x->db, x->a, x->delivery, &d, &x->e), 0);
	return d.stamp;
}

static void
clean_is_said_once_and_cuts_nothing(void **state)
{
	struct exchange *x = *state;
	version_id v = x->items[0].version;
	struct version is;

	test_set(x->db, x->a, "version", "malware = 'not_scanned'", NULL);
	say(x, v, MALWARE_CLEAN, "");
	assert_int_equal(version_get(x->db, x->a, v, &is, &x->e), 0);
	assert_int_equal(is.malware, MALWARE_CLEAN);
	assert_true(is.scan_detail.n == 0 && is.scanned_us > 0);
	assert_int_equal(stamp(x), 1);
	assert_int_equal(events(x, "kind = 'version.scanned'"), 1);
	assert_int_equal(events(x, "kind = 'delivery.withheld'"), 0);
}

static void
infected_leaves_every_live_delivery(void **state)
{
	struct exchange *x = *state;
	version_id v = x->items[2].version;
	delivery_id first = x->delivery;
	struct event_rows of;
	struct version is;
	size_t withheld = 0;

	assert_int_equal(exchange_send(x, "ABCD-2346", 0), 0);
	assert_int_equal(exchange_send(x, "ABCD-2347", 0), 0);
	EXEC(x, "UPDATE delivery SET expires_us = 5 WHERE number = 'ABCD-2347'");
	say(x, v, MALWARE_INFECTED, "Eicar-Body.UNOFFICIAL");
	assert_int_equal(version_get(x->db, x->a, v, &is, &x->e), 0);
	assert_int_equal(is.malware, MALWARE_INFECTED);
	assert_true(str_eq(is.scan_detail, S("Eicar-Body.UNOFFICIAL")));
	assert_int_equal(events(x, "kind = 'delivery.withheld'"), 2);
	x->delivery = first;
	assert_int_equal(stamp(x), 2); /* what runs asks again */
	assert_int_equal(
	    event_list_delivery(x->db, x->a, first, &(struct event_page){.max = 99}, &of, &x->e),
	    0);
	for (size_t i = 0; i < of.n; i++) {
		if (!str_eq(of.v[i].kind, S("delivery.withheld")))
			continue;
		withheld++;
		assert_int_equal(of.v[i].version.v, v.v);
		assert_true(str_eq(of.v[i].outcome, S("malware-infected")));
	}
	assert_int_equal(withheld, 1);
	assert_int_equal(test_stale_views(x->db), 0);
}

static size_t
missed(struct exchange *x, int64_t most, version_id *list)
{
	size_t n = 10;

	if (scan_missed(x->db, most, (version_id){0}, list, &n, &x->e) < 0)
		fail_msg("%s", x->e.msg);
	return n;
}

static void
only_what_a_scanner_may_know_better_is_tried_again(void **state)
{
	struct exchange *x = *state;
	version_id list[10], one = x->items[0].version;
	size_t n = 1;

	assert_int_equal(missed(x, MIB, list), 0); /* all are clean */
	test_set(x->db, x->a, "version", "malware = 'not_scanned'", NULL);
	assert_int_equal(missed(x, MIB, list), 3);
	assert_int_equal(list[0].v, one.v);
	assert_int_equal(scan_missed(x->db, MIB, one, list, &n, &x->e), 0);
	assert_int_equal(n, 1);
	assert_int_equal(list[0].v, x->items[1].version.v);
	say(x, one, MALWARE_NOT_SCANNED, "too-large");
	assert_int_equal(missed(x, BYTES_1 - 1, list), 2);
	assert_int_equal(missed(x, BYTES_1, list), 3);
	say(x, one, MALWARE_NOT_SCANNED, "scanner-failed");
	assert_int_equal(missed(x, 1, list), 3);
	say(x, one, MALWARE_NOT_SCANNED, "encrypted");
	assert_int_equal(missed(x, MIB, list), 2);
	test_set(x->db, x->a, "version", "state = 'damaged'", NULL);
	assert_int_equal(missed(x, MIB, list), 0);
}

static void
expect(struct exchange *x, version_id v)
{
	AUTO(change_abort) struct change *c = NULL;

	if (change_begin(x->db, the_system, CHANGE_HOUSEKEEPING, &c, &x->e) < 0 ||
	    scan_expect(c, v, &x->e) < 0 || change_commit(&c, &x->e) < 0)
		fail_msg("%s", x->e.msg);
}

static void
a_scanner_that_is_away_uses_up_no_tries(void **state)
{
	struct exchange *x = *state;
	struct scan_queue q;
	struct job j;

	assert_int_equal(scan_queue_get(x->db, x->a, &q, &x->e), 0);
	assert_true(q.waiting == 0 && q.oldest_us == 0 && q.error.n == 0);
	expect(x, x->items[0].version);
	expect(x, x->items[0].version); /* once */
	for (int i = 0; i < 20; i++) {
		assert_int_equal(job_claim(x->db, "scan", US_PER_S, &j, &x->e), 1);
		assert_int_equal(j.tries, 1);
		assert_int_equal(job_wait(x->db, &j, "nobody there", 0, &x->e), 0);
	}
	assert_int_equal(scan_queue_get(x->db, x->a, &q, &x->e), 0);
	assert_int_equal(q.waiting, 1);
	assert_true(q.oldest_us > 0 && str_eq(q.error, S("nobody there")));
	assert_int_equal(job_claim(x->db, "scan", US_PER_S, &j, &x->e), 1);
	assert_int_equal(job_wait(x->db, &j, "later", US_PER_DAY, &x->e), 0);
	assert_int_equal(job_claim(x->db, "scan", US_PER_S, &j, &x->e), 0);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test_setup_teardown(
	        clean_is_said_once_and_cuts_nothing, exchange_begin, exchange_end),
	    cmocka_unit_test_setup_teardown(
	        infected_leaves_every_live_delivery, exchange_begin, exchange_end),
	    cmocka_unit_test_setup_teardown(
	        only_what_a_scanner_may_know_better_is_tried_again, exchange_begin, exchange_end),
	    cmocka_unit_test_setup_teardown(
	        a_scanner_that_is_away_uses_up_no_tries, exchange_begin, exchange_end),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
