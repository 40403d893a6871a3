/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * time_test - printing, reading, and the two nights a year on which a wall
 * clock lies.  Needs tzdata.
 */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include "base/arena.h"
#include "base/str.h"
#include "base/time.h"

#define BERLIN "Europe/Berlin"

static int64_t
at(const char *rfc3339)
{
	int64_t us = -1;

	assert_true(time_parse_rfc3339(str_c(rfc3339), &us));
	return us;
}

static void
clocks_run(void **state)
{
	int64_t before = time_monotonic_us();

	assert_true(time_now_us() > at("2026-01-01T00:00:00Z"));
	assert_true(time_monotonic_us() >= before);
}

static void
prints(void **state)
{
	AUTO(arena_free) struct arena *a = arena_new();
	int64_t us = 1795599529 * US_PER_S;

	assert_true(str_eq_c(time_rfc3339(a, us), "2026-11-25T09:38:49Z"));
	assert_true(str_eq_c(time_rfc3339(a, us + 5), "2026-11-25T09:38:49.000005Z"));
	assert_true(str_eq_c(time_rfc3339(a, -1), "1969-12-31T23:59:59.999999Z"));
	assert_true(str_eq_c(time_http(a, 784111777 * US_PER_S), "Sun, 06 Nov 1994 08:49:37 GMT"));
}

static void
reads_rfc3339(void **state)
{
	static const char *const bad[] = {"", "2026-11-25", "2026-11-25T09:38:49",
	    "2026-11-25T09:38Z", "2026-11-25T09:38:49.Z", "2026-11-25T09:38:49.1234567Z",
	    "2026-11-25T09:38:49+01", "2026-11-25T09:38:49+0100", "2026-11-25T09:38:49Z ",
	    "2026-02-29T00:00:00Z", "2026-13-01T00:00:00Z", "2026-00-01T00:00:00Z",
	    "2026-01-00T00:00:00Z", "1900-02-29T00:00:00Z", "2026-04-31T00:00:00Z",
	    "2026-11-25T24:00:00Z", "2026-11-25T09:60:00Z", "2026-11-25T09:38:60Z",
	    "2026-11-25T09:38:49+24:00", "2026-11-25 09:38:49Z", "+026-11-25T09:38:49Z",
	    "2026-11-25T09:38:49z"};
	int64_t us = 7;

	for (size_t k = 0; k < ARRAY_LEN(bad); k++)
		assert_false(time_parse_rfc3339(str_c(bad[k]), &us));
	assert_int_equal(us, 7);
	assert_int_equal(at("1970-01-01T00:00:00Z"), 0);
	assert_int_equal(at("2026-11-25T09:38:49Z"), 1795599529 * US_PER_S);
	assert_int_equal(at("2026-11-25T09:38:49.5Z") % US_PER_S, 500000);
	assert_int_equal(at("2026-11-25T09:38:49.000001Z") % US_PER_S, 1);
	assert_int_equal(at("2026-11-25T10:38:49+01:00"), at("2026-11-25T09:38:49Z"));
	assert_int_equal(at("2026-11-25T04:08:49-05:30"), at("2026-11-25T09:38:49Z"));
	assert_int_equal(at("2000-02-29T00:00:00Z"), at("2000-03-01T00:00:00Z") - US_PER_DAY);
}

static void
rfc3339_round_trip(void **state)
{
	AUTO(arena_free) struct arena *a = arena_new();
	int64_t back;

	/* a prime step, so that every field takes every kind of value */
	for (int64_t us = -at("2100-01-01T00:00:00Z"); us < at("2150-01-01T00:00:00Z");
	     us += 3456789012347LL) {
		assert_true(time_parse_rfc3339(time_rfc3339(a, us), &back));
		assert_true(back == us);
	}
}

static void
wall_clock_of_a_zone(void **state)
{
	struct civil c;

	time_civil(at("2026-11-25T23:38:49Z"), BERLIN, &c);
	assert_int_equal(c.year, 2026);
	assert_int_equal(c.month, 11);
	assert_int_equal(c.day, 26);
	assert_int_equal(c.hour, 0);
	assert_int_equal(c.minute, 38);
	assert_int_equal(c.second, 49);
	assert_int_equal(c.weekday, 4);
	assert_int_equal(c.offset_s, 3600);
	assert_string_equal(c.zone, "CET");
	time_civil(at("2026-07-01T12:00:00Z"), BERLIN, &c);
	assert_int_equal(c.hour, 14);
	assert_string_equal(c.zone, "CEST");
	time_civil(at("2026-07-01T12:00:00Z"), "America/New_York", &c);
	assert_int_equal(c.offset_s, -4 * 3600);
}

