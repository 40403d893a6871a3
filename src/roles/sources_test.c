/* SPDX-License-Identifier: AGPL-3.0-or-later */
/* sources_test - a burst is free, more waits, neighbours and time are told apart. */
#include "roles/sources.h"

#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include "base/str.h"

#define SECOND ((int64_t)1000 * 1000)

static int64_t
tries_of(struct sources *s, const struct source *from, int n, int64_t now)
{
	int64_t wait = 0;

	for (int i = 0; i < n; i++)
		wait = sources_try(s, from, now);
	return wait;
}

static struct source
client(const char *address)
{
	struct source from = {0};

	assert_true(ip_parse(str_c(address), &from.ip));
	return from;
}

static int64_t
tries(struct sources *s, const char *address, int n, int64_t now)
{
	struct source from = client(address);

	return tries_of(s, &from, n, now);
}

static void
burst_is_free_then_each_waits_longer(void **state)
{
	AUTO(sources_free) struct sources *s = sources_new();

	assert_int_equal(tries(s, "192.0.2.7", SOURCES_BURST, 0), 0);
	assert_int_equal(tries(s, "192.0.2.7", 1, 0), 2 * SECOND);
	assert_int_equal(tries(s, "192.0.2.7", 1, 0), 4 * SECOND);
	assert_int_equal(tries(s, "192.0.2.7", 1000, 0), SOURCES_LONGEST_US);
}

static void
time_pays_back(void **state)
{
	AUTO(sources_free) struct sources *s = sources_new();

	assert_int_equal(tries(s, "192.0.2.7", SOURCES_BURST + 1, 0), 2 * SECOND);
	assert_int_equal(tries(s, "192.0.2.7", 1, 4 * SECOND), 0);
	assert_int_equal(tries(s, "192.0.2.7", 1000, 4 * SECOND), SOURCES_LONGEST_US);
	assert_int_equal(tries(s, "192.0.2.7", SOURCES_BURST, 1000 * SECOND), 0);
}

static void
a_network_shares_its_bucket_and_no_other(void **state)
{
	AUTO(sources_free) struct sources *s = sources_new();

	assert_int_equal(tries(s, "192.0.2.7", SOURCES_BURST, 0), 0);
	assert_int_equal(tries(s, "192.0.2.200", 1, 0), 2 * SECOND);
	assert_int_equal(tries(s, "::ffff:192.0.2.9", 1, 0), 4 * SECOND);
	assert_int_equal(tries(s, "192.0.3.7", 1, 0), 0);
	assert_int_equal(tries(s, "2001:db8:1:2::1", SOURCES_BURST, 0), 0);
	assert_int_equal(tries(s, "2001:db8:1:2:ffff::9", 1, 0), 2 * SECOND);
	assert_int_equal(tries(s, "2001:db8:1:3::1", 1, 0), 0);
}

static void
loopback_has_none_but_as_a_proxy(void **state)
{
	AUTO(sources_free) struct sources *s = sources_new();
	struct source v4 = client("127.0.0.1"), v6 = client("::1");

	assert_int_equal(tries_of(s, &v4, 100, 0), 0);
	assert_int_equal(tries_of(s, &v6, 100, 0), 0);
	assert_int_equal(tries(s, "127.0.0.9", SOURCES_BURST + 1, 0), 2 * SECOND);
	v4.is_proxy = v6.is_proxy = true;
	assert_int_equal(tries_of(s, &v4, 1, 0), 4 * SECOND);
	assert_int_equal(tries_of(s, &v6, SOURCES_BURST, 0), 0);
	assert_int_equal(tries_of(s, &v6, 1, 0), 2 * SECOND);
}

static void
a_network_has_so_many_questions_and_no_more(void **state)
{
	AUTO(sources_free) struct sources *s = sources_new();
	const struct source one = client("192.0.2.7"), neighbour = client("192.0.2.8"),
	                    other = client("192.0.3.7"), here = client("127.0.0.1");
	uint32_t places[SOURCES_ASKS], more = 7;

	for (size_t i = 0; i < ARRAY_LEN(places); i++) {
		assert_true(sources_enter(s, &one, &places[i]));
		assert_int_not_equal(places[i], 0);
	}
	assert_false(sources_enter(s, &neighbour, &more));
	assert_int_equal(more, 0);
	sources_leave(s, &more);
	assert_false(sources_enter(s, &one, &more));
	assert_true(sources_enter(s, &other, &more));
	sources_leave(s, &more);
	sources_leave(s, &places[5]);
	assert_int_equal(places[5], 0);
	sources_leave(s, &places[5]);
	assert_true(sources_enter(s, &neighbour, &places[5]));
	assert_false(sources_enter(s, &neighbour, &more));
	for (size_t i = 0; i < 2 * ARRAY_LEN(places); i++)
		assert_true(sources_enter(s, &here, &more));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(burst_is_free_then_each_waits_longer),
	    cmocka_unit_test(time_pays_back),
	    cmocka_unit_test(a_network_shares_its_bucket_and_no_other),
	    cmocka_unit_test(loopback_has_none_but_as_a_proxy),
	    cmocka_unit_test(a_network_has_so_many_questions_and_no_more),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
