/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * recipient - see recipient.h.
 *
 * A step is written only forward; what is shown is computed.
 */
#include "model/recipient.h"

#include <assert.h>

#include "base/arena.h"
#include "base/error.h"
#include "base/str.h"
#include "base/vec.h"
#include "db/db.h"
#include "db/steps.h"
#include "model/change.h"
#include "model/code.h"
#include "model/delivery.h"
#include "model/session.h"

static const char *const step_names[] = {
    [STEP_PENDING] = "pending",
    [STEP_MAILED] = "mailed",
    [STEP_UNDELIVERABLE] = "undeliverable",
    [STEP_OPENED] = "opened",
    [STEP_VERIFIED] = "verified",
    [STEP_DOWNLOADING] = "downloading",
    [STEP_COMPLETE] = "complete",
};

#define RECIPIENT_COLUMNS                                                                          \
	"r.id, r.delivery_id, r.contact_id, r.address, r.state, r.opened_us, r.verified_us, "      \
	"r.revoked_us, r.failures, c.blocked_us, r.revoke_reason"
#define RECIPIENT_FROM " FROM recipient r JOIN contact c ON c.id = r.contact_id "

static enum recipient_step
step_of(struct str s)
{
	for (size_t i = 0; i < ARRAY_LEN(step_names); i++) {
		if (str_eq_c(s, step_names[i]))
			return (enum recipient_step)i;
	}
	return STEP_PENDING;
}

static void
read_row(struct rows *q, struct arena *a, struct recipient *r)
{
	*r = (struct recipient){.id = {rows_int(q, 0)},
	    .delivery = {rows_int(q, 1)},
	    .contact = {rows_int(q, 2)},
	    .address = rows_text(q, 3, a),
	    .step = step_of(rows_text(q, 4, a)),
	    .opened_us = rows_int(q, 5),
	    .verified_us = rows_int(q, 6),
	    .revoked_us = rows_int(q, 7),
	    .failures = rows_int(q, 8),
	    .blocked = !rows_is_null(q, 9),
	    .revoke_reason = rows_text(q, 10, a)};
}

const char *
recipient_shown(const struct recipient *r, const struct delivery *d, int64_t now_us)
{
	if (r->revoked_us != 0 || d->revoked_us != 0)
		return "revoked";
	if (now_us >= d->expires_us)
		return "expired";
	return step_names[r->step];
}

/* 1, 0. */
static int
first_row(struct rows *q, struct arena *a, struct recipient *ret, struct error *e)
{
	int r = rows_next(q, e);

	if (r > 0)
		read_row(q, a, ret);
	return r;
}

int
recipient_get(
    struct db *db, struct arena *a, recipient_id id, struct recipient *ret, struct error *e)
{
	AUTO(rows_close) struct rows *q = NULL;
	int r;

	if (db_query(db, &q, e, "SELECT " RECIPIENT_COLUMNS RECIPIENT_FROM "WHERE r.id = ?",
	        db_i(id.v)) < 0)
		return err_code(e);
	r = first_row(q, a, ret, e);
	return r == 0 ? err_set(e, ERR_NOT_FOUND, "no such recipient") : MIN(r, 0);
}

int
recipient_by_token(struct db *db, struct arena *a, const struct sha256 *hash, struct recipient *ret,
    struct error *e)
{
	AUTO(rows_close) struct rows *q = NULL;

	if (db_query(db, &q, e, "SELECT " RECIPIENT_COLUMNS RECIPIENT_FROM "WHERE r.token_hash = ?",
	        db_bytes(hash->b, sizeof hash->b)) < 0)
		return err_code(e);
	return first_row(q, a, ret, e);
}

int
recipient_by_address(struct db *db, struct arena *a, delivery_id d, struct str address,
    struct recipient *ret, struct error *e)
{
	AUTO(rows_close) struct rows *q = NULL;

	if (db_query(db, &q, e,
	        "SELECT " RECIPIENT_COLUMNS RECIPIENT_FROM
	        "WHERE r.delivery_id = ? AND r.address = ?",
	        db_i(d.v), db_s(address)) < 0)
		return err_code(e);
	return first_row(q, a, ret, e);
}

int
recipient_list(struct db *db, struct arena *a, delivery_id d, struct recipient **ret, size_t *ret_n,
    struct error *e)
{
	AUTO(rows_close) struct rows *q = NULL;
	VEC(struct recipient) list = {0};
	int r;

