/* SPDX-License-Identifier: AGPL-3.0-or-later */
/* sizes: one driver, whole; what waits and what rewrites SQL has files of its own */
/*
 * db_pg - the driver for PostgreSQL, over libpq
 *
 * Statements are prepared once per connection without types: the server infers
 * each parameter's type from the column beside it, and the value must fit, so a
 * NULL today and a number tomorrow share one plan.  Values and results travel
 * in binary.  A result is fetched whole.
 *
 * A connection that died while idle is made anew, once, and the statement runs
 * again.  Inside a transaction that is ERR_UNAVAILABLE, at COMMIT
 * ERR_UNKNOWN_OUTCOME.
 *
 * A server that is stopped and a line that swallows everything say nothing at
 * all.  Who says nothing for `seconds` is given up: for the rest of the program
 * the connection was lost.  The server's own limits are shorter, so that what is
 * merely slow ends with an answer, as ERR_BUSY.
 *
 * A short change that was told to run again, and again, runs alone: what is tried with luck ends in
 * a 503 now and then.  All writers hold the migrations' table in a mode that they share, and who
 * runs alone holds it in one that excludes them and lets readers and dumps pass.  LOCK TABLE takes
 * no snapshot, so whoever had to wait there sees what was committed meanwhile, and is not doomed to
 * run again for it.  A long change does not run alone, and nobody waits long for being alone: all
 * others would wait with him.
 */
#include <endian.h>
#include <libpq-fe.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/error.h"
#include "base/limits.h"
#include "base/str.h"
#include "base/time.h"
#include "base/vec.h"
#include "db/db_pg_wait.h"
#include "db/db_private.h"

/* Migrations: each of a script's statements may take as long as one alone. */
#define SCRIPT_TIMES 60
/* After trying in vain to reach a silent server: as long as that took, and no longer. */
#define REST_MOST_US (2 * US_PER_S)
/* Since the server's log moved: whoever committed then is seen by everybody. */
#define SEEN_BY_ALL_US US_PER_S
/* Failures in a row after which a change runs alone; those of a long one do not count. */
#define ALONE_AFTER 2
#define ALONE_LONGEST_US (US_PER_S / 2)
#define ALONE_WAIT_MS 300

/* pg_type.h; fixed for ever by the protocol. */
enum pg_type {
	PG_BOOL = 16,
	PG_BYTEA = 17,
	PG_NAME = 19,
	PG_INT8 = 20,
	PG_INT2 = 21,
	PG_INT4 = 23,
	PG_TEXT = 25,
	PG_VARCHAR = 1043,
};

struct stmt {
	const char *key; /* the address of the SQL text */
	char *sql;       /* as given */
	char name[24];
	int params;
	unsigned types[DB_PARAMS_MAX];
};

struct db_pg {
	struct db db;
	PGconn *c;
	int seconds;           /* without an answer */
	bool is_given_up;      /* it was silent for so long */
	int64_t rest_until_us; /* no new connection is tried before */
	VEC(struct stmt *) cache;
	uint64_t named;                    /* for the names of statements */
	int64_t counter, log_at, moved_us; /* see change_counter */
	bool turns; /* writers lock the migrations' table: it was there at the connection's start */
	int again;  /* changes in a row that were told to run again */
	int64_t began_us;
};

struct rows_pg {
	struct rows rows;
	PGresult *res;
	int at, count;
};

/* Values as libpq wants them. */
struct params {
	const char *value[DB_PARAMS_MAX];
	int length[DB_PARAMS_MAX], format[DB_PARAMS_MAX];
	uint64_t number[DB_PARAMS_MAX]; /* big-endian integers live here */
};

static bool
lost(const struct db_pg *d)
{
	return d->is_given_up || PQstatus(d->c) != CONNECTION_OK;
}

/* What libpq says of a connection; of silence it says nothing. */
static const char *
complaint(const struct db_pg *d)
{
	const char *msg = PQerrorMessage(d->c);

	return msg[0] != '\0' ? msg : "no answer in time";
}

