/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * steps - see steps.h.  A step's rows are closed before the next one begins, so that
 * one prepared statement serves them all.
 */
#include "db/steps.h"

#include "base/error.h"

int
steps_query(struct db *db, struct rows **ret, const char *sql, const int64_t *ids, size_t n,
    struct error *e)
{
	struct db_value v[DB_STEP];

	for (size_t i = 0; i < DB_STEP; i++)
		v[i] = db_i(i < n ? ids[i] : 0);
	return db_query_values(db, ret, e, sql, v, DB_STEP);
}

static int
begin(struct steps *s, struct error *e)
{
	s->from = s->to;
	s->to = MIN(s->n, s->from + DB_STEP);
	return steps_query(s->db, &s->q, s->sql, s->ids + s->from, s->to - s->from, e);
}

int
steps_next(struct steps *s, struct error *e)
{
	int r = 0;

	while (r == 0 && (s->q != NULL || s->to < s->n)) {
		if (s->q == NULL && begin(s, e) < 0)
			return err_code(e);
		r = rows_next(s->q, e);
		if (r <= 0)
			rows_close(&s->q);
	}
	return r;
}

void
steps_end(struct steps *s)
{
	rows_close(&s->q);
}
