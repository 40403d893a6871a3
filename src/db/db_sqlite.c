/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * db_sqlite - the driver for one file on one machine
 *
 * Writers queue at a flock before BEGIN IMMEDIATE: SQLite's own waiting sleeps
 * and starves, as was measured.  The holder's process id and start time
 * stand in the lock file, so that master can end one that hangs.  A claim
 * (DB_CLAIM) is a change like any other here.  Checkpoints are the worker's; the
 * automatic one is set so high that it is a brake only.
 */
#include <errno.h>
#include <fcntl.h>
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/file.h>
#include <time.h>
#include <unistd.h>

#include "base/error.h"
#include "base/limits.h"
#include "base/time.h"
#include "base/vec.h"
#include "db/db_private.h"

#define LOCK_STEP_NS 1000000L
#define LOCK_NOTE_BYTES 48
/* 4 KiB pages */
#define CHECKPOINT_BRAKE_PAGES 16000
#define WAL_TRUNCATE_PAGES 4000

struct stmt {
	const char *key; /* the address of the SQL text */
	char *sql;
	sqlite3_stmt *s;
	bool used;
};

struct db_sqlite {
	struct db db;
	sqlite3 *h;
	int lock_fd; /* -1: no other writers (in memory) */
	VEC(struct stmt *) cache;
};

struct rows_sqlite {
	struct rows rows;
	struct db_sqlite *d;
	struct stmt *stmt;
	bool pending; /* query already stepped to this row */
	bool ended;
};

static int
code_of_constraint(int rc)
{
	switch (rc) {
	case SQLITE_CONSTRAINT_UNIQUE:
	case SQLITE_CONSTRAINT_PRIMARYKEY:
	case SQLITE_CONSTRAINT_ROWID:
		return ERR_EXISTS;
	default:
		return ERR_CONFLICT;
	}
}

static int
code_of(int rc)
{
	switch (rc & 0xff) {
	case SQLITE_CONSTRAINT:
		return code_of_constraint(rc);
	case SQLITE_BUSY:
	case SQLITE_LOCKED:
		return ERR_RETRY;
	case SQLITE_FULL:
		return ERR_NO_SPACE;
	case SQLITE_CANTOPEN:
	case SQLITE_IOERR:
	case SQLITE_READONLY:
	case SQLITE_PERM:
		return ERR_IO;
	case SQLITE_CORRUPT:
	case SQLITE_NOTADB:
		return ERR_CORRUPT;
	case SQLITE_TOOBIG:
		return ERR_TOO_LARGE;
	default:
		return ERR_INTERNAL;
	}
}

static int
fail(struct db_sqlite *d, int rc, const char *what, struct error *e)
{
	err_put(e, code_of(rc), "", "sqlite: %s (%d): %.80s", sqlite3_errmsg(d->h), rc, what);
	e->is_fault = true;
	return err_code(e);
}

static int
run(struct db_sqlite *d, const char *sql, struct error *e)
{
	int rc = sqlite3_exec(d->h, sql, NULL, NULL, NULL);

	return rc == SQLITE_OK ? 0 : fail(d, rc, sql, e);
}

/* The same for what begins and ends every transaction: prepared once. */
static int run_kept(struct db_sqlite *d, const char *sql, struct error *e);

static void
stmt_free(struct stmt *s)
{
	sqlite3_finalize(s->s);
	free(s->sql);
	free(s);
}

static void
sqlite_close(struct db *db)
{
	struct db_sqlite *d = (struct db_sqlite *)db;
	size_t i;

	for (i = 0; i < d->cache.n; i++)
		stmt_free(d->cache.v[i]);
	VEC_FINI(&d->cache);
	sqlite3_close(d->h);
	if (d->lock_fd >= 0)
		close(d->lock_fd);
	free(d);
}

/* ---- the writers' lock ---- */

static void
lock_note(const struct db_sqlite *d, int pid)
{
	char note[LOCK_NOTE_BYTES + 1];
	ssize_t n;

	snprintf(note, sizeof note, "%-10d %-36lld\n", pid,
	    pid != 0 ? (long long)time_monotonic_us() : 0LL);
	n = pwrite(d->lock_fd, note, LOCK_NOTE_BYTES, 0);
	(void)n; /* for a look from outside only */
}

static int
lock(struct db_sqlite *d, struct error *e)
{
	int64_t deadline = time_monotonic_us() + LIMIT_CHANGE_LOCK_MS * 1000LL;
	struct timespec step = {0, LOCK_STEP_NS};

	if (d->lock_fd < 0)
		return 0;
	while (flock(d->lock_fd, LOCK_EX | LOCK_NB) < 0) {
		if (errno != EWOULDBLOCK && errno != EINTR)
			return err_errno(e, "the lock of the database");
		if (time_monotonic_us() >= deadline)
			return err_set(
			    e, ERR_BUSY, "no write lock within %d ms", LIMIT_CHANGE_LOCK_MS);
		nanosleep(&step, NULL);
	}
	lock_note(d, (int)getpid());
	return 0;
}