static int
fail(struct db_pg *d, const PGresult *res, const char *what, struct error *e)
{
	const char *state = res != NULL ? PQresultErrorField(res, PG_DIAG_SQLSTATE) : NULL;
	const char *msg = res != NULL ? PQresultErrorField(res, PG_DIAG_MESSAGE_PRIMARY) : NULL;
	int code = lost(d) ? ERR_UNAVAILABLE : pg_code(state);

	if (msg == NULL)
		msg = complaint(d);
	if (code == ERR_RETRY)
		d->again = time_monotonic_us() - d->began_us < ALONE_LONGEST_US ? d->again + 1 : 0;
	err_put(e, code, "", "postgresql: %.200s (%s): %.80s", msg, state ? state : "-", what);
	e->is_fault = true;
	/* libpq writes paragraphs; ours is one line */
	for (char *p = e->msg; *p != '\0'; p++) {
		if (*p == '\n' || *p == '\t')
			*p = ' ';
	}
	return code;
}

static void
result_free(PGresult **res)
{
	PQclear(*res);
	*res = NULL;
}

static bool
is_ok(const PGresult *res)
{
	ExecStatusType s = PQresultStatus(res);

	return s == PGRES_COMMAND_OK || s == PGRES_TUPLES_OK;
}

/* Without a result the connection is over. */
static PGresult *
answer(struct db_pg *d, int sent, int seconds)
{
	PGresult *res = pg_answer(d->c, sent, time_monotonic_us() + seconds * US_PER_S);

	d->is_given_up = res == NULL;
	return res;
}

static PGresult *
ask(struct db_pg *d, const char *sql)
{
	return answer(d, PQsendQuery(d->c, sql), d->seconds);
}

/* ---- connection ---- */

static void
forget_statements(struct db_pg *d)
{
	size_t i;

	for (i = 0; i < d->cache.n; i++) {
		free(d->cache.v[i]->sql);
		free(d->cache.v[i]);
	}
	VEC_FINI(&d->cache);
}

static void
pg_close(struct db *db)
{
	struct db_pg *d = (struct db_pg *)db;

	forget_statements(d);
	PQfinish(d->c);
	free(d);
}

/*
 * Half of our patience for a statement, a fifth for a lock.  A change that reads a small table page
 * by page has read all of it, and everybody's writing there makes it run again; by an index it has
 * read its rows (PostgreSQL's manual, 13.2.3).  Where no index serves, the price that this puts on
 * reading pages would have short statements compiled.
 */
static const char setup_sql[] = "SET default_transaction_read_only = on;"
                                "SET default_transaction_isolation = 'repeatable read';"
                                "SET statement_timeout = %d;"
                                "SET lock_timeout = %d;"
                                "SET idle_in_transaction_session_timeout = %d;"
                                "SET standard_conforming_strings = on;"
                                "SET bytea_output = 'hex';"
                                "SET enable_seqscan = off;"
                                "SET jit = off;"
                                "SET client_min_messages = warning;"
                                "SET timezone = 'UTC'";

static bool
sorts_by_bytes(const char *locale)
{
	static const char *const good[] = {"C", "POSIX", "C.UTF-8", "C.utf8", "C.UTF8"};
	size_t i;

	for (i = 0; i < ARRAY_LEN(good); i++)
		if (strcmp(locale, good[i]) == 0)
			return true;
	return false;
}

/* With ICU (i) the locale's name says nothing of it; PostgreSQL 14 has no such column. */
static const char server_sql[] =
    "SELECT datcollate, COALESCE(to_jsonb(d)->>'datlocprovider', 'c'), "
    "to_regclass('schema_version') IS NOT NULL FROM pg_database d WHERE datname = "
    "current_database()";

static int
check_server(struct db_pg *d, struct error *e)
{
	const char *encoding = PQparameterStatus(d->c, "server_encoding"), *locale;
	AUTO(result_free) PGresult *res = NULL;

	if (encoding == NULL || strcmp(encoding, "UTF8") != 0)
		return err_key(e, ERR_CONFLICT, "database-encoding", "the database is not in UTF8");
	res = ask(d, server_sql);
	if (!is_ok(res) || PQntuples(res) != 1)
		return fail(d, res, "the database's properties", e);
	locale = PQgetvalue(res, 0, 1)[0] == 'i' ? "ICU" : PQgetvalue(res, 0, 0);
	if (!sorts_by_bytes(locale))
		return err_key(e, ERR_CONFLICT, "database-locale",
		    "the database sorts by %.40s; create it with LOCALE 'C' or 'C.UTF-8'", locale);
	d->turns = PQgetvalue(res, 0, 2)[0] == 't';
	return 0;
}

