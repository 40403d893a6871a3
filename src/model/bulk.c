/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * bulk - see bulk.h
 *
 * For every kind there is one number of a file that may change: its folder, its
 * class, the time it went to the trash, or one keyword after another.  That number
 * as it was is what undo needs; it acts only where the number is still the one
 * that was made.
 */
#include "model/bulk.h"

#include "base/arena.h"
#include "base/error.h"
#include "base/str.h"
#include "base/vec.h"
#include "db/db.h"
#include "model/asset_words.h"
#include "model/change.h"
#include "model/folder.h"
#include "model/search.h"

static const char *const names[BULK_WHAT_COUNT] = {
    "trash", "restore", "folder", "add_keywords", "remove_keywords", "class"};

enum event_kind
bulk_event(enum bulk_what what)
{
	if (what == BULK_TRASH)
		return EVENT_ASSET_TRASHED;
	return what == BULK_RESTORE ? EVENT_ASSET_RESTORED : EVENT_ASSET_CHANGED;
}

/* One call of bulk_do, or of undo_do. */
struct run {
	struct change *c;
	struct arena *a;
	enum bulk_what what;
	enum event_kind event; /* of each file that is touched */
	struct id128 undo;
	int64_t made;      /* the folder or class wanted; 0 */
	int64_t *keywords; /* numbers of the words; 0: no file has it */
	size_t keyword_count;
	int64_t done;
};

/* ---- one file ---- */

static int
touched(struct run *r, asset_id id, struct error *e)
{
	struct event ev = EVENT_INIT(r->event);

	ev.asset = id;
	r->done++;
	if (asset_changed(r->c, id, e) < 0)
		return err_code(e);
	return event_add(r->c, &ev, e);
}

static int
keep(struct run *r, asset_id id, int64_t was, struct error *e)
{
	return db_exec(change_db(r->c), NULL, e,
	    "INSERT INTO undo_item (undo_id, asset_id, was) VALUES (?, ?, ?)", db_id128(&r->undo),
	    db_i(id.v), db_i(was));
}

static int
set_number(struct run *r, asset_id id, int64_t number, struct error *e)
{
	struct db *db = change_db(r->c);

	switch (r->what) {
	case BULK_TRASH:
	case BULK_RESTORE:
		return db_exec(db, NULL, e, "UPDATE asset SET trashed_us = ? WHERE id = ?",
		    db_i0(number), db_i(id.v));
	case BULK_FOLDER:
		return db_exec(db, NULL, e, "UPDATE asset SET folder_id = ? WHERE id = ?",
		    db_i(number), db_i(id.v));
	case BULK_CLASS:
		return db_exec(db, NULL, e, "UPDATE asset SET class = ? WHERE id = ?",
		    db_s(str_c(class_name((enum asset_class)number))), db_i(id.v));
	default:
		return err_set(e, ERR_INTERNAL, "keywords are no number");
	}
}

static int64_t
number_of(const struct run *r, const struct asset *x)
{
	if (r->what == BULK_FOLDER)
		return x->folder.v;
	return r->what == BULK_CLASS ? (int64_t)x->class : x->trashed_us;
}

static bool
is_so_already(const struct run *r, const struct asset *x)
{
	if (r->what == BULK_TRASH)
		return x->trashed_us != 0;
	return number_of(r, x) == r->made;
}

static int
do_number(struct run *r, const struct asset *x, struct error *e)
{
	int64_t wanted = r->what == BULK_TRASH ? change_now(r->c) : r->made;

	if (is_so_already(r, x))
		return 0;
	if (keep(r, x->id, number_of(r, x), e) < 0 || set_number(r, x->id, wanted, e) < 0)
		return err_code(e);
	return touched(r, x->id, e);
}

static int
set_keyword(struct run *r, bool on, asset_id id, int64_t keyword, int64_t *ret, struct error *e)
{
	return on ? keyword_link(r->c, id, keyword, ret, e)
	          : keyword_unlink(r->c, id, keyword, ret, e);
}

