/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * job - see job.h.  The claim looks without a lock first, so that an idle
 * worker never takes the writers' lock.
 */
#include "model/job.h"

#include <stdio.h>

#include "base/arena.h"
#include "base/error.h"
#include "base/limits.h"
#include "base/random.h"
#include "base/str.h"
#include "base/time.h"
#include "db/db.h"
#include "model/change.h"
#include "model/claim.h"

#define TRIES_MOST 8
#define ERROR_MOST 400

struct job_new {
	const char *kind;
	version_id subject;
	int64_t due_us;
	bool batch;
};

static int
put(struct change *c, const struct job_new *n, struct error *e)
{
	char dedupe[64];

	snprintf(dedupe, sizeof dedupe, "%s:%lld", n->kind, (long long)n->subject.v);
	return db_exec(change_db(c), NULL, e,
	    "INSERT INTO job (id, kind, version_id, dedupe, state, due_us, fence, tries, "
	    "batch, created_us) "
	    "VALUES (?, ?, ?, ?, 'queued', ?, 0, 0, ?, ?) ON CONFLICT (dedupe) DO NOTHING",
	    db_i(random_id()), db_s(str_c(n->kind)), db_i0(n->subject.v), db_s(str_c(dedupe)),
	    db_i(n->due_us), db_b(n->batch), db_i(change_now(c)));
}

int
job_put(struct change *c, const char *kind, version_id subject, int64_t due_us, struct error *e)
{
	return put(c, &(struct job_new){kind, subject, due_us, false}, e);
}

int
job_put_render(struct change *c, version_id subject, bool batch, struct error *e)
{
	return put(c, &(struct job_new){"render", subject, change_now(c), batch}, e);
}

#define DUE_JOB                                                                                    \
	"SELECT id, version_id, fence, tries FROM job WHERE kind = ? AND "                         \
	"((state = 'queued' AND due_us <= ?) OR (state = 'running' AND lease_until_us < ?)) "      \
	"ORDER BY CASE WHEN batch THEN 1 ELSE 0 END, due_us, id LIMIT 1"
/* Reads are read-only and lock nothing. */
static const char look_sql[] = DUE_JOB;
static const char take_sql[] = DUE_JOB " /*pg: FOR UPDATE SKIP LOCKED */";
static const char claimed_sql[] =
    "SELECT fence, lease_until_us FROM job WHERE id = ? /*pg: FOR UPDATE */";

static int
due_job(struct db *db, const char *sql, int64_t now, struct job *ret, struct error *e)
{
	AUTO(rows_close) struct rows *q = NULL;
	int r;

	if (db_query(db, &q, e, sql, db_s(ret->kind), db_i(now), db_i(now)) < 0)
		return err_code(e);
	r = rows_next(q, e);
	if (r > 0) {
		ret->id.v = rows_int(q, 0);
		ret->version.v = rows_int(q, 1);
		ret->fence = rows_int(q, 2);
		ret->tries = rows_int(q, 3);
	}
	return r;
}

int
job_claim(struct db *db, const char *kind, int64_t lease_us, struct job *ret, struct error *e)
{
	int64_t now = time_now_us();
	int r;

	*ret = (struct job){.kind = str_c(kind)};
	if ((r = due_job(db, look_sql, now, ret, e)) <= 0)
		return r;
	if (db_write_begin(db, DB_CLAIM, e) < 0)
		return err_code(e);
	r = due_job(db, take_sql, now, ret, e);
	if (r > 0 && db_exec(db, NULL, e,
	                 "UPDATE job SET state = 'running', lease_until_us = ?, fence = fence + 1, "
	                 "tries = tries + 1 WHERE id = ?",
	                 db_i(now + lease_us), db_i(ret->id.v)) < 0)
		r = e->code;
	if (r <= 0) {
		db_rollback(db);
		return r;
	}
	ret->fence++;
	ret->tries++;
	r = claim_commit(
	    db, &(struct claim){claimed_sql, ret->id.v, ret->fence, now + lease_us}, e);
	return r < 0 ? r : 1;
}

int
job_renew(struct db *db, const struct job *j, int64_t lease_us, struct error *e)
{
	AUTO(change_abort) struct change *c = NULL;
	int64_t changed;

	if (change_begin(db, (struct actor){ACTOR_SYSTEM, 0}, CHANGE_HOUSEKEEPING, &c, e) < 0 ||
	    db_exec(db, &changed, e,
	        "UPDATE job SET lease_until_us = ? WHERE id = ? AND fence = ? AND state = "
	        "'running'",
	        db_i(change_now(c) + lease_us), db_i(j->id.v), db_i(j->fence)) < 0)
		return err_code(e);
	if (changed != 1)
		return err_set(e, ERR_CONFLICT, "the job's lease was lost");
	return change_commit(&c, e);
}

