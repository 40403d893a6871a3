/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * setting - see setting.h.  The table is small and read with every message, since
 * an app remembers nothing between two.
 */
#include "model/setting.h"

#include "base/arena.h"
#include "base/error.h"
#include "base/str.h"
#include "base/vec.h"
#include "db/db.h"
#include "model/change.h"
#include "model/delivery.h"

int
setting_list(
    struct db *db, struct arena *a, struct conf_value **ret, size_t *ret_n, struct error *e)
{
	AUTO(rows_close) struct rows *q = NULL;
	VEC(struct conf_value) list = {0};
	int r;

	if (db_query(db, &q, e, "SELECT name, value FROM setting ORDER BY name") < 0)
		return err_code(e);
	while ((r = rows_next(q, e)) > 0)
		*VEC_ADD(&list) = (struct conf_value){rows_text(q, 0, a), rows_text(q, 1, a)};
	VEC_TO_ARENA(&list, a, ret, ret_n);
	return r;
}

static int
write_row(struct change *c, const struct conf_value *v, person_id by, struct error *e)
{
	static const char sql[] =
	    "INSERT INTO setting (name, value, changed_by, changed_us) VALUES (?, ?, ?, ?) "
	    "ON CONFLICT (name) DO UPDATE SET value = excluded.value, "
	    "changed_by = excluded.changed_by, changed_us = excluded.changed_us";

	if (v->value.p == NULL)
		return db_exec(
		    change_db(c), NULL, e, "DELETE FROM setting WHERE name = ?", db_s(v->name));
	return db_exec(change_db(c), NULL, e, sql, db_s(v->name), db_s(v->value), db_i0(by.v),
	    db_i(change_now(c)));
}

int
setting_set(
    struct change *c, struct arena *a, const struct conf_value *v, person_id by, struct error *e)
{
	struct event ev = EVENT_INIT(EVENT_SETTING_CHANGED);

	if (write_row(c, v, by, e) < 0)
		return err_code(e);
	if (conf_judges(v->name) && delivery_stamps_raise_all(c, e) < 0)
		return err_code(e);
	ev.outcome = v->value.p != NULL ? arena_printf(a, "%.*s:%.*s", STR(v->name), STR(v->value))
	                                : v->name;
	return event_add(c, &ev, e);
}