static void
unlock(struct db_sqlite *d)
{
	if (d->lock_fd < 0)
		return;
	lock_note(d, 0);
	flock(d->lock_fd, LOCK_UN);
}

static int
write_begin(struct db_sqlite *d, struct error *e)
{
	int r = lock(d, e);

	if (r < 0)
		return r;
	r = run_kept(d, "BEGIN IMMEDIATE", e);
	if (r == 0)
		return 0;
	unlock(d);
	if (r == ERR_RETRY) /* somebody without the flock writes: a backup, a shell */
		e->code = r = ERR_BUSY;
	return r;
}

static int
sqlite_begin(struct db *db, enum db_tx tx, struct error *e)
{
	struct db_sqlite *d = (struct db_sqlite *)db;

	return tx == DB_TX_READ ? run_kept(d, "BEGIN", e) : write_begin(d, e);
}

/* Statements still at a row would keep their snapshot. */
static void
reset_all(struct db_sqlite *d)
{
	size_t i;

	for (i = 0; i < d->cache.n; i++)
		if (d->cache.v[i]->used)
			sqlite3_reset(d->cache.v[i]->s);
}

static void
sqlite_rollback(struct db *db)
{
	struct db_sqlite *d = (struct db_sqlite *)db;
	struct error e;

	reset_all(d);
	/* A full disk and some other failures have rolled back already. */
	if (sqlite3_get_autocommit(d->h) == 0 && run_kept(d, "ROLLBACK", &e) < 0)
		sqlite3_exec(d->h, "ROLLBACK", NULL, NULL, NULL);
	if (db_in_write(db))
		unlock(d);
}

static int
sqlite_commit(struct db *db, struct error *e)
{
	struct db_sqlite *d = (struct db_sqlite *)db;
	int r;

	if (sqlite3_get_autocommit(d->h) != 0)
		r = err_set(e, ERR_INTERNAL, "sqlite had rolled back before the commit");
	else
		r = run_kept(d, "COMMIT", e);
	if (r < 0) {
		sqlite_rollback(db);
		return r;
	}
	unlock(d);
	return 0;
}

/* ---- statements ---- */

static int
stmt_prepare(struct db_sqlite *d, const char *sql, struct stmt **ret, struct error *e)
{
	struct stmt *s;
	sqlite3_stmt *h = NULL;
	const char *rest = NULL;
	int rc = sqlite3_prepare_v3(d->h, sql, -1, SQLITE_PREPARE_PERSISTENT, &h, &rest);

	if (rc != SQLITE_OK)
		return fail(d, rc, sql, e);
	if (h == NULL || rest[strspn(rest, " \t\n;")] != '\0') {
		sqlite3_finalize(h);
		return err_set(e, ERR_INTERNAL, "not exactly one statement: %.80s", sql);
	}
	s = xcalloc(1, sizeof *s);
	s->key = sql;
	s->sql = strdup(sql);
	s->s = h;
	if (s->sql == NULL)
		abort();
	*VEC_ADD(&d->cache) = s; /* NOLINT(bugprone-sizeof-expression): of pointers */
	*ret = s;
	return 0;
}

/* Keep the cache bounded: SQL texts are static, so this is a brake. */
static void
make_room(struct db_sqlite *d)
{
	size_t i;

	if (d->cache.n < DB_STATEMENTS_MAX)
		return;
	for (i = 0; i < d->cache.n; i++)
		if (!d->cache.v[i]->used) {
			stmt_free(d->cache.v[i]);
			d->cache.v[i] = d->cache.v[--d->cache.n];
			return;
		}
}

/* A statement whose rows are still open is not shared: a second one is made. */
static int
stmt_get(struct db_sqlite *d, const char *sql, struct stmt **ret, struct error *e)
{
	size_t i;

	for (i = 0; i < d->cache.n; i++) {
		struct stmt *s = d->cache.v[i];

		if (s->key == sql && !s->used && strcmp(s->sql, sql) == 0) {
			*ret = s;
			return 0;
		}
	}
	make_room(d);
	return stmt_prepare(d, sql, ret, e);
}

static int
run_kept(struct db_sqlite *d, const char *sql, struct error *e)
{
	struct stmt *s = NULL;
	int rc, r = stmt_get(d, sql, &s, e);

	if (r < 0)
		return r;
	rc = sqlite3_step(s->s);
	if (rc != SQLITE_DONE)
		r = fail(d, rc, sql, e);
	sqlite3_reset(s->s);
	return r;
}