static int
do_keywords(struct run *r, const struct asset *x, struct error *e)
{
	int64_t n, all = 0;

	for (size_t i = 0; i < r->keyword_count; i++) {
		if (r->keywords[i] == 0)
			continue;
		if (set_keyword(r, r->what == BULK_ADD_KEYWORDS, x->id, r->keywords[i], &n, e) < 0)
			return err_code(e);
		if (n > 0 && keep(r, x->id, r->keywords[i], e) < 0)
			return err_code(e);
		all += n;
	}
	if (all == 0)
		return 0;
	if (search_index(r->c, x->id, e) < 0)
		return err_code(e);
	return touched(r, x->id, e);
}

static bool
is_of_keywords(enum bulk_what what)
{
	return what == BULK_ADD_KEYWORDS || what == BULK_REMOVE_KEYWORDS;
}

/* ---- many files ---- */

static int
find_keywords(struct run *r, const struct bulk *b, struct error *e)
{
	r->keyword_count = b->word_count;
	r->keywords = ARENA_ARRAY(r->a, int64_t, b->word_count);
	for (size_t i = 0; i < b->word_count; i++) {
		int res =
		    b->what == BULK_ADD_KEYWORDS
		        ? keyword_need(r->c, r->a, b->words[i], &r->keywords[i], e)
		        : keyword_find(change_db(r->c), r->a, b->words[i], &r->keywords[i], e);

		if (res < 0)
			return res;
	}
	return 0;
}

static int
prepare(struct run *r, const struct bulk *b, struct error *e)
{
	folder_id folder;

	if (is_of_keywords(b->what))
		return find_keywords(r, b, e);
	if (b->what == BULK_CLASS)
		r->made = (int64_t)b->class;
	if (b->what != BULK_FOLDER)
		return 0;
	if (folder_need(r->c, r->a, b->folder_path, &folder, e) < 0)
		return err_code(e);
	r->made = folder.v;
	return 0;
}

static int
keep_undo(struct run *r, person_id by, struct error *e)
{
	return db_exec(change_db(r->c), NULL, e,
	    "INSERT INTO undo (id, person_id, what, made, until_us) VALUES (?, ?, ?, ?, ?) "
	    "ON CONFLICT (id) DO NOTHING",
	    db_id128(&r->undo), db_i(by.v), db_s(str_c(names[r->what])), db_i(r->made),
	    db_i(change_now(r->c) + UNDO_LIFE_US));
}

int
bulk_do(struct change *c, struct arena *a, const struct bulk *b, const struct asset_list *list,
    int64_t *ret_done, struct error *e)
{
	struct run r = {
	    .c = c, .a = a, .what = b->what, .event = bulk_event(b->what), .undo = b->undo};
	struct asset *files = ARENA_ARRAY(a, struct asset, list->n);
	size_t n;

	if (asset_get_list(change_db(c), a, list->ids, list->n, files, &n, e) < 0 ||
	    prepare(&r, b, e) < 0 || keep_undo(&r, b->by, e) < 0)
		return err_code(e);
	for (size_t i = 0; i < n; i++) {
		int res = is_of_keywords(b->what) ? do_keywords(&r, &files[i], e)
		                                  : do_number(&r, &files[i], e);

		if (res < 0)
			return res;
	}
	*ret_done = r.done;
	return 0;
}

/* ---- back ---- */

struct was {
	asset_id asset;
	int64_t number;
};

/* How many of n are before the last file. */
static size_t
whole_files(const struct was *list, size_t n)
{
	int64_t last = list[n - 1].asset.v;

	while (n > 0 && list[n - 1].asset.v == last)
		n--;
	return n;
}

/* The event of what undoing does to a file. */
static enum bulk_what
opposite(enum bulk_what what)
{
	if (what == BULK_TRASH)
		return BULK_RESTORE;
	return what == BULK_RESTORE ? BULK_TRASH : what;
}

static int
find_undo(struct run *r, const struct undo *u, struct error *e)
{
	AUTO(rows_close) struct rows *q = NULL;
	int what, res;

	if (db_query(change_db(r->c), &q, e,
	        "SELECT what, made FROM undo WHERE id = ? AND person_id = ? AND until_us > ?",
	        db_id128(&u->token), db_i(u->by.v), db_i(change_now(r->c))) < 0)
		return err_code(e);
	res = rows_next(q, e);
	if (res == 0)
		return err_key(e, ERR_NOT_FOUND, "undo-over", "this cannot be undone any more");
	if (res < 0)
		return res;
	what = str_index(rows_text(q, 0, r->a), names, BULK_WHAT_COUNT);
	if (what < 0)
		return err_set(e, ERR_CORRUPT, "an undo of an unknown kind");
	r->what = (enum bulk_what)what;
	r->made = rows_int(q, 1);
	r->event = bulk_event(opposite(r->what));
	return 0;
}

