/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * sweep - see sweep.h.
 *
 * Each sweep is a change of its own, so that a long one never holds the lock.
 */
#include "model/sweep.h"

#include "base/arena.h"
#include "base/error.h"
#include "base/limits.h"
#include "base/time.h"
#include "db/db.h"
#include "model/change.h"

#define WEEK_US (7 * US_PER_DAY)

static int
housekeeping(struct db *db, struct change **ret, struct error *e)
{
	return change_begin(db, (struct actor){ACTOR_SYSTEM, 0}, CHANGE_HOUSEKEEPING, ret, e);
}

int
sweep_uploads(struct db *db, int64_t now_us, int *ret, struct error *e)
{
	static const char parts[] =
	    "DELETE FROM upload_part WHERE upload_id IN "
	    "(SELECT id FROM upload WHERE expires_us < ? AND result_asset_id IS NULL)";
	static const char uploads[] =
	    "DELETE FROM upload WHERE expires_us < ? AND result_asset_id IS NULL";
	AUTO(change_abort) struct change *c = NULL;
	int64_t n;

	if (housekeeping(db, &c, e) < 0 || db_exec(db, NULL, e, parts, db_i(now_us)) < 0 ||
	    db_exec(db, &n, e, uploads, db_i(now_us)) < 0)
		return err_code(e);
	*ret = (int)n;
	return change_commit(&c, e);
}

int
sweep_finished(struct db *db, int64_t now_us, struct error *e)
{
	AUTO(change_abort) struct change *c = NULL;

	if (housekeeping(db, &c, e) < 0 ||
	    db_exec(db, NULL, e,
	        "DELETE FROM upload WHERE touched_us < ? AND result_asset_id IS NOT NULL",
	        db_i(now_us - WEEK_US)) < 0 ||
	    db_exec(db, NULL, e, "DELETE FROM job WHERE state = 'done' AND created_us < ?",
	        db_i(now_us - WEEK_US)) < 0 ||
	    db_exec(db, NULL, e, "DELETE FROM idempotency WHERE created_us < ?",
	        db_i(now_us - US_PER_DAY)) < 0 ||
	    db_exec(db, NULL, e, "DELETE FROM retired_blob WHERE retired_us < ?",
	        db_i(now_us - LIMIT_ORPHAN_GRACE_US)) < 0 ||
	    db_exec(db, NULL, e,
	        "DELETE FROM undo_item WHERE undo_id IN (SELECT id FROM undo WHERE until_us < ?)",
	        db_i(now_us)) < 0 ||
	    db_exec(db, NULL, e, "DELETE FROM undo WHERE until_us < ?", db_i(now_us)) < 0)
		return err_code(e);
	return change_commit(&c, e);
}

static int
is_there(struct db *db, const char *sql, const struct db_value *v, size_t n, struct error *e)
{
	AUTO(rows_close) struct rows *q = NULL;

	if (db_query_values(db, &q, e, sql, v, n) < 0)
		return err_code(e);
	return rows_next(q, e);
}

/*
 * One statement sees all tables at one moment: asked one after the other, a part
 * that its upload's end moves to the version meanwhile would be in none.
 */
int
blob_is_named(struct db *db, struct id128 blob, struct error *e)
{
	static const char sql[] = "SELECT 1 FROM version_part WHERE blob_id = ? "
	                          "UNION ALL SELECT 1 FROM upload_part WHERE blob_id = ? "
	                          "UNION ALL SELECT 1 FROM version_media WHERE blob_id = ? "
	                          "UNION ALL SELECT 1 FROM retired_blob WHERE blob_id = ?";
	const struct db_value id = db_id128(&blob);

	return is_there(db, sql, DB_VALUES(id, id, id, id), e);
}

/* The next ones of the sweep, which then stands behind them. */
static int
old_wraps(struct db *keys, struct arena *a, struct wrap_sweep *s, struct error *e)
{
	AUTO(rows_close) struct rows *q = NULL;
	int r;

	s->list = ARENA_ARRAY(a, version_id, SWEEP_WRAPS_AT_ONCE);
	s->n = 0;
	if (db_query(keys, &q, e,
	        "SELECT version_id FROM version_key WHERE created_us < ? AND version_id < ? "
	        "ORDER BY version_id DESC LIMIT CAST(? AS BIGINT)",
	        db_i(s->before_us), db_i(s->below.v != 0 ? s->below.v : INT64_MAX),
	        db_i(SWEEP_WRAPS_AT_ONCE)) < 0)
		return err_code(e);
	while ((r = rows_next(q, e)) > 0 && s->n < SWEEP_WRAPS_AT_ONCE)
		s->list[s->n++] = (version_id){rows_int(q, 0)};
	if (r < 0)
		return r;
	s->below.v = s->n == SWEEP_WRAPS_AT_ONCE ? s->list[s->n - 1].v : 0;
	return 0;
}

static int
is_wanted(struct db *db, version_id v, struct error *e)
{
	static const char sql[] = "SELECT 1 FROM version WHERE id = ? "
	                          "UNION ALL SELECT 1 FROM upload WHERE version_id = ?";

	return is_there(db, sql, DB_VALUES(db_i(v.v), db_i(v.v)), e);
}

int
sweep_wraps_list(
    struct db *db, struct db *keys, struct arena *a, struct wrap_sweep *s, struct error *e)
{
	size_t kept = 0;

	if (old_wraps(keys, a, s, e) < 0)
		return err_code(e);
	for (size_t i = 0; i < s->n; i++) {
		int r = is_wanted(db, s->list[i], e);

		if (r < 0)
			return r;
		if (r == 0)
			s->list[kept++] = s->list[i];
	}
	s->n = kept;
	return 0;
}
