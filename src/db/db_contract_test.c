/* SPDX-License-Identifier: AGPL-3.0-or-later */
/* sizes: one suite that every driver passes */
/*
 * db_contract - one suite, run against every driver: they must not differ
 *
 * SQLite in a file, the fake (in memory, not failing), and PostgreSQL when
 * GELEIT_TEST_PG holds an address (tests/with_pg.sh makes one).  Each test
 * starts with an empty database of the probe schema below.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <netinet/in.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/file.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "base/arena.h"
#include "base/error.h"
#include "base/limits.h"
#include "base/str.h"
#include "base/time.h"
#include "db/db.h"
#include "db/db_fake.h"
#include "db/migrate.h"
#include "db/steps.h"

enum which { SQLITE, FAKE, PG };

struct fixture {
	enum which which;
	char dir[64], url[128], lock[96];
	struct db *db;
	struct arena *a;
};

static const char probe_sql[] =
    "CREATE TABLE parent (id ID NOT NULL PRIMARY KEY, must INT NOT NULL);\n"
    "CREATE TABLE probe (\n"
    "\tid ID NOT NULL PRIMARY KEY, -- INT BOOL ? ' in a comment\n"
    "\tparent_id ID REFERENCES parent (id),\n"
    "\tn INT, text TEXT UNIQUE, raw BYTES, flag BOOL,\n"
    "\tsmall INT CHECK (small < 100)\n"
    ");\n";
static const struct migration probe_list[] = {
    {1, "0001_probe", probe_sql, NULL, NULL}, {0, NULL, NULL, NULL, NULL}};

static struct db *
another(struct fixture *f)
{
	struct db *db = NULL;
	struct error e;

	assert_int_equal(db_open(f->url, f->which == PG ? NULL : f->lock, &db, &e), 0);
	return db;
}

static void
script(struct db *db, const char *sql)
{
	struct error e;

	assert_int_equal(db_write_begin(db, DB_CHANGE, &e), 0);
	if (db_script(db, sql, &e) < 0)
		fail_msg("%s", e.msg);
	assert_int_equal(db_commit(db, &e), 0);
}

static void
open_empty(struct fixture *f)
{
	AUTO(db_close) struct db *old = NULL;
	struct error e;

	if (f->which == PG) {
		snprintf(f->url, sizeof f->url, "%s", getenv("GELEIT_TEST_PG"));
		old = another(f);
		script(old, "DROP SCHEMA public CASCADE; CREATE SCHEMA public");
		f->db = another(f); /* it sees at its start what is there */
		return;
	}
	if (f->which == FAKE) {
		assert_int_equal(db_fake_open(&f->db, &e), 0);
		return;
	}
	snprintf(f->dir, sizeof f->dir, "/tmp/geleit-db.XXXXXX");
	assert_non_null(mkdtemp(f->dir));
	snprintf(f->url, sizeof f->url, "sqlite:%s/main.db", f->dir);
	snprintf(f->lock, sizeof f->lock, "%s/db.lock", f->dir);
	f->db = another(f);
}

static int
setup_empty(void **state)
{
	enum which which = *(enum which *)*state;
	struct fixture *f = xcalloc(1, sizeof *f);

	f->which = which;
	f->a = arena_new();
	open_empty(f);
	*state = f;
	return 0;
}

static int
setup(void **state)
{
	struct error e;

	setup_empty(state);
	if (migrate(((struct fixture *)*state)->db, probe_list, &e) < 0)
		fail_msg("%s", e.msg);
	return 0;
}

static int
teardown(void **state)
{
	static const char *const files[] = {"main.db", "main.db-wal", "main.db-shm", "db.lock"};
	struct fixture *f = *state;
	char path[96];
	size_t i;

	db_close(&f->db);
	for (i = 0; f->which == SQLITE && i < ARRAY_LEN(files); i++) {
		snprintf(path, sizeof path, "%s/%s", f->dir, files[i]);
		unlink(path);
	}
	if (f->which == SQLITE)
		assert_int_equal(rmdir(f->dir), 0);
	arena_free(&f->a);
	free(f);
	return 0;
}

static void
begin(struct db *db)
{
	struct error e;

	if (db_write_begin(db, DB_CHANGE, &e) < 0)
		fail_msg("%s", e.msg);
}

static void
commit(struct db *db)
{
	struct error e;

	if (db_commit(db, &e) < 0)
		fail_msg("%s", e.msg);
}

static void
insert(struct db *db, int64_t id, int64_t n)
{
	struct error e;
	int64_t changed = -1;

	if (db_exec(
	        db, &changed, &e, "INSERT INTO probe (id, n) VALUES (?, ?)", db_i(id), db_i(n)) < 0)
		fail_msg("%s", e.msg);
	assert_int_equal(changed, 1);
}

static int64_t
count(struct db *db)
{
	AUTO(rows_close) struct rows *q = NULL;
	struct error e;

	if (db_query(db, &q, &e, "SELECT count(*) FROM probe") < 0)
		fail_msg("%s", e.msg);
	assert_int_equal(rows_next(q, &e), 1);
	return rows_int(q, 0);
}

static int64_t
n_of(struct db *db, int64_t id)
{
	AUTO(rows_close) struct rows *q = NULL;
	struct error e;

	if (db_query(db, &q, &e, "SELECT n FROM probe WHERE id = ?", db_i(id)) < 0)
		fail_msg("%s", e.msg);
	return rows_next(q, &e) > 0 ? rows_int(q, 0) : -1;
}

