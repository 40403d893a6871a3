/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * db - one connection to SQLite or PostgreSQL, the same for both
 *
 * SQL is portable text with ? parameters (rules: docs/internals/database.md).  Values go in as
 * struct db_value made by db_i(), db_s() ..., rows come out by column number.
 * A statement is prepared once per connection and SQL text address, so SQL
 * texts are string literals or static arrays.
 *
 *	AUTO(rows_close) struct rows *q = NULL;
 *	r = db_query(db, &q, e, "SELECT title FROM asset WHERE id = ?", db_i(id));
 *	while ((r = rows_next(q, e)) > 0)
 *		title = rows_text(q, 0, a);
 *
 * After any error inside a transaction only db_rollback is left: every further
 * call, and the commit, answers with that first error (so use ON CONFLICT, not
 * a caught ERR_EXISTS).  Rows are closed before a transaction begins or commits.
 * A wrong column number or kind in rows_x aborts the program.
 *
 * Errors: ERR_RETRY (SQLITE_BUSY, 40001, 40P01: abort and run the whole change
 * again), ERR_BUSY (a lock or the statement took too long), ERR_EXISTS (unique),
 * ERR_CONFLICT (foreign key, check), ERR_NO_SPACE, ERR_UNAVAILABLE (server gone,
 * or silent), ERR_UNKNOWN_OUTCOME (connection lost at COMMIT), ERR_IO,
 * ERR_INTERNAL.
 *
 * No call waits for ever.  A server that says nothing for so many seconds (it is
 * stopped, or the line swallows everything) is one whose connection was lost.
 * Outside a transaction a new connection is then tried, once, for half of that
 * and at least two seconds; when that is in vain, calls fail at once for as long
 * as the try took, at most two seconds, and then the next one tries.
 *
 * Layer: db.  Used by model only.
 */
#pragma once

#include "base/base.h"

struct arena;
struct db;
struct error;
struct rows;

enum db_value_kind { DB_NULL, DB_INT, DB_BOOL, DB_TEXT, DB_BYTES };
struct db_value {
	enum db_value_kind kind;
	int64_t i;
	struct str s;
};

static inline struct db_value
db_i(int64_t v)
{
	return (struct db_value){DB_INT, v, {0}};
}
static inline struct db_value
db_b(bool v)
{
	return (struct db_value){DB_BOOL, v, {0}};
}
static inline struct db_value
db_s(struct str v)
{
	return (struct db_value){DB_TEXT, 0, v};
}
static inline struct db_value
db_bytes(const void *p, size_t n)
{
	return (struct db_value){DB_BYTES, 0, {p, n}};
}
static inline struct db_value
db_null(void)
{
	return (struct db_value){DB_NULL, 0, {0}};
}
static inline struct db_value
db_id128(const struct id128 *id)
{
	return db_bytes(id->b, sizeof id->b);
}
/* NULL instead of 0, and instead of the empty string: for optional columns. */
static inline struct db_value
db_i0(int64_t v)
{
	return v != 0 ? db_i(v) : db_null();
}
static inline struct db_value
db_s0(struct str v)
{
	return v.n > 0 ? db_s(v) : db_null();
}

/*
 * url: "sqlite:PATH" or "postgresql://...".  For SQLite, lock_path names the
 * file whose flock serialises writers; ignored by PostgreSQL.
 * Sets WAL, synchronous=FULL, foreign_keys, recursive_triggers, trusted_schema
 * off, defensive; PostgreSQL: UTF-8 and bytea checks, statement timeout of half
 * of `seconds`, lock timeout of a fifth.
 */
#define DB_SECONDS 10 /* PostgreSQL's silence; the setting server.db_seconds */
NODISCARD int db_open_within(
    const char *url, const char *lock_path, int seconds, struct db **ret, struct error *e);
NODISCARD int db_open(const char *url, const char *lock_path, struct db **ret, struct error *e);
void db_close(struct db **db);
bool db_is_postgres(const struct db *db);

/* How a database's server is reached, for the sandbox of whoever will connect to it again. */
#define DB_PORTS_MAX 8
struct db_ways {
	bool local; /* by a unix socket */
	size_t port_count;
	uint16_t ports[DB_PORTS_MAX]; /* by TCP, each once */
};
/* Adds those of this connection, of every host that its address names; SQLite has none.
 * ERR_INVALID: more ports than DB_PORTS_MAX. */
NODISCARD int db_ways_add(const struct db *db, struct db_ways *ways, struct error *e);

/* A snapshot for several reads; ends by db_read_end or db_close.  Not nested. */
NODISCARD int db_read_begin(struct db *db, struct error *e);
void db_read_end(struct db *db);

/* How a write transaction runs: changes, or the claim of a job (READ COMMITTED). */
enum db_write { DB_CHANGE, DB_CLAIM };
/* Used by model/change.c, claims, the keyring and the migration runner alone. */
NODISCARD int db_write_begin(struct db *db, enum db_write how, struct error *e);
NODISCARD int db_commit(struct db *db, struct error *e);
void db_rollback(struct db *db); /* no transaction: nothing happens */
bool db_in_write(const struct db *db);

#define DB_VALUES(...)                                                                             \
	(const struct db_value[]){{DB_NULL, 0, {0}}, ##__VA_ARGS__} + 1,                           \
	    sizeof((const struct db_value[]){{DB_NULL, 0, {0}}, ##__VA_ARGS__}) /                  \
	            sizeof(struct db_value) -                                                      \
	        1
#define db_query(db, ret, e, sql, ...)                                                             \
	db_query_values((db), (ret), (e), (sql), DB_VALUES(__VA_ARGS__))
#define db_exec(db, ret_changed, e, sql, ...)                                                      \
	db_exec_values((db), (ret_changed), (e), (sql), DB_VALUES(__VA_ARGS__))

NODISCARD int db_query_values(struct db *db, struct rows **ret, struct error *e, const char *sql,
    const struct db_value *v, size_t n);
/* ret_changed: rows changed, or NULL.  In SQL the number of values must equal the number of ?. */
NODISCARD int db_exec_values(struct db *db, int64_t *ret_changed, struct error *e, const char *sql,
    const struct db_value *v, size_t n);

/* 1 a row, 0 the end, negative an error. */
NODISCARD int rows_next(struct rows *q, struct error *e);
void rows_close(struct rows **q);
/* Columns from 0.  NULL reads as 0, false, empty; text and bytes are copied to the arena. */
int64_t rows_int(struct rows *q, int col);
bool rows_bool(struct rows *q, int col);
struct str rows_text(struct rows *q, int col, struct arena *a);
struct str rows_bytes(struct rows *q, int col, struct arena *a);
bool rows_is_null(struct rows *q, int col);
/* False when the column is not exactly n bytes. */
bool rows_fixed(struct rows *q, int col, void *ret, size_t n);
struct id128 rows_id128(struct rows *q, int col);

/* One text of statements separated by ';' outside triggers; for migrations. */
NODISCARD int db_script(struct db *db, const char *sql, struct error *e);

/* SQLite: checkpoint the WAL (worker only; busy is no error).  PostgreSQL: nothing. */
void db_checkpoint(struct db *db);

/*
 * Changes whenever another connection committed: SQLite's data_version; on PostgreSQL, where the
 * log stands, and for a second after it moved always.  A commit that took longer to be seen is
 * missed, so look now and then without it.
 */
int64_t db_change_counter(struct db *db);
