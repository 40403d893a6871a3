/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * db_private - what a driver is; never included outside db/
 *
 * A driver embeds struct db and struct rows as its first member.  db.c checks
 * everything that is the same for all (text is UTF-8, states, writes only in a
 * write transaction), so a driver may take these for granted.
 */
#pragma once

#include "db/db.h"

enum db_tx { DB_TX_NONE, DB_TX_READ, DB_TX_CHANGE, DB_TX_CLAIM };

#define DB_PARAMS_MAX 64
#define DB_STATEMENTS_MAX 512

struct db_driver {
	const char *name;
	bool postgres;
	void (*close)(struct db *db);
	int (*begin)(struct db *db, enum db_tx tx, struct error *e);
	/* Whatever it answers, no transaction is open afterwards. */
	int (*commit)(struct db *db, struct error *e);
	void (*rollback)(struct db *db);
	/* Runs up to the first row, so that RETURNING has its effect whether rows are read or not.
	 */
	int (*query)(struct db *db, struct rows **ret, const char *sql, const struct db_value *v,
	    size_t n, struct error *e);
	int (*exec)(struct db *db, int64_t *ret_changed, const char *sql, const struct db_value *v,
	    size_t n, struct error *e);
	int (*script)(struct db *db, const char *sql, struct error *e);
	int (*next)(struct rows *q, struct error *e);
	/* Text and bytes stay valid until the next call of next or rows_free. */
	struct db_value (*cell)(struct rows *q, int col);
	void (*rows_free)(struct rows *q);
	void (*checkpoint)(struct db *db);
	int64_t (*change_counter)(struct db *db);
	int (*ways)(const struct db *db, struct db_ways *ways, struct error *e); /* NULL: none */
};

struct db {
	const struct db_driver *driver;
	enum db_tx tx;
	int failed;    /* code of the first failure inside the transaction: only rollback is left */
	int open_rows; /* not yet at their end */
	uint64_t generation; /* grows when a transaction ends: rows of an older one are dead */
};

struct rows {
	struct db *db;
	uint64_t generation;
	int columns;
	bool live; /* counted in open_rows */
};

/* A write needs a write transaction; drivers ask when the statement turns out to write. */
int db_refuse_write(const struct db *db, struct error *e);

int db_sqlite_open(const char *path, const char *lock_path, struct db **ret, struct error *e);
int db_pg_open(const char *url, int seconds, struct db **ret, struct error *e);

/* db_pg_sql.c: ? to $1 ..., pg comments expanded; on the heap.  *ret_params: how many. */
char *pg_sql(const char *sql, int *ret_params);
/* db_pg_ways.c: of libpq's host, hostaddr and port, lists with commas; each may be NULL. */
int pg_ways(const char *host, const char *hostaddr, const char *port, struct db_ways *ways,
    struct error *e);
/* The ERR_ value of an SQLSTATE. */
int pg_code(const char *sqlstate);
