/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * test_db - an empty, migrated database for the tests of model/
 *
 * The server of GELEIT_TEST_PG (emptied!) when that is set, else the fake in
 * memory.  Include after cmocka.h.  Layer: model, tests only.
 */
#pragma once

#include <stdlib.h>

#include "base/arena.h"
#include "base/error.h"
#include "db/db.h"
#include "db/db_fake.h"
#include "db/migrate.h"
#include "model/audit.h"

static inline struct db *
test_db_open_pg(void)
{
	struct db *db = NULL;
	struct error e;

	if (db_open(getenv("GELEIT_TEST_PG"), NULL, &db, &e) < 0)
		fail_msg("%s", e.msg);
	return db;
}

static inline struct db *
test_db_empty_pg(void)
{
	AUTO(db_close) struct db *db = test_db_open_pg();
	struct error e;

	if (db_write_begin(db, DB_CHANGE, &e) < 0 ||
	    db_script(db, "DROP SCHEMA public CASCADE; CREATE SCHEMA public", &e) < 0 ||
	    db_commit(db, &e) < 0)
		fail_msg("%s", e.msg);
	return test_db_open_pg();
}

static inline struct db *
test_db_fake(const struct migration *list)
{
	struct db *db = NULL;
	struct error e;

	if (db_fake_open(&db, &e) < 0 || migrate(db, list, &e) < 0)
		fail_msg("%s", e.msg);
	return db;
}

/* As roles have it: connected when the tables were there. */
static inline struct db *
test_db(const struct migration *list)
{
	AUTO(db_close) struct db *db = NULL;
	struct error e;

	if (getenv("GELEIT_TEST_PG") == NULL)
		return test_db_fake(list);
	db = test_db_empty_pg();
	if (migrate(db, list, &e) < 0)
		fail_msg("%s", e.msg);
	return test_db_open_pg();
}

/* The first column of the first row, -1 without a row. */
static inline int64_t
test_db_int(struct db *db, const char *sql)
{
	AUTO(rows_close) struct rows *q = NULL;
	struct error e;

	if (db_query(db, &q, &e, sql) < 0)
		fail_msg("%s", e.msg);
	return rows_next(q, &e) > 0 ? rows_int(q, 0) : -1;
}

static inline void
test_count_stale(void *arg, const char *code, struct str object)
{
	(void)object;
	if (strcmp(code, "stale-view") == 0)
		++*(int64_t *)arg;
}

/* How many files have a copy in their row that is not what it is copied from. */
static inline int64_t
test_stale_views(struct db *db)
{
	AUTO(arena_free) struct arena *a = arena_new();
	int64_t stale = 0, checked = 0;
	struct error e;

	if (audit_rows(db, a, test_count_stale, &stale, &checked, &e) < 0)
		fail_msg("%s", e.msg);
	return stale;
}

/* How many rows a table has, all or (where not NULL) some.  a: never reset, as statements are
 * kept by their address. */
static inline int64_t
test_db_rows(struct db *db, struct arena *a, const char *table, const char *where)
{
	return test_db_int(db, arena_printf(a, "SELECT count(*) FROM %s WHERE %s", table,
	                           where != NULL ? where : "1 = 1")
	                           .p);
}
