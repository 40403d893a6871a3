/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * change - actor, verb and transaction in one: the only way to write
 *
 * Model writers take struct change *, readers take struct db *.  A change names
 * the event it is going to record; committing one whose event was not added is
 * refused (ERR_INTERNAL), so an effect without its event cannot happen.
 * CHANGE_HOUSEKEEPING is for writes that are nobody's act: offsets, leases,
 * byte counts, sessions seen.
 *
 * Keeper calls, fsync of blobs and IPC come before change_begin, never inside.
 * On ERR_RETRY the caller aborts, resets its arena and runs the whole handler
 * again; nothing visible may have happened before.
 *
 * Layer: model.
 */
#pragma once

#include "base/base.h"
#include "model/event.h"

struct change;
struct db;
struct error;

enum actor_kind { ACTOR_SYSTEM, ACTOR_PERSON, ACTOR_KEY, ACTOR_RECIPIENT };
struct actor {
	enum actor_kind kind;
	int64_t id; /* person, api key or recipient; 0 for the system */
};

/* Errors: ERR_BUSY (the lock did not come within 5 s), ERR_RETRY. */
NODISCARD int change_begin(
    struct db *db, struct actor actor, enum event_kind verb, struct change **ret, struct error *e);
/* Nothing of it stays.  The destructor for AUTO. */
void change_abort(struct change **c);
/*
 * Takes effect.  On success *c is NULL.  A commit whose answer was lost is
 * settled by the last event's id: it holds (0) or never will (ERR_RETRY); only
 * when that cannot be asked, or there was no event: ERR_UNKNOWN_OUTCOME.
 */
NODISCARD int change_commit(struct change **c, struct error *e);

struct db *change_db(struct change *c);
struct actor change_actor(const struct change *c);
/* One time for everything in the change. */
int64_t change_now(const struct change *c);
