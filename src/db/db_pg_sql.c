/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * db_pg_sql - portable SQL becomes PostgreSQL's, and its error codes ours
 *
 * Two changes only: each ? outside strings and comments becomes $1, $2 ..., and
 * a comment that begins with "pg:" becomes its content.  Pure functions.
 */
#include <string.h>

#include "base/arena.h"
#include "base/buf.h"
#include "base/error.h"
#include "db/db_private.h"
#include "db/sql_scan.h"

#define SQL_MAX_BYTES (1024 * 1024)
#define PG_COMMENT "/*pg:"

/* One piece of text: a ?, something to step over, or a single character. */
static const char *
number_piece(struct buf *b, const char *p, int *params)
{
	const char *end = sql_skip(p);

	if (end != p) {
		buf_add(b, p, (size_t)(end - p));
		return end;
	}
	if (*p == '?')
		buf_printf(b, "$%d", ++*params);
	else
		buf_char(b, *p);
	return p + 1;
}

char *
pg_sql(const char *sql, int *ret_params)
{
	struct buf b;
	const char *p = sql, *end = NULL;
	int params = 0;

	buf_init(&b, SQL_MAX_BYTES);
	while (*p != '\0') {
		if (end == NULL && strncmp(p, PG_COMMENT, strlen(PG_COMMENT)) == 0) {
			end = strstr(p, "*/");
			p += strlen(PG_COMMENT);
		} else if (p == end) {
			end = NULL;
			p += 2;
		} else {
			p = number_piece(&b, p, &params);
		}
	}
	buf_char(&b, '\0');
	*ret_params = params;
	return b.p;
}

struct pg_state {
	const char *state; /* a prefix of the SQLSTATE */
	int code;
};

/* The longest prefix stands first. */
static const struct pg_state states[] = {
    {"23505", ERR_EXISTS},      /* unique_violation */
    {"23", ERR_CONFLICT},       /* foreign key, check, not null */
    {"P0001", ERR_CONFLICT},    /* raised by our triggers */
    {"40", ERR_RETRY},          /* serialization_failure, deadlock_detected, rollback */
    {"55P03", ERR_BUSY},        /* lock_not_available */
    {"57014", ERR_BUSY},        /* statement_timeout */
    {"57P", ERR_UNAVAILABLE},   /* shut down, starting up, database dropped */
    {"25P03", ERR_UNAVAILABLE}, /* idle in transaction for too long: disconnected */
    {"08", ERR_UNAVAILABLE},    /* connection */
    {"53100", ERR_NO_SPACE},    /* disk_full */
    {"53", ERR_UNAVAILABLE},    /* too many connections, out of memory */
    {"58", ERR_IO},             /* system error */
    {"XX001", ERR_CORRUPT},     /* data_corrupted */
    {"XX002", ERR_CORRUPT},     /* index_corrupted */
    {"22021", ERR_INVALID},     /* not in the encoding */
    {"54", ERR_TOO_LARGE},      /* program limit exceeded */
};

int
pg_code(const char *sqlstate)
{
	size_t i;

	if (sqlstate == NULL)
		return ERR_UNAVAILABLE;
	for (i = 0; i < ARRAY_LEN(states); i++)
		if (strncmp(sqlstate, states[i].state, strlen(states[i].state)) == 0)
			return states[i].code;
	return ERR_INTERNAL;
}
