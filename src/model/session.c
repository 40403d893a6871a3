/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * session - see session.h.
 *
 * What is live is one condition, the same in every query.
 */
#include "model/session.h"

#include "base/error.h"
#include "base/limits.h"
#include "base/random.h"
#include "base/time.h"
#include "db/db.h"
#include "db/steps.h"
#include "model/change.h"

#define LIVE "ended_us IS NULL AND used_us > ? AND created_us > ?"
#define LIVE_VALUES(now) db_i((now)-LIMIT_SESSION_IDLE_US), db_i((now)-LIMIT_SESSION_LIFE_US)
#define TOUCH_EVERY_US (60 * US_PER_S)

int
session_find(struct db *db, const struct sha256 *cookie, delivery_id d, int64_t now_us,
    struct session *ret, struct error *e)
{
	static const char sql[] =
	    "SELECT s.id, s.recipient_id, s.level, s.created_us, s.used_us FROM session s "
	    "JOIN recipient r ON r.id = s.recipient_id WHERE s.token_hash = ? AND r.delivery_id = "
	    "? "
	    "AND s.ended_us IS NULL AND s.used_us > ? AND s.created_us > ? ORDER BY s.used_us "
	    "DESC, "
	    "s.id DESC LIMIT 1";
	AUTO(rows_close) struct rows *q = NULL;
	int r;

	if (db_query(db, &q, e, sql, db_bytes(cookie->b, sizeof cookie->b), db_i(d.v),
	        LIVE_VALUES(now_us)) < 0)
		return err_code(e);
	r = rows_next(q, e);
	if (r > 0)
		*ret = (struct session){.id = {rows_int(q, 0)},
		    .recipient = {rows_int(q, 1)},
		    .delivery = d,
		    .level = (int)rows_int(q, 2),
		    .created_us = rows_int(q, 3),
		    .used_us = rows_int(q, 4)};
	return r;
}

int
session_is_known(struct db *db, const struct sha256 *cookie, int64_t now_us, struct error *e)
{
	AUTO(rows_close) struct rows *q = NULL;

	if (db_query(db, &q, e, "SELECT 1 FROM session WHERE token_hash = ? AND " LIVE,
	        db_bytes(cookie->b, sizeof cookie->b), LIVE_VALUES(now_us)) < 0)
		return err_code(e);
	return rows_next(q, e);
}

int
session_is_live(struct db *db, session_id id, int64_t now_us, struct error *e)
{
	AUTO(rows_close) struct rows *q = NULL;

	if (db_query(db, &q, e, "SELECT 1 FROM session WHERE id = ? AND " LIVE, db_i(id.v),
	        LIVE_VALUES(now_us)) < 0)
		return err_code(e);
	return rows_next(q, e);
}

/* LIVE for a row that was read for other reasons: columns ended, used, created from `at` on. */
static bool
is_live_row(struct rows *q, int at, int64_t now)
{
	return rows_is_null(q, at) && rows_int(q, at + 1) > now - LIMIT_SESSION_IDLE_US &&
	       rows_int(q, at + 2) > now - LIMIT_SESSION_LIFE_US;
}

int
session_stamps(
    struct db *db, const session_id *ids, size_t n, int64_t now_us, int64_t *ret, struct error *e)
{
	AUTO(steps_end)
	struct steps s = {.db = db,
	    .sql = "SELECT s.id, d.stamp, s.ended_us, s.used_us, s.created_us FROM session s "
	           "JOIN recipient r ON r.id = s.recipient_id JOIN delivery d ON "
	           "d.id = r.delivery_id WHERE s.id IN " DB_STEP_IDS,
	    .ids = &ids->v,
	    .n = n};
	int r;

	for (size_t i = 0; i < n; i++)
		ret[i] = -1;
	while ((r = steps_next(&s, e)) > 0) {
		for (size_t i = s.from; i < s.to; i++) {
			if (ids[i].v == rows_int(s.q, 0) && is_live_row(s.q, 2, now_us))
				ret[i] = rows_int(s.q, 1);
		}
	}
	return r;
}

/* 1 live, 0 none or one that is over, which *ret then names, else 0. */
static int
find_row(struct db *db, const struct sha256 *cookie, recipient_id r, int64_t now, session_id *ret,
    struct error *e)
{
	AUTO(rows_close) struct rows *q = NULL;
	int n;

	*ret = (session_id){0};
	if (db_query(db, &q, e,
	        "SELECT id, ended_us, used_us, created_us FROM session "
	        "WHERE token_hash = ? AND recipient_id = ?",
	        db_bytes(cookie->b, sizeof cookie->b), db_i(r.v)) < 0)
		return err_code(e);
	n = rows_next(q, e);
	if (n <= 0)
		return n;
	*ret = (session_id){rows_int(q, 0)};
	return is_live_row(q, 1, now);
}

