/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * transfer - see transfer.h
 *
 * Reports come at least once and out of order between apps; the sequence number
 * makes older ones do nothing, and the union of ranges would not mind anyway.
 */
#include "model/transfer.h"

#include "base/arena.h"
#include "base/error.h"
#include "base/str.h"
#include "base/vec.h"
#include "db/db.h"
#include "model/change.h"
#include "model/recipient.h"
#include "model/session.h"

/* ---- ranges ---- */

static int64_t
get64(const char *p)
{
	uint64_t v = 0;

	for (int i = 0; i < 8; i++)
		v = v << 8 | (unsigned char)p[i];
	return (int64_t)v;
}

static void
put64(char *p, int64_t v)
{
	for (int i = 7; i >= 0; i--) {
		p[i] = (char)((uint64_t)v & 0xff);
		v = (int64_t)((uint64_t)v >> 8);
	}
}

struct str
ranges_add(struct arena *a, struct str ranges, int64_t from, int64_t to, int64_t *ret_sum)
{
	char *out = arena_alloc(a, ranges.n + 16);
	bool placed = from >= to;
	int64_t sum = 0;
	size_t n = 0;

	for (size_t i = 0; i + 16 <= ranges.n; i += 16) {
		int64_t f = get64(ranges.p + i), t = get64(ranges.p + i + 8);

		if (!placed && f <= to && t >= from) { /* they touch: one range */
			from = MIN(from, f);
			to = MAX(to, t);
			continue;
		}
		if (!placed && f > to) {
			put64(out + n, from);
			put64(out + n + 8, to);
			n += 16;
			sum += to - from;
			placed = true;
		}
		put64(out + n, f);
		put64(out + n + 8, t);
		n += 16;
		sum += t - f;
	}
	if (!placed) {
		put64(out + n, from);
		put64(out + n + 8, to);
		n += 16;
		sum += to - from;
	}
	*ret_sum = sum;
	return (struct str){out, n};
}

/* ---- begin ---- */

/* One query for all: a ZIP may touch thousands. */
static int
refuse_used_up(struct db *db, const struct transfer_new *t, struct error *e)
{
	AUTO(rows_close) struct rows *q = NULL;
	int r;

	if (t->limit == 0)
		return 0;
	if (db_query(db, &q, e,
	        "SELECT position FROM session_item WHERE recipient_id = ? AND session_id <> ? "
	        "GROUP BY position HAVING count(*) >= ?",
	        db_i(t->recipient.v), db_i(t->session.v), db_i(t->limit)) < 0)
		return err_code(e);
	while ((r = rows_next(q, e)) > 0) {
		for (size_t i = 0; i < t->item_count; i++) {
			if (t->items[i] == rows_int(q, 0))
				return err_key(e, ERR_DENIED, "limit-used-up",
				    "the download limit is used up");
		}
	}
	return r;
}

static int
use_item(struct change *c, const struct transfer_new *t, int64_t position, struct error *e)
{
	return db_exec(change_db(c), NULL, e,
	    "INSERT INTO session_item (session_id, delivery_id, position, recipient_id, ranges, "
	    "sent_bytes, created_us) VALUES (?, ?, ?, ?, ?, 0, ?) "
	    "ON CONFLICT (session_id, position) DO NOTHING",
	    db_i(t->session.v), db_i(t->delivery.v), db_i(position), db_i(t->recipient.v),
	    db_bytes("", 0), db_i(change_now(c)));
}

int
transfer_use(struct change *c, const struct transfer_new *t, struct error *e)
{
	if (refuse_used_up(change_db(c), t, e) < 0)
		return err_code(e);
	for (size_t i = 0; i < t->item_count; i++) {
		if (use_item(c, t, t->items[i], e) < 0)
			return err_code(e);
	}
	return 0;
}

int
transfer_begin(struct change *c, const struct transfer_new *t, struct error *e)
{
	static const char sql[] = "INSERT INTO transfer (id, session_id, recipient_id, "
	                          "delivery_id, position, range_from, range_to, "
	                          "seq, sent_bytes, state, started_us, seen_us, resumed_at) "
	                          "VALUES (?, ?, ?, ?, ?, ?, ?, 0, 0, 'running', ?, ?, ?)";
	int64_t now = change_now(c);
	int r = t->position > 0 ? transfer_use(c, t, e) : refuse_used_up(change_db(c), t, e);

	if (r < 0)
		return r;
	return db_exec(change_db(c), NULL, e, sql, db_id128(&t->id), db_i(t->session.v),
	    db_i(t->recipient.v), db_i(t->delivery.v), db_i(t->position), db_i(t->range_from),
	    db_i(t->range_to), db_i(now), db_i(now), t->resumes ? db_i(t->range_from) : db_null());
}