static void
unknown_zones_are_utc(void **state)
{
	static const char *const zones[] = {"Nowhere/Land", "", "/etc/passwd",
	    "../../../etc/passwd", "XYZ5", "<A>-5", "Europe", NULL};
	struct civil c;

	for (size_t k = 0; k < ARRAY_LEN(zones); k++) {
		time_civil(at("2026-07-01T12:00:00Z"), BERLIN, &c);
		time_civil(at("2026-07-01T12:00:00Z"), zones[k], &c);
		assert_int_equal(c.hour, 12);
		assert_int_equal(c.offset_s, 0);
		assert_string_equal(c.zone, "UTC");
	}
}

static int64_t
civil_at(int year, int month, int day, int hour, int minute)
{
	struct civil c = {.year = year, .month = month, .day = day, .hour = hour, .minute = minute};

	return time_from_civil(&c, BERLIN);
}

static void
from_wall_clock(void **state)
{
	assert_int_equal(civil_at(2026, 11, 25, 10, 38), at("2026-11-25T09:38:00Z"));
	assert_int_equal(civil_at(2026, 7, 1, 0, 0), at("2026-06-30T22:00:00Z"));
	/* 29 March 2026: 02:00 CET is followed by 03:00 CEST */
	assert_int_equal(civil_at(2026, 3, 29, 1, 59), at("2026-03-29T00:59:00Z"));
	assert_int_equal(civil_at(2026, 3, 29, 3, 0), at("2026-03-29T01:00:00Z"));
	assert_int_equal(civil_at(2026, 3, 29, 2, 30), at("2026-03-29T00:30:00Z"));
	/* 25 October 2026: 03:00 CEST is followed by 02:00 CET */
	assert_int_equal(civil_at(2026, 10, 25, 1, 59), at("2026-10-24T23:59:00Z"));
	assert_int_equal(civil_at(2026, 10, 25, 2, 30), at("2026-10-25T01:30:00Z"));
	assert_int_equal(civil_at(2026, 10, 25, 3, 0), at("2026-10-25T02:00:00Z"));
}

/* Every hour of a year there and back; only the doubled hour may come back later. */
static void
wall_clock_round_trip(void **state)
{
	int64_t end = at("2027-01-01T00:00:00Z"), doubled = at("2026-10-25T00:00:00Z");
	struct civil c;

	for (int64_t us = at("2026-01-01T00:00:00Z"); us < end; us += 3600 * US_PER_S) {
		time_civil(us, BERLIN, &c);
		assert_int_equal(
		    time_from_civil(&c, BERLIN), us == doubled ? us + 3600 * US_PER_S : us);
	}
}

static void
reads_what_people_write(void **state)
{
	static const char *const bad[] = {"", "d", "7", "7w", "-7d", "7 d", "1.5h", "tomorrow",
	    "2026-02-30", "2026-1-1", "2026-11-25T", "99999999999999d", "18446744073709551615m",
	    /* found by base_fuzz: a year of six digits, which no reader of RFC 3339 takes */
	    "41141111d", "9999-12-31T23:59:59-00:01", "0001-01-01T00:00:00+00:01"};
	int64_t now = at("2026-11-25T09:38:49Z"), us = 7;

	for (size_t k = 0; k < ARRAY_LEN(bad); k++)
		assert_false(time_parse_human(str_c(bad[k]), now, BERLIN, &us));
	assert_true(time_parse_human(S("9999-12-31T23:59:59Z"), now, BERLIN, &us));
	assert_true(time_parse_human(S("90m"), now, BERLIN, &us));
	assert_int_equal(us, at("2026-11-25T11:08:49Z"));
	assert_true(time_parse_human(S("48h"), now, BERLIN, &us));
	assert_int_equal(us, at("2026-11-27T09:38:49Z"));
	assert_true(time_parse_human(S("7d"), now, BERLIN, &us));
	assert_int_equal(us, at("2026-12-02T09:38:49Z"));
	assert_true(time_parse_human(S("2026-11-30"), now, BERLIN, &us));
	assert_int_equal(us, at("2026-11-30T22:59:59Z"));
	assert_true(time_parse_human(S("2026-11-30T08:00:00+01:00"), now, BERLIN, &us));
	assert_int_equal(us, at("2026-11-30T07:00:00Z"));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(clocks_run),
	    cmocka_unit_test(prints),
	    cmocka_unit_test(reads_rfc3339),
	    cmocka_unit_test(rfc3339_round_trip),
	    cmocka_unit_test(wall_clock_of_a_zone),
	    cmocka_unit_test(unknown_zones_are_utc),
	    cmocka_unit_test(from_wall_clock),
	    cmocka_unit_test(wall_clock_round_trip),
	    cmocka_unit_test(reads_what_people_write),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