/* Those of a step; a file's are never in two (it has at most as many as words were given). */
static int
read_items(struct run *r, struct was **ret, size_t *ret_n, bool *ret_more, struct error *e)
{
	AUTO(rows_close) struct rows *q = NULL;
	VEC(struct was) list = {0};
	int res;

	if (db_query(change_db(r->c), &q, e,
	        "SELECT asset_id, was FROM undo_item WHERE undo_id = ? ORDER BY asset_id, was "
	        "LIMIT CAST(? AS BIGINT)",
	        db_id128(&r->undo), db_i(BULK_STEP + 1)) < 0)
		return err_code(e);
	while ((res = rows_next(q, e)) > 0)
		*VEC_ADD(&list) = (struct was){{rows_int(q, 0)}, rows_int(q, 1)};
	VEC_TO_ARENA(&list, r->a, ret, ret_n);
	*ret_more = *ret_n > BULK_STEP;
	if (*ret_more)
		*ret_n = whole_files(*ret, *ret_n);
	return res;
}

static int
forget(struct run *r, asset_id last, bool more, struct error *e)
{
	struct db *db = change_db(r->c);

	if (db_exec(db, NULL, e, "DELETE FROM undo_item WHERE undo_id = ? AND asset_id <= ?",
	        db_id128(&r->undo), db_i(last.v)) < 0)
		return err_code(e);
	return more ? 0 : db_exec(db, NULL, e, "DELETE FROM undo WHERE id = ?", db_id128(&r->undo));
}

static int
undo_number(struct run *r, const struct was *w, struct error *e)
{
	struct asset x;

	if (asset_get(change_db(r->c), r->a, w->asset, &x, e) < 0)
		return err_code(e);
	if (!is_so_already(r, &x))
		return 0;
	if (set_number(r, w->asset, w->number, e) < 0)
		return err_code(e);
	return touched(r, w->asset, e);
}

/* All keywords of one file: items i to the last that is of it. */
static int
undo_keywords(struct run *r, const struct was *list, size_t n, struct error *e)
{
	int64_t changed, all = 0;

	for (size_t i = 0; i < n; i++) {
		if (set_keyword(r, r->what == BULK_REMOVE_KEYWORDS, list[i].asset, list[i].number,
		        &changed, e) < 0)
			return err_code(e);
		all += changed;
	}
	if (all == 0)
		return 0;
	if (search_index(r->c, list[0].asset, e) < 0)
		return err_code(e);
	return touched(r, list[0].asset, e);
}

static int
undo_all(struct run *r, const struct was *list, size_t n, struct error *e)
{
	for (size_t i = 0, k; i < n; i = k) {
		int res;

		for (k = i + 1; k < n && list[k].asset.v == list[i].asset.v;)
			k++;
		res = is_of_keywords(r->what) ? undo_keywords(r, list + i, k - i, e)
		                              : undo_number(r, &list[i], e);
		if (res < 0)
			return res;
	}
	return 0;
}

int
undo_do(struct change *c, struct arena *a, const struct undo *u, int64_t *ret_done, bool *ret_more,
    struct error *e)
{
	struct run r = {.c = c, .a = a, .undo = u->token};
	struct event ev = EVENT_INIT(EVENT_UNDO_DONE);
	struct was *list;
	size_t n;

	if (find_undo(&r, u, e) < 0 || read_items(&r, &list, &n, ret_more, e) < 0 ||
	    undo_all(&r, list, n, e) < 0 ||
	    forget(&r, n > 0 ? list[n - 1].asset : (asset_id){0}, *ret_more, e) < 0)
		return err_code(e);
	*ret_done = r.done;
	ev.outcome = str_c(names[r.what]);
	return event_add(c, &ev, e);
}