	if (db_query(db, &q, e,
	        "SELECT " RECIPIENT_COLUMNS RECIPIENT_FROM "WHERE r.delivery_id = ? ORDER BY r.id",
	        db_i(d.v)) < 0)
		return err_code(e);
	while ((r = rows_next(q, e)) > 0)
		read_row(q, a, VEC_ADD(&list));
	VEC_TO_ARENA(&list, a, ret, ret_n);
	return r;
}

/* ---- writing ---- */

static bool
may_step(enum recipient_step from, enum recipient_step to)
{
	if (to == STEP_UNDELIVERABLE)
		return from == STEP_PENDING || from == STEP_MAILED;
	/* a second mail may arrive where the first could not */
	if (to == STEP_MAILED)
		return from == STEP_PENDING || from == STEP_UNDELIVERABLE;
	return to > from;
}

static int
write_step(struct change *c, recipient_id id, enum recipient_step step, struct error *e)
{
	struct db *db = change_db(c);

	if (db_exec(db, NULL, e, "UPDATE recipient SET state = ? WHERE id = ?",
	        db_s(str_c(step_names[step])), db_i(id.v)) < 0)
		return err_code(e);
	if (step == STEP_OPENED)
		return db_exec(db, NULL, e,
		    "UPDATE recipient SET opened_us = ? WHERE id = ? AND opened_us IS NULL",
		    db_i(change_now(c)), db_i(id.v));
	if (step == STEP_VERIFIED)
		return db_exec(db, NULL, e,
		    "UPDATE recipient SET verified_us = ? WHERE id = ? AND verified_us IS NULL",
		    db_i(change_now(c)), db_i(id.v));
	return 0;
}

static int
present_step(struct db *db, recipient_id id, enum recipient_step *ret, struct error *e)
{
	AUTO(arena_free) struct arena *a = arena_new();
	struct recipient r;

	if (recipient_get(db, a, id, &r, e) < 0)
		return err_code(e);
	*ret = r.step;
	return 0;
}

int
recipient_mark(struct change *c, recipient_id id, enum recipient_step step, struct error *e)
{
	enum recipient_step now;

	if (present_step(change_db(c), id, &now, e) < 0)
		return err_code(e);
	return may_step(now, step) ? write_step(c, id, step, e) : 0;
}

static int
add_event(struct change *c, enum event_kind kind, recipient_id id, delivery_id d, struct error *e)
{
	struct event ev = EVENT_INIT(kind);

	ev.recipient = id;
	ev.delivery = d;
	return event_add(c, &ev, e);
}

static int
delivery_of(struct db *db, recipient_id id, delivery_id *ret, struct error *e)
{
	AUTO(rows_close) struct rows *q = NULL;
	int r;

	if (db_query(db, &q, e, "SELECT delivery_id FROM recipient WHERE id = ?", db_i(id.v)) < 0)
		return err_code(e);
	r = rows_next(q, e);
	if (r > 0)
		*ret = (delivery_id){rows_int(q, 0)};
	return r == 0 ? err_set(e, ERR_NOT_FOUND, "no such recipient") : MIN(r, 0);
}

int
recipient_links_asked(
    struct db *db, delivery_id d, recipient_id id, int64_t since_us, int64_t *ret, struct error *e)
{
	AUTO(rows_close) struct rows *q = NULL;

	if (db_query(db, &q, e,
	        "SELECT CAST(count(*) AS BIGINT) FROM event WHERE delivery_id = ? AND at_us > ? "
	        "AND kind = 'recipient.link' AND actor_kind = 'recipient' AND recipient_id = ?",
	        db_i(d.v), db_i(since_us), db_i(id.v)) < 0 ||
	    rows_next(q, e) < 0)
		return err_code(e);
	*ret = rows_int(q, 0);
	return 0;
}

int
recipient_new_link(struct change *c, recipient_id id, const struct sha256 *hash, enum new_link how,
    struct error *e)
{
	delivery_id d;

	if (delivery_of(change_db(c), id, &d, e) < 0 ||
	    db_exec(change_db(c), NULL, e, "UPDATE recipient SET token_hash = ? WHERE id = ?",
	        db_bytes(hash->b, sizeof hash->b), db_i(id.v)) < 0 ||
	    (how == LINK_ENDS_SESSIONS && session_end_all(c, id, e) < 0) ||
	    code_begin_anew(c, id, e) < 0)
		return err_code(e);
	return add_event(c, EVENT_RECIPIENT_LINK, id, d, e);
}