/* ---- values ---- */

static void
round_trip(struct fixture *f, int64_t id, const struct db_value v[4])
{
	AUTO(rows_close) struct rows *q = NULL;
	struct error e;
	struct str s;

	begin(f->db);
	if (db_exec(f->db, NULL, &e,
	        "INSERT INTO probe (id, n, text, raw, flag) VALUES (?, ?, ?, ?, ?)", db_i(id), v[0],
	        v[1], v[2], v[3]) < 0)
		fail_msg("%s", e.msg);
	commit(f->db);
	assert_int_equal(
	    db_query(f->db, &q, &e, "SELECT n, text, raw, flag FROM probe WHERE id = ?", db_i(id)),
	    0);
	assert_int_equal(rows_next(q, &e), 1);
	assert_int_equal(rows_is_null(q, 0), v[0].kind == DB_NULL);
	assert_int_equal(rows_is_null(q, 1), v[1].kind == DB_NULL);
	assert_int_equal(rows_is_null(q, 2), v[2].kind == DB_NULL);
	assert_int_equal(rows_is_null(q, 3), v[3].kind == DB_NULL);
	assert_true(rows_int(q, 0) == v[0].i);
	s = rows_text(q, 1, f->a);
	assert_true(str_eq(s, v[1].s));
	s = rows_bytes(q, 2, f->a);
	assert_true(str_eq(s, v[2].s));
	assert_int_equal(rows_bool(q, 3), v[3].i != 0);
	assert_int_equal(rows_next(q, &e), 0);
	assert_int_equal(rows_next(q, &e), 0);
}

static void
values_come_back(void **state)
{
	struct fixture *f = *state;

	round_trip(f, 1, (struct db_value[]){db_null(), db_null(), db_null(), db_null()});
	round_trip(f, 2, (struct db_value[]){db_i(0), db_s(S("")), db_bytes(NULL, 0), db_b(false)});
	round_trip(f, 3,
	    (struct db_value[]){db_i(INT64_MAX), db_s(S("Grüße 漢字 😀 'x' ?")),
	        db_bytes("a\0b\xff\0", 5), db_b(true)});
	round_trip(f, INT64_MIN + 1,
	    (struct db_value[]){db_i(INT64_MIN), db_s0(S("x")), db_bytes("", 1), db_b(true)});
	round_trip(f, 5, (struct db_value[]){db_i0(0), db_s0(S("")), db_null(), db_null()});
	/* The same statement, number after NULL. */
	round_trip(
	    f, 6, (struct db_value[]){db_i(-1), db_s(S("y")), db_bytes("z", 1), db_b(false)});
}

static void
bytes_of_a_fixed_length(void **state)
{
	struct fixture *f = *state;
	AUTO(rows_close) struct rows *q = NULL;
	struct id128 id = {{1, 2, 0, 255}}, got;
	uint8_t short_one[15];
	struct error e;

	begin(f->db);
	assert_int_equal(
	    db_exec(f->db, NULL, &e, "INSERT INTO probe (id, raw) VALUES (1, ?)", db_id128(&id)),
	    0);
	commit(f->db);
	assert_int_equal(db_query(f->db, &q, &e, "SELECT raw, n FROM probe"), 0);
	assert_int_equal(rows_next(q, &e), 1);
	got = rows_id128(q, 0);
	assert_memory_equal(got.b, id.b, 16);
	assert_false(rows_fixed(q, 0, short_one, sizeof short_one));
	assert_false(rows_fixed(q, 1, short_one, sizeof short_one));
}

static void
bad_text_and_counts_are_refused(void **state)
{
	struct fixture *f = *state;
	AUTO(rows_close) struct rows *q = NULL;
	struct error e;

	assert_int_equal(
	    db_query(f->db, &q, &e, "SELECT id FROM probe WHERE text = ?", db_s(S("a\0b"))),
	    ERR_INVALID);
	assert_int_equal(
	    db_query(f->db, &q, &e, "SELECT id FROM probe WHERE text = ?", db_s(S("\xff"))),
	    ERR_INVALID);
	assert_int_equal(
	    db_query(f->db, &q, &e, "SELECT id FROM probe WHERE id = ?"), ERR_INTERNAL);
	assert_int_equal(db_query(f->db, &q, &e, "SELECT id FROM probe", db_i(1)), ERR_INTERNAL);
	assert_int_equal(db_query(f->db, &q, &e, "SELECT nonsense FROM probe"), ERR_INTERNAL);
	assert_null(q);
	assert_int_equal(count(f->db), 0);
}

static void
question_marks_in_strings_are_not_parameters(void **state)
{
	struct fixture *f = *state;
	AUTO(rows_close) struct rows *q = NULL;
	struct error e;

	if (db_query(f->db, &q, &e,
	        "SELECT '?', 'it''s ?', CAST(? AS BIGINT) /* ? */, \"id\" FROM probe -- ?\n"
	        "UNION ALL SELECT '?', 'it''s ?', CAST(? AS BIGINT), CAST(? AS BIGINT)",
	        db_i(7), db_i(8), db_i(9)) < 0)
		fail_msg("%s", e.msg);
	assert_int_equal(rows_next(q, &e), 1);
	assert_true(str_eq(rows_text(q, 1, f->a), S("it's ?")));
	assert_int_equal(rows_int(q, 2), 8);
	assert_int_equal(rows_int(q, 3), 9);
}

