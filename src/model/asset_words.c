/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * asset_words - see asset_words.h.  Keywords are told apart by their folded
 * label, so "Möbel" and "möbel" are one.
 */
#include "model/asset_words.h"

#include "base/arena.h"
#include "base/error.h"
#include "base/random.h"
#include "base/str.h"
#include "base/vec.h"
#include "db/db.h"
#include "db/steps.h"
#include "model/change.h"
#include "text/name.h"

int
keyword_find(struct db *db, struct arena *a, struct str label, int64_t *ret, struct error *e)
{
	AUTO(rows_close) struct rows *q = NULL;
	int r;

	if (db_query(db, &q, e, "SELECT id FROM keyword WHERE folded = ?",
	        db_s(name_folded(a, label))) < 0)
		return err_code(e);
	r = rows_next(q, e);
	*ret = r > 0 ? rows_int(q, 0) : 0;
	return MIN(r, 0);
}

int
keyword_need(struct change *c, struct arena *a, struct str label, int64_t *ret, struct error *e)
{
	if (db_exec(change_db(c), NULL, e,
	        "INSERT INTO keyword (id, label, folded) VALUES (?, ?, ?) ON CONFLICT (folded) DO "
	        "NOTHING",
	        db_i(random_id()), db_s(label), db_s(name_folded(a, label))) < 0 ||
	    keyword_find(change_db(c), a, label, ret, e) < 0)
		return err_code(e);
	return *ret == 0 ? err_set(e, ERR_INTERNAL, "a keyword vanished") : 0;
}

int
keyword_link(struct change *c, asset_id id, int64_t keyword, int64_t *ret_changed, struct error *e)
{
	return db_exec(change_db(c), ret_changed, e,
	    "INSERT INTO asset_keyword (asset_id, keyword_id) VALUES (?, ?) "
	    "ON CONFLICT (asset_id, keyword_id) DO NOTHING",
	    db_i(id.v), db_i(keyword));
}

int
keyword_unlink(
    struct change *c, asset_id id, int64_t keyword, int64_t *ret_changed, struct error *e)
{
	return db_exec(change_db(c), ret_changed, e,
	    "DELETE FROM asset_keyword WHERE asset_id = ? AND keyword_id = ?", db_i(id.v),
	    db_i(keyword));
}

int
keyword_add(struct change *c, struct arena *a, asset_id id, struct str label, struct error *e)
{
	int64_t keyword, changed;

	if (keyword_need(c, a, label, &keyword, e) < 0)
		return err_code(e);
	return keyword_link(c, id, keyword, &changed, e);
}

int
keyword_remove(struct change *c, struct arena *a, asset_id id, struct str label, struct error *e)
{
	int64_t keyword, changed;

	if (keyword_find(change_db(c), a, label, &keyword, e) < 0)
		return err_code(e);
	return keyword_unlink(c, id, keyword, &changed, e);
}

/*
 * Nobody types U+10FFFF: it ends what begins with the prefix.  What is in the trash is
 * taken off, for it is little: to look at each file costs ten times as much.
 */
int
keyword_list(struct db *db, struct arena *a, struct str prefix, struct keyword_row *ret,
    size_t *ret_n, struct error *e)
{
	static const char sql[] =
	    "SELECT k.label, CAST(count(*) - coalesce(max(gone.n), 0) AS BIGINT) AS files "
	    "FROM keyword k JOIN asset_keyword ak ON ak.keyword_id = k.id LEFT JOIN ("
	    "SELECT t.keyword_id, count(*) AS n FROM asset_keyword t WHERE t.asset_id IN "
	    "(SELECT id FROM asset WHERE trashed_us IS NOT NULL) GROUP BY t.keyword_id) gone "
	    "ON gone.keyword_id = k.id WHERE k.folded >= ? AND k.folded < ? "
	    "GROUP BY k.id, k.label, k.folded HAVING count(*) > coalesce(max(gone.n), 0) "
	    "ORDER BY files DESC, k.folded LIMIT CAST(? AS BIGINT)";
	AUTO(rows_close) struct rows *q = NULL;
	struct str folded = name_folded(a, prefix);
	size_t n = 0;
	int r = 0;

	if (db_query(db, &q, e, sql, db_s(folded),
	        db_s(arena_printf(a, "%.*s\xf4\x8f\xbf\xbf", STR(folded))),
	        db_i(KEYWORDS_SHOWN)) < 0)
		return err_code(e);
	while (n < KEYWORDS_SHOWN && (r = rows_next(q, e)) > 0)
		ret[n++] = (struct keyword_row){rows_text(q, 0, a), rows_int(q, 1)};
	*ret_n = n;
	return MIN(r, 0);
}