int
recipient_revoke(struct change *c, recipient_id id, struct str reason, struct error *e)
{
	delivery_id d;
	int64_t changed;

	if (delivery_of(change_db(c), id, &d, e) < 0 ||
	    db_exec(change_db(c), &changed, e,
	        "UPDATE recipient SET revoked_us = ?, revoke_reason = ? WHERE id = ? AND "
	        "revoked_us IS NULL",
	        db_i(change_now(c)), db_s0(reason), db_i(id.v)) < 0)
		return err_code(e);
	if (changed == 0)
		return 0;
	if (db_exec(change_db(c), NULL, e, "UPDATE delivery SET stamp = stamp + 1 WHERE id = ?",
	        db_i(d.v)) < 0)
		return err_code(e);
	return add_event(c, EVENT_RECIPIENT_REVOKED, id, d, e) < 0 ? err_code(e) : 1;
}

/* ---- progress ---- */

/* Recipients of one delivery of that many files, and what is told of each of its files. */
struct progress_of {
	const recipient_id *ids;
	size_t n, items;
	struct file_progress *list;
	bool zip[DB_STEP]; /* takes all of them now */
};

/* The recipient of a row; n: none of them. */
static size_t
who(const struct progress_of *p, struct rows *q)
{
	size_t i = 0;

	while (i < p->n && p->ids[i].v != rows_int(q, 0))
		i++;
	return i;
}

/* The file of a row's second column; NULL: it has none of that number. */
static struct file_progress *
which(const struct progress_of *p, size_t recipient, int64_t position)
{
	if (recipient == p->n || position < 1 || position > (int64_t)p->items)
		return NULL;
	return &p->list[recipient * p->items + (size_t)position - 1];
}

/* coalesce: without it SQLite begins with all that runs, of everybody. */
static int
read_running(struct db *db, struct progress_of *p, struct error *e)
{
	AUTO(rows_close) struct rows *q = NULL;
	int r;

	if (steps_query(db, &q,
	        "SELECT recipient_id, position FROM transfer WHERE coalesce(state, '') = 'running' "
	        "AND recipient_id IN " DB_STEP_IDS,
	        &p->ids->v, p->n, e) < 0)
		return err_code(e);
	while ((r = rows_next(q, e)) > 0) {
		size_t i = who(p, q);
		struct file_progress *f = which(p, i, rows_int(q, 1));

		if (f != NULL)
			f->state = "running";
		else if (i < p->n && rows_int(q, 1) == 0)
			p->zip[i] = true;
	}
	return r;
}

static int
read_sessions(struct db *db, struct progress_of *p, struct error *e)
{
	AUTO(rows_close) struct rows *q = NULL;
	int r;

	if (steps_query(db, &q,
	        "SELECT recipient_id, position, sent_bytes, complete_us FROM session_item WHERE "
	        "recipient_id IN " DB_STEP_IDS,
	        &p->ids->v, p->n, e) < 0)
		return err_code(e);
	while ((r = rows_next(q, e)) > 0) {
		struct file_progress *f = which(p, who(p, q), rows_int(q, 1));

		if (f == NULL)
			continue;
		f->uses++;
		f->sent_bytes = MAX(f->sent_bytes, rows_int(q, 2));
		if (!rows_is_null(q, 3) && (f->complete_us == 0 || rows_int(q, 3) < f->complete_us))
			f->complete_us = rows_int(q, 3);
	}
	return r;
}

int
recipient_progress_step(struct db *db, const recipient_id *ids, size_t n, size_t items,
    struct file_progress *ret, struct error *e)
{
	struct progress_of p = {.ids = ids, .n = n, .items = items, .list = ret};

	assert(n <= DB_STEP);
	memset(ret, 0, n * items * sizeof *ret);
	if (read_running(db, &p, e) < 0 || read_sessions(db, &p, e) < 0)
		return err_code(e);
	for (size_t i = 0; i < n * items; i++) {
		bool running = ret[i].state != NULL || (p.zip[i / items] && ret[i].uses > 0);

		ret[i].state = ret[i].complete_us != 0 ? "complete"
		               : running               ? "running"
		               : ret[i].uses > 0       ? "interrupted"
		                                       : "none";
	}
	return 0;
}

int
recipient_progress(struct db *db, struct arena *a, recipient_id id, size_t items,
    struct file_progress **ret, struct error *e)
{
	*ret = ARENA_ARRAY(a, struct file_progress, items);
	return recipient_progress_step(db, &id, 1, items, *ret, e);
}