static void
order_is_by_bytes(void **state)
{
	struct fixture *f = *state;
	static const char *const in[] = {"b", "ä", "B", "a", "_"}, *const out[] = {
	                                                               "B", "_", "a", "b", "ä"};
	AUTO(rows_close) struct rows *q = NULL;
	struct error e;
	size_t i;

	begin(f->db);
	for (i = 0; i < ARRAY_LEN(in); i++)
		assert_int_equal(
		    db_exec(f->db, NULL, &e, "INSERT INTO probe (id, text) VALUES (?, ?)",
		        db_i((int64_t)i), db_s(str_c(in[i]))),
		    0);
	commit(f->db);
	assert_int_equal(db_query(f->db, &q, &e, "SELECT text FROM probe ORDER BY text"), 0);
	for (i = 0; i < ARRAY_LEN(out); i++) {
		assert_int_equal(rows_next(q, &e), 1);
		assert_true(str_eq_c(rows_text(q, 0, f->a), out[i]));
	}
}

static void
upsert_and_returning(void **state)
{
	struct fixture *f = *state;
	AUTO(rows_close) struct rows *q = NULL;
	struct error e;
	int i;

	begin(f->db);
	for (i = 0; i < 2; i++) {
		if (db_query(f->db, &q, &e,
		        "INSERT INTO probe AS t (id, n) VALUES (?, ?) "
		        "ON CONFLICT (id) DO UPDATE SET n = t.n + excluded.n RETURNING n",
		        db_i(1), db_i(5)) < 0)
			fail_msg("%s", e.msg);
		/* Not read at all the first time: the effect is there all the same. */
		if (i == 1) {
			assert_int_equal(rows_next(q, &e), 1);
			assert_int_equal(rows_int(q, 0), 10);
		}
		rows_close(&q);
	}
	commit(f->db);
	assert_int_equal(n_of(f->db, 1), 10);
}

/* ---- errors ---- */

static void
constraints(void **state)
{
	struct fixture *f = *state;
	static const struct {
		const char *sql;
		int code;
	} cases[] = {
	    {"INSERT INTO probe (id) VALUES (1)", ERR_EXISTS},
	    {"INSERT INTO probe (id, text) VALUES (2, 'one')", ERR_EXISTS},
	    {"INSERT INTO probe (id, parent_id) VALUES (2, 99)", ERR_CONFLICT},
	    {"INSERT INTO probe (id, small) VALUES (2, 100)", ERR_CONFLICT},
	    {"INSERT INTO parent (id, must) VALUES (1, NULL)", ERR_CONFLICT},
	};
	struct error e;
	size_t i;

	begin(f->db);
	assert_int_equal(
	    db_exec(f->db, NULL, &e, "INSERT INTO probe (id, text) VALUES (1, 'one')"), 0);
	commit(f->db);
	for (i = 0; i < ARRAY_LEN(cases); i++) {
		begin(f->db);
		assert_int_equal(db_exec(f->db, NULL, &e, cases[i].sql), cases[i].code);
		/* The rest of the transaction is lost, on both. */
		assert_int_equal(
		    db_exec(f->db, NULL, &e, "INSERT INTO probe (id) VALUES (3)"), cases[i].code);
		assert_int_equal(db_commit(f->db, &e), cases[i].code);
		assert_false(db_in_write(f->db));
	}
	assert_int_equal(count(f->db), 1);
}

static void
rollback_leaves_nothing(void **state)
{
	struct fixture *f = *state;

	db_rollback(f->db);
	begin(f->db);
	insert(f->db, 1, 1);
	assert_true(db_in_write(f->db));
	db_rollback(f->db);
	assert_false(db_in_write(f->db));
	assert_int_equal(count(f->db), 0);
	begin(f->db);
	insert(f->db, 1, 1);
	commit(f->db);
	assert_int_equal(count(f->db), 1);
}

static void
writes_need_a_write_transaction(void **state)
{
	struct fixture *f = *state;
	AUTO(rows_close) struct rows *q = NULL;
	struct error e;

	assert_int_equal(
	    db_exec(f->db, NULL, &e, "INSERT INTO probe (id) VALUES (1)"), ERR_INTERNAL);
	assert_int_equal(db_query(f->db, &q, &e, "INSERT INTO probe (id) VALUES (1) RETURNING id"),
	    ERR_INTERNAL);
	assert_int_equal(db_script(f->db, "DELETE FROM probe", &e), ERR_INTERNAL);
	assert_int_equal(db_commit(f->db, &e), ERR_INTERNAL);
	assert_int_equal(db_read_begin(f->db, &e), 0);
	assert_int_equal(db_read_begin(f->db, &e), ERR_INTERNAL);
	assert_int_equal(db_write_begin(f->db, DB_CHANGE, &e), ERR_INTERNAL);
	assert_int_equal(db_query(f->db, &q, &e, "INSERT INTO probe (id) VALUES (1) RETURNING id"),
	    ERR_INTERNAL);
	db_read_end(f->db);
	assert_int_equal(count(f->db), 0);
	begin(f->db);
	assert_int_equal(db_write_begin(f->db, DB_CHANGE, &e), ERR_INTERNAL);
	db_read_end(f->db); /* not a read: nothing happens */
	insert(f->db, 1, 1);
	commit(f->db);
	assert_int_equal(count(f->db), 1);
}

