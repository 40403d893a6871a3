/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * event_sequence - from event_todo into the log, gapless
 *
 * The lease row log_head is held for the whole transaction: on SQLite by the
 * write lock, on PostgreSQL by FOR UPDATE, and a second sequencer skips it and
 * goes home.  That row lock, and not the isolation, makes numbers gapless, so
 * the transaction is a claim: a serializable one would conflict with every
 * change that adds an event meanwhile.  lease_until_us would keep others out while a
 * holder works outside a transaction; none does yet.
 */
#include "model/event_private.h"

#include "base/arena.h"
#include "base/error.h"
#include "base/time.h"
#include "crypto/hash.h"
#include "db/db.h"

struct todo {
	struct id128 id;
	struct sha256 leaf;
};

struct sha256
event_leaf_hash(struct arena *a, struct str entry)
{
	char *p = arena_alloc(a, entry.n + 1);

	memcpy(p + 1, entry.p, entry.n);
	return sha256(p, entry.n + 1);
}

/* 1: the lease is ours, 0: somebody else's. */
static int
lease(struct db *db, int64_t *ret_next, struct error *e)
{
	AUTO(rows_close) struct rows *q = NULL;
	int r = db_query(db, &q, e,
	    "SELECT next_seq FROM log_head WHERE id = 1 AND lease_until_us <= ? "
	    "/*pg: FOR UPDATE SKIP LOCKED */",
	    db_i(time_now_us()));

	if (r == 0)
		r = rows_next(q, e);
	if (r > 0)
		*ret_next = rows_int(q, 0);
	return r;
}

static int
waiting(struct db *db, struct arena *a, int max, struct todo *ret, int *ret_n, struct error *e)
{
	AUTO(rows_close) struct rows *q = NULL;
	int n = 0, r;

	/* as a join SQLite walked all events for it, at each change */
	r = db_query(db, &q, e,
	    "SELECT id, entry FROM event WHERE id IN (SELECT event_id FROM event_todo) "
	    "ORDER BY at_us, id LIMIT ?",
	    db_i(max));
	if (r < 0)
		return r;
	while (n < max && (r = rows_next(q, e)) > 0) {
		ret[n].id = rows_id128(q, 0);
		ret[n++].leaf = event_leaf_hash(a, rows_text(q, 1, a));
	}
	*ret_n = n;
	return r < 0 ? r : 0;
}

static int
append(struct db *db, int64_t seq, const struct todo *t, struct error *e)
{
	int r =
	    db_exec(db, NULL, e, "INSERT INTO log_leaf (seq, event_id, leaf_hash) VALUES (?, ?, ?)",
	        db_i(seq), db_id128(&t->id), db_bytes(t->leaf.b, sizeof t->leaf.b));

	if (r == 0)
		r = db_exec(
		    db, NULL, e, "DELETE FROM event_todo WHERE event_id = ?", db_id128(&t->id));
	return r;
}

static int
sequence(struct db *db, struct arena *a, int max, int *ret, struct error *e)
{
	struct todo *todo = ARENA_ARRAY(a, struct todo, (size_t)max);
	int64_t next;
	int i, n = 0, r = lease(db, &next, e);

	if (r > 0)
		r = waiting(db, a, max, todo, &n, e);
	for (i = 0; r == 0 && i < n; i++)
		r = append(db, next + i, &todo[i], e);
	if (r == 0 && n > 0)
		r = db_exec(
		    db, NULL, e, "UPDATE log_head SET next_seq = ? WHERE id = 1", db_i(next + n));
	*ret = n;
	return r;
}

/* Asked without a lease: on PostgreSQL each costs a transaction id, needed or not. */
static int
something_waits(struct db *db, struct error *e)
{
	AUTO(rows_close) struct rows *q = NULL;

	if (db_query(db, &q, e, "SELECT 1 FROM event_todo LIMIT 1") < 0)
		return err_code(e);
	return rows_next(q, e);
}

int
event_sequence(struct db *db, int max, int *ret, struct error *e)
{
	AUTO(arena_free) struct arena *a = arena_new();
	int n = 0, r;

	if (max <= 0)
		return err_set(e, ERR_INTERNAL, "sequencing %d events", max);
	r = something_waits(db, e);
	if (r <= 0) {
		*ret = 0;
		return r;
	}
	r = db_write_begin(db, DB_CLAIM, e);
	if (r == 0)
		r = sequence(db, a, max, &n, e);
	if (r == 0 && n > 0)
		r = db_commit(db, e);
	db_rollback(db);
	if (r == 0)
		*ret = n;
	return r;
}
