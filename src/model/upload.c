/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * upload - see upload.h
 *
 * The end of an upload is one change: whoever commits the last byte also makes
 * the asset, its version with the parts in their order, and the ingest job.
 */
#include "model/upload.h"

#include "base/arena.h"
#include "base/error.h"
#include "base/random.h"
#include "base/str.h"
#include "db/db.h"
#include "model/asset.h"
#include "model/asset_view.h"
#include "model/change.h"
#include "model/job.h"
#include "model/search.h"

int
upload_get(struct db *db, struct arena *a, struct id128 id, struct upload *ret, struct error *e)
{
	AUTO(rows_close) struct rows *q = NULL;
	int r;

	if (db_query(db, &q, e,
	        "SELECT person_id, version_id, asset_id, folder_path, name, metadata, length, "
	        "committed, parts, "
	        "release_state, result_asset_id, expires_us FROM upload WHERE id = ?",
	        db_id128(&id)) < 0)
		return err_code(e);
	r = rows_next(q, e);
	if (r <= 0)
		return r < 0 ? r : err_set(e, ERR_NOT_FOUND, "no such upload");
	*ret = (struct upload){.id = id,
	    .person = {rows_int(q, 0)},
	    .version = {rows_int(q, 1)},
	    .asset = {rows_int(q, 2)},
	    .folder_path = rows_text(q, 3, a),
	    .name = rows_text(q, 4, a),
	    .metadata = rows_text(q, 5, a),
	    .length = rows_int(q, 6),
	    .committed = rows_int(q, 7),
	    .parts = rows_int(q, 8),
	    .release_cleared = !rows_is_null(q, 9),
	    .result = {rows_int(q, 10)},
	    .expires_us = rows_int(q, 11)};
	return 0;
}

/* ---- the end: asset, version, parts, job ---- */

static int
next_number(struct db *db, asset_id id, int64_t *ret, struct error *e)
{
	AUTO(rows_close) struct rows *q = NULL;

	if (db_query(db, &q, e, "SELECT max(number) FROM version WHERE asset_id = ?", db_i(id.v)) <
	        0 ||
	    rows_next(q, e) < 0)
		return err_code(e);
	*ret = rows_int(q, 0) + 1;
	return 0;
}

static int
make_version(struct change *c, const struct upload *u, asset_id asset, struct error *e)
{
	static const char version[] = "INSERT INTO version (id, asset_id, number, name, bytes, "
	                              "malware, state, created_by, created_us) "
	                              "VALUES (?, ?, ?, ?, ?, 'not_scanned', 'pending', ?, ?)";
	static const char parts[] =
	    "INSERT INTO version_part (version_id, position, blob_id, bytes) "
	    "SELECT CAST(? AS BIGINT), position, blob_id, bytes FROM upload_part "
	    "WHERE upload_id = ?";
	struct event ev = EVENT_INIT(EVENT_VERSION_CREATED);
	struct db *db = change_db(c);
	int64_t number;

	if (next_number(db, asset, &number, e) < 0 ||
	    db_exec(db, NULL, e, version, db_i(u->version.v), db_i(asset.v), db_i(number),
	        db_s(u->name), db_i(u->length), db_i(u->person.v), db_i(change_now(c))) < 0 ||
	    db_exec(db, NULL, e, parts, db_i(u->version.v), db_id128(&u->id)) < 0 ||
	    db_exec(db, NULL, e, "DELETE FROM upload_part WHERE upload_id = ?", db_id128(&u->id)) <
	        0 ||
	    asset_view_keep(c, asset, e) < 0)
		return err_code(e);
	ev.asset = asset;
	ev.version = u->version;
	ev.bytes = u->length;
	return event_add(c, &ev, e);
}

static int
make_or_renew_asset(
    struct change *c, struct arena *a, const struct upload *u, asset_id *ret, struct error *e)
{
	struct asset_new n = {.id = {random_id()},
	    .first = u->version,
	    .folder_path = u->folder_path,
	    .title = u->name,
	    .by = u->person};