static void
open_rows_end_with_their_transaction(void **state)
{
	struct fixture *f = *state;
	AUTO(rows_close) struct rows *q = NULL, *same = NULL;
	struct error e;

	begin(f->db);
	insert(f->db, 1, 1);
	insert(f->db, 2, 2);
	commit(f->db);
	assert_int_equal(db_query(f->db, &q, &e, "SELECT id FROM probe ORDER BY id"), 0);
	assert_int_equal(db_write_begin(f->db, DB_CHANGE, &e), ERR_INTERNAL);
	rows_close(&q);
	begin(f->db);
	/* Two readers of one statement at a time. */
	for (int i = 0; i < 2; i++)
		assert_int_equal(db_query(f->db, i ? &q : &same, &e,
		                     "SELECT id FROM probe WHERE id > ? ORDER BY id", db_i(i)),
		    0);
	assert_int_equal(rows_next(same, &e), 1);
	assert_int_equal(rows_next(q, &e), 1);
	assert_int_equal(rows_int(same, 0), 1);
	assert_int_equal(rows_int(q, 0), 2);
	assert_int_equal(db_commit(f->db, &e), ERR_INTERNAL);
	assert_int_equal(rows_next(q, &e), ERR_INTERNAL);
}

/* ---- two connections ---- */

static void
readers_keep_their_snapshot(void **state)
{
	struct fixture *f = *state;
	AUTO(db_close) struct db *other = another(f);
	int64_t before = db_change_counter(other);
	struct error e;

	assert_int_equal(db_read_begin(other, &e), 0);
	assert_int_equal(count(other), 0);
	begin(f->db);
	insert(f->db, 1, 1);
	assert_int_equal(count(other), 0);
	commit(f->db);
	assert_int_equal(count(other), 0);
	db_read_end(other);
	assert_int_equal(count(other), 1);
	assert_true(db_change_counter(other) != before);
	db_checkpoint(f->db);
}

/* Write skew: each reads both rows and changes one.  One of them must not get through. */
static void
changes_are_serializable(void **state)
{
	struct fixture *f = *state;
	AUTO(db_close) struct db *other = another(f);
	struct error e;
	int r;

	begin(f->db);
	insert(f->db, 1, 1);
	insert(f->db, 2, 1);
	commit(f->db);
	begin(f->db);
	assert_int_equal(count(f->db), 2);
	if (f->which == PG) {
		begin(other);
		assert_int_equal(count(other), 2);
		assert_int_equal(n_of(other, 1), 1);
	}
	assert_int_equal(n_of(f->db, 2), 1);
	assert_int_equal(db_exec(f->db, NULL, &e, "UPDATE probe SET n = 0 WHERE id = 1"), 0);
	commit(f->db);
	if (f->which != PG)
		begin(other); /* had waited */
	r = db_exec(other, NULL, &e,
	    "UPDATE probe SET n = 0 WHERE id = 2 AND 1 = (SELECT n FROM probe WHERE id = 1)");
	if (r == 0)
		r = db_commit(other, &e);
	assert_int_equal(r, f->which == PG ? ERR_RETRY : 0);
	db_rollback(other);
	assert_int_equal(n_of(f->db, 2), 1);
}

/* What `by` has read, `other` writes, and both write the same row: `by` is told to run again. */
static void
be_refused(struct db *by, struct db *other, useconds_t nap_us)
{
	struct error e;

	begin(by);
	assert_int_equal(n_of(by, 1), n_of(by, 1));
	usleep(nap_us);
	assert_int_equal(db_write_begin(other, DB_CLAIM, &e), 0);
	assert_int_equal(db_exec(other, NULL, &e, "UPDATE probe SET n = n + 1 WHERE id = 1"), 0);
	commit(other);
	assert_int_equal(
	    db_exec(by, NULL, &e, "UPDATE probe SET n = n + 1 WHERE id = 1"), ERR_RETRY);
	db_rollback(by);
}

/* Others can begin a change beside it; all are rolled back. */
static bool
has_others_beside_it(struct db *db, struct db *other)
{
	struct error e;
	int r;

	begin(db);
	r = db_write_begin(other, DB_CHANGE, &e);
	assert_true(r == 0 || r == ERR_BUSY);
	db_rollback(other);
	db_rollback(db);
	return r == 0;
}

/* Luck is no answer to a person who waits: the third try has nobody beside it. */
static void
who_is_refused_twice_runs_alone(void **state)
{
	struct fixture *f = *state;
	AUTO(db_close) struct db *other = NULL;
	AUTO(db_close) struct db *unlucky = another(f);
	struct error e;

	begin(f->db);
	insert(f->db, 1, 1);
	commit(f->db);
	assert_int_equal(db_open_within(f->url, NULL, 2, &other, &e), 0);
	be_refused(unlucky, other, 0);
	be_refused(unlucky, other, 0);
	begin(unlucky);
	assert_int_equal(db_write_begin(other, DB_CHANGE, &e), ERR_BUSY);
	assert_int_equal(db_write_begin(other, DB_CLAIM, &e), ERR_BUSY);
	assert_int_equal(db_read_begin(other, &e), 0);
	assert_int_equal(n_of(other, 1), 3);
	db_read_end(other);
	assert_int_equal(db_exec(unlucky, NULL, &e, "UPDATE probe SET n = n + 1 WHERE id = 1"), 0);
	commit(unlucky);
	assert_true(has_others_beside_it(unlucky, other));
}

