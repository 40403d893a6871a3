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
#include "base/random.h"
#include "base/str.h"
#include "db/db.h"
#include "model/change.h"

static int
find(struct db *db, struct str path, folder_id *ret, struct error *e)
{
	AUTO(rows_close) struct rows *q = NULL;
	int r;

	if (db_query(db, &q, e, "SELECT id FROM folder WHERE path = ?", db_s(path)) < 0)
		return e->code;
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
		return e->code;
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
		return e->code;
	while (rest.n > 0) {
		struct str name = str_cut(rest, '/', &rest);

		end += name.n;
		if (need_one(c, at, name, str_head(path, end), &at, e) < 0)
			return e->code;
		end++;
	}
	*ret = at;
	return 0;
}
