/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * asset - see asset.h: rows of asset with their release
 *
 * Keywords and notes are in asset_words.c.
 */
#include "model/asset.h"

#include "base/arena.h"
#include "base/error.h"
#include "base/str.h"
#include "db/db.h"
#include "db/steps.h"
#include "model/asset_view.h"
#include "model/asset_words.h"
#include "model/change.h"
#include "model/delivery.h"
#include "model/folder.h"
#include "model/search.h"
#include "model/version.h"

#define ASSET_COLUMNS                                                                              \
	"a.id, a.folder_id, f.path, a.title, a.class, a.embargo_us, a.expires_us, "                \
	"a.current_version_id, a.created_by, a.created_us, a.changed_us, a.stamp, r.state, "       \
	"r.until_us, r.reason, r.credit, r.view_only, r.set_by, r.set_us, a.trashed_us, "          \
	"p.name"
#define ASSET_FROM                                                                                 \
	" FROM asset a JOIN folder f ON f.id = a.folder_id JOIN release r ON r.asset_id = a.id "   \
	"LEFT JOIN person p ON p.id = r.set_by "

const char *
release_shown(const struct release *r, int64_t now_us)
{
	bool ends = r->state == RELEASE_CLEARED || r->state == RELEASE_CONDITIONS;

	if (ends && r->until_us != 0 && r->until_us <= now_us)
		return "expired";
	return release_name(r->state);
}

/* A word in the database that we do not know blocks: fail closed. */
static void
read_row(struct rows *q, struct arena *a, struct asset *x)
{
	*x = (struct asset){.id = {rows_int(q, 0)},
	    .folder = {rows_int(q, 1)},
	    .folder_path = rows_text(q, 2, a),
	    .title = rows_text(q, 3, a),
	    .embargo_us = rows_int(q, 5),
	    .expires_us = rows_int(q, 6),
	    .current = {rows_int(q, 7)},
	    .created_by = {rows_int(q, 8)},
	    .created_us = rows_int(q, 9),
	    .changed_us = rows_int(q, 10),
	    .stamp = rows_int(q, 11),
	    .trashed_us = rows_int(q, 19),
	    .release = {.until_us = rows_int(q, 13),
	        .reason = rows_text(q, 14, a),
	        .credit = rows_text(q, 15, a),
	        .view_only = rows_bool(q, 16),
	        .set_by = {rows_int(q, 17)},
	        .set_by_name = rows_text(q, 20, a),
	        .set_us = rows_int(q, 18)}};
	if (!class_parse(rows_text(q, 4, a), &x->class))
		x->class = CLASS_CONFIDENTIAL;
	if (!release_parse(rows_text(q, 12, a), &x->release.state))
		x->release.state = RELEASE_BLOCKED;
}

int
asset_get(struct db *db, struct arena *a, asset_id id, struct asset *ret, struct error *e)
{
	AUTO(rows_close) struct rows *q = NULL;
	int r;

	if (db_query(db, &q, e, "SELECT " ASSET_COLUMNS ASSET_FROM "WHERE a.id = ?", db_i(id.v)) <
	    0)
		return err_code(e);
	r = rows_next(q, e);
	if (r == 0)
		return err_set(e, ERR_NOT_FOUND, "no file has the id %lld", (long long)id.v);
	if (r > 0)
		read_row(q, a, ret);
	return r < 0 ? r : 0;
}

/* A step is found in any order; ret has the order of ids. */
int
asset_get_list(struct db *db, struct arena *a, const asset_id *ids, size_t n, struct asset *ret,
    size_t *ret_n, struct error *e)
{
	AUTO(steps_end)
	struct steps s = {.db = db,
	    .sql = "SELECT " ASSET_COLUMNS ASSET_FROM "WHERE a.id IN " DB_STEP_IDS,
	    .ids = &ids->v,
	    .n = n};
	struct asset x;
	size_t found = 0;
	int r;

	memset(ret, 0, n * sizeof *ret);
	while ((r = steps_next(&s, e)) > 0) {
		read_row(s.q, a, &x);
		for (size_t i = s.from; i < s.to; i++) {
			if (ids[i].v == x.id.v)
				ret[i] = x;
		}
	}
	for (size_t i = 0; i < n; i++) {
		if (ret[i].id.v != 0)
			ret[found++] = ret[i];
	}
	*ret_n = found;
	return r;
}

