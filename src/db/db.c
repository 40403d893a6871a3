/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * db - what is the same for every driver: states, checks, reading columns
 *
 * Always true: a transaction in which anything failed can only be rolled back
 * (PostgreSQL insists on it; SQLite would go on, so it is refused here, and a
 * swallowed error shows up at the commit with its own code).  Writes happen in
 * write transactions only.
 */
#include "db/db.h"

#include <assert.h>
#include <stdlib.h>

#include "base/arena.h"
#include "base/error.h"
#include "base/str.h"
#include "db/db_private.h"

int
db_open(const char *url, const char *lock_path, struct db **ret, struct error *e)
{
	return db_open_within(url, lock_path, DB_SECONDS, ret, e);
}

int
db_open_within(
    const char *url, const char *lock_path, int seconds, struct db **ret, struct error *e)
{
	struct str u = str_c(url);

	if (str_starts(u, S("sqlite:")))
		return db_sqlite_open(url + strlen("sqlite:"), lock_path, ret, e);
	if (str_starts(u, S("postgresql:")) || str_starts(u, S("postgres:")))
		return db_pg_open(url, seconds, ret, e);
	return err_set(e, ERR_INVALID, "a database address begins with sqlite: or postgresql://");
}

void
db_close(struct db **db)
{
	if (*db == NULL)
		return;
	db_rollback(*db);
	(*db)->driver->close(*db);
	*db = NULL;
}

bool
db_is_postgres(const struct db *db)
{
	return db->driver->postgres;
}

int
db_ways_add(const struct db *db, struct db_ways *ways, struct error *e)
{
	return db->driver->ways != NULL ? db->driver->ways(db, ways, e) : 0;
}

int
db_refuse_write(const struct db *db, struct error *e)
{
	if (db_in_write(db))
		return 0;
	return err_set(e, ERR_INTERNAL, "a write outside a write transaction");
}

static int
begin(struct db *db, enum db_tx tx, struct error *e)
{
	int r;

	if (db->tx != DB_TX_NONE)
		return err_set(e, ERR_INTERNAL, "transactions do not nest");
	/* An open row keeps an old snapshot, on which SQLite would refuse to write. */
	if (db->open_rows > 0)
		return err_set(
		    e, ERR_INTERNAL, "rows are still open, close them before a transaction");
	r = db->driver->begin(db, tx, e);
	if (r < 0)
		return r;
	db->tx = tx;
	db->failed = 0;
	return 0;
}

static void
ended(struct db *db)
{
	db->tx = DB_TX_NONE;
	db->failed = 0;
	db->open_rows = 0;
	db->generation++;
}

int
db_read_begin(struct db *db, struct error *e)
{
	return begin(db, DB_TX_READ, e);
}

void
db_read_end(struct db *db)
{
	if (db->tx == DB_TX_READ)
		db_rollback(db);
}

int
db_write_begin(struct db *db, enum db_write how, struct error *e)
{
	return begin(db, how == DB_CLAIM ? DB_TX_CLAIM : DB_TX_CHANGE, e);
}

int
db_commit(struct db *db, struct error *e)
{
	int r;

	if (!db_in_write(db))
		return err_set(e, ERR_INTERNAL, "nothing to commit");
	if (db->failed != 0) {
		r = err_set(e, db->failed, "the transaction had failed before its commit");
		db_rollback(db);
		return r;
	}
	if (db->open_rows > 0) {
		db_rollback(db);
		return err_set(
		    e, ERR_INTERNAL, "rows are still open, close them before the commit");
	}
	r = db->driver->commit(db, e);
	ended(db);
	return r;
}

void
db_rollback(struct db *db)
{
	if (db->tx == DB_TX_NONE)
		return;
	db->driver->rollback(db);
	ended(db);
}

bool
db_in_write(const struct db *db)
{
	return db->tx == DB_TX_CHANGE || db->tx == DB_TX_CLAIM;
}

static int
check_values(const struct db_value *v, size_t n, struct error *e)
{
	size_t i;

	if (n > DB_PARAMS_MAX)
		return err_set(e, ERR_INTERNAL, "more than %d parameters", DB_PARAMS_MAX);
	for (i = 0; i < n; i++)
		if (v[i].kind == DB_TEXT && !str_is_utf8(v[i].s))
			return err_set(e, ERR_INVALID, "parameter %zu is not UTF-8 text", i + 1);
	return 0;
}