/* The values live as long as the call or the arena; SQLite keeps no pointer past its step. */
static int
bind_one(sqlite3_stmt *s, int i, const struct db_value *v)
{
	const char *p = v->s.p != NULL ? v->s.p : "";

	switch (v->kind) {
	case DB_NULL:
		return sqlite3_bind_null(s, i);
	case DB_INT:
		return sqlite3_bind_int64(s, i, v->i);
	case DB_BOOL:
		return sqlite3_bind_int64(s, i, v->i != 0);
	case DB_TEXT:
		return sqlite3_bind_text64(s, i, p, v->s.n, SQLITE_TRANSIENT, SQLITE_UTF8);
	case DB_BYTES:
		return sqlite3_bind_blob64(s, i, p, v->s.n, SQLITE_TRANSIENT);
	}
	return SQLITE_MISUSE;
}

static int
bind_all(struct db_sqlite *d, struct stmt *s, const struct db_value *v, size_t n, struct error *e)
{
	size_t i;
	int rc;

	if ((size_t)sqlite3_bind_parameter_count(s->s) != n)
		return err_set(e, ERR_INTERNAL, "%d parameters, %zu values: %.80s",
		    sqlite3_bind_parameter_count(s->s), n, s->sql);
	for (i = 0; i < n; i++) {
		rc = bind_one(s->s, (int)i + 1, &v[i]);
		if (rc != SQLITE_OK)
			return fail(d, rc, s->sql, e);
	}
	return 0;
}

static void
stmt_release(struct stmt *s)
{
	sqlite3_reset(s->s);
	sqlite3_clear_bindings(s->s);
	s->used = false;
}

static int
stmt_start(struct db_sqlite *d, const char *sql, const struct db_value *v, size_t n,
    struct stmt **ret, struct error *e)
{
	struct stmt *s = NULL;
	int r = stmt_get(d, sql, &s, e);

	if (r < 0)
		return r;
	if (!sqlite3_stmt_readonly(s->s))
		r = db_refuse_write(&d->db, e);
	if (r == 0)
		r = bind_all(d, s, v, n, e);
	if (r < 0) {
		sqlite3_clear_bindings(s->s);
		return r;
	}
	s->used = true;
	*ret = s;
	return 0;
}

static int
sqlite_query(struct db *db, struct rows **ret, const char *sql, const struct db_value *v, size_t n,
    struct error *e)
{
	struct db_sqlite *d = (struct db_sqlite *)db;
	struct rows_sqlite *q;
	struct stmt *s;
	int rc, r = stmt_start(d, sql, v, n, &s, e);

	if (r < 0)
		return r;
	rc = sqlite3_step(s->s);
	if (rc != SQLITE_ROW && rc != SQLITE_DONE) {
		r = fail(d, rc, sql, e);
		stmt_release(s);
		return r;
	}
	q = xcalloc(1, sizeof *q);
	q->d = d;
	q->stmt = s;
	q->pending = rc == SQLITE_ROW;
	q->ended = rc == SQLITE_DONE;
	q->rows.columns = sqlite3_column_count(s->s);
	*ret = &q->rows;
	return 0;
}

static int
sqlite_exec(struct db *db, int64_t *ret_changed, const char *sql, const struct db_value *v,
    size_t n, struct error *e)
{
	struct db_sqlite *d = (struct db_sqlite *)db;
	struct stmt *s;
	int rc, r = stmt_start(d, sql, v, n, &s, e);

	if (r < 0)
		return r;
	while ((rc = sqlite3_step(s->s)) == SQLITE_ROW)
		continue;
	if (rc != SQLITE_DONE)
		r = fail(d, rc, sql, e);
	*ret_changed = sqlite3_stmt_readonly(s->s) ? 0 : sqlite3_changes64(d->h);
	stmt_release(s);
	return r;
}

static int
sqlite_next(struct rows *rows, struct error *e)
{
	struct rows_sqlite *q = (struct rows_sqlite *)rows;
	int rc, r = 0;

	if (q->pending) {
		q->pending = false;
		return 1;
	}
	if (q->ended)
		return 0;
	rc = sqlite3_step(q->stmt->s);
	if (rc == SQLITE_ROW)
		return 1;
	if (rc != SQLITE_DONE)
		r = fail(q->d, rc, q->stmt->sql, e);
	q->ended = true;
	sqlite3_reset(q->stmt->s); /* lets go of the snapshot */
	return r;
}

static struct db_value
sqlite_cell(struct rows *rows, int col)
{
	sqlite3_stmt *s = ((struct rows_sqlite *)rows)->stmt->s;
	const void *p;

	switch (sqlite3_column_type(s, col)) {
	case SQLITE_INTEGER:
		return db_i(sqlite3_column_int64(s, col));
	case SQLITE_TEXT:
		p = sqlite3_column_text(s, col);
		return db_s((struct str){p, (size_t)sqlite3_column_bytes(s, col)});
	case SQLITE_BLOB:
		p = sqlite3_column_blob(s, col);
		return db_bytes(p, (size_t)sqlite3_column_bytes(s, col));
	default:
		return db_null();
	}
}

