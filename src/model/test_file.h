/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * test_file - a file that is ready and clean, and rows as a test wants them
 *
 * A file has one part of its size; no blob stands behind it.  Include after
 * cmocka.h.  Layer: model, tests only.
 */
#pragma once

#include "base/arena.h"
#include "base/random.h"
#include "base/str.h"
#include "crypto/hash.h"
#include "model/asset.h"
#include "model/asset_view.h"
#include "model/change.h"
#include "model/test_db.h"

/* One statement in a change of its own. */
static inline void
test_exec(struct db *db, const char *sql, const struct db_value *v, size_t n)
{
	AUTO(change_abort) struct change *c = NULL;
	struct error e;

	if (change_begin(db, (struct actor){ACTOR_SYSTEM, 0}, CHANGE_HOUSEKEEPING, &c, &e) < 0 ||
	    db_exec_values(db, NULL, &e, sql, v, n) < 0 || change_commit(&c, &e) < 0)
		fail_msg("%s", e.msg);
}
#define TEST_EXEC(db, sql, ...) test_exec((db), (sql), DB_VALUES(__VA_ARGS__))

/* test_set(db, a, "asset", "embargo_us = 5", "id = 7"); where NULL: all.  a: see test_db_rows. */
static inline void
test_set(struct db *db, struct arena *a, const char *table, const char *values, const char *where)
{
	test_exec(db,
	    arena_printf(
	        a, "UPDATE %s SET %s WHERE %s", table, values, where != NULL ? where : "1 = 1")
	        .p,
	    NULL, 0);
}

/* After rows of release, version or version_media were set beside the model. */
static inline void
test_keep_view(struct db *db, int64_t id)
{
	AUTO(change_abort) struct change *c = NULL;
	struct error e;

	if (change_begin(db, (struct actor){ACTOR_SYSTEM, 0}, CHANGE_HOUSEKEEPING, &c, &e) < 0 ||
	    asset_view_keep(c, (asset_id){id}, &e) < 0 || change_commit(&c, &e) < 0)
		fail_msg("%s", e.msg);
}

static inline void
test_empty(struct db *db, struct arena *a, const char *table)
{
	test_exec(db, arena_printf(a, "DELETE FROM %s", table).p, NULL, 0);
}

/* One number: test_value(db, a, "max(id)", "mail", NULL). */
static inline int64_t
test_value(struct db *db, struct arena *a, const char *what, const char *table, const char *where)
{
	return test_db_int(db, arena_printf(a, "SELECT %s FROM %s WHERE %s", what, table,
	                           where != NULL ? where : "1 = 1")
	                           .p);
}

/* One text, of the first row. */
static inline struct str
test_text(struct db *db, struct arena *a, const char *what, const char *table)
{
	AUTO(rows_close) struct rows *q = NULL;
	struct error e;

	if (db_query_values(
	        db, &q, &e, arena_printf(a, "SELECT %s FROM %s", what, table).p, NULL, 0) < 0 ||
	    rows_next(q, &e) <= 0)
		fail_msg("no %s", table);
	return rows_text(q, 0, a);
}

static inline void
test_asset(struct db *db, struct arena *a, person_id by, int64_t id)
{
	AUTO(change_abort) struct change *c = NULL;
	struct asset_new n = {
	    .id = {id}, .first = {id + 1}, .folder_path = S(""), .title = S("x"), .by = by};
	struct release cleared = {.state = RELEASE_CLEARED, .set_by = by};
	struct error e;

	if (change_begin(db, (struct actor){ACTOR_SYSTEM, 0}, EVENT_ASSET_CREATED, &c, &e) < 0 ||
	    asset_create(c, a, &n, &e) < 0 || release_set(c, n.id, &cleared, &e) < 0 ||
	    change_commit(&c, &e) < 0)
		fail_msg("%s", e.msg);
}

/* Ready, clean, cleared, public; its hash is that of its name.  The version has the id + 1. */
static inline void
test_file(struct db *db, struct arena *a, person_id by, int64_t id, const char *name, int64_t bytes)
{
	struct id128 blob = random_id128();
	struct sha256 h = sha256(name, strlen(name));

	test_asset(db, a, by, id);
	TEST_EXEC(db,
	    "INSERT INTO version (id, asset_id, number, name, bytes, sha256, crc32, media_type, "
	    "malware, state, created_by, created_us) "
	    "VALUES (?, ?, 1, ?, ?, ?, 7, 'text/plain', 'clean', 'ready', ?, 1)",
	    db_i(id + 1), db_i(id), db_s(str_c(name)), db_i(bytes), db_bytes(h.b, sizeof h.b),
	    db_i(by.v));
	if (bytes > 0)
		TEST_EXEC(db,
		    "INSERT INTO version_part (version_id, position, blob_id, bytes) "
		    "VALUES (?, 0, ?, ?)",
		    db_i(id + 1), db_id128(&blob), db_i(bytes));
	test_keep_view(db, id);
}
