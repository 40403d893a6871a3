/* SPDX-License-Identifier: AGPL-3.0-or-later */
/* migrate - the texts alone: type words, STRICT, numbering of ?, the fake's failures */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdlib.h>

#include "base/error.h"
#include "db/db_fake.h"
#include "db/db_private.h"
#include "db/migrate_sql.h"

static void
is(const char *in, bool pg, const char *want)
{
	char *got = migrate_sql(in, pg);

	assert_string_equal(got, want);
	free(got);
}

static void
type_words(void **state)
{
	static const char sql[] =
	    "CREATE TABLE t (id ID, text TEXT, n INT, b BYTES, f BOOL NOT NULL, "
	    "CHECK (n IN (1, 2))); -- id ID, n INT\nINSERT INTO t (id) VALUES ('(n INT)');";

	is(sql, false,
	    "CREATE TABLE t (id INTEGER, text TEXT, n INTEGER, b BLOB, "
	    "f INTEGER CHECK (f IN (0, 1)) NOT NULL, CHECK (n IN (1, 2))) STRICT; "
	    "-- id ID, n INT\nINSERT INTO t (id) VALUES ('(n INT)');");
	is(sql, true,
	    "CREATE TABLE t (id bigint, text text, n bigint, b bytea, f boolean NOT NULL, "
	    "CHECK (n IN (1, 2))); -- id ID, n INT\nINSERT INTO t (id) VALUES ('(n INT)');");
	is("ALTER TABLE t ADD COLUMN late BOOL", true, "ALTER TABLE t ADD COLUMN late boolean");
	is("CREATE INDEX i ON t (a, b); SELECT CAST(x AS TEXT)", false,
	    "CREATE INDEX i ON t (a, b); SELECT CAST(x AS TEXT)");
}

static void
numbered(const char *in, const char *want, int params)
{
	int n = -1;
	char *got = pg_sql(in, &n);

	assert_string_equal(got, want);
	assert_int_equal(n, params);
	free(got);
}

static void
numbers(void **state)
{
	numbered("SELECT ? + ?", "SELECT $1 + $2", 2);
	numbered("SELECT '?''?', \"?\", $$?$$, $t$ ? $t$ -- ?\n, /* ? */ ?",
	    "SELECT '?''?', \"?\", $$?$$, $t$ ? $t$ -- ?\n, /* ? */ $1", 1);
	numbered("a /*pg: b ? */ c ?", "a  b $1  c $2", 2);
	numbered("a '/*pg: b */'", "a '/*pg: b */'", 0);
	numbered("open '", "open '", 0);
}

static void
states(void **state)
{
	assert_int_equal(pg_code("40001"), ERR_RETRY);
	assert_int_equal(pg_code("40P01"), ERR_RETRY);
	assert_int_equal(pg_code("23505"), ERR_EXISTS);
	assert_int_equal(pg_code("23503"), ERR_CONFLICT);
	assert_int_equal(pg_code("53100"), ERR_NO_SPACE);
	assert_int_equal(pg_code("57P01"), ERR_UNAVAILABLE);
	assert_int_equal(pg_code("42601"), ERR_INTERNAL);
	assert_int_equal(pg_code(NULL), ERR_UNAVAILABLE);
}

static int
one_change(struct db *db, struct error *e)
{
	AUTO(rows_close) struct rows *q = NULL;
	int r = db_write_begin(db, DB_CHANGE, e);

	if (r == 0)
		r = db_script(db, "CREATE TABLE t (id INTEGER) STRICT", e);
	if (r == 0)
		r = db_exec(db, NULL, e, "INSERT INTO t (id) VALUES (?)", db_i(1));
	if (r == 0)
		r = db_query(db, &q, e, "SELECT id FROM t");
	if (r == 0)
		r = rows_next(q, e) == 1 ? 0 : err_code(e);
	rows_close(&q);
	if (r == 0)
		r = db_commit(db, e);
	db_rollback(db);
	return r;
}

static void
fake_fails_at_every_call(void **state)
{
	AUTO(db_close) struct db *db = NULL;
	struct error e;
	int n, r = -1;

	assert_int_equal(db_fake_open(&db, &e), 0);
	for (n = 1; n < 50 && r != 0; n++) {
		db_fake_fail(db, n, ERR_IO);
		r = one_change(db, &e);
		assert_int_equal(r, db_fake_failed(db) ? ERR_IO : 0);
	}
	assert_int_equal(
	    n - 1, 7); /* begin, script, exec, query, next, commit; the seventh goes through */
}

static void
fake_loses_an_answer(void **state)
{
	AUTO(db_close) struct db *db = NULL;
	AUTO(rows_close) struct rows *q = NULL;
	struct error e;

	assert_int_equal(db_fake_open(&db, &e), 0);
	db_fake_fail(db, 6, ERR_UNKNOWN_OUTCOME);
	assert_int_equal(one_change(db, &e), ERR_UNKNOWN_OUTCOME);
	assert_int_equal(db_query(db, &q, &e, "SELECT id FROM t"), 0);
	assert_int_equal(rows_next(q, &e), 1);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(type_words),
	    cmocka_unit_test(numbers),
	    cmocka_unit_test(states),
	    cmocka_unit_test(fake_fails_at_every_call),
	    cmocka_unit_test(fake_loses_an_answer),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
