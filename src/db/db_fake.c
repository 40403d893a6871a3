/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * db_fake - a driver around the SQLite driver that counts calls and fails one
 *
 * Counted: begin, query, exec, script, next, commit.  The counter stops at the
 * failure, so that what the caller does afterwards (looking up an event, say)
 * works again.
 */
#include "db/db_fake.h"

#include <assert.h>
#include <stdlib.h>

#include "base/arena.h"
#include "base/error.h"
#include "db/db_private.h"

struct db_fake {
	struct db db;
	struct db *inner;
	int calls, fail_at, code;
	bool failed;
};

struct rows_fake {
	struct rows rows;
	struct rows *inner;
};

static struct db_fake *
fake(struct db *db)
{
	return (struct db_fake *)db;
}

static int
may(struct db_fake *f, struct error *e)
{
	if (f->failed || f->fail_at == 0 || ++f->calls < f->fail_at)
		return 0;
	f->failed = true;
	return err_set(e, f->code, "fake: call %d fails", f->calls);
}

static void
fake_close(struct db *db)
{
	db_close(&fake(db)->inner);
	free(db);
}

static int
fake_begin(struct db *db, enum db_tx tx, struct error *e)
{
	int r = may(fake(db), e);

	if (r < 0)
		return r;
	if (tx == DB_TX_READ)
		return db_read_begin(fake(db)->inner, e);
	return db_write_begin(fake(db)->inner, tx == DB_TX_CLAIM ? DB_CLAIM : DB_CHANGE, e);
}

static void
fake_rollback(struct db *db)
{
	db_rollback(fake(db)->inner);
}

static int
fake_commit(struct db *db, struct error *e)
{
	struct db_fake *f = fake(db);
	struct error ignored;
	int r = may(f, e);

	if (r == ERR_UNKNOWN_OUTCOME && db_commit(f->inner, &ignored) == 0)
		return r; /* it did take effect, the answer was lost */
	if (r < 0) {
		db_rollback(f->inner);
		return r;
	}
	return db_commit(f->inner, e);
}

static int
fake_query(struct db *db, struct rows **ret, const char *sql, const struct db_value *v, size_t n,
    struct error *e)
{
	struct rows *inner = NULL;
	struct rows_fake *q;
	int r = may(fake(db), e);

	if (r == 0)
		r = db_query_values(fake(db)->inner, &inner, e, sql, v, n);
	if (r < 0)
		return r;
	q = xcalloc(1, sizeof *q);
	q->inner = inner;
	if (inner == NULL)
		abort(); /* a query that succeeded has rows */
	q->rows.columns = inner->columns;
	*ret = &q->rows;
	return 0;
}

static int
fake_exec(struct db *db, int64_t *ret_changed, const char *sql, const struct db_value *v, size_t n,
    struct error *e)
{
	int r = may(fake(db), e);

	return r < 0 ? r : db_exec_values(fake(db)->inner, ret_changed, e, sql, v, n);
}

static int
fake_script(struct db *db, const char *sql, struct error *e)
{
	int r = may(fake(db), e);

	return r < 0 ? r : db_script(fake(db)->inner, sql, e);
}

static int
fake_next(struct rows *rows, struct error *e)
{
	struct rows_fake *q = (struct rows_fake *)rows;
	int r = may(fake(rows->db), e);

	return r < 0 ? r : rows_next(q->inner, e);
}

static struct db_value
fake_cell(struct rows *rows, int col)
{
	struct rows *inner = ((struct rows_fake *)rows)->inner;

	return inner->db->driver->cell(inner, col);
}

static void
fake_rows_free(struct rows *rows)
{
	rows_close(&((struct rows_fake *)rows)->inner);
	free(rows);
}

static void
fake_checkpoint(struct db *db)
{
	db_checkpoint(fake(db)->inner);
}

static int64_t
fake_change_counter(struct db *db)
{
	return db_change_counter(fake(db)->inner);
}

static const struct db_driver driver = {
    .name = "fake",
    .close = fake_close,
    .begin = fake_begin,
    .commit = fake_commit,
    .rollback = fake_rollback,
    .query = fake_query,
    .exec = fake_exec,
    .script = fake_script,
    .next = fake_next,
    .cell = fake_cell,
    .rows_free = fake_rows_free,
    .checkpoint = fake_checkpoint,
    .change_counter = fake_change_counter,
};

int
db_fake_open(struct db **ret, struct error *e)
{
	struct db *inner = NULL;
	struct db_fake *f;
	int r = db_open("sqlite::memory:", NULL, &inner, e);

	if (r < 0)
		return r;
	f = xcalloc(1, sizeof *f);
	f->db.driver = &driver;
	f->inner = inner;
	*ret = &f->db;
	return 0;
}

void
db_fake_fail(struct db *db, int fail_at, int code)
{
	struct db_fake *f = fake(db);

	assert(db->driver == &driver);
	f->calls = 0;
	f->fail_at = fail_at;
	f->code = code;
	f->failed = false;
}

bool
db_fake_failed(const struct db *db)
{
	assert(db->driver == &driver);
	return ((const struct db_fake *)db)->failed;
}