static void
sqlite_rows_free(struct rows *rows)
{
	stmt_release(((struct rows_sqlite *)rows)->stmt);
	free(rows);
}

static int
sqlite_script(struct db *db, const char *sql, struct error *e)
{
	return run((struct db_sqlite *)db, sql, e);
}

/* ---- the rest ---- */

static void
sqlite_checkpoint(struct db *db)
{
	sqlite3 *h = ((struct db_sqlite *)db)->h;
	int pages = 0, done = 0;

	if (sqlite3_wal_checkpoint_v2(h, NULL, SQLITE_CHECKPOINT_PASSIVE, &pages, &done) !=
	    SQLITE_OK)
		return;
	if (done < pages || pages < WAL_TRUNCATE_PAGES)
		return;
	sqlite3_busy_timeout(h, 0);
	sqlite3_wal_checkpoint_v2(h, NULL, SQLITE_CHECKPOINT_TRUNCATE, NULL, NULL);
	sqlite3_busy_timeout(h, LIMIT_CHANGE_LOCK_MS);
}

static int64_t
sqlite_change_counter(struct db *db)
{
	struct rows *q = NULL;
	struct error e;
	int64_t n = 0;

	if (db_query(db, &q, &e, "PRAGMA data_version") < 0)
		return 0;
	if (rows_next(q, &e) > 0)
		n = rows_int(q, 0);
	rows_close(&q);
	return n;
}

static const struct db_driver driver = {
    .name = "sqlite",
    .close = sqlite_close,
    .begin = sqlite_begin,
    .commit = sqlite_commit,
    .rollback = sqlite_rollback,
    .query = sqlite_query,
    .exec = sqlite_exec,
    .script = sqlite_script,
    .next = sqlite_next,
    .cell = sqlite_cell,
    .rows_free = sqlite_rows_free,
    .checkpoint = sqlite_checkpoint,
    .change_counter = sqlite_change_counter,
};

static int
configure(struct db_sqlite *d, struct error *e)
{
	sqlite3_busy_timeout(d->h, LIMIT_CHANGE_LOCK_MS);
	sqlite3_db_config(d->h, SQLITE_DBCONFIG_DEFENSIVE, 1, NULL);
	/* whoever only looks (the check before a start, fsck) leaves the files as they are */
	sqlite3_db_config(d->h, SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 1, NULL);
	sqlite3_db_config(d->h, SQLITE_DBCONFIG_TRUSTED_SCHEMA, 0, NULL);
	sqlite3_db_config(d->h, SQLITE_DBCONFIG_DQS_DML, 0, NULL);
	sqlite3_db_config(d->h, SQLITE_DBCONFIG_DQS_DDL, 0, NULL);
	sqlite3_db_config(d->h, SQLITE_DBCONFIG_ENABLE_FKEY, 1, NULL);
	/* 8 MiB hold the inner pages of all indexes of a large library; with 2 each look went
	 * through the kernel four times */
	return run(d,
	    "PRAGMA journal_mode = WAL;"
	    "PRAGMA synchronous = FULL;"
	    "PRAGMA recursive_triggers = ON;"
	    "PRAGMA cell_size_check = ON;"
	    "PRAGMA temp_store = MEMORY;"
	    "PRAGMA cache_size = -8192;"
	    "PRAGMA secure_delete = ON;"
	    "PRAGMA journal_size_limit = 67108864",
	    e);
}

static int
open_lock(struct db_sqlite *d, const char *lock_path, struct error *e)
{
	if (lock_path == NULL)
		return 0;
	d->lock_fd = open(lock_path, O_RDWR | O_CREAT | O_CLOEXEC, 0660);
	return d->lock_fd >= 0 ? 0 : err_errno(e, "%s", lock_path);
}

int
db_sqlite_open(const char *path, const char *lock_path, struct db **ret, struct error *e)
{
	struct db_sqlite *d = xcalloc(1, sizeof *d);
	int flags = SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE | SQLITE_OPEN_NOMUTEX |
	            SQLITE_OPEN_EXRESCODE;
	int rc, r;

	d->db.driver = &driver;
	d->lock_fd = -1;
	rc = sqlite3_open_v2(path, &d->h, flags, NULL);
	r = rc == SQLITE_OK ? configure(d, e) : fail(d, rc, path, e);
	if (r == 0)
		r = open_lock(d, lock_path, e);
	if (r < 0) {
		sqlite_close(&d->db);
		return r;
	}
	sqlite3_wal_autocheckpoint(d->h, CHECKPOINT_BRAKE_PAGES);
	*ret = &d->db;
	return 0;
}
