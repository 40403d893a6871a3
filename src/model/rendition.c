/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * rendition - see rendition.h
 *
 * Lists are asked for in steps of a fixed number of ids, since a statement's
 * text never changes; the last step is filled up with 0, which is no id.
 */
#include "model/rendition.h"

#include "base/arena.h"
#include "base/error.h"
#include "base/str.h"
#include "db/db.h"
#include "db/steps.h"
#include "model/asset_view.h"
#include "model/change.h"
#include "model/job.h"

#define MANY_WAITING 20 /* of one person: the next are a batch */

const int64_t rendition_sizes[RENDITION_SIZES] = {64, 320, 640, 1600};

static const char *const names[MEDIA_STATE_COUNT] = {
    "none", "pending", "ready", "refused", "damaged", "timed_out", "killed"};

const char *
media_state_name(enum media_state s)
{
	return s < MEDIA_STATE_COUNT ? names[s] : "none";
}

bool
media_state_parse(struct str s, enum media_state *ret)
{
	for (int i = 0; i < MEDIA_STATE_COUNT; i++) {
		if (str_eq_c(s, names[i])) {
			*ret = (enum media_state)i;
			return true;
		}
	}
	return false;
}

bool
rendition_is_size(int64_t size)
{
	for (size_t i = 0; i < RENDITION_SIZES; i++) {
		if (rendition_sizes[i] == size)
			return true;
	}
	return false;
}

/* ---- reading ---- */

#define MEDIA_COLUMNS                                                                              \
	"version_id, state, reason, blob_id, width, height, pages, colour, blurhash, camera, "     \
	"taken, space"

static void
read_media(struct rows *q, struct arena *a, struct media *m)
{
	*m = (struct media){.reason = rows_text(q, 2, a),
	    .width = rows_int(q, 4),
	    .height = rows_int(q, 5),
	    .pages = rows_int(q, 6),
	    .colour = rows_text(q, 7, a),
	    .blurhash = rows_text(q, 8, a),
	    .camera = rows_text(q, 9, a),
	    .taken = rows_text(q, 10, a),
	    .space = rows_text(q, 11, a)};
	if (!rows_is_null(q, 3))
		m->blob = rows_id128(q, 3);
	if (!media_state_parse(rows_text(q, 1, a), &m->state))
		m->state = MEDIA_NONE;
}

int
media_get_list(struct db *db, struct arena *a, const version_id *ids, size_t n, struct media *ret,
    struct error *e)
{
	AUTO(steps_end)
	struct steps s = {.db = db,
	    .sql = "SELECT " MEDIA_COLUMNS " FROM version_media WHERE version_id IN " DB_STEP_IDS,
	    .ids = &ids->v,
	    .n = n};
	struct media m;
	int r;

	memset(ret, 0, n * sizeof *ret);
	while ((r = steps_next(&s, e)) > 0) {
		read_media(s.q, a, &m);
		for (size_t i = s.from; i < s.to; i++) {
			if (ids[i].v == rows_int(s.q, 0)) /* a version may stand in it twice */
				ret[i] = m;
		}
	}
	return r;
}

/* Smallest first: the first that is large enough, else the last. */
static const char find_sql[] =
    "SELECT r.page, r.size, r.width, r.height, r.format, r.at, r.bytes, m.blob_id "
    "FROM rendition r JOIN version_media m ON m.version_id = r.version_id "
    "WHERE r.version_id = ? AND r.page = ? AND m.blob_id IS NOT NULL ORDER BY r.size";

int
rendition_find(struct db *db, struct arena *a, const struct rendition_wanted *w,
    struct rendition *ret, struct id128 *ret_blob, struct error *e)
{
	AUTO(rows_close) struct rows *q = NULL;
	bool found = false;
	int r;

	if (db_query(db, &q, e, find_sql, db_i(w->version.v), db_i(w->page)) < 0)
		return err_code(e);
	while ((r = rows_next(q, e)) > 0) {
		*ret = (struct rendition){.page = rows_int(q, 0),
		    .size = rows_int(q, 1),
		    .width = rows_int(q, 2),
		    .height = rows_int(q, 3),
		    .format = rows_text(q, 4, a),
		    .at = rows_int(q, 5),
		    .bytes = rows_int(q, 6)};
		*ret_blob = rows_id128(q, 7);
		found = true;
		if (ret->size >= w->size)
			return 0;
	}
	if (r < 0)
		return r;
	return found ? 0 : err_key(e, ERR_NOT_FOUND, "no-preview", "there is no preview of it");
}

static const char missed_sql[] =
    "SELECT v.id, v.media_type, v.name FROM version v "
    "LEFT JOIN version_media m ON m.version_id = v.id "
    "WHERE v.id > ? AND v.state = 'ready' AND (v.media_type BETWEEN 'image/' AND 'image/~' "
    "OR v.media_type IN ('application/pdf', 'application/gzip')) "
    "AND (m.version_id IS NULL OR m.reason = 'not-started' "
    "OR (coalesce(m.maker, 1) < ? AND (m.state NOT IN ('ready', 'pending') OR EXISTS "
    "(SELECT 1 FROM rendition r WHERE r.version_id = v.id AND r.format = 'webp'))) "
    "OR (m.state = 'pending' AND NOT EXISTS "
    "(SELECT 1 FROM job j WHERE j.dedupe = 'render:' || v.id))) "
    "ORDER BY v.id LIMIT ?";

