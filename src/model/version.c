/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * version - see version.h
 *
 * What a version is made of never changes; ingest fills in once what it found, and
 * may replace its many small parts by fewer with the same bytes.
 */
#include "model/version.h"

#include "base/arena.h"
#include "base/error.h"
#include "base/str.h"
#include "base/vec.h"
#include "db/db.h"
#include "db/steps.h"
#include "model/asset_view.h"
#include "model/change.h"

#define VERSION_COLUMNS                                                                            \
	"id, asset_id, number, name, bytes, sha256, crc32, media_type, malware, state, "           \
	"created_by, "                                                                             \
	"created_us, scan_detail, scanned_us"

static void
read_row(struct rows *q, struct arena *a, struct version *v)
{
	struct str state = rows_text(q, 9, a);

	*v = (struct version){.id = {rows_int(q, 0)},
	    .asset = {rows_int(q, 1)},
	    .number = rows_int(q, 2),
	    .name = rows_text(q, 3, a),
	    .bytes = rows_int(q, 4),
	    .crc32 = (uint32_t)rows_int(q, 6),
	    .media_type = rows_text(q, 7, a),
	    .damaged = str_eq_c(state, "damaged"),
	    .created_by = {rows_int(q, 10)},
	    .created_us = rows_int(q, 11),
	    .scan_detail = rows_text(q, 12, a),
	    .scanned_us = rows_int(q, 13)};
	v->ready = str_eq_c(state, "ready") && rows_fixed(q, 5, v->sha256.b, sizeof v->sha256.b);
	if (!malware_parse(rows_text(q, 8, a), &v->malware))
		v->malware = MALWARE_ERROR;
}

int
version_get(struct db *db, struct arena *a, version_id id, struct version *ret, struct error *e)
{
	AUTO(rows_close) struct rows *q = NULL;
	int r;

	if (db_query(
	        db, &q, e, "SELECT " VERSION_COLUMNS " FROM version WHERE id = ?", db_i(id.v)) < 0)
		return err_code(e);
	r = rows_next(q, e);
	if (r == 0)
		return err_set(e, ERR_NOT_FOUND, "no version %lld", (long long)id.v);
	if (r > 0)
		read_row(q, a, ret);
	return r < 0 ? r : 0;
}

int
version_get_list(struct db *db, struct arena *a, const version_id *ids, size_t n,
    struct version *ret, struct error *e)
{
	AUTO(steps_end)
	struct steps s = {.db = db,
	    .sql = "SELECT " VERSION_COLUMNS " FROM version WHERE id IN " DB_STEP_IDS,
	    .ids = &ids->v,
	    .n = n};
	struct version x;
	int r;

	memset(ret, 0, n * sizeof *ret);
	while ((r = steps_next(&s, e)) > 0) {
		read_row(s.q, a, &x);
		for (size_t i = s.from; i < s.to; i++) {
			if (ids[i].v == x.id.v)
				ret[i] = x;
		}
	}
	return r;
}

int
version_list(struct db *db, struct arena *a, asset_id id, struct version **ret, size_t *ret_n,
    struct error *e)
{
	AUTO(rows_close) struct rows *q = NULL;
	VEC(struct version) list = {0};
	int r;

	if (db_query(db, &q, e,
	        "SELECT " VERSION_COLUMNS " FROM version WHERE asset_id = ? ORDER BY number",
	        db_i(id.v)) < 0)
		return err_code(e);
	while ((r = rows_next(q, e)) > 0)
		read_row(q, a, VEC_ADD(&list));
	VEC_TO_ARENA(&list, a, ret, ret_n);
	return r;
}

int
version_parts(struct db *db, struct arena *a, version_id id, struct version_part **ret,
    size_t *ret_n, struct error *e)
{
	AUTO(rows_close) struct rows *q = NULL;
	VEC(struct version_part) list = {0};
	int r;

	if (db_query(db, &q, e,
	        "SELECT blob_id, bytes FROM version_part WHERE version_id = ? ORDER BY position",
	        db_i(id.v)) < 0)
		return err_code(e);
	while ((r = rows_next(q, e)) > 0) {
		struct version_part *p = VEC_ADD(&list);

		p->blob = rows_id128(q, 0);
		p->bytes = rows_int(q, 1);
	}
	VEC_TO_ARENA(&list, a, ret, ret_n);
	return r;
}

static int
replace_parts(struct change *c, version_id id, const struct ingested *in, struct error *e)
{
	static const char retire[] =
	    "INSERT INTO retired_blob (blob_id, retired_us) "
	    "SELECT blob_id, CAST(? AS BIGINT) FROM version_part WHERE version_id = ?";

	if (in->parts == NULL)
		return 0;
	if (db_exec(change_db(c), NULL, e, retire, db_i(change_now(c)), db_i(id.v)) < 0 ||
	    db_exec(change_db(c), NULL, e, "DELETE FROM version_part WHERE version_id = ?",
	        db_i(id.v)) < 0)
		return err_code(e);
	for (size_t i = 0; i < in->part_count; i++) {
		if (db_exec(change_db(c), NULL, e,
		        "INSERT INTO version_part (version_id, position, blob_id, bytes) VALUES "
		        "(?, ?, ?, ?)",
		        db_i(id.v), db_i((int64_t)i), db_id128(&in->parts[i].blob),
		        db_i(in->parts[i].bytes)) < 0)
			return err_code(e);
	}
	return 0;
}

static int
asset_of(struct db *db, version_id id, asset_id *ret, struct error *e)
{
	AUTO(rows_close) struct rows *q = NULL;
	int r;

	if (db_query(db, &q, e, "SELECT asset_id FROM version WHERE id = ?", db_i(id.v)) < 0)
		return err_code(e);
	r = rows_next(q, e);
	if (r > 0)
		*ret = (asset_id){rows_int(q, 0)};
	return r == 0 ? err_set(e, ERR_NOT_FOUND, "no version %lld", (long long)id.v) : MIN(r, 0);
}

int
version_ingested(struct change *c, version_id id, const struct ingested *in, struct error *e)
{
	static const char sql[] =
	    "UPDATE version SET sha256 = ?, crc32 = ?, media_type = ?, malware = ?, "
	    "state = ?, ingested_us = ? WHERE id = ? AND state = 'pending'";
	struct event ev = EVENT_INIT(EVENT_VERSION_INGESTED);
	int64_t changed;

	if (asset_of(change_db(c), id, &ev.asset, e) < 0 ||
	    db_exec(change_db(c), &changed, e, sql, db_bytes(in->sha256.b, sizeof in->sha256.b),
	        db_i(in->crc32), db_s(in->media_type), db_s(str_c(malware_name(in->malware))),
	        db_s(in->damaged ? S("damaged") : S("ready")), db_i(change_now(c)), db_i(id.v)) < 0)
		return err_code(e);
	if (changed != 1)
		return err_set(e, ERR_CONFLICT, "the version was ingested before");
	if (replace_parts(c, id, in, e) < 0 || asset_view_keep_version(c, id, e) < 0)
		return err_code(e);
	ev.version = id;
	ev.sha256 = &in->sha256;
	ev.outcome = in->damaged ? S("damaged") : S("ok");
	return event_add(c, &ev, e);
}
