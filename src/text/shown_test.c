/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * shown_test - sizes, dates, numbers, masks
 */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include "base/arena.h"
#include "base/str.h"
#include "base/time.h"
#include "text/shown.h"

#define IS(got, want) assert_string_equal(arena_cstr(a, (got)), (want))

static void
sizes(void **state)
{
	AUTO(arena_free) struct arena *a = arena_new();

	IS(text_bytes(a, "de", 0), "0 B");
	IS(text_bytes(a, "de", 999), "999 B");
	IS(text_bytes(a, "de", 1000), "1 kB");
	IS(text_bytes(a, "de", 1049), "1 kB");
	IS(text_bytes(a, "de", 1050), "1,1 kB");
	IS(text_bytes(a, "de", 8400000), "8,4 MB");
	IS(text_bytes(a, "en", 8400000), "8.4 MB");
	IS(text_bytes(a, "de", 9949999), "9,9 MB");
	IS(text_bytes(a, "de", 9950000), "10 MB");
	IS(text_bytes(a, "de", 768000000), "768 MB");
	IS(text_bytes(a, "de", 999499), "999 kB");
	IS(text_bytes(a, "de", 999500), "1 MB");
	IS(text_bytes(a, "de", INT64_MAX), "9,2 EB");
}

static void
dates(void **state)
{
	AUTO(arena_free) struct arena *a = arena_new();
	int64_t us = 0;

	assert_true(time_parse_rfc3339(S("2026-12-07T22:59:30Z"), &us));
	IS(text_datetime(a, "de", us, "Europe/Berlin"), "07.12.2026, 23:59 Uhr");
	IS(text_datetime(a, "en", us, "Europe/Berlin"), "7 December 2026, 23:59");
	IS(text_date(a, "de", us, "UTC"), "07.12.2026");
	IS(text_count(a, "de", 3), "drei");
	IS(text_count(a, "en", 12), "twelve");
	IS(text_count(a, "de", 13), "13");
}

static void
short_forms(void **state)
{
	AUTO(arena_free) struct arena *a = arena_new();

	IS(text_masked_address(a, S("j.behrens@hafenkontor.example")),
	    "j•••••s@hafenkontor.example");
	IS(text_masked_address(a, S("jo@b.example")), "j•••••@b.example");
	IS(text_masked_address(a, S("j@b.example")), "j•••••@b.example");
	IS(text_masked_address(a, S("none")), "•••••");
	IS(text_initials(a, S("Maren Olsen")), "MO");
	IS(text_initials(a, S(" änne  von der heide ")), "ÄH");
	IS(text_initials(a, S("Prince")), "P");
	IS(text_initials(a, S("")), "");
	IS(text_initials(a, S("\xff x")), "X");
	IS(text_badge(a, S("Sofa.tif")), "TIF");
	IS(text_badge(a, S("a.b.7z")), "7Z");
	IS(text_badge(a, S("README")), "");
	IS(text_badge(a, S(".bashrc")), "");
	IS(text_badge(a, S("a.longer")), "");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(sizes),
	    cmocka_unit_test(dates),
	    cmocka_unit_test(short_forms),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
