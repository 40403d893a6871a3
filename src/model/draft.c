/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * draft - see draft.h.  The stamp begins at the time, so that a draft made after one
 * that was sent is another one for a window that still shows the old.
 */
#include "model/draft.h"

#include "base/error.h"
#include "db/db.h"
#include "model/change.h"

int
draft_get(struct db *db, struct arena *a, person_id person, struct draft *ret, struct error *e)
{
	AUTO(rows_close) struct rows *q = NULL;
	int r;

	*ret = (struct draft){0};
	if (db_query(db, &q, e, "SELECT content, stamp, changed_us FROM draft WHERE person_id = ?",
	        db_i(person.v)) < 0)
		return err_code(e);
	r = rows_next(q, e);
	if (r > 0)
		*ret = (struct draft){rows_text(q, 0, a), rows_int(q, 1), rows_int(q, 2)};
	return MIN(r, 0);
}

int
draft_put(struct change *c, person_id person, struct str content, struct error *e)
{
	static const char sql[] =
	    "INSERT INTO draft (person_id, content, stamp, changed_us) VALUES (?, ?, ?, ?) "
	    "ON CONFLICT (person_id) DO UPDATE SET content = excluded.content, "
	    "stamp = draft.stamp + 1, changed_us = excluded.changed_us";
	int64_t now = change_now(c);

	return db_exec(
	    change_db(c), NULL, e, sql, db_i(person.v), db_s(content), db_i(now), db_i(now));
}

int
draft_remove(struct change *c, person_id person, struct error *e)
{
	return db_exec(
	    change_db(c), NULL, e, "DELETE FROM draft WHERE person_id = ?", db_i(person.v));
}
