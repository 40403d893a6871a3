/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * folder - see folder.h
 *
 * A path is looked up whole; only what is missing of it is made, from the top, so
 * that two who make the same one at once end with one.
 */
#include "model/folder.h"

#include "base/arena.h"
#include "base/error.h"
#include "base/limits.h"
#include "base/random.h"
#include "base/str.h"
#include "base/vec.h"
#include "db/db.h"
#include "model/change.h"

static int
find(struct db *db, struct str path, folder_id *ret, struct error *e)
{
	AUTO(rows_close) struct rows *q = NULL;
	int r;

	if (db_query(db, &q, e, "SELECT id FROM folder WHERE path = ?", db_s(path)) < 0)
		return err_code(e);
	r = rows_next(q, e);
	if (r > 0)
		*ret = (folder_id){rows_int(q, 0)};
	return r;
}

static int
make(struct change *c, folder_id parent, struct str name, struct str path, folder_id *ret,
    struct error *e)
{
	folder_id id = {random_id()};
	int64_t n;

	if (db_exec(change_db(c), &n, e,
	        "INSERT INTO folder (id, parent_id, name, path, created_us) VALUES (?, ?, ?, ?, ?) "
	        "ON CONFLICT (path) DO NOTHING",
	        db_i(id.v), db_i0(parent.v), db_s(name), db_s(path), db_i(change_now(c))) < 0)
		return err_code(e);
	if (n == 0)
		return err_set(e, ERR_RETRY, "another change made the folder meanwhile");
	*ret = id;
	return 0;
}

/* One level: there already, or made. */
static int
need_one(struct change *c, folder_id parent, struct str name, struct str path, folder_id *ret,
    struct error *e)
{
	int r = find(change_db(c), path, ret, e);

	if (r != 0)
		return r < 0 ? r : 0;
	return make(c, parent, name, path, ret, e);
}

int
folder_need(struct change *c, struct arena *a, struct str path, folder_id *ret, struct error *e)
{
	folder_id at = {0};
	struct str rest = path;
	size_t end = 0;

	(void)a;
	if (need_one(c, at, S(""), S(""), &at, e) < 0)
		return err_code(e);
	while (rest.n > 0) {
		struct str name = str_cut(rest, '/', &rest);

		end += name.n;
		if (need_one(c, at, name, str_head(path, end), &at, e) < 0)
			return err_code(e);
		end++;
	}
	*ret = at;
	return 0;
}

/* ---- reading ---- */

static struct folder *
find_path(struct folder *list, size_t n, struct str path)
{
	size_t from = 0, to = n;

	while (from < to) {
		size_t middle = from + (to - from) / 2;
		int order = str_cmp(list[middle].path, path);

		if (order == 0)
			return &list[middle];
		if (order < 0)
			from = middle + 1;
		else
			to = middle;
	}
	return NULL;
}

static struct str
parent_of(struct str path)
{
	while (path.n > 0 && path.p[path.n - 1] != '/')
		path.n--;
	return str_head(path, path.n > 0 ? path.n - 1 : 0);
}

/* own: how many are in each itself.  They count for everything above as well. */
static void
add_up(struct folder *list, size_t n, const int64_t *own)
{
	for (size_t i = 0; i < n; i++) {
		struct str path = list[i].path;

		for (; path.n > 0; path = parent_of(path)) {
			struct folder *above = find_path(list, n, path);

			if (above != NULL)
				above->count += own[i];
		}
	}
}

int
folder_list(struct db *db, struct arena *a, struct folder **ret, size_t *ret_n, struct error *e)
{
	static const char sql[] =
	    "SELECT f.id, f.path, count(a.id) FROM folder f LEFT JOIN asset a ON a.folder_id = "
	    "f.id AND a.trashed_us IS NULL WHERE f.path <> '' GROUP BY f.id, f.path ORDER BY "
	    "f.path";
	AUTO(rows_close) struct rows *q = NULL;
	VEC(struct folder) list = {0};
	int64_t *own;
	int r;

	if (db_query(db, &q, e, sql) < 0)
		return err_code(e);
	while ((r = rows_next(q, e)) > 0)
		*VEC_ADD(&list) =
		    (struct folder){{rows_int(q, 0)}, rows_text(q, 1, a), rows_int(q, 2)};
	VEC_TO_ARENA(&list, a, ret, ret_n);
	own = ARENA_ARRAY(a, int64_t, *ret_n);
	for (size_t i = 0; i < *ret_n; i++) {
		own[i] = (*ret)[i].count;
		(*ret)[i].count = 0;
	}
	add_up(*ret, *ret_n, own);
	return r;
}

/* '0' comes right after '/': everything between begins with the path and a slash. */
static int
query_below(struct db *db, struct arena *a, struct str path, struct rows **ret, struct error *e)
{
	return db_query(db, ret, e,
	    "SELECT id, path FROM folder WHERE path = ? OR (path > ? AND path < ?) ORDER BY id",
	    db_s(path), db_s(arena_printf(a, "%.*s/", STR(path))),
	    db_s(arena_printf(a, "%.*s0", STR(path))));
}

