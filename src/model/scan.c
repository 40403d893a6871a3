/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * scan - see scan.h.  The job and the result; what is done with a file is worker's.
 */
#include "model/scan.h"

#include "base/arena.h"
#include "base/error.h"
#include "base/str.h"
#include "base/vec.h"
#include "db/db.h"
#include "model/asset_view.h"
#include "model/change.h"
#include "model/delivery.h"
#include "model/job.h"
#include "model/version.h"

int
scan_expect(struct change *c, version_id v, struct error *e)
{
	return job_put(c, "scan", v, change_now(c), e);
}

/* ---- what came of it ---- */

static int
live_deliveries(struct change *c, version_id v, struct arena *a, delivery_id **ret, size_t *ret_n,
    struct error *e)
{
	static const char sql[] =
	    "SELECT DISTINCT i.delivery_id FROM delivery_item i JOIN delivery d ON d.id = "
	    "i.delivery_id WHERE i.version_id = ? AND d.revoked_us IS NULL AND d.expires_us > ? "
	    "ORDER BY i.delivery_id";
	AUTO(rows_close) struct rows *q = NULL;
	VEC(delivery_id) list = {0};
	int r;

	if (db_query(change_db(c), &q, e, sql, db_i(v.v), db_i(change_now(c))) < 0)
		return err_code(e);
	while ((r = rows_next(q, e)) > 0)
		*VEC_ADD(&list) = (delivery_id){rows_int(q, 0)};
	VEC_TO_ARENA(&list, a, ret, ret_n);
	return r;
}

/* It leaves every delivery it is in, and each says so. */
static int
withhold(struct change *c, const struct version *v, struct arena *a, struct error *e)
{
	delivery_id *list;
	size_t n;

	if (live_deliveries(c, v->id, a, &list, &n, e) < 0)
		return err_code(e);
	for (size_t i = 0; i < n; i++) {
		struct event ev = EVENT_INIT(EVENT_DELIVERY_WITHHELD);

		ev.delivery = list[i];
		ev.asset = v->asset;
		ev.version = v->id;
		ev.outcome = S("malware-infected");
		if (event_add(c, &ev, e) < 0)
			return err_code(e);
	}
	return delivery_stamps_raise(c, v->asset, e);
}

int
scan_set(struct change *c, version_id id, const struct scan_result *r, struct error *e)
{
	AUTO(arena_free) struct arena *a = arena_new();
	struct event ev = EVENT_INIT(EVENT_VERSION_SCANNED);
	struct version v;

	if (version_get(change_db(c), a, id, &v, e) < 0 ||
	    db_exec(change_db(c), NULL, e,
	        "UPDATE version SET malware = ?, scan_detail = ?, scanned_us = ? WHERE id = ?",
	        db_s(str_c(malware_name(r->malware))), db_s0(r->detail), db_i(change_now(c)),
	        db_i(id.v)) < 0 ||
	    asset_view_keep_version(c, id, e) < 0)
		return err_code(e);
	ev.asset = v.asset;
	ev.version = id;
	/* a signature's name is the scanner's and no word of ours: it is in the row */
	ev.outcome =
	    r->malware == MALWARE_NOT_SCANNED ? r->detail : str_c(malware_name(r->malware));
	if (event_add(c, &ev, e) < 0)
		return err_code(e);
	return r->malware == MALWARE_INFECTED ? withhold(c, &v, a, e) : 0;
}

/* ---- who waits ---- */

int
scan_missed(struct db *db, int64_t most_bytes, version_id after, version_id *list, size_t *n,
    struct error *e)
{
	static const char sql[] = "SELECT id FROM version WHERE malware = 'not_scanned' AND id > ? "
	                          "AND state = 'ready' AND "
	                          "(scanned_us IS NULL OR scan_detail = 'scanner-failed' OR "
	                          "(scan_detail = 'too-large' AND bytes <= ?)) ORDER BY id LIMIT ?";
	AUTO(rows_close) struct rows *q = NULL;
	size_t most = *n;
	int r = 0;

	*n = 0;
	if (db_query(db, &q, e, sql, db_i(after.v), db_i(most_bytes), db_i((int64_t)most)) < 0)
		return err_code(e);
	while (*n < most && (r = rows_next(q, e)) > 0)
		list[(*n)++] = (version_id){rows_int(q, 0)};
	return MIN(r, 0);
}

int
scan_queue_get(struct db *db, struct arena *a, struct scan_queue *ret, struct error *e)
{
	static const char sql[] =
	    "SELECT count(*), min(created_us), max(error) FROM job WHERE kind = 'scan' AND "
	    "state IN ('queued', 'running')";
	AUTO(rows_close) struct rows *q = NULL;
	int r;

	*ret = (struct scan_queue){0};
	if (db_query(db, &q, e, sql) < 0)
		return err_code(e);
	r = rows_next(q, e);
	if (r > 0)
		*ret = (struct scan_queue){rows_int(q, 0), rows_int(q, 1), rows_text(q, 2, a)};
	return MIN(r, 0);
}
