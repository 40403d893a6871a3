/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * overview - see overview.h
 *
 * One rule says of one delivery and of all what wants a look, so that the
 * number of the overview is that of the rows.
 */
#include "model/overview.h"

#include "base/error.h"
#include "base/str.h"
#include "base/time.h"
#include "db/db.h"
#include "db/steps.h"

#define SOON_US (3 * US_PER_DAY)

/* Of the recipients r of one delivery. */
#define PROGRESS_COLUMNS                                                                           \
	"CAST(count(*) AS BIGINT), "                                                               \
	"CAST(count(*) FILTER (WHERE r.state = 'complete') AS BIGINT), "                           \
	"CAST(count(*) FILTER (WHERE r.opened_us IS NULL) AS BIGINT), "                            \
	"CAST(count(*) FILTER (WHERE r.opened_us IS NULL AND (SELECT m.state FROM mail m "         \
	"WHERE m.recipient_id = r.id AND m.kind = 'delivery' ORDER BY m.id DESC LIMIT 1) = "       \
	"'failed') AS BIGINT), "                                                                   \
	"CAST(max(CASE WHEN r.delivery_id IN (SELECT i.delivery_id FROM version v "                \
	"JOIN delivery_item i ON i.version_id = v.id WHERE v.malware = 'infected') "               \
	"THEN 1 ELSE 0 END) AS BIGINT)"
#define PROGRESS_COUNT 5

static struct delivery_progress
read_progress(struct rows *q)
{
	return (struct delivery_progress){.recipients = rows_int(q, 0),
	    .complete = rows_int(q, 1),
	    .unopened = rows_int(q, 2),
	    .undelivered = rows_int(q, 3),
	    .withheld = rows_int(q, 4)};
}

int
delivery_progress_get_list(
    struct db *db, const delivery_id *ids, size_t n, struct delivery_progress *ret, struct error *e)
{
	AUTO(steps_end)
	struct steps s = {.db = db,
	    .sql = "SELECT " PROGRESS_COLUMNS
	           ", r.delivery_id FROM recipient r WHERE r.delivery_id IN " DB_STEP_IDS
	           " AND r.revoked_us IS NULL GROUP BY r.delivery_id",
	    .ids = &ids->v,
	    .n = n};
	int r;

	memset(ret, 0, n * sizeof *ret);
	while ((r = steps_next(&s, e)) > 0) {
		for (size_t i = s.from; i < s.to; i++) {
			if (ids[i].v == rows_int(s.q, PROGRESS_COUNT))
				ret[i] = read_progress(s.q);
		}
	}
	return r;
}

const char *
delivery_attention(const struct delivery *d, const struct delivery_progress *p, int64_t now_us)
{
	if (d->revoked_us != 0 || now_us >= d->expires_us)
		return NULL;
	if (p->withheld > 0)
		return "withheld";
	if (p->undelivered > 0)
		return "mail-failed";
	if (now_us < d->valid_from_us)
		return NULL;
	if (d->expires_us - now_us < SOON_US && p->complete < p->recipients)
		return "expiring";
	if (now_us - MAX(d->valid_from_us, d->created_us) >= SOON_US && p->unopened > 0)
		return "not-opened";
	return NULL;
}

static void
count_one(struct overview *o, const char *attention)
{
	if (attention == NULL)
		return;
	o->withheld += strcmp(attention, "withheld") == 0;
	o->mail_failed += strcmp(attention, "mail-failed") == 0;
	o->expiring += strcmp(attention, "expiring") == 0;
	o->not_opened += strcmp(attention, "not-opened") == 0;
}