/* Everybody would wait with them. */
static void
not_who_is_long_or_gave_up_or_would_have_to_wait(void **state)
{
	struct fixture *f = *state;
	AUTO(db_close) struct db *other = another(f);
	AUTO(db_close) struct db *unlucky = another(f);
	struct error e;

	begin(f->db);
	insert(f->db, 1, 1);
	commit(f->db);
	be_refused(unlucky, other, 600000);
	be_refused(unlucky, other, 600000);
	assert_true(has_others_beside_it(unlucky, other));

	be_refused(unlucky, other, 0);
	be_refused(unlucky, other, 0);
	begin(other);
	begin(unlucky); /* beside it, and in time */
	assert_int_equal(db_exec(unlucky, NULL, &e, "UPDATE probe SET n = n + 1 WHERE id = 1"), 0);
	commit(unlucky);
	db_rollback(other);

	be_refused(unlucky, other, 0);
	be_refused(unlucky, other, 0);
	begin(unlucky); /* alone, and leaves it at that */
	db_rollback(unlucky);
	assert_true(has_others_beside_it(unlucky, other));
}

static void *
add_one(void *arg)
{
	struct db *db = arg;
	struct error e;

	if (db_write_begin(db, DB_CHANGE, &e) == 0 &&
	    db_exec(db, NULL, &e, "UPDATE probe SET n = n + 1 WHERE id = 1") == 0 &&
	    db_commit(db, &e) == 0)
		return db;
	return NULL;
}

/* Its snapshot is of when its turn came, or it would be told to run again for having waited. */
static void
who_waited_for_one_alone_goes_on_from_there(void **state)
{
	struct fixture *f = *state;
	AUTO(db_close) struct db *other = another(f);
	AUTO(db_close) struct db *unlucky = another(f);
	struct error e;
	pthread_t waiter;
	void *done = NULL;

	begin(f->db);
	insert(f->db, 1, 1);
	commit(f->db);
	be_refused(unlucky, other, 0);
	be_refused(unlucky, other, 0);
	begin(unlucky);
	assert_int_equal(pthread_create(&waiter, NULL, add_one, other), 0);
	usleep(300000);
	assert_int_equal(db_exec(unlucky, NULL, &e, "UPDATE probe SET n = n + 1 WHERE id = 1"), 0);
	commit(unlucky);
	assert_int_equal(pthread_join(waiter, &done), 0);
	assert_non_null(done);
	assert_int_equal(n_of(f->db, 1), 5);
}

static void
a_row_held_by_another_is_busy(void **state)
{
	struct fixture *f = *state;
	AUTO(db_close) struct db *other = another(f);
	int64_t started = time_monotonic_us(), waited;
	struct error e;
	int r;

	begin(f->db);
	insert(f->db, 1, 1);
	r = db_write_begin(other, DB_CHANGE, &e);
	if (f->which == PG && r == 0)
		r = db_exec(other, NULL, &e, "INSERT INTO probe (id) VALUES (1)");
	assert_int_equal(r, ERR_BUSY);
	waited = (time_monotonic_us() - started) / 1000;
	assert_in_range(waited, 1900, LIMIT_CHANGE_LOCK_MS + 1000);
	db_rollback(other);
	commit(f->db);
	begin(other); /* the lock is free again */
	insert(other, 2, 2);
	commit(other);
}

/* A claim takes what nobody else holds, and never waits for it. */
static void
claims_skip_what_is_taken(void **state)
{
	static const char claim[] =
	    "UPDATE probe SET small = 1 WHERE id = (SELECT id FROM probe WHERE small IS NULL "
	    "ORDER BY id LIMIT 1 /*pg: FOR UPDATE SKIP LOCKED */) RETURNING id";
	struct fixture *f = *state;
	struct db *other = f->which == PG ? another(f) : NULL;
	AUTO(rows_close) struct rows *q = NULL;
	struct error e;

	begin(f->db);
	insert(f->db, 1, 0);
	insert(f->db, 2, 0);
	commit(f->db);
	assert_int_equal(db_write_begin(f->db, DB_CLAIM, &e), 0);
	if (db_query(f->db, &q, &e, claim) < 0)
		fail_msg("%s", e.msg);
	assert_int_equal(rows_next(q, &e), 1);
	assert_int_equal(rows_int(q, 0), 1);
	rows_close(&q);
	if (f->which != PG)
		commit(f->db); /* on SQLite the next one waits for this */
	assert_int_equal(db_write_begin(other ? other : f->db, DB_CLAIM, &e), 0);
	assert_int_equal(db_query(other ? other : f->db, &q, &e, claim), 0);
	assert_int_equal(rows_next(q, &e), 1);
	assert_int_equal(rows_int(q, 0), 2);
	rows_close(&q);
	commit(other ? other : f->db);
	if (f->which == PG)
		commit(f->db);
	db_close(&other);
}

/* PostgreSQL ends our session: idle it is made anew, in a change it is said. */
static void
kill_others(struct fixture *f)
{
	AUTO(db_close) struct db *killer = another(f);
	AUTO(rows_close) struct rows *q = NULL;
	struct error e;

	assert_int_equal(db_query(killer, &q, &e,
	                     "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
	                     "WHERE pid <> pg_backend_pid() AND datname = current_database()"),
	    0);
	assert_int_equal(rows_next(q, &e), 1);
}