static int
may_run(const struct db *db, const struct db_value *v, size_t n, struct error *e)
{
	if (db->failed != 0)
		return err_set(e, db->failed, "the transaction has failed, only rollback is left");
	return check_values(v, n, e);
}

/* Remember the first failure inside a transaction. */
static int
outcome(struct db *db, int r)
{
	if (r < 0 && db->tx != DB_TX_NONE && db->failed == 0)
		db->failed = r;
	return r;
}

static void
rows_done(struct rows *q)
{
	if (q->live && q->generation == q->db->generation)
		q->db->open_rows--;
	q->live = false;
}

int
db_query_values(struct db *db, struct rows **ret, struct error *e, const char *sql,
    const struct db_value *v, size_t n)
{
	int r = may_run(db, v, n, e);

	if (r == 0)
		r = db->driver->query(db, ret, sql, v, n, e);
	if (r < 0)
		return outcome(db, r);
	(*ret)->db = db;
	(*ret)->generation = db->generation;
	(*ret)->live = true;
	db->open_rows++;
	return 0;
}

int
db_exec_values(struct db *db, int64_t *ret_changed, struct error *e, const char *sql,
    const struct db_value *v, size_t n)
{
	int64_t changed = 0;
	int r = db_refuse_write(db, e);

	if (r == 0)
		r = may_run(db, v, n, e);
	if (r == 0)
		r = db->driver->exec(db, &changed, sql, v, n, e);
	if (r < 0)
		return outcome(db, r);
	if (ret_changed != NULL)
		*ret_changed = changed;
	return 0;
}

int
db_script(struct db *db, const char *sql, struct error *e)
{
	int r = db_refuse_write(db, e);

	if (r == 0)
		r = may_run(db, NULL, 0, e);
	if (r == 0)
		r = db->driver->script(db, sql, e);
	return outcome(db, r);
}

int
rows_next(struct rows *q, struct error *e)
{
	int r;

	if (!q->live)
		return 0;
	if (q->generation != q->db->generation)
		return err_set(e, ERR_INTERNAL, "these rows outlived their transaction");
	r = q->db->driver->next(q, e);
	if (r <= 0)
		rows_done(q);
	return outcome(q->db, r);
}

void
rows_close(struct rows **q)
{
	if (*q == NULL)
		return;
	rows_done(*q);
	(*q)->db->driver->rows_free(*q);
	*q = NULL;
}

/* A wrong column or kind is a mistake in the program, not in the data. */
static struct db_value
cell(struct rows *q, int col)
{
	assert(col >= 0 && col < q->columns);
	assert(q->generation == q->db->generation);
	return q->db->driver->cell(q, col);
}

int64_t
rows_int(struct rows *q, int col)
{
	struct db_value v = cell(q, col);

	assert(v.kind == DB_INT || v.kind == DB_BOOL || v.kind == DB_NULL);
	return v.i;
}

bool
rows_bool(struct rows *q, int col)
{
	return rows_int(q, col) != 0;
}

struct str
rows_text(struct rows *q, int col, struct arena *a)
{
	struct db_value v = cell(q, col);

	assert(v.kind == DB_TEXT || v.kind == DB_NULL);
	return arena_str(a, v.s);
}

struct str
rows_bytes(struct rows *q, int col, struct arena *a)
{
	struct db_value v = cell(q, col);

	assert(v.kind == DB_BYTES || v.kind == DB_NULL);
	return arena_str(a, v.s);
}

bool
rows_is_null(struct rows *q, int col)
{
	return cell(q, col).kind == DB_NULL;
}

bool
rows_fixed(struct rows *q, int col, void *ret, size_t n)
{
	struct db_value v = cell(q, col);

	if (v.kind != DB_BYTES || v.s.n != n)
		return false;
	memcpy(ret, v.s.p, n);
	return true;
}

struct id128
rows_id128(struct rows *q, int col)
{
	struct id128 id = {{0}};

	if (!rows_fixed(q, col, id.b, sizeof id.b))
		memset(id.b, 0, sizeof id.b);
	return id;
}

void
db_checkpoint(struct db *db)
{
	if (db->tx == DB_TX_NONE)
		db->driver->checkpoint(db);
}

int64_t
db_change_counter(struct db *db)
{
	return db->driver->change_counter(db);
}