/* Those that are not over. */
static int
look_at_deliveries(struct db *db, int64_t now_us, struct overview *o, struct error *e)
{
	static const char sql[] =
	    "SELECT " PROGRESS_COLUMNS ", d.valid_from_us, d.expires_us, d.created_us "
	    "FROM delivery d JOIN recipient r ON r.delivery_id = d.id AND r.revoked_us IS NULL "
	    "WHERE d.revoked_us IS NULL AND d.expires_us > ? "
	    "GROUP BY d.id, d.valid_from_us, d.expires_us, d.created_us";
	AUTO(rows_close) struct rows *q = NULL;
	int r;

	if (db_query(db, &q, e, sql, db_i(now_us)) < 0)
		return err_code(e);
	while ((r = rows_next(q, e)) > 0) {
		struct delivery_progress p = read_progress(q);
		struct delivery d = {.valid_from_us = rows_int(q, PROGRESS_COUNT),
		    .expires_us = rows_int(q, PROGRESS_COUNT + 1),
		    .created_us = rows_int(q, PROGRESS_COUNT + 2)};

		count_one(o, delivery_attention(&d, &p, now_us));
	}
	return r;
}

static int
count_the_rest(struct db *db, int64_t now_us, struct overview *o, struct error *e)
{
	static const char sql[] =
	    "SELECT (SELECT CAST(count(*) AS BIGINT) FROM release w JOIN asset x ON "
	    "x.id = w.asset_id WHERE w.state = 'in_review' AND x.trashed_us IS NULL), "
	    "(SELECT CAST(count(*) AS BIGINT) FROM version_media m JOIN version v ON v.id = "
	    "m.version_id JOIN asset x ON x.id = v.asset_id AND x.current_version_id = v.id "
	    "WHERE m.state IN ('damaged', 'timed_out', 'killed') AND x.trashed_us IS NULL), "
	    "(SELECT CAST(count(*) AS BIGINT) FROM mail "
	    "WHERE state IN ('not_sent', 'deferred', 'unknown')), "
	    "(SELECT CAST(count(*) AS BIGINT) FROM asset WHERE trashed_us IS NULL), "
	    "(SELECT CAST(count(*) AS BIGINT) FROM delivery), "
	    "(SELECT CAST(count(*) AS BIGINT) FROM delivery WHERE revoked_us IS NULL AND "
	    "expires_us > ? AND valid_from_us <= ?), "
	    "(SELECT CAST(count(*) AS BIGINT) FROM version v JOIN asset x ON x.id = "
	    "v.asset_id AND x.current_version_id = v.id WHERE v.malware = 'infected' AND "
	    "x.trashed_us IS NULL)";
	AUTO(rows_close) struct rows *q = NULL;
	int r;

	if (db_query(db, &q, e, sql, db_i(now_us), db_i(now_us)) < 0)
		return err_code(e);
	r = rows_next(q, e);
	if (r <= 0)
		return r;
	o->in_review = rows_int(q, 0);
	o->preview_failed = rows_int(q, 1);
	o->outbox = rows_int(q, 2);
	o->assets = rows_int(q, 3);
	o->deliveries = rows_int(q, 4);
	o->active = rows_int(q, 5);
	o->infected = rows_int(q, 6);
	return 0;
}

int
overview_get(struct db *db, int64_t now_us, struct overview *ret, struct error *e)
{
	*ret = (struct overview){0};
	if (look_at_deliveries(db, now_us, ret, e) < 0)
		return err_code(e);
	return count_the_rest(db, now_us, ret, e);
}

int
queue_get(struct db *db, struct queue *ret, struct error *e)
{
	static const char sql[] =
	    "SELECT (SELECT CAST(count(*) AS BIGINT) FROM job WHERE state IN ('queued', "
	    "'running')), (SELECT CAST(count(*) AS BIGINT) FROM job WHERE state = 'dead'), "
	    "(SELECT CAST(count(*) AS BIGINT) FROM mail WHERE state IN ('queued', 'deferred'))";
	AUTO(rows_close) struct rows *q = NULL;
	int r;

	*ret = (struct queue){0};
	if (db_query(db, &q, e, sql) < 0)
		return err_code(e);
	r = rows_next(q, e);
	if (r > 0)
		*ret = (struct queue){rows_int(q, 0), rows_int(q, 1), rows_int(q, 2)};
	return MIN(r, 0);
}