static void
a_lost_connection(void **state)
{
	struct fixture *f = *state;
	struct error e;

	assert_int_equal(count(f->db), 0);
	kill_others(f);
	assert_int_equal(count(f->db), 0);
	kill_others(f);
	begin(f->db);
	insert(f->db, 1, 1);
	kill_others(f);
	assert_int_equal(
	    db_exec(f->db, NULL, &e, "INSERT INTO probe (id) VALUES (2)"), ERR_UNAVAILABLE);
	db_rollback(f->db);
	assert_int_equal(count(f->db), 0);
	begin(f->db);
	insert(f->db, 1, 1);
	kill_others(f);
	assert_int_equal(db_commit(f->db, &e), ERR_UNKNOWN_OUTCOME);
	assert_false(db_in_write(f->db));
	assert_int_equal(count(f->db), 0);
}

/* ---- silence ---- */

/* PostgreSQL's process for this connection stands still, and the kernel goes on taking our bytes.
 */
static pid_t
stop_the_other_end(struct db *db)
{
	AUTO(rows_close) struct rows *q = NULL;
	struct error e;
	pid_t pid;

	assert_int_equal(db_query(db, &q, &e, "SELECT pg_backend_pid()"), 0);
	assert_int_equal(rows_next(q, &e), 1);
	pid = (pid_t)rows_int(q, 0);
	assert_int_equal(kill(pid, SIGSTOP), 0);
	return pid;
}

static int64_t
count_soon(struct db *db, int64_t want)
{
	struct timespec nap = {0, 20000000};

	for (int i = 0; i < 500 && count(db) != want; i++)
		nanosleep(&nap, NULL);
	return count(db);
}

static void
a_server_that_says_nothing(void **state)
{
	struct fixture *f = *state;
	AUTO(db_close) struct db *db = NULL;
	struct error e;
	pid_t stopped[3];

	assert_int_equal(db_open_within(f->url, NULL, 1, &db, &e), 0);
	stopped[0] = stop_the_other_end(db);
	assert_int_equal(count(db), 0); /* from a new connection */
	begin(db);
	insert(db, 1, 1);
	stopped[1] = stop_the_other_end(db);
	assert_int_equal(
	    db_exec(db, NULL, &e, "INSERT INTO probe (id) VALUES (2)"), ERR_UNAVAILABLE);
	assert_int_equal(db_commit(db, &e), ERR_UNAVAILABLE);
	begin(db);
	insert(db, 3, 3);
	stopped[2] = stop_the_other_end(db);
	assert_int_equal(db_commit(db, &e), ERR_UNKNOWN_OUTCOME);
	assert_false(db_in_write(db));
	assert_int_equal(count(db), 0);
	/* they find what we had sent, and that we are gone */
	for (size_t i = 0; i < ARRAY_LEN(stopped); i++)
		assert_int_equal(kill(stopped[i], SIGCONT), 0);
	assert_int_equal(count_soon(db, 1), 1);
}

/* More than all buffers on the way hold. */
static void
a_server_that_takes_nothing(void **state)
{
	struct fixture *f = *state;
	AUTO(db_close) struct db *db = NULL;
	struct str much = {arena_alloc(f->a, 32 << 20), 32 << 20};
	struct error e;
	pid_t stopped;

	assert_int_equal(db_open_within(f->url, NULL, 1, &db, &e), 0);
	memset((char *)(uintptr_t)much.p, 'a', much.n);
	begin(db);
	insert(db, 1, 1);
	stopped = stop_the_other_end(db);
	assert_int_equal(
	    db_exec(db, NULL, &e, "UPDATE probe SET text = ?", db_s(much)), ERR_UNAVAILABLE);
	db_rollback(db);
	assert_int_equal(kill(stopped, SIGCONT), 0);
	assert_int_equal(count(db), 0);
}

/* It is slow and says so, and the connection stays. */
static void
a_server_that_is_slow(void **state)
{
	struct fixture *f = *state;
	AUTO(db_close) struct db *db = NULL;
	AUTO(rows_close) struct rows *q = NULL;
	struct error e;

	assert_int_equal(db_open_within(f->url, NULL, 1, &db, &e), 0);
	assert_int_equal(db_read_begin(db, &e), 0);
	assert_int_equal(
	    db_query(db, &q, &e, "SELECT CAST(1 AS BIGINT) FROM pg_sleep(3)"), ERR_BUSY);
	db_read_end(db);
	assert_int_equal(count(db), 0);
}

/* The kernel takes the connection, and nobody accepts it. */
static void
nobody_answers_the_door(void **state)
{
	struct sockaddr_in at = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	socklen_t n = sizeof at;
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	struct db *db = NULL;
	struct error e;
	char url[64];

	(void)state;
	assert_int_equal(bind(fd, (struct sockaddr *)&at, n), 0);
	assert_int_equal(listen(fd, 4), 0);
	assert_int_equal(getsockname(fd, (struct sockaddr *)&at, &n), 0);
	snprintf(url, sizeof url, "postgresql://x@127.0.0.1:%d/x", ntohs(at.sin_port));
	assert_int_equal(db_open_within(url, NULL, 1, &db, &e), ERR_UNAVAILABLE);
	assert_null(db);
	close(fd);
}

/* ---- migrations ---- */