static int
set_up(struct db_pg *d, struct error *e)
{
	AUTO(result_free) PGresult *res = NULL;
	char sql[sizeof setup_sql + 24];

	forget_statements(d);
	d->is_given_up = false;
	d->again = 0;
	if (lost(d) || PQsetnonblocking(d->c, 1) < 0)
		return fail(d, NULL, "connecting", e);
	snprintf(
	    sql, sizeof sql, setup_sql, d->seconds * 500, d->seconds * 200, LIMIT_CHANGE_HOLD_MS);
	res = ask(d, sql);
	return is_ok(res) ? check_server(d, e) : fail(d, res, "setting up", e);
}

static void
no_notice(void *arg, const PGresult *res)
{
}

/* True when the connection was idle, has died, and lives again. */
static bool
revived(struct db_pg *d)
{
	int64_t now, began = time_monotonic_us();
	struct error e;

	if (!lost(d) || d->db.tx != DB_TX_NONE || began < d->rest_until_us)
		return false;
	PQreset(d->c);
	if (set_up(d, &e) == 0)
		return true;
	now = time_monotonic_us();
	d->rest_until_us = now + MIN(now - began, REST_MOST_US);
	return false;
}

/* ---- transactions ---- */

static int
simple(struct db_pg *d, const char *sql, struct error *e)
{
	AUTO(result_free) PGresult *res = ask(d, sql);

	return is_ok(res) ? 0 : fail(d, res, sql, e);
}

static void
roll_back(struct db_pg *d)
{
	if (!lost(d))
		PQclear(ask(d, "ROLLBACK"));
}

static void
pg_rollback(struct db *db)
{
	struct db_pg *d = (struct db_pg *)db;

	if (db->tx != DB_TX_READ && db->failed != ERR_RETRY)
		d->again = 0; /* given up for another reason: the next one is another change */
	roll_back(d);
}

#define BEGIN_READ "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY"
#define BEGIN_CHANGE "BEGIN ISOLATION LEVEL SERIALIZABLE READ WRITE"
#define BEGIN_CLAIM "BEGIN ISOLATION LEVEL READ COMMITTED READ WRITE"
#define WITH_OTHERS "; LOCK TABLE schema_version IN ROW EXCLUSIVE MODE"

/* Several statements in one question: the one that failed is the answer. */
static int
begin_with_others(struct db_pg *d, enum db_tx tx, struct error *e)
{
	if (tx == DB_TX_READ)
		return simple(d, BEGIN_READ, e);
	if (d->turns)
		return simple(
		    d, tx == DB_TX_CHANGE ? BEGIN_CHANGE WITH_OTHERS : BEGIN_CLAIM WITH_OTHERS, e);
	return simple(d, tx == DB_TX_CHANGE ? BEGIN_CHANGE : BEGIN_CLAIM, e);
}

/* One try: it either helps, or there is another reason. */
static int
begin_alone(struct db_pg *d, enum db_tx tx, struct error *e)
{
	char sql[256];

	d->again = 0;
	snprintf(sql, sizeof sql,
	    "%s; SET LOCAL lock_timeout = %d; LOCK TABLE schema_version IN SHARE ROW EXCLUSIVE "
	    "MODE; SET LOCAL lock_timeout = %d",
	    tx == DB_TX_CHANGE ? BEGIN_CHANGE : BEGIN_CLAIM, ALONE_WAIT_MS, d->seconds * 200);
	return simple(d, sql, e);
}

static int
pg_begin(struct db *db, enum db_tx tx, struct error *e)
{
	struct db_pg *d = (struct db_pg *)db;
	int r = ERR_BUSY;

	if (d->turns && tx != DB_TX_READ && d->again >= ALONE_AFTER) {
		r = begin_alone(d, tx, e);
		if (r == ERR_BUSY)
			roll_back(d);
	}
	if (r == ERR_BUSY)
		r = begin_with_others(d, tx, e);
	if (r < 0 && revived(d))
		r = begin_with_others(d, tx, e);
	if (r < 0)
		roll_back(d); /* it had begun, and its turn did not come */
	else
		d->began_us = time_monotonic_us();
	return r;
}

static int
pg_commit(struct db *db, struct error *e)
{
	struct db_pg *d = (struct db_pg *)db;
	AUTO(result_free) PGresult *res = ask(d, "COMMIT");
	int r;

	if (is_ok(res) && strcmp(PQcmdStatus(res), "COMMIT") == 0) {
		d->again = 0;
		return 0;
	}
	if (lost(d))
		return err_set(e, ERR_UNKNOWN_OUTCOME, "postgresql: connection lost at COMMIT");
	if (is_ok(res))
		r = err_set(e, ERR_INTERNAL, "postgresql rolled back instead of committing");
	else
		r = fail(d, res, "COMMIT", e);
	roll_back(d);
	return r;
}