int
asset_list(struct db *db, struct arena *a, const struct str *folder_path, struct page_at at,
    struct asset **ret, size_t *ret_n, struct error *e)
{
	static const char all[] =
	    "SELECT " ASSET_COLUMNS ASSET_FROM "WHERE a.id < ? AND a.trashed_us IS NULL "
	    "ORDER BY a.id DESC LIMIT CAST(? AS BIGINT)";
	static const char some[] =
	    "SELECT " ASSET_COLUMNS ASSET_FROM "WHERE a.id < ? AND f.path = ? AND a.trashed_us IS "
	    "NULL ORDER BY a.id DESC LIMIT CAST(? AS BIGINT)";
	AUTO(rows_close) struct rows *q = NULL;
	struct asset *list = ARENA_ARRAY(a, struct asset, (size_t)at.max);
	int64_t below = at.id != 0 ? at.id : INT64_MAX;
	size_t n = 0;
	int r = folder_path == NULL
	            ? db_query(db, &q, e, all, db_i(below), db_i(at.max))
	            : db_query(db, &q, e, some, db_i(below), db_s(*folder_path), db_i(at.max));

	if (r < 0)
		return r;
	while (n < (size_t)at.max && (r = rows_next(q, e)) > 0)
		read_row(q, a, &list[n++]);
	*ret = list;
	*ret_n = n;
	return MIN(r, 0);
}

/* ---- writing ---- */

int
asset_create(struct change *c, struct arena *a, const struct asset_new *n, struct error *e)
{
	static const char asset[] = "INSERT INTO asset (id, folder_id, title, class, "
	                            "current_version_id, created_by, created_us, "
	                            "changed_us, stamp) VALUES (?, ?, ?, 'public', ?, ?, ?, ?, 1)";
	static const char release[] =
	    "INSERT INTO release (asset_id, state, view_only, set_by, set_us) "
	    "VALUES (?, 'draft', ?, ?, ?)";
	struct event ev = EVENT_INIT(EVENT_ASSET_CREATED);
	int64_t now = change_now(c);
	folder_id folder;

	if (folder_need(c, a, n->folder_path, &folder, e) < 0 ||
	    db_exec(change_db(c), NULL, e, asset, db_i(n->id.v), db_i(folder.v), db_s(n->title),
	        db_i(n->first.v), db_i(n->by.v), db_i(now), db_i(now)) < 0 ||
	    db_exec(change_db(c), NULL, e, release, db_i(n->id.v), db_b(false), db_i(n->by.v),
	        db_i(now)) < 0 ||
	    search_index(c, n->id, e) < 0)
		return err_code(e);
	ev.asset = n->id;
	return event_add(c, &ev, e);
}

int
asset_changed(struct change *c, asset_id id, struct error *e)
{
	if (db_exec(change_db(c), NULL, e,
	        "UPDATE asset SET stamp = stamp + 1, changed_us = ? WHERE id = ?",
	        db_i(change_now(c)), db_i(id.v)) < 0)
		return err_code(e);
	return delivery_stamps_raise(c, id, e);
}

int
asset_set_current(struct change *c, asset_id id, version_id v, struct error *e)
{
	if (db_exec(change_db(c), NULL, e, "UPDATE asset SET current_version_id = ? WHERE id = ?",
	        db_i(v.v), db_i(id.v)) < 0 ||
	    asset_view_keep(c, id, e) < 0)
		return err_code(e);
	return asset_changed(c, id, e);
}

static int
edit_columns(
    struct change *c, struct arena *a, asset_id id, const struct asset_edit *ed, struct error *e)
{
	struct db *db = change_db(c);
	folder_id folder;

	if (ed->title != NULL && db_exec(db, NULL, e, "UPDATE asset SET title = ? WHERE id = ?",
	                             db_s(*ed->title), db_i(id.v)) < 0)
		return err_code(e);
	if (ed->class != NULL && db_exec(db, NULL, e, "UPDATE asset SET class = ? WHERE id = ?",
	                             db_s(str_c(class_name(*ed->class))), db_i(id.v)) < 0)
		return err_code(e);
	if (ed->embargo_us != NULL &&
	    db_exec(db, NULL, e, "UPDATE asset SET embargo_us = ? WHERE id = ?",
	        db_i0(*ed->embargo_us), db_i(id.v)) < 0)
		return err_code(e);
	if (ed->expires_us != NULL &&
	    db_exec(db, NULL, e, "UPDATE asset SET expires_us = ? WHERE id = ?",
	        db_i0(*ed->expires_us), db_i(id.v)) < 0)
		return err_code(e);
	if (ed->folder_path == NULL)
		return 0;
	if (folder_need(c, a, *ed->folder_path, &folder, e) < 0)
		return err_code(e);
	return db_exec(
	    db, NULL, e, "UPDATE asset SET folder_id = ? WHERE id = ?", db_i(folder.v), db_i(id.v));
}