static void
migrating_twice_changes_nothing(void **state)
{
	struct fixture *f = *state;
	struct error e;
	int first = 0, second = 0;

	assert_int_equal(migrate_version(f->db, schema_main, &first, &e), 0);
	assert_int_equal(first, 0);
	if (migrate(f->db, schema_main, &e) < 0)
		fail_msg("%s", e.msg);
	assert_int_equal(migrate_version(f->db, schema_main, &first, &e), 0);
	assert_true(first >= 5);
	assert_int_equal(migrate(f->db, schema_main, &e), 0);
	assert_int_equal(migrate_version(f->db, schema_main, &second, &e), 0);
	assert_int_equal(first, second);
}

static void
keys_migrate(void **state)
{
	struct fixture *f = *state;
	struct error e;

	if (migrate(f->db, schema_keys, &e) < 0)
		fail_msg("%s", e.msg);
}

/* Up to and with this number. */
static void
migrate_to(struct db *db, int number)
{
	struct migration some[64] = {{0}};
	struct error e;
	size_t n;

	for (n = 0; schema_main[n].number != 0 && schema_main[n].number <= number; n++)
		some[n] = schema_main[n];
	if (migrate(db, some, &e) < 0)
		fail_msg("%s", e.msg);
}

static const char old_library[] =
    "INSERT INTO person (id, name, address, role, created_us) VALUES (1, '', '', '', 0);"
    "INSERT INTO folder (id, name, path, created_us) VALUES (1, '', 'A', 0);"
    "INSERT INTO asset (id, folder_id, title, class, current_version_id, created_by, created_us,"
    " changed_us, stamp) VALUES (1, 1, '', 'public', 3, 1, 0, 0, 1);"
    "INSERT INTO version (id, asset_id, number, name, bytes, media_type, malware, state,"
    " created_by, created_us) VALUES (2, 1, 1, '', 0, 'text/plain', 'clean', 'ready', 1, 0),"
    " (3, 1, 2, '', 0, 'image/png', 'not_scanned', 'ready', 1, 0);"
    "INSERT INTO release (asset_id, state, until_us, view_only, set_us)"
    " VALUES (1, 'cleared', 9, TRUE, 0);"
    "INSERT INTO version_media (version_id, state, width, height, changed_us)"
    " VALUES (3, 'ready', 20, 10, 7)";

static void
a_library_of_before_has_its_views(void **state)
{
	struct fixture *f = *state;
	AUTO(rows_close) struct rows *q = NULL;
	struct error e;

	migrate_to(f->db, 10);
	script(f->db, old_library);
	migrate_to(f->db, 11);
	assert_int_equal(db_query(f->db, &q, &e,
	                     "SELECT release_state, release_until_us, view_only, version_state, "
	                     "malware, media_type, width, height, media_us FROM asset"),
	    0);
	assert_int_equal(rows_next(q, &e), 1);
	assert_true(str_eq_c(rows_text(q, 0, f->a), "cleared"));
	assert_int_equal(rows_int(q, 1), 9);
	assert_true(rows_bool(q, 2));
	assert_true(str_eq_c(rows_text(q, 3, f->a), "ready"));
	assert_true(str_eq_c(rows_text(q, 4, f->a), "not_scanned"));
	assert_true(str_eq_c(rows_text(q, 5, f->a), "image/png"));
	assert_int_equal(rows_int(q, 6), 20);
	assert_int_equal(rows_int(q, 7), 10);
	assert_int_equal(rows_int(q, 8), 7);
}

/* ---- many ids ---- */

static void
ids_come_in_steps(void **state)
{
	struct fixture *f = *state;
	int64_t ids[2 * DB_STEP + 1];
	AUTO(steps_end)
	struct steps s = {.db = f->db,
	    .sql = "SELECT id FROM probe WHERE id IN " DB_STEP_IDS,
	    .ids = ids,
	    .n = ARRAY_LEN(ids)};
	size_t seen = 0;
	struct error e;
	int r;

	script(f->db, "INSERT INTO probe (id) VALUES (1), (7), (20), (21), (41), (42)");
	for (size_t i = 0; i < ARRAY_LEN(ids); i++)
		ids[i] = (int64_t)i + 1;
	while ((r = steps_next(&s, &e)) > 0) {
		size_t place = (size_t)rows_int(s.q, 0) - 1;

		assert_true(place >= s.from && place < s.to);
		seen++;
	}
	assert_int_equal(r, 0);
	assert_int_equal(seen, 5);
	assert_int_equal(steps_next(&s, &e), 0);
	s = (struct steps){.db = f->db, .sql = s.sql, .ids = ids, .n = 0};
	assert_int_equal(steps_next(&s, &e), 0);
}

static void
a_newer_schema_is_refused(void **state)
{
	struct fixture *f = *state;
	static const struct migration newer[] = {{1, "0001_probe", probe_sql, NULL, NULL},
	    {2, "0002_more", "CREATE TABLE more (id ID NOT NULL PRIMARY KEY)", NULL, NULL},
	    {0, NULL, NULL, NULL, NULL}};
	struct error e;
	int n = -1;

	assert_int_equal(migrate(f->db, newer, &e), 0);
	assert_int_equal(migrate(f->db, probe_list, &e), ERR_CONFLICT);
	assert_string_equal(e.key, "schema-newer");
	assert_int_equal(migrate_version(f->db, probe_list, &n, &e), ERR_CONFLICT);
	assert_string_equal(e.key, "schema-newer");
	assert_int_equal(n, -1);
}