/* ---- record ---- */

/*
 * 1 taken, 0 an older report or one that has ended.  Until the first byte was
 * acknowledged seq stays 0: so the report that begins the download is known even
 * when it overtook the one that said so.
 */
static int
take_seq(struct change *c, const struct transfer_report *r, bool *ret_starts, struct error *e)
{
	AUTO(rows_close) struct rows *q = NULL;
	int64_t was;
	bool begins = r->first || r->sent_bytes > 0 || r->range_count > 0;
	int n;

	if (db_query(change_db(c), &q, e,
	        "SELECT seq FROM transfer WHERE id = ? AND seq < ? AND state = 'running'",
	        db_id128(&r->id), db_i(r->seq)) < 0)
		return err_code(e);
	n = rows_next(q, e);
	if (n <= 0)
		return n;
	was = rows_int(q, 0);
	rows_close(&q);
	*ret_starts = was == 0 && begins;
	if (db_exec(change_db(c), NULL, e,
	        "UPDATE transfer SET seq = ?, sent_bytes = ?, seen_us = ? WHERE id = ?",
	        db_i(was > 0 || begins ? r->seq : 0), db_i(r->sent_bytes), db_i(change_now(c)),
	        db_id128(&r->id)) < 0)
		return err_code(e);
	return 1;
}

static int
add_event(struct change *c, enum event_kind kind, const struct transfer_report *r,
    const struct item_range *g, int64_t bytes, struct error *e)
{
	struct event ev = EVENT_INIT(kind);

	ev.delivery = r->delivery;
	ev.recipient = r->recipient;
	ev.transfer = &r->id;
	ev.level = r->level;
	ev.asset = g != NULL ? g->asset : r->asset;
	ev.version = g != NULL ? g->version : r->version;
	ev.sha256 = g != NULL ? g->sha256 : NULL;
	ev.bytes = bytes;
	if (kind == EVENT_DOWNLOAD_STARTED && r->from != NULL) {
		ev.fields = r->from;
		ev.field_count = 1;
	}
	return event_add(c, &ev, e);
}

struct item_state {
	struct str ranges;
	int64_t sent;
	bool complete;
};

static void
read_item(struct rows *q, struct arena *a, struct item_state *ret)
{
	*ret = (struct item_state){rows_bytes(q, 1, a), rows_int(q, 2), !rows_is_null(q, 3)};
}

/* What has arrived so far, by position: of one item, or of all that the session began. */
static int
item_states(struct db *db, struct arena *a, const struct transfer_report *r, struct item_state *ret,
    struct error *e)
{
	AUTO(rows_close) struct rows *q = NULL;
	int n;

	if (r->range_count == 1)
		n = db_query(db, &q, e,
		    "SELECT position, ranges, sent_bytes, complete_us FROM session_item "
		    "WHERE session_id = ? AND position = ?",
		    db_i(r->session.v), db_i(r->ranges[0].position));
	else
		n = db_query(db, &q, e,
		    "SELECT position, ranges, sent_bytes, complete_us FROM session_item "
		    "WHERE session_id = ?",
		    db_i(r->session.v));
	if (n < 0)
		return n;
	while ((n = rows_next(q, e)) > 0) {
		int64_t position = rows_int(q, 0);

		if (position >= 1 && position <= (int64_t)r->delivery_items)
			read_item(q, a, &ret[position - 1]);
	}
	return n;
}

/*
 * Merge one range; *ret_now: the item became complete by it.  *was goes along, so that a
 * further range of the same file in this report adds to this one.
 */
static int
add_range(struct change *c, struct arena *a, const struct transfer_report *r,
    const struct item_range *g, struct item_state *was, bool *ret_now, struct error *e)
{
	static const char sql[] =
	    "INSERT INTO session_item (session_id, delivery_id, position, recipient_id, ranges, "
	    "sent_bytes, complete_us, created_us) VALUES (?, ?, ?, ?, ?, ?, ?, ?) "
	    "ON CONFLICT (session_id, position) DO UPDATE SET ranges = excluded.ranges, "
	    "sent_bytes = excluded.sent_bytes, complete_us = excluded.complete_us";
	struct str ranges;
	int64_t sum;

	*ret_now = false;
	if (was->complete)
		return 0;
	ranges = ranges_add(a, was->ranges, MAX(g->from, 0), MIN(g->to, g->item_bytes), &sum);
	*ret_now = sum == g->item_bytes;
	if (sum == was->sent && !*ret_now)
		return 0;
	was->ranges = ranges;
	was->sent = sum;
	was->complete = *ret_now;
	return db_exec(change_db(c), NULL, e, sql, db_i(r->session.v), db_i(r->delivery.v),
	    db_i(g->position), db_i(r->recipient.v), db_bytes(ranges.p, ranges.n), db_i(sum),
	    *ret_now ? db_i(change_now(c)) : db_null(), db_i(change_now(c)));
}

