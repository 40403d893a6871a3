/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * basket - see basket.h.  The position only grows, so that what is put in last
 * is last, whatever was taken out.
 */
#include "model/basket.h"

#include "base/arena.h"
#include "base/error.h"
#include "base/limits.h"
#include "base/vec.h"
#include "db/db.h"
#include "model/change.h"

int
basket_get(struct db *db, struct arena *a, person_id person, struct basket *ret, struct error *e)
{
	static const char sql[] =
	    "SELECT b.asset_id, x.trashed_us, v.bytes FROM basket b JOIN asset x ON x.id = "
	    "b.asset_id JOIN version v ON v.id = x.current_version_id WHERE b.person_id = ? "
	    "ORDER BY b.position";
	AUTO(rows_close) struct rows *q = NULL;
	VEC(asset_id) list = {0};
	int r;

	*ret = (struct basket){0};
	if (db_query(db, &q, e, sql, db_i(person.v)) < 0)
		return err_code(e);
	while ((r = rows_next(q, e)) > 0) {
		if (!rows_is_null(q, 1)) {
			ret->gone++;
			continue;
		}
		*VEC_ADD(&list) = (asset_id){rows_int(q, 0)};
		ret->bytes += rows_int(q, 2);
	}
	VEC_TO_ARENA(&list, a, &ret->ids, &ret->n);
	return r;
}

static int
state_of(struct db *db, person_id person, int64_t *ret_count, int64_t *ret_last, struct error *e)
{
	AUTO(rows_close) struct rows *q = NULL;
	int r;

	if (db_query(db, &q, e,
	        "SELECT count(*), coalesce(max(position), 0) FROM basket WHERE person_id = ?",
	        db_i(person.v)) < 0)
		return err_code(e);
	r = rows_next(q, e);
	if (r <= 0)
		return r < 0 ? r : err_set(e, ERR_INTERNAL, "a count without a row");
	*ret_count = rows_int(q, 0);
	*ret_last = rows_int(q, 1);
	return 0;
}

int
basket_add(struct change *c, person_id person, const struct asset_list *list, struct error *e)
{
	static const char sql[] = "INSERT INTO basket (person_id, asset_id, position) SELECT "
	                          "CAST(? AS BIGINT), id, CAST(? AS BIGINT) "
	                          "FROM asset WHERE id = ? AND trashed_us IS NULL "
	                          "ON CONFLICT (person_id, asset_id) DO NOTHING";
	int64_t count = 0, last = 0, n;

	if (state_of(change_db(c), person, &count, &last, e) < 0)
		return err_code(e);
	for (size_t i = 0; i < list->n; i++) {
		if (db_exec(change_db(c), &n, e, sql, db_i(person.v), db_i(++last),
		        db_i(list->ids[i].v)) < 0)
			return err_code(e);
		count += n;
	}
	if (count > LIMIT_DELIVERY_ITEMS)
		return err_key(e, ERR_TOO_LARGE, "basket-full", "a basket holds %d files",
		    LIMIT_DELIVERY_ITEMS);
	return 0;
}

int
basket_remove(struct change *c, person_id person, const struct asset_list *list, struct error *e)
{
	for (size_t i = 0; i < list->n; i++) {
		if (db_exec(change_db(c), NULL, e,
		        "DELETE FROM basket WHERE person_id = ? AND asset_id = ?", db_i(person.v),
		        db_i(list->ids[i].v)) < 0)
			return err_code(e);
	}
	return 0;
}

int
basket_clear(struct change *c, person_id person, struct error *e)
{
	return db_exec(
	    change_db(c), NULL, e, "DELETE FROM basket WHERE person_id = ?", db_i(person.v));
}