static void
a_broken_migration_leaves_nothing(void **state)
{
	struct fixture *f = *state;
	static const struct migration broken[] = {{1, "0001_probe", probe_sql, NULL, NULL},
	    {2, "0002_bad", "CREATE TABLE half (id ID NOT NULL PRIMARY KEY); nonsense", NULL, NULL},
	    {0, NULL, NULL, NULL, NULL}};
	AUTO(rows_close) struct rows *q = NULL;
	struct error e;
	int n = -1;

	assert_true(migrate(f->db, broken, &e) < 0);
	assert_int_equal(migrate_version(f->db, broken, &n, &e), 0);
	assert_int_equal(n, 1);
	assert_true(db_query(f->db, &q, &e, "SELECT id FROM half") < 0);
}

static void
refused(struct db *db, const char *sql)
{
	struct error e;

	begin(db);
	if (db_exec(db, NULL, &e, sql) != ERR_CONFLICT)
		fail_msg("%s was let through", sql);
	db_rollback(db);
}

static void
the_history_cannot_be_changed(void **state)
{
	struct fixture *f = *state;
	struct id128 id = {{1}};
	struct error e;

	if (migrate(f->db, schema_main, &e) < 0)
		fail_msg("%s", e.msg);
	begin(f->db);
	if (db_exec(f->db, NULL, &e,
	        "INSERT INTO event (id, at_us, kind, v, actor_kind, entry) VALUES (?, 1, 'x', 1, "
	        "'system', '{}')",
	        db_id128(&id)) < 0 ||
	    db_exec(f->db, NULL, &e,
	        "INSERT INTO log_leaf (seq, event_id, leaf_hash) VALUES (0, ?, ?)", db_id128(&id),
	        db_id128(&id)) < 0)
		fail_msg("%s", e.msg);
	commit(f->db);
	refused(f->db, "UPDATE event SET kind = 'y'");
	refused(f->db, "DELETE FROM event");
	refused(f->db, "UPDATE log_leaf SET seq = 1");
	refused(f->db, "DELETE FROM log_leaf");
	if (f->which == PG) {
		refused(f->db, "TRUNCATE event CASCADE");
		refused(f->db, "TRUNCATE log_leaf");
	} else {
		refused(f->db, "REPLACE INTO log_leaf (seq, event_id, leaf_hash) SELECT seq, "
		               "event_id, event_id FROM log_leaf");
	}
}

#define ON(setup, test)                                                                            \
	{                                                                                          \
#test, test, setup, teardown, &which                                               \
	}

static int
run(const char *name, enum which first)
{
	static enum which which;
	const struct CMUnitTest all[] = {
	    ON(setup, values_come_back),
	    ON(setup, bytes_of_a_fixed_length),
	    ON(setup, bad_text_and_counts_are_refused),
	    ON(setup, question_marks_in_strings_are_not_parameters),
	    ON(setup, order_is_by_bytes),
	    ON(setup, upsert_and_returning),
	    ON(setup, constraints),
	    ON(setup, rollback_leaves_nothing),
	    ON(setup, writes_need_a_write_transaction),
	    ON(setup, open_rows_end_with_their_transaction),
	    ON(setup, claims_skip_what_is_taken),
	    ON(setup_empty, migrating_twice_changes_nothing),
	    ON(setup_empty, keys_migrate),
	    ON(setup_empty, a_library_of_before_has_its_views),
	    ON(setup, ids_come_in_steps),
	    ON(setup_empty, a_newer_schema_is_refused),
	    ON(setup_empty, a_broken_migration_leaves_nothing),
	    ON(setup_empty, the_history_cannot_be_changed),
	};
	const struct CMUnitTest two[] = {
	    ON(setup, readers_keep_their_snapshot),
	    ON(setup, changes_are_serializable),
	    ON(setup, a_row_held_by_another_is_busy),
	};
	const struct CMUnitTest server[] = {
	    ON(setup, who_is_refused_twice_runs_alone),
	    ON(setup, not_who_is_long_or_gave_up_or_would_have_to_wait),
	    ON(setup, who_waited_for_one_alone_goes_on_from_there),
	    ON(setup, a_lost_connection),
	    ON(setup, a_server_that_says_nothing),
	    ON(setup, a_server_that_takes_nothing),
	    ON(setup, a_server_that_is_slow),
	};
	int bad;

	which = first;
	bad = _cmocka_run_group_tests(name, all, ARRAY_LEN(all), NULL, NULL);
	if (which != FAKE)
		bad += _cmocka_run_group_tests(name, two, ARRAY_LEN(two), NULL, NULL);
	if (which == PG)
		bad += _cmocka_run_group_tests(name, server, ARRAY_LEN(server), NULL, NULL);
	return bad;
}

int
main(void)
{
	const struct CMUnitTest silent[] = {cmocka_unit_test(nobody_answers_the_door)};
	int bad = run("db contract: sqlite", SQLITE) + run("db contract: fake", FAKE);

	bad += cmocka_run_group_tests_name("db contract: nobody there", silent, NULL, NULL);

	if (getenv("GELEIT_TEST_PG") == NULL)
		puts("SKIP db contract: postgresql (GELEIT_TEST_PG is not set)");
	else
		bad += run("db contract: postgresql", PG);
	return bad != 0;
}