int
folder_subtree(
    struct db *db, struct arena *a, struct str path, int64_t **ret, size_t *ret_n, struct error *e)
{
	AUTO(rows_close) struct rows *q = NULL;
	VEC(int64_t) list = {0};
	int r;

	if (query_below(db, a, path, &q, e) < 0)
		return err_code(e);
	while ((r = rows_next(q, e)) > 0)
		*VEC_ADD(&list) = rows_int(q, 0);
	VEC_TO_ARENA(&list, a, ret, ret_n);
	return r;
}

/* ---- making and moving ---- */

static int
record(struct change *c, struct str what, struct error *e)
{
	struct event ev = EVENT_INIT(EVENT_FOLDER_CHANGED);

	ev.outcome = what;
	return event_add(c, &ev, e);
}

int
folder_create(struct change *c, struct arena *a, struct str path, folder_id *ret, struct error *e)
{
	int r = path.n == 0 ? 1 : find(change_db(c), path, ret, e);

	if (r > 0)
		return err_key(e, ERR_EXISTS, "folder-exists", "there is such a folder");
	if (r < 0 || folder_need(c, a, path, ret, e) < 0)
		return err_code(e);
	return record(c, S("created"), e);
}

static int
path_of(struct db *db, struct arena *a, folder_id id, struct str *ret, struct error *e)
{
	AUTO(rows_close) struct rows *q = NULL;
	int r;

	if (db_query(db, &q, e, "SELECT path FROM folder WHERE id = ? AND path <> ''", db_i(id.v)) <
	    0)
		return err_code(e);
	r = rows_next(q, e);
	if (r > 0)
		*ret = rows_text(q, 0, a);
	return r == 0 ? err_set(e, ERR_NOT_FOUND, "no folder has the id %lld", (long long)id.v)
	              : MIN(r, 0);
}

static int
check_target(struct change *c, struct str old, struct str path, struct error *e)
{
	folder_id there;
	int r;

	if (path.n == 0 || (str_starts(path, old) && path.n > old.n && path.p[old.n] == '/'))
		return err_key(e, ERR_INVALID, "bad-folder", "a folder cannot be moved there");
	r = find(change_db(c), path, &there, e);
	if (r > 0)
		return err_key(e, ERR_EXISTS, "folder-exists", "there is such a folder");
	return r;
}

/* Files show the path of their folder: what was read of them before is old. */
static int
set_path(struct change *c, folder_id id, struct str path, struct error *e)
{
	struct db *db = change_db(c);

	if (db_exec(
	        db, NULL, e, "UPDATE folder SET path = ? WHERE id = ?", db_s(path), db_i(id.v)) < 0)
		return err_code(e);
	return db_exec(
	    db, NULL, e, "UPDATE asset SET stamp = stamp + 1 WHERE folder_id = ?", db_i(id.v));
}

static int
below(struct db *db, struct arena *a, struct str path, struct folder **ret, size_t *ret_n,
    struct error *e)
{
	AUTO(rows_close) struct rows *q = NULL;
	VEC(struct folder) list = {0};
	int r;

	if (query_below(db, a, path, &q, e) < 0)
		return err_code(e);
	while ((r = rows_next(q, e)) > 0)
		*VEC_ADD(&list) = (struct folder){{rows_int(q, 0)}, rows_text(q, 1, a), 0};
	VEC_TO_ARENA(&list, a, ret, ret_n);
	return r;
}

/* What is below keeps the rest of its path. */
static int
move_all(struct change *c, struct arena *a, struct str old, struct str path, struct error *e)
{
	struct folder *list;
	struct str to;
	size_t n;

	if (below(change_db(c), a, old, &list, &n, e) < 0)
		return err_code(e);
	for (size_t i = 0; i < n; i++) {
		to = arena_printf(a, "%.*s%.*s", STR(path), STR(str_from(list[i].path, old.n)));
		if (to.n > LIMIT_PATH_BYTES)
			return err_key(e, ERR_INVALID, "bad-folder", "a path becomes too long");
		if (set_path(c, list[i].id, to, e) < 0)
			return err_code(e);
	}
	return 0;
}

int
folder_move(struct change *c, struct arena *a, folder_id id, struct str path, struct error *e)
{
	struct str old, above = parent_of(path);
	folder_id parent;

	if (path_of(change_db(c), a, id, &old, e) < 0 || check_target(c, old, path, e) < 0 ||
	    folder_need(c, a, above, &parent, e) < 0 || move_all(c, a, old, path, e) < 0 ||
	    db_exec(change_db(c), NULL, e, "UPDATE folder SET parent_id = ?, name = ? WHERE id = ?",
	        db_i(parent.v), db_s(str_from(path, above.n > 0 ? above.n + 1 : 0)),
	        db_i(id.v)) < 0)
		return err_code(e);
	return record(c, S("moved"), e);
}