int
media_missed(struct db *db, struct arena *a, version_id after, struct media_missed *list, size_t *n,
    struct error *e)
{
	AUTO(rows_close) struct rows *q = NULL;
	size_t most = *n;
	int r = 0;

	*n = 0;
	if (db_query(db, &q, e, missed_sql, db_i(after.v), db_i(RENDITION_MAKER),
	        db_i((int64_t)most)) < 0)
		return err_code(e);
	while (*n < most && (r = rows_next(q, e)) > 0)
		list[(*n)++] =
		    (struct media_missed){{rows_int(q, 0)}, rows_text(q, 1, a), rows_text(q, 2, a)};
	return MIN(r, 0);
}

/* ---- writing ---- */

/* 1 this person has many waiting already, 0 not; what waits as a batch anyway does not count. */
static int
is_batch(struct db *db, person_id by, struct error *e)
{
	static const char sql[] =
	    "SELECT count(*) FROM job j JOIN version v ON v.id = j.version_id "
	    "WHERE j.kind = 'render' AND j.state = 'queued' AND (j.batch IS NULL OR NOT j.batch) "
	    "AND v.created_by = ?";
	AUTO(rows_close) struct rows *q = NULL;
	int r;

	if (db_query(db, &q, e, sql, db_i(by.v)) < 0)
		return err_code(e);
	r = rows_next(q, e);
	return r > 0 ? rows_int(q, 0) >= MANY_WAITING : r;
}

static int
put_pending(struct change *c, version_id v, struct error *e)
{
	if (db_exec(change_db(c), NULL, e,
	        "INSERT INTO version_media (version_id, state, changed_us) "
	        "VALUES (?, 'pending', ?) ON CONFLICT (version_id) DO NOTHING",
	        db_i(v.v), db_i(change_now(c))) < 0)
		return err_code(e);
	return asset_view_keep_version(c, v, e);
}

int
media_expect(struct change *c, version_id v, person_id by, struct error *e)
{
	int batch = is_batch(change_db(c), by, e);

	if (batch < 0)
		return batch;
	if (put_pending(c, v, e) < 0)
		return err_code(e);
	return job_put_render(c, v, batch > 0, e);
}

int
media_again(struct change *c, version_id v, struct error *e)
{
	if (put_pending(c, v, e) < 0)
		return err_code(e);
	return job_put_render(c, v, true, e);
}

static int
put_rendition(struct change *c, version_id v, const struct rendition *r, struct error *e)
{
	static const char sql[] =
	    "INSERT INTO rendition (version_id, page, size, width, height, format, at, bytes) "
	    "VALUES (?, ?, ?, ?, ?, ?, ?, ?)";

	return db_exec(change_db(c), NULL, e, sql, db_i(v.v), db_i(r->page), db_i(r->size),
	    db_i(r->width), db_i(r->height), db_s(r->format), db_i(r->at), db_i(r->bytes));
}

static int
put_media(struct change *c, version_id v, const struct media *m, bool has_blob, struct error *e)
{
	static const char sql[] =
	    "INSERT INTO version_media (version_id, state, reason, blob_id, width, height, pages, "
	    "colour, blurhash, camera, taken, space, changed_us, maker) "
	    "VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)";

	return db_exec(change_db(c), NULL, e, sql, db_i(v.v),
	    db_s(str_c(media_state_name(m->state))), db_s0(m->reason),
	    has_blob ? db_id128(&m->blob) : db_null(), db_i0(m->width), db_i0(m->height),
	    db_i0(m->pages), db_s0(m->colour), db_s0(m->blurhash), db_s0(m->camera),
	    db_s0(m->taken), db_s0(m->space), db_i(change_now(c)), db_i(RENDITION_MAKER));
}

int
media_set(struct change *c, version_id v, const struct media *m, const struct rendition *list,
    size_t n, struct error *e)
{
	static const char retire[] =
	    "INSERT INTO retired_blob (blob_id, retired_us) SELECT blob_id, CAST(? AS BIGINT) "
	    "FROM version_media WHERE version_id = ? AND blob_id IS NOT NULL";

	if (db_exec(change_db(c), NULL, e, retire, db_i(change_now(c)), db_i(v.v)) < 0 ||
	    db_exec(change_db(c), NULL, e, "DELETE FROM rendition WHERE version_id = ?",
	        db_i(v.v)) < 0 ||
	    db_exec(change_db(c), NULL, e, "DELETE FROM version_media WHERE version_id = ?",
	        db_i(v.v)) < 0 ||
	    put_media(c, v, m, n > 0, e) < 0)
		return err_code(e);
	for (size_t i = 0; i < n; i++) {
		if (put_rendition(c, v, &list[i], e) < 0)
			return err_code(e);
	}
	return asset_view_keep_version(c, v, e);
}