	*ret = u->asset.v != 0 ? u->asset : n.id;
	if (u->asset.v != 0)
		return asset_set_current(c, u->asset, u->version, e);
	return asset_create(c, a, &n, e);
}

static int
complete(struct change *c, struct arena *a, const struct upload *u, asset_id *ret, struct error *e)
{
	struct release cleared = {.state = RELEASE_CLEARED, .set_by = u->person};

	if (make_or_renew_asset(c, a, u, ret, e) < 0 || make_version(c, u, *ret, e) < 0)
		return err_code(e);
	if (u->asset.v != 0 && search_index(c, *ret, e) < 0)
		return err_code(e);
	if (u->release_cleared && release_set(c, *ret, &cleared, e) < 0)
		return err_code(e);
	if (job_put(c, "ingest", u->version, change_now(c), e) < 0)
		return err_code(e);
	return db_exec(change_db(c), NULL, e, "UPDATE upload SET result_asset_id = ? WHERE id = ?",
	    db_i(ret->v), db_id128(&u->id));
}

/* ---- steps ---- */

int
upload_create(struct change *c, struct arena *a, const struct upload *u, asset_id *ret_result,
    struct error *e)
{
	static const char sql[] =
	    "INSERT INTO upload (id, person_id, version_id, asset_id, folder_path, name, metadata, "
	    "length, "
	    "committed, parts, release_state, created_us, touched_us, expires_us) "
	    "VALUES (?, ?, ?, ?, ?, ?, ?, ?, 0, 0, ?, ?, ?, ?)";
	int64_t now = change_now(c);

	if (db_exec(change_db(c), NULL, e, sql, db_id128(&u->id), db_i(u->person.v),
	        db_i(u->version.v), db_i0(u->asset.v), db_s(u->folder_path), db_s(u->name),
	        db_s(u->metadata), db_i(u->length),
	        u->release_cleared ? db_s(S("cleared")) : db_null(), db_i(now), db_i(now),
	        db_i(u->expires_us)) < 0)
		return err_code(e);
	*ret_result = (asset_id){0};
	return u->length == 0 ? complete(c, a, u, ret_result, e) : 0;
}

int
upload_add_part(struct change *c, struct arena *a, const struct upload_part *p,
    asset_id *ret_result, struct error *e)
{
	static const char move[] =
	    "UPDATE upload SET committed = committed + CAST(? AS BIGINT), "
	    "parts = parts + 1, touched_us = ? WHERE id = ? AND committed = ? "
	    "AND committed + CAST(? AS BIGINT) <= length AND result_asset_id IS NULL";
	struct db *db = change_db(c);
	struct upload u;
	int64_t n;

	if (db_exec(db, &n, e, move, db_i(p->bytes), db_i(change_now(c)), db_id128(&p->upload),
	        db_i(p->offset), db_i(p->bytes)) < 0)
		return err_code(e);
	if (n != 1)
		return err_key(
		    e, ERR_CONFLICT, "offset-mismatch", "the upload does not stand at that offset");
	if (upload_get(db, a, p->upload, &u, e) < 0 ||
	    db_exec(db, NULL, e,
	        "INSERT INTO upload_part (upload_id, position, blob_id, bytes) VALUES (?, ?, ?, ?)",
	        db_id128(&p->upload), db_i(u.parts - 1), db_id128(&p->blob), db_i(p->bytes)) < 0)
		return err_code(e);
	*ret_result = (asset_id){0};
	return u.committed == u.length ? complete(c, a, &u, ret_result, e) : 0;
}

int
upload_remove(struct change *c, struct id128 id, struct error *e)
{
	struct db *db = change_db(c);

	if (db_exec(db, NULL, e, "DELETE FROM upload_part WHERE upload_id = ?", db_id128(&id)) < 0)
		return err_code(e);
	return db_exec(db, NULL, e, "DELETE FROM upload WHERE id = ? AND result_asset_id IS NULL",
	    db_id128(&id));
}
