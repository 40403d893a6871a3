/* SPDX-License-Identifier: AGPL-3.0-or-later */
/* brand - written whole, the logo's hash follows its bytes */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/arena.h"
#include "base/str.h"
#include "model/brand.h"
#include "model/change.h"
#include "model/test_db.h"

static const struct actor nobody = {ACTOR_SYSTEM, 0};

static void
set(struct db *db, struct arena *a, const struct brand *b)
{
	AUTO(change_abort) struct change *c = NULL;
	struct error e;

	if (change_begin(db, nobody, EVENT_BRAND_CHANGED, &c, &e) < 0 ||
	    brand_set(c, a, b, &e) < 0 || change_commit(&c, &e) < 0)
		fail_msg("%s", e.msg);
}

static void
there_is_one_from_the_first_day(void **state)
{
	AUTO(db_close) struct db *db = test_db(schema_main);
	AUTO(arena_free) struct arena *a = arena_new();
	struct brand b;
	struct error e;

	assert_int_equal(brand_get(db, a, &b, &e), 0);
	assert_true(str_eq(b.name, S("Geleit")));
	assert_int_equal(b.colour.n, 7);
	assert_int_equal(b.logo.n + b.logo_hash.n, 0);
}

static void
what_is_set_comes_back(void **state)
{
	AUTO(db_close) struct db *db = test_db(schema_main);
	AUTO(arena_free) struct arena *a = arena_new();
	struct brand b = {.name = S("Möbelwerk"),
	    .colour = S("#1C3F2B"),
	    .logo = {"\x89PNG\0\xff", 6},
	    .imprint = S("Zeile 1\nZeile 2"),
	    .privacy_url = S("https://example.org/privacy")};
	struct brand got, without = b;
	struct error e;

	set(db, a, &b);
	assert_int_equal(brand_get(db, a, &got, &e), 0);
	assert_true(str_eq(got.name, b.name) && str_eq(got.colour, b.colour));
	assert_true(str_eq(got.logo, b.logo) && str_eq(got.imprint, b.imprint));
	assert_true(str_eq(got.privacy_url, b.privacy_url));
	/* printf '\x89PNG\x00\xff' | sha256sum */
	assert_string_equal(got.logo_hash.p, "ffdb519b788f33bd");
	without.logo = (struct str){0};
	set(db, a, &without);
	assert_int_equal(brand_get(db, a, &got, &e), 0);
	assert_int_equal(got.logo.n + got.logo_hash.n, 0);
	assert_int_equal(
	    test_db_int(db, "SELECT count(*) FROM event WHERE kind = 'brand.changed'"), 2);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(there_is_one_from_the_first_day),
	    cmocka_unit_test(what_is_set_comes_back),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
