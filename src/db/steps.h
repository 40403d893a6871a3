/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * steps - rows of many ids, DB_STEP of them with each statement
 *
 * Statements are prepared by their text, so a list of any length is asked for in
 * steps of one length; the last is filled up with 0, which is no id.
 *
 *	AUTO(steps_end) struct steps s = {.db = db, .sql = "... id IN " DB_STEP_IDS,
 *	    .ids = &ids->v, .n = n};
 *	while ((r = steps_next(&s, e)) > 0)
 *		for (i = s.from; i < s.to; i++)    those the row may be of
 *			if (ids[i].v == rows_int(s.q, 0)) ...
 *
 * Layer: db.
 */
#pragma once

#include "db/db.h"

#define DB_STEP 20
#define DB_STEP_IDS "(?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?)"

struct steps {
	struct db *db;
	const char *sql;
	const int64_t *ids;
	size_t n;
	struct rows *q;  /* the row it stands at */
	size_t from, to; /* the ids of this step */
};

/* 1 a row, 0 the end of all ids, negative an error. */
NODISCARD int steps_next(struct steps *s, struct error *e);
void steps_end(struct steps *s);
/* One step alone: n of at most DB_STEP ids. */
NODISCARD int steps_query(struct db *db, struct rows **ret, const char *sql, const int64_t *ids,
    size_t n, struct error *e);