static int
count_of(struct db *db, const struct sha256 *cookie, int64_t now_us, int64_t *ret, struct error *e)
{
	AUTO(rows_close) struct rows *q = NULL;

	if (db_query(db, &q, e,
	        "SELECT CAST(count(*) AS BIGINT) FROM session WHERE token_hash = ? AND " LIVE,
	        db_bytes(cookie->b, sizeof cookie->b), LIVE_VALUES(now_us)) < 0 ||
	    rows_next(q, e) < 0)
		return err_code(e);
	*ret = rows_int(q, 0);
	return 0;
}

/* What was proved in a session that is over proves nothing now: its row leaves the cookie. */
static int
put_aside(struct change *c, session_id id, struct error *e)
{
	struct id128 nobody[2] = {random_id128(), random_id128()};

	return db_exec(change_db(c), NULL, e,
	    "UPDATE session SET token_hash = ?, ended_us = COALESCE(ended_us, ?) WHERE id = ?",
	    db_bytes(nobody, sizeof nobody), db_i(change_now(c)), db_i(id.v));
}

/* A browser that holds all it may: the one not used for longest makes room. */
static int
make_room(struct change *c, const struct sha256 *cookie, struct error *e)
{
	int64_t now = change_now(c), n;

	if (count_of(change_db(c), cookie, now, &n, e) < 0)
		return err_code(e);
	if (n < LIMIT_RECIPIENTS_PER_COOKIE)
		return 0;
	return db_exec(change_db(c), NULL, e,
	    "UPDATE session SET ended_us = ? WHERE id = (SELECT id FROM session "
	    "WHERE token_hash = ? AND " LIVE " ORDER BY used_us, id LIMIT 1)",
	    db_i(now), db_bytes(cookie->b, sizeof cookie->b), LIVE_VALUES(now));
}

int
session_open(
    struct change *c, const struct sha256 *cookie, recipient_id r, session_id *ret, struct error *e)
{
	struct db *db = change_db(c);
	int64_t now = change_now(c);
	int found = find_row(db, cookie, r, now, ret, e);

	if (found < 0)
		return found;
	if (found > 0)
		return db_exec(db, NULL, e, "UPDATE session SET used_us = ? WHERE id = ?",
		    db_i(now), db_i(ret->v));
	if ((ret->v != 0 && put_aside(c, *ret, e) < 0) || make_room(c, cookie, e) < 0)
		return err_code(e);
	*ret = (session_id){random_id()};
	return db_exec(db, NULL, e,
	    "INSERT INTO session (id, token_hash, recipient_id, level, created_us, used_us) "
	    "VALUES (?, ?, ?, 0, ?, ?)",
	    db_i(ret->v), db_bytes(cookie->b, sizeof cookie->b), db_i(r.v), db_i(now), db_i(now));
}

int
session_keep(struct change *c, session_id id, struct error *e)
{
	int64_t now = change_now(c);

	return db_exec(change_db(c), NULL, e,
	    "UPDATE session SET used_us = ? WHERE id = ? AND used_us < ? AND " LIVE, db_i(now),
	    db_i(id.v), db_i(now - TOUCH_EVERY_US), LIVE_VALUES(now));
}

int
session_touch(struct db *db, const struct session *s, int64_t now_us, struct error *e)
{
	AUTO(change_abort) struct change *c = NULL;

	if (now_us - s->used_us < TOUCH_EVERY_US)
		return 0;
	if (change_begin(db, (struct actor){ACTOR_RECIPIENT, s->recipient.v}, CHANGE_HOUSEKEEPING,
	        &c, e) < 0 ||
	    db_exec(db, NULL, e, "UPDATE session SET used_us = ? WHERE id = ?", db_i(now_us),
	        db_i(s->id.v)) < 0)
		return err_code(e);
	return change_commit(&c, e);
}

int
session_verified(struct change *c, const struct session *s, const struct sha256 *old_cookie,
    const struct sha256 *new_cookie, struct error *e)
{
	struct db *db = change_db(c);

	if (db_exec(db, NULL, e, "UPDATE session SET level = 1, used_us = ? WHERE id = ?",
	        db_i(change_now(c)), db_i(s->id.v)) < 0)
		return err_code(e);
	return db_exec(db, NULL, e, "UPDATE session SET token_hash = ? WHERE token_hash = ?",
	    db_bytes(new_cookie->b, sizeof new_cookie->b),
	    db_bytes(old_cookie->b, sizeof old_cookie->b));
}

int
session_end_all(struct change *c, recipient_id r, struct error *e)
{
	return db_exec(change_db(c), NULL, e,
	    "UPDATE session SET ended_us = ? WHERE recipient_id = ? AND ended_us IS NULL",
	    db_i(change_now(c)), db_i(r.v));
}