static int
all_complete(struct db *db, const struct transfer_report *r, bool *ret, struct error *e)
{
	AUTO(rows_close) struct rows *q = NULL;

	if (db_query(db, &q, e,
	        "SELECT CAST(count(DISTINCT position) AS BIGINT) FROM session_item "
	        "WHERE recipient_id = ? AND complete_us IS NOT NULL",
	        db_i(r->recipient.v)) < 0 ||
	    rows_next(q, e) < 0)
		return err_code(e);
	*ret = rows_int(q, 0) >= (int64_t)r->delivery_items;
	return 0;
}

static int
add_ranges(struct change *c, struct arena *a, const struct transfer_report *r, struct error *e)
{
	struct item_state *states = ARENA_ARRAY(a, struct item_state, r->delivery_items);
	bool now, any = false, all = false;

	if (r->range_count == 0)
		return 0;
	if (item_states(change_db(c), a, r, states, e) < 0)
		return err_code(e);
	for (size_t i = 0; i < r->range_count; i++) {
		const struct item_range *g = &r->ranges[i];

		if (g->position < 1 || g->position > (int64_t)r->delivery_items ||
		    (r->version.v != 0 && g->version.v != r->version.v))
			return err_set(e, ERR_PROTOCOL, "a range of another file");
		if (add_range(c, a, r, g, &states[g->position - 1], &now, e) < 0)
			return err_code(e);
		any = any || now;
		if (now && add_event(c, EVENT_DOWNLOAD_COMPLETE, r, g, g->item_bytes, e) < 0)
			return err_code(e);
	}
	if (!any)
		return 0;
	if (all_complete(change_db(c), r, &all, e) < 0)
		return err_code(e);
	return all ? recipient_mark(c, r->recipient, STEP_COMPLETE, e) : 0;
}

static int
end(struct change *c, const struct transfer_report *r, struct error *e)
{
	bool whole =
	    r->sent_bytes == r->window_bytes && (r->window_bytes > 0 || r->range_count > 0);

	if (db_exec(change_db(c), NULL, e,
	        "UPDATE transfer SET state = ?, ended_us = ?, given_to = ? WHERE id = ?",
	        db_s(whole ? S("complete") : S("interrupted")), db_i(change_now(c)),
	        db_i(r->given_to), db_id128(&r->id)) < 0)
		return err_code(e);
	return whole ? 0 : add_event(c, EVENT_DOWNLOAD_INTERRUPTED, r, NULL, r->sent_bytes, e);
}

static int
starts(struct change *c, const struct transfer_report *r, struct error *e)
{
	if (add_event(c, EVENT_DOWNLOAD_STARTED, r, NULL, -1, e) < 0)
		return err_code(e);
	return recipient_mark(c, r->recipient, STEP_DOWNLOADING, e);
}

int
transfer_record(struct change *c, struct arena *a, const struct transfer_report *r, struct error *e)
{
	bool begins;
	int taken = take_seq(c, r, &begins, e);

	if (taken <= 0)
		return taken;
	if (begins && starts(c, r, e) < 0)
		return err_code(e);
	if (session_keep(c, r->session, e) < 0 || add_ranges(c, a, r, e) < 0)
		return err_code(e);
	return r->ended ? end(c, r, e) : 0;
}

/* ---- going on where another answer was cut ---- */

int
transfer_gap_before(
    struct db *db, const struct transfer_new *t, struct transfer_gap *ret, struct error *e)
{
	AUTO(rows_close) struct rows *q = NULL;
	int n;

	if (!t->resumes)
		return 0;
	if (db_query(db, &q, e,
	        "SELECT id, range_from + sent_bytes AS acked_to FROM transfer WHERE "
	        "recipient_id = ? AND session_id = ? AND position = ? AND state = 'interrupted' "
	        "AND given_to >= ? AND range_from + sent_bytes < ? ORDER BY acked_to DESC LIMIT 1",
	        db_i(t->recipient.v), db_i(t->session.v), db_i(t->position), db_i(t->range_from),
	        db_i(t->range_from)) < 0)
		return err_code(e);
	n = rows_next(q, e);
	if (n > 0)
		*ret = (struct transfer_gap){rows_id128(q, 0), rows_int(q, 1), t->range_from};
	return n;
}