/* ---- statements ---- */

static int
describe(struct db_pg *d, struct stmt *s, struct error *e)
{
	AUTO(result_free) PGresult *res = NULL;
	int i;

	res = answer(d, PQsendDescribePrepared(d->c, s->name), d->seconds);
	if (!is_ok(res))
		return fail(d, res, s->sql, e);
	if (PQnparams(res) != s->params)
		return err_set(e, ERR_INTERNAL, "parameters do not count up: %.80s", s->sql);
	for (i = 0; i < s->params; i++)
		s->types[i] = PQparamtype(res, i);
	return 0;
}

static void
heap_free(char **p)
{
	free(*p);
	*p = NULL;
}

static int
prepare(struct db_pg *d, struct stmt *s, struct error *e)
{
	AUTO(heap_free) char *sql = pg_sql(s->sql, &s->params);
	AUTO(result_free) PGresult *res = NULL;

	if (s->params > DB_PARAMS_MAX)
		return err_set(e, ERR_INTERNAL, "more than %d parameters", DB_PARAMS_MAX);
	snprintf(s->name, sizeof s->name, "s%llu", (unsigned long long)++d->named);
	res = answer(d, PQsendPrepare(d->c, s->name, sql, 0, NULL), d->seconds);
	return is_ok(res) ? describe(d, s, e) : fail(d, res, s->sql, e);
}

/* The cache is bounded by forgetting all: SQL texts are static, so this is a brake. */
static void
make_room(struct db_pg *d)
{
	if (d->cache.n < DB_STATEMENTS_MAX)
		return;
	forget_statements(d);
	PQclear(ask(d, "DEALLOCATE ALL"));
}

static int
stmt_get(struct db_pg *d, const char *sql, struct stmt **ret, struct error *e)
{
	struct stmt *s;
	size_t i;
	int r;

	for (i = 0; i < d->cache.n; i++) {
		s = d->cache.v[i];
		if (s->key == sql && strcmp(s->sql, sql) == 0) {
			*ret = s;
			return 0;
		}
	}
	make_room(d);
	s = xcalloc(1, sizeof *s);
	s->key = sql;
	s->sql = strdup(sql);
	if (s->sql == NULL)
		abort();
	r = prepare(d, s, e);
	if (r < 0) {
		free(s->sql);
		free(s);
		return r;
	}
	*VEC_ADD(&d->cache) = s; /* NOLINT(bugprone-sizeof-expression): of pointers */
	*ret = s;
	return 0;
}

/* Big-endian in the first bytes of number[i]; false: does not fit the column. */
static bool
put_int(struct params *p, size_t i, int64_t v, int bytes)
{
	int64_t limit = bytes == 8 ? INT64_MAX : ((int64_t)1 << (bytes * 8 - 1)) - 1;

	if (v > limit || v < -limit - 1)
		return false;
	p->number[i] = htobe64((uint64_t)v << (64 - bytes * 8));
	p->value[i] = (const char *)&p->number[i];
	p->length[i] = bytes;
	return true;
}

static bool
put_str(struct params *p, size_t i, struct str s)
{
	if (s.n > INT32_MAX)
		return false;
	p->value[i] = s.p != NULL ? s.p : "";
	p->length[i] = (int)s.n;
	return true;
}

static bool
put(struct params *p, size_t i, unsigned type, const struct db_value *v)
{
	p->format[i] = 1;
	if (v->kind == DB_NULL) {
		p->value[i] = NULL;
		p->length[i] = 0;
		return true;
	}
	switch (type) {
	case PG_INT8:
		return v->kind == DB_INT && put_int(p, i, v->i, 8);
	case PG_INT4:
		return v->kind == DB_INT && put_int(p, i, v->i, 4);
	case PG_INT2:
		return v->kind == DB_INT && put_int(p, i, v->i, 2);
	case PG_BOOL:
		return v->kind == DB_BOOL && put_int(p, i, v->i != 0, 1);
	case PG_TEXT:
	case PG_VARCHAR:
		return v->kind == DB_TEXT && put_str(p, i, v->s);
	case PG_BYTEA:
		return v->kind == DB_BYTES && put_str(p, i, v->s);
	default:
		return false;
	}
}

