/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * claim - see claim.h
 *
 * The row is read under its lock, which waits for the lost transaction in case the
 * server is still at it.
 */
#include "model/claim.h"

#include <time.h>

#include "base/error.h"
#include "base/time.h"
#include "db/db.h"

#define SETTLE_US (5 * US_PER_S)
#define SETTLE_NAP_NS 100000000L

/* 1 it holds, 0 it does not and never will. */
static int
read_locked(struct db *db, const struct claim *k, struct error *e)
{
	AUTO(rows_close) struct rows *q = NULL;
	int r;

	if (db_query(db, &q, e, k->sql, db_i(k->id)) < 0)
		return err_code(e);
	r = rows_next(q, e);
	return r <= 0 ? r : rows_int(q, 0) == k->fence && rows_int(q, 1) == k->lease_until_us;
}

static int
holds(struct db *db, const struct claim *k, struct error *e)
{
	int r = db_write_begin(db, DB_CLAIM, e);

	if (r < 0)
		return r;
	r = read_locked(db, k, e);
	db_rollback(db);
	return r;
}

int
claim_commit(struct db *db, const struct claim *k, struct error *e)
{
	int64_t deadline = time_monotonic_us() + SETTLE_US;
	struct timespec nap = {0, SETTLE_NAP_NS};
	int r = db_commit(db, e);

	if (r != ERR_UNKNOWN_OUTCOME)
		return r;
	while ((r = holds(db, k, e)) < 0 && time_monotonic_us() < deadline)
		nanosleep(&nap, NULL);
	if (r < 0)
		return err_set(e, ERR_UNKNOWN_OUTCOME,
		    "the answer to a claim was lost, and its row cannot be asked for");
	return r > 0 ? 0 : err_set(e, ERR_RETRY, "the connection was lost before the claim");
}
