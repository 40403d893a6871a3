/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * change - see change.h
 *
 * The interesting part is a commit whose answer was lost.  Looking for the
 * event alone would not do: the server may still be at it, and the row appear
 * a moment later.  So an event with the same id is inserted and rolled back:
 * the unique index makes that wait for the lost transaction, and then it either
 * fails (it had committed) or succeeds (it had not, and cannot any more).
 */
#include "model/change.h"

#include <stdlib.h>
#include <time.h>

#include "base/arena.h"
#include "base/error.h"
#include "base/time.h"
#include "db/db.h"
#include "model/change_private.h"

#define SETTLE_US (5 * US_PER_S)
#define SETTLE_NAP_NS 100000000L

struct change {
	struct db *db;
	struct actor actor;
	enum event_kind verb;
	int64_t now_us;
	bool verb_added;
	int events;
	struct id128 last; /* the last event's id */
};

int
change_begin(
    struct db *db, struct actor actor, enum event_kind verb, struct change **ret, struct error *e)
{
	struct change *c;
	int r = db_write_begin(db, DB_CHANGE, e);

	if (r < 0)
		return r;
	c = xcalloc(1, sizeof *c);
	c->db = db;
	c->actor = actor;
	c->verb = verb;
	c->now_us = time_now_us();
	*ret = c;
	return 0;
}

void
change_abort(struct change **c)
{
	if (*c == NULL)
		return;
	db_rollback((*c)->db);
	free(*c);
	*c = NULL;
}

/* 1: the lost transaction holds.  0: it does not and never will. */
static int
probe(struct db *db, struct id128 id, struct error *e)
{
	int r = db_write_begin(db, DB_CHANGE, e);

	if (r < 0)
		return r;
	r = db_exec(db, NULL, e,
	    "INSERT INTO event (id, at_us, kind, v, actor_kind, entry) VALUES (?, 0, 'probe', 0, "
	    "'system', '')",
	    db_id128(&id));
	db_rollback(db);
	return r == ERR_EXISTS ? 1 : r;
}

/* A server that restarts gets a few seconds: not knowing is worse than waiting. */
static int
settle(struct db *db, struct id128 id, struct error *e)
{
	int64_t deadline = time_monotonic_us() + SETTLE_US;
	struct timespec nap = {0, SETTLE_NAP_NS};
	int r;

	for (;;) {
		r = event_exists(db, id, e);
		if (r == 0)
			r = probe(db, id, e);
		if (r >= 0 || time_monotonic_us() >= deadline)
			break;
		nanosleep(&nap, NULL);
	}
	if (r < 0)
		return err_set(e, ERR_UNKNOWN_OUTCOME,
		    "the answer to a commit was lost, and the event cannot be asked for");
	if (r == 0)
		return err_set(e, ERR_RETRY, "the connection was lost before the commit");
	return 0;
}

int
change_commit(struct change **c, struct error *e)
{
	struct change *x = *c;
	int r;

	if (x->verb != CHANGE_HOUSEKEEPING && !x->verb_added) {
		db_rollback(x->db);
		return err_set(
		    e, ERR_INTERNAL, "a change without its event: %s", event_kind_name(x->verb));
	}
	r = db_commit(x->db, e);
	if (r == ERR_UNKNOWN_OUTCOME && x->events > 0)
		r = settle(x->db, x->last, e);
	if (r < 0)
		return r;
	free(x);
	*c = NULL;
	return 0;
}

struct db *
change_db(struct change *c)
{
	return c->db;
}

struct actor
change_actor(const struct change *c)
{
	return c->actor;
}

int64_t
change_now(const struct change *c)
{
	return c->now_us;
}

int64_t
change_event_time(const struct change *c)
{
	return c->now_us + c->events;
}

void
change_note_event(struct change *c, enum event_kind kind, struct id128 id)
{
	c->events++;
	c->last = id;
	if (kind == c->verb)
		c->verb_added = true;
}