static int
put_all(struct params *p, const struct stmt *s, const struct db_value *v, size_t n, struct error *e)
{
	size_t i;

	if ((size_t)s->params != n)
		return err_set(
		    e, ERR_INTERNAL, "%d parameters, %zu values: %.80s", s->params, n, s->sql);
	for (i = 0; i < n; i++)
		if (!put(p, i, s->types[i], &v[i]))
			return err_set(e, ERR_INTERNAL,
			    "parameter %zu has type %u there, or needs a cast: %.80s", i + 1,
			    s->types[i], s->sql);
	return 0;
}

static int
run_once(struct db_pg *d, PGresult **ret, const char *sql, const struct db_value *v, size_t n,
    struct error *e)
{
	AUTO(result_free) PGresult *res = NULL;
	struct params p;
	struct stmt *s;
	int r = stmt_get(d, sql, &s, e);

	if (r == 0)
		r = put_all(&p, s, v, n, e);
	if (r < 0)
		return r;
	res = answer(d, PQsendQueryPrepared(d->c, s->name, (int)n, p.value, p.length, p.format, 1),
	    d->seconds);
	if (!is_ok(res))
		return fail(d, res, sql, e);
	*ret = TAKE(res);
	return 0;
}

static int
run(struct db_pg *d, PGresult **ret, const char *sql, const struct db_value *v, size_t n,
    struct error *e)
{
	int r = run_once(d, ret, sql, v, n, e);

	if (r < 0 && revived(d))
		r = run_once(d, ret, sql, v, n, e);
	return r;
}

/* ---- rows ---- */

static int
check_columns(const PGresult *res, const char *sql, struct error *e)
{
	int i;

	for (i = 0; i < PQnfields(res); i++)
		switch (PQftype(res, i)) {
		case PG_BOOL:
		case PG_BYTEA:
		case PG_NAME:
		case PG_INT8:
		case PG_INT2:
		case PG_INT4:
		case PG_TEXT:
		case PG_VARCHAR:
			break;
		default:
			return err_set(e, ERR_INTERNAL, "column %d has type %u, cast it: %.80s", i,
			    PQftype(res, i), sql);
		}
	return 0;
}

static int
pg_query(struct db *db, struct rows **ret, const char *sql, const struct db_value *v, size_t n,
    struct error *e)
{
	AUTO(result_free) PGresult *res = NULL;
	struct rows_pg *q;
	int r = run((struct db_pg *)db, &res, sql, v, n, e);

	if (r == 0)
		r = check_columns(res, sql, e);
	if (r < 0)
		return r;
	q = xcalloc(1, sizeof *q);
	q->rows.columns = PQnfields(res);
	q->count = PQntuples(res);
	q->at = -1;
	q->res = TAKE(res);
	*ret = &q->rows;
	return 0;
}

static int
pg_exec(struct db *db, int64_t *ret_changed, const char *sql, const struct db_value *v, size_t n,
    struct error *e)
{
	AUTO(result_free) PGresult *res = NULL;
	int r = run((struct db_pg *)db, &res, sql, v, n, e);

	if (r < 0)
		return r;
	if (!str_i64(str_c(PQcmdTuples(res)), ret_changed) ||
	    str_starts(str_c(PQcmdStatus(res)), S("SELECT")))
		*ret_changed = 0;
	return 0;
}

static int
pg_next(struct rows *rows, struct error *e)
{
	struct rows_pg *q = (struct rows_pg *)rows;

	if (q->at + 1 >= q->count)
		return 0;
	q->at++;
	return 1;
}

static int64_t
get_int(const char *p, int bytes)
{
	uint64_t v = 0;
	int i;

	for (i = 0; i < bytes; i++)
		v = v << 8 | (uint8_t)p[i];
	return bytes == 4 ? (int32_t)v : bytes == 2 ? (int16_t)v : (int64_t)v;
}

static struct db_value
pg_cell(struct rows *rows, int col)
{
	struct rows_pg *q = (struct rows_pg *)rows;
	const char *p;
	int n;

	if (q->at < 0 || PQgetisnull(q->res, q->at, col))
		return db_null();
	p = PQgetvalue(q->res, q->at, col);
	n = PQgetlength(q->res, q->at, col);
	switch (PQftype(q->res, col)) {
	case PG_INT8:
	case PG_INT4:
	case PG_INT2:
		return db_i(get_int(p, n));
	case PG_BOOL:
		return db_b(*p != 0);
	case PG_BYTEA:
		return db_bytes(p, (size_t)n);
	default:
		return db_s((struct str){p, (size_t)n});
	}
}

