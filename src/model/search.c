/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * search - see search.h.  A word's beginning is a range of the primary key of
 * asset_term; the files of several words are those in each of the ranges.
 */
#include "model/search.h"

#include "base/arena.h"
#include "base/error.h"
#include "base/str.h"
#include "base/vec.h"
#include "db/db.h"
#include "model/change.h"
#include "text/name.h"
#include "text/words.h"

#define WORDS_MOST 16 /* of a question; further ones are not looked at */

bool
asset_set_has(const struct asset_set *set, int64_t id)
{
	size_t from = 0, to = set->n;

	while (from < to) {
		size_t middle = from + (to - from) / 2;

		if (set->ids[middle] == id)
			return true;
		if (set->ids[middle] < id)
			from = middle + 1;
		else
			to = middle;
	}
	return false;
}

static int
read_set(struct rows *q, struct arena *a, struct asset_set *ret, struct error *e)
{
	VEC(int64_t) list = {0};
	int r;

	while ((r = rows_next(q, e)) > 0)
		*VEC_ADD(&list) = rows_int(q, 0);
	VEC_TO_ARENA(&list, a, &ret->ids, &ret->n);
	return r;
}

/* From the word itself to before the first text that does not begin with it: no UTF-8 has 0xff,
 * and U+10FFFF is in no word. */
static int
find_word(struct db *db, struct arena *a, struct str word, struct asset_set *ret, struct error *e)
{
	AUTO(rows_close) struct rows *q = NULL;
	struct str end = arena_printf(a, "%.*s\xf4\x8f\xbf\xbf", STR(word));

	if (db_query(db, &q, e,
	        "SELECT DISTINCT asset_id FROM asset_term WHERE term >= ? AND term < ? "
	        "ORDER BY asset_id",
	        db_s(word), db_s(end)) < 0)
		return err_code(e);
	return read_set(q, a, ret, e);
}

/* What is in both stays. */
static void
intersect(struct asset_set *set, const struct asset_set *other)
{
	size_t n = 0;

	for (size_t i = 0; i < set->n; i++) {
		if (asset_set_has(other, set->ids[i]))
			set->ids[n++] = set->ids[i];
	}
	set->n = n;
}

int
search_find(
    struct db *db, struct arena *a, struct str question, struct asset_set *ret, struct error *e)
{
	struct asset_set one = {0};
	size_t n;
	struct str *words = words_of(a, question, &n);

	*ret = (struct asset_set){0};
	for (size_t i = 0; i < MIN(n, (size_t)WORDS_MOST); i++) {
		if (find_word(db, a, words[i], i == 0 ? ret : &one, e) < 0)
			return err_code(e);
		if (i > 0)
			intersect(ret, &one);
	}
	return 0;
}

int
search_keyword(
    struct db *db, struct arena *a, struct str label, struct asset_set *ret, struct error *e)
{
	AUTO(rows_close) struct rows *q = NULL;

	if (db_query(db, &q, e,
	        "SELECT ak.asset_id FROM keyword k JOIN asset_keyword ak ON ak.keyword_id = k.id "
	        "WHERE k.folded = ? ORDER BY ak.asset_id",
	        db_s(name_folded(a, label))) < 0)
		return err_code(e);
	return read_set(q, a, ret, e);
}

/* ---- writing ---- */

/* Title, name and keywords as one text of many lines; the title alone in *ret_title. */
static int
text_of(struct db *db, struct arena *a, asset_id id, struct str *ret_title, struct str *ret,
    struct error *e)
{
	static const char sql[] =
	    "SELECT a.title, v.name FROM asset a LEFT JOIN version v ON v.id = "
	    "a.current_version_id WHERE a.id = ?";
	AUTO(rows_close) struct rows *q = NULL, *k = NULL;
	int r;

	if (db_query(db, &q, e, sql, db_i(id.v)) < 0 || (r = rows_next(q, e)) < 0)
		return err_code(e);
	if (r == 0)
		return err_set(e, ERR_NOT_FOUND, "no file has the id %lld", (long long)id.v);
	*ret_title = rows_text(q, 0, a);
	*ret = arena_printf(a, "%.*s\n%.*s", STR(*ret_title), STR(rows_text(q, 1, a)));
	if (db_query(db, &k, e,
	        "SELECT k.label FROM asset_keyword ak JOIN keyword k ON k.id = ak.keyword_id "
	        "WHERE ak.asset_id = ?",
	        db_i(id.v)) < 0)
		return err_code(e);
	while ((r = rows_next(k, e)) > 0)
		*ret = arena_printf(a, "%.*s\n%.*s", STR(*ret), STR(rows_text(k, 0, a)));
	return r;
}

int
search_index(struct change *c, asset_id id, struct error *e)
{
	AUTO(arena_free) struct arena *a = arena_new();
	struct db *db = change_db(c);
	struct str title, text, key, *words;
	size_t n;

	if (text_of(db, a, id, &title, &text, e) < 0)
		return err_code(e);
	key = sort_key_of(a, title);
	words = words_of(a, text, &n);
	if (db_exec(db, NULL, e, "UPDATE asset SET sort_key = ? WHERE id = ?",
	        db_bytes(key.p, key.n), db_i(id.v)) < 0 ||
	    db_exec(db, NULL, e, "DELETE FROM asset_term WHERE asset_id = ?", db_i(id.v)) < 0)
		return err_code(e);
	for (size_t i = 0; i < n; i++) {
		if (db_exec(db, NULL, e, "INSERT INTO asset_term (term, asset_id) VALUES (?, ?)",
		        db_s(words[i]), db_i(id.v)) < 0)
			return err_code(e);
	}
	return 0;
}
