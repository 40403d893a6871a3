/* SPDX-License-Identifier: AGPL-3.0-or-later */
/* sweep - what nobody needs is found, however much stands before it */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/arena.h"
#include "model/sweep.h"
#include "model/test_db.h"

#define WRAPS (SWEEP_WRAPS_AT_ONCE + 500)

/* Keys of versions 1 to WRAPS, all made at 5; the main database knows none of them. */
static struct db *
keys_of_nobody(void)
{
	struct db *keys = test_db_fake(schema_keys);
	struct error e;

	if (db_write_begin(keys, DB_CHANGE, &e) < 0 ||
	    db_exec(keys, NULL, &e, "INSERT INTO epoch_key (epoch, wrap) VALUES (1, ?)",
	        db_bytes("w", 1)) < 0)
		fail_msg("%s", e.msg);
	for (int i = 1; i <= WRAPS; i++) {
		if (db_exec(keys, NULL, &e,
		        "INSERT INTO version_key (version_id, epoch, wrap, created_us) "
		        "VALUES (?, 1, ?, 5)",
		        db_i(i), db_bytes("w", 1)) < 0)
			fail_msg("%s", e.msg);
	}
	if (db_commit(keys, &e) < 0)
		fail_msg("%s", e.msg);
	return keys;
}

static void
look(struct db *db, struct db *keys, struct arena *a, struct wrap_sweep *s)
{
	struct error e;

	if (sweep_wraps_list(db, keys, a, s, &e) < 0)
		fail_msg("%s", e.msg);
}

static void
every_key_is_looked_at_in_its_turn(void **state)
{
	struct arena *a = arena_new();
	struct db *db = test_db(schema_main), *keys = keys_of_nobody();
	struct wrap_sweep s = {.before_us = 6};

	(void)state;
	look(db, keys, a, &s);
	assert_int_equal(s.n, SWEEP_WRAPS_AT_ONCE);
	assert_int_equal(s.list[0].v, WRAPS);
	look(db, keys, a, &s); /* nothing was removed meanwhile: the older ones */
	assert_int_equal(s.n, WRAPS - SWEEP_WRAPS_AT_ONCE);
	assert_int_equal(s.list[s.n - 1].v, 1);
	look(db, keys, a, &s); /* and anew */
	assert_int_equal(s.list[0].v, WRAPS);
	s = (struct wrap_sweep){.before_us = 5};
	look(db, keys, a, &s);
	assert_int_equal(s.n, 0);
	db_close(&keys);
	db_close(&db);
	arena_free(&a);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(every_key_is_looked_at_in_its_turn),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