static void
pg_rows_free(struct rows *rows)
{
	PQclear(((struct rows_pg *)rows)->res);
	free(rows);
}

static int
pg_script(struct db *db, const char *sql, struct error *e)
{
	struct db_pg *d = (struct db_pg *)db;
	AUTO(result_free) PGresult *res = NULL;

	res = answer(d, PQsendQuery(d->c, sql), d->seconds * SCRIPT_TIMES);
	return is_ok(res) ? 0 : fail(d, res, sql, e);
}

static void
pg_checkpoint(struct db *db)
{
}

/* Where the server's log stands; below 0: it does not say. */
static int64_t
log_position(struct db *db)
{
	AUTO(rows_close) struct rows *q = NULL;
	struct error e;

	if (db_query(db, &q, &e,
	        "SELECT CAST(pg_wal_lsn_diff(pg_current_wal_insert_lsn(), '0/0') AS BIGINT)") < 0 ||
	    rows_next(q, &e) <= 0)
		return -1;
	return rows_int(q, 0);
}

/* A commit stands in the log before others see what it did: so it is new for a while. */
static int64_t
pg_change_counter(struct db *db)
{
	struct db_pg *d = (struct db_pg *)db;
	int64_t at = log_position(db), now = time_monotonic_us();

	if (at < 0 || at != d->log_at)
		d->moved_us = now;
	d->log_at = at;
	if (now - d->moved_us < SEEN_BY_ALL_US)
		d->counter++;
	return d->counter;
}

static int
pg_ways_of(const struct db *db, struct db_ways *ways, struct error *e)
{
	PQconninfoOption *all = PQconninfo(((const struct db_pg *)db)->c);
	const char *host = NULL, *hostaddr = NULL, *port = NULL;
	int r;

	if (all == NULL)
		abort();
	for (const PQconninfoOption *o = all; o->keyword != NULL; o++) {
		host = strcmp(o->keyword, "host") == 0 ? o->val : host;
		hostaddr = strcmp(o->keyword, "hostaddr") == 0 ? o->val : hostaddr;
		port = strcmp(o->keyword, "port") == 0 ? o->val : port;
	}
	r = pg_ways(host, hostaddr, port, ways, e);
	PQconninfoFree(all);
	return r;
}

static const struct db_driver driver = {
    .name = "postgresql",
    .postgres = true,
    .close = pg_close,
    .begin = pg_begin,
    .commit = pg_commit,
    .rollback = pg_rollback,
    .query = pg_query,
    .exec = pg_exec,
    .script = pg_script,
    .next = pg_next,
    .cell = pg_cell,
    .rows_free = pg_rows_free,
    .checkpoint = pg_checkpoint,
    .change_counter = pg_change_counter,
    .ways = pg_ways_of,
};

/* libpq counts connect_timeout for each host of the address, and takes 1 for 2. */
static PGconn *
reach(const char *url, int seconds)
{
	/* What stands before dbname may be changed by the address, what stands after may not. */
	static const char *const keys[] = {"connect_timeout", "tcp_user_timeout", "keepalives_idle",
	    "keepalives_interval", "keepalives_count", "gssencmode", "fallback_application_name",
	    "dbname", "client_encoding", NULL};
	char connect[16], unsent[16];
	const char *const values[] = {
	    connect, unsent, "30", "10", "3", "disable", "geleit", url, "UTF8", NULL};
	PGconn *c;

	snprintf(connect, sizeof connect, "%d", MAX(1, seconds / 2));
	snprintf(unsent, sizeof unsent, "%d", seconds * 1000);
	c = PQconnectdbParams(keys, values, 1);
	if (c == NULL)
		abort();
	return c;
}

int
db_pg_open(const char *url, int seconds, struct db **ret, struct error *e)
{
	struct db_pg *d = xcalloc(1, sizeof *d);
	int r;

	d->db.driver = &driver;
	d->seconds = seconds;
	d->c = reach(url, seconds);
	PQsetNoticeReceiver(d->c, no_notice, NULL);
	r = set_up(d, e);
	if (r < 0) {
		pg_close(&d->db);
		return r;
	}
	*ret = &d->db;
	return 0;
}