int
asset_edit(
    struct change *c, struct arena *a, asset_id id, const struct asset_edit *ed, struct error *e)
{
	struct event ev = EVENT_INIT(EVENT_ASSET_CHANGED);
	struct asset old;

	if (asset_get(change_db(c), a, id, &old, e) < 0)
		return err_code(e);
	if (ed->if_stamp != 0 && ed->if_stamp != old.stamp)
		return err_set(e, ERR_PRECONDITION, "the file has been changed meanwhile");
	if (edit_columns(c, a, id, ed, e) < 0)
		return err_code(e);
	for (size_t i = 0; i < ed->remove_keyword_count; i++) {
		if (keyword_remove(c, a, id, ed->remove_keywords[i], e) < 0)
			return err_code(e);
	}
	for (size_t i = 0; i < ed->add_keyword_count; i++) {
		if (keyword_add(c, a, id, ed->add_keywords[i], e) < 0)
			return err_code(e);
	}
	if (ed->note != NULL && note_add(c, id, *ed->note, ed->by, e) < 0)
		return err_code(e);
	if (search_index(c, id, e) < 0 || asset_changed(c, id, e) < 0)
		return err_code(e);
	ev.asset = id;
	return event_add(c, &ev, e);
}

int
release_set(struct change *c, asset_id id, const struct release *r, struct error *e)
{
	static const char sql[] =
	    "UPDATE release SET state = ?, until_us = ?, reason = ?, credit = ?, "
	    "view_only = ?, set_by = ?, set_us = ? WHERE asset_id = ?";
	struct event ev = EVENT_INIT(EVENT_RELEASE_CHANGED);
	int64_t n;

	if (db_exec(change_db(c), &n, e, sql, db_s(str_c(release_name(r->state))),
	        db_i0(r->until_us), db_s0(r->reason), db_s0(r->credit), db_b(r->view_only),
	        db_i0(r->set_by.v), db_i(change_now(c)), db_i(id.v)) < 0)
		return err_code(e);
	if (n == 0)
		return err_set(e, ERR_NOT_FOUND, "no file has the id %lld", (long long)id.v);
	if (asset_view_keep(c, id, e) < 0 || asset_changed(c, id, e) < 0)
		return err_code(e);
	ev.asset = id;
	ev.outcome = str_c(release_name(r->state));
	return event_add(c, &ev, e);
}

static void
facts_of(const struct asset *x, const struct version *v, struct verdict_facts *ret)
{
	ret->release = x->release.state;
	ret->release_until_us = x->release.until_us;
	ret->credit = x->release.credit;
	ret->view_only = x->release.view_only;
	ret->embargo_us = x->embargo_us;
	ret->expires_us = x->expires_us;
	ret->class = x->class;
	ret->malware = v->damaged ? MALWARE_ERROR : v->malware;
	ret->ingested = v->ready;
	ret->trashed = x->trashed_us != 0;
}

int
verdict_facts_file(struct db *db, struct arena *a, asset_id id, version_id v,
    struct verdict_facts *ret, struct error *e)
{
	struct version version;
	struct asset x;

	if (asset_get(db, a, id, &x, e) < 0 || version_get(db, a, v, &version, e) < 0)
		return err_code(e);
	facts_of(&x, &version, ret);
	return 0;
}

int
verdict_facts_files(struct db *db, struct arena *a, const asset_id *ids, version_id *versions,
    size_t n, struct verdict_facts *ret, struct error *e)
{
	struct asset *x = ARENA_ARRAY(a, struct asset, n);
	struct version *v = ARENA_ARRAY(a, struct version, n);
	size_t found;

	if (asset_get_list(db, a, ids, n, x, &found, e) < 0)
		return err_code(e);
	if (found != n)
		return err_set(e, ERR_NOT_FOUND, "one of the files is none");
	for (size_t i = 0; i < n; i++) {
		if (versions[i].v == 0)
			versions[i] = x[i].current;
	}
	if (version_get_list(db, a, versions, n, v, e) < 0)
		return err_code(e);
	for (size_t i = 0; i < n; i++) {
		if (v[i].asset.v != ids[i].v)
			return err_set(e, ERR_NOT_FOUND, "the file has no such version");
		facts_of(&x[i], &v[i], &ret[i]);
	}
	return 0;
}