int
job_done(struct change *c, const struct job *j, struct error *e)
{
	int64_t changed;

	if (db_exec(change_db(c), &changed, e,
	        "UPDATE job SET state = 'done', dedupe = NULL, lease_until_us = NULL "
	        "WHERE id = ? AND fence = ? AND state = 'running'",
	        db_i(j->id.v), db_i(j->fence)) < 0)
		return err_code(e);
	return changed == 1 ? 0 : err_set(e, ERR_CONFLICT, "the job's lease was lost");
}

int
job_failed(struct db *db, const struct job *j, const char *why, struct error *e)
{
	AUTO(change_abort) struct change *c = NULL;
	bool is_dead = j->tries >= TRIES_MOST;
	int64_t wait = (US_PER_S << MIN(j->tries, 10)) + random_below(US_PER_S);

	if (change_begin(db, (struct actor){ACTOR_SYSTEM, 0}, CHANGE_HOUSEKEEPING, &c, e) < 0 ||
	    db_exec(db, NULL, e,
	        "UPDATE job SET state = ?, due_us = ?, lease_until_us = NULL, error = ? "
	        "WHERE id = ? AND fence = ? AND state = 'running'",
	        db_s(is_dead ? S("dead") : S("queued")), db_i(change_now(c) + wait),
	        db_s(str_head(str_c(why), ERROR_MOST)), db_i(j->id.v), db_i(j->fence)) < 0)
		return err_code(e);
	return change_commit(&c, e);
}

int
job_wait(struct db *db, const struct job *j, const char *why, int64_t wait_us, struct error *e)
{
	AUTO(change_abort) struct change *c = NULL;

	if (change_begin(db, (struct actor){ACTOR_SYSTEM, 0}, CHANGE_HOUSEKEEPING, &c, e) < 0 ||
	    db_exec(db, NULL, e,
	        "UPDATE job SET state = 'queued', due_us = ?, lease_until_us = NULL, error = ?, "
	        "tries = ? WHERE id = ? AND fence = ? AND state = 'running'",
	        db_i(change_now(c) + wait_us), db_s(str_head(str_c(why), ERROR_MOST)),
	        db_i(MAX(j->tries - 1, 0)), db_i(j->id.v), db_i(j->fence)) < 0)
		return err_code(e);
	return change_commit(&c, e);
}

/* ---- given up ---- */

#define DEAD_JOB                                                                                   \
	"SELECT j.id, j.kind, j.error, v.asset_id, v.name, j.created_us, j.version_id FROM job j " \
	"LEFT JOIN version v ON v.id = j.version_id WHERE j.state = 'dead'"

static struct job_dead
read_dead(struct rows *q, struct arena *a)
{
	return (struct job_dead){.id = {rows_int(q, 0)},
	    .kind = rows_text(q, 1, a),
	    .error = rows_text(q, 2, a),
	    .asset = {rows_int(q, 3)},
	    .name = rows_text(q, 4, a),
	    .created_us = rows_int(q, 5)};
}

int
job_dead_list(
    struct db *db, struct arena *a, int max, struct job_dead **ret, size_t *ret_n, struct error *e)
{
	AUTO(rows_close) struct rows *q = NULL;
	struct job_dead *list = ARENA_ARRAY(a, struct job_dead, (size_t)max);
	size_t n = 0;
	int r;

	if (db_query(db, &q, e, DEAD_JOB " ORDER BY j.id DESC LIMIT CAST(? AS BIGINT)", db_i(max)) <
	    0)
		return err_code(e);
	while ((r = rows_next(q, e)) > 0 && n < (size_t)max)
		list[n++] = read_dead(q, a);
	*ret = list;
	*ret_n = n;
	return r < 0 ? r : 0;
}

/* The event says what work it was, and of which file. */
static int
dead_event(struct change *c, struct arena *a, job_id id, struct event *ret, struct error *e)
{
	AUTO(rows_close) struct rows *q = NULL;
	struct job_dead j;
	int r;

	if (db_query(change_db(c), &q, e, DEAD_JOB " AND j.id = ?", db_i(id.v)) < 0)
		return err_code(e);
	if ((r = rows_next(q, e)) <= 0)
		return r < 0 ? r
		             : err_set(e, ERR_NOT_FOUND, "no work that was given up has this id");
	j = read_dead(q, a);
	ret->asset = j.asset;
	ret->version.v = j.asset.v != 0 ? rows_int(q, 6) : 0;
	ret->outcome = j.kind;
	return 0;
}

int
job_again(struct change *c, struct arena *a, job_id id, struct error *e)
{
	struct event ev = EVENT_INIT(EVENT_JOB_RESTARTED);

	if (dead_event(c, a, id, &ev, e) < 0 ||
	    db_exec(change_db(c), NULL, e,
	        "UPDATE job SET state = 'queued', due_us = ?, tries = 0, lease_until_us = NULL "
	        "WHERE id = ?",
	        db_i(change_now(c)), db_i(id.v)) < 0)
		return err_code(e);
	return event_add(c, &ev, e);
}