int
note_add(struct change *c, asset_id id, struct str text, person_id by, struct error *e)
{
	return db_exec(change_db(c), NULL, e,
	    "INSERT INTO note (id, asset_id, text, created_by, created_us) VALUES (?, ?, ?, ?, ?)",
	    db_i(random_id()), db_i(id.v), db_s(text), db_i(by.v), db_i(change_now(c)));
}

/* ---- of many files ---- */

/*
 * Rows come sorted by their file, so those of one lie together: what belongs to ids[i]
 * begins at first[i] of all rows and is counts[i] long.
 */
struct runs {
	size_t *first, *counts;
};

static void
runs_add(struct runs *to, const struct steps *s, size_t at)
{
	int64_t of = rows_int(s->q, 0);

	for (size_t i = s->from; i < s->to; i++) {
		if (s->ids[i] == of && to->counts[i]++ == 0)
			to->first[i] = at;
	}
}

static struct runs
runs_make(struct arena *a, size_t n)
{
	return (struct runs){ARENA_ARRAY(a, size_t, n), ARENA_ARRAY(a, size_t, n)};
}

int
keywords_get_list(struct db *db, struct arena *a, const asset_id *ids, size_t n,
    struct keywords *ret, struct error *e)
{
	AUTO(steps_end)
	struct steps s = {.db = db,
	    .sql = "SELECT ak.asset_id, k.label FROM asset_keyword ak "
	           "JOIN keyword k ON k.id = ak.keyword_id "
	           "WHERE ak.asset_id IN " DB_STEP_IDS " ORDER BY ak.asset_id, k.folded",
	    .ids = &ids->v,
	    .n = n};
	struct runs of = runs_make(a, n);
	VEC(struct str) list = {0};
	struct str *all;
	size_t total;
	int r;

	while ((r = steps_next(&s, e)) > 0) {
		runs_add(&of, &s, list.n);
		*VEC_ADD(&list) = rows_text(s.q, 1, a);
	}
	VEC_TO_ARENA(&list, a, &all, &total);
	for (size_t i = 0; i < n; i++)
		ret[i] = (struct keywords){all + of.first[i], of.counts[i]};
	return r;
}

int
notes_get_list(struct db *db, struct arena *a, const asset_id *ids, size_t n, struct notes *ret,
    struct error *e)
{
	AUTO(steps_end)
	struct steps s = {.db = db,
	    .sql = "SELECT n.asset_id, n.id, n.text, p.name, n.created_us FROM note n "
	           "JOIN person p ON p.id = n.created_by "
	           "WHERE n.asset_id IN " DB_STEP_IDS " ORDER BY n.asset_id, n.id",
	    .ids = &ids->v,
	    .n = n};
	struct runs of = runs_make(a, n);
	VEC(struct note) list = {0};
	struct note *all;
	size_t total;
	int r;

	while ((r = steps_next(&s, e)) > 0) {
		runs_add(&of, &s, list.n);
		*VEC_ADD(&list) = (struct note){
		    rows_int(s.q, 1), rows_text(s.q, 2, a), rows_text(s.q, 3, a), rows_int(s.q, 4)};
	}
	VEC_TO_ARENA(&list, a, &all, &total);
	for (size_t i = 0; i < n; i++)
		ret[i] = (struct notes){all + of.first[i], of.counts[i]};
	return r;
}