int
transfer_gap_behind(struct db *db, const struct transfer_report *r, int64_t acked_to,
    struct transfer_gap *ret, struct error *e)
{
	AUTO(rows_close) struct rows *q = NULL;
	int n;

	if (r->given_to <= acked_to)
		return 0;
	if (db_query(db, &q, e,
	        "SELECT n.resumed_at FROM transfer o JOIN transfer n ON n.recipient_id = "
	        "o.recipient_id AND n.session_id = o.session_id AND n.position = o.position "
	        "WHERE o.id = ? AND n.started_us >= o.started_us AND n.started_us >= ? AND "
	        "n.resumed_at > ? AND n.resumed_at <= ? ORDER BY n.resumed_at DESC LIMIT 1",
	        db_id128(&r->id), db_i(r->given_us), db_i(acked_to), db_i(r->given_to)) < 0)
		return err_code(e);
	n = rows_next(q, e);
	if (n > 0)
		*ret = (struct transfer_gap){r->id, acked_to, rows_int(q, 0)};
	return n;
}

int
transfer_fill(struct change *c, struct arena *a, const struct transfer_report *r, struct error *e)
{
	int64_t n;

	/* none of it was acknowledged, so nobody has said yet that it began */
	if (db_exec(change_db(c), &n, e, "UPDATE transfer SET seq = 1 WHERE id = ? AND seq = 0",
	        db_id128(&r->id)) < 0 ||
	    (n > 0 && starts(c, r, e) < 0))
		return err_code(e);
	return add_ranges(c, a, r, e);
}

/* ---- sweep ---- */

static int
silent_ones(struct db *db, int64_t since, struct transfer_report *list, size_t max, size_t *ret_n,
    struct error *e)
{
	AUTO(rows_close) struct rows *q = NULL;
	size_t n = 0;
	int r = 0;

	if (db_query(db, &q, e,
	        "SELECT t.id, t.session_id, t.recipient_id, t.delivery_id, t.sent_bytes, "
	        "t.range_to - t.range_from, i.asset_id, i.version_id FROM transfer t "
	        "LEFT JOIN delivery_item i ON i.delivery_id = t.delivery_id "
	        "AND i.position = t.position "
	        "WHERE t.state = 'running' AND t.seen_us < ? ORDER BY t.seen_us LIMIT 100",
	        db_i(since)) < 0)
		return err_code(e);
	while (n < max && (r = rows_next(q, e)) > 0)
		list[n++] = (struct transfer_report){.id = rows_id128(q, 0),
		    .session = {rows_int(q, 1)},
		    .recipient = {rows_int(q, 2)},
		    .delivery = {rows_int(q, 3)},
		    .sent_bytes = rows_int(q, 4),
		    .window_bytes = rows_int(q, 5),
		    .asset = {rows_int(q, 6)},
		    .version = {rows_int(q, 7)},
		    .level = -1};
	*ret_n = n;
	return MIN(r, 0);
}

/* Its front is gone: at least what was written has arrived, never more. */
static int
interrupt(struct change *c, const struct transfer_report *r, struct error *e)
{
	int64_t n;

	if (db_exec(change_db(c), &n, e,
	        "UPDATE transfer SET state = 'interrupted', ended_us = ? WHERE id = ? AND state = "
	        "'running'",
	        db_i(change_now(c)), db_id128(&r->id)) < 0)
		return err_code(e);
	return n == 1 ? add_event(c, EVENT_DOWNLOAD_INTERRUPTED, r, NULL, r->sent_bytes, e) : 0;
}

int
transfer_sweep(struct db *db, struct arena *a, int64_t silent_since_us, struct error *e)
{
	AUTO(change_abort) struct change *c = NULL;
	struct transfer_report *list = ARENA_ARRAY(a, struct transfer_report, 100);
	size_t n = 0;

	if (silent_ones(db, silent_since_us, list, 100, &n, e) < 0)
		return err_code(e);
	if (n == 0)
		return 0;
	if (change_begin(db, (struct actor){ACTOR_SYSTEM, 0}, CHANGE_HOUSEKEEPING, &c, e) < 0)
		return err_code(e);
	for (size_t i = 0; i < n; i++) {
		if (interrupt(c, &list[i], e) < 0)
			return err_code(e);
	}
	return change_commit(&c, e);
}
