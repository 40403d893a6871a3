/* SPDX-License-Identifier: AGPL-3.0-or-later */
/* folder - a path is made once, its parents before it */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/arena.h"
#include "base/str.h"
#include "model/change.h"
#include "model/folder.h"
#include "model/test_db.h"

static const struct actor nobody = {ACTOR_SYSTEM, 0};

static folder_id
need(struct db *db, const char *path)
{
	AUTO(change_abort) struct change *c = NULL;
	AUTO(arena_free) struct arena *a = arena_new();
	folder_id id = {0};
	struct error e;

	if (change_begin(db, nobody, CHANGE_HOUSEKEEPING, &c, &e) < 0 ||
	    folder_need(c, a, str_c(path), &id, &e) < 0 || change_commit(&c, &e) < 0)
		fail_msg("%s", e.msg);
	return id;
}

static void
missing_ones_are_made_parents_first(void **state)
{
	AUTO(db_close) struct db *db = test_db(schema_main);
	folder_id leaf = need(db, "Presse/2026/Möbel");

	assert_true(leaf.v > 0);
	assert_int_equal(test_db_int(db, "SELECT count(*) FROM folder"), 4);
	assert_int_equal(
	    test_db_int(db, "SELECT id FROM folder WHERE path = 'Presse/2026/Möbel'"), leaf.v);
	assert_int_equal(
	    test_db_int(db, "SELECT count(*) FROM folder f JOIN folder p ON p.id = f.parent_id "
	                    "WHERE (f.path = 'Presse' AND p.path = '' AND f.name = 'Presse') "
	                    "OR (f.path = 'Presse/2026' AND p.path = 'Presse' AND f.name = '2026') "
	                    "OR (f.path = 'Presse/2026/Möbel' AND p.path = 'Presse/2026' "
	                    "AND f.name = 'Möbel')"),
	    3);
}

static void
twice_is_the_same(void **state)
{
	AUTO(db_close) struct db *db = test_db(schema_main);
	folder_id first = need(db, "A/B"), a = need(db, "A"), root = need(db, "");

	assert_int_equal(need(db, "A/B").v, first.v);
	assert_int_equal(need(db, "A").v, a.v);
	assert_int_equal(need(db, "").v, root.v);
	assert_int_equal(test_db_int(db, "SELECT count(*) FROM folder"), 3);
	assert_true(need(db, "a").v != a.v);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(missing_ones_are_made_parents_first),
	    cmocka_unit_test(twice_is_the_same),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
