/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * claim - the commit of a claim, and whether it holds when its answer was lost
 *
 * A job and a mail are claimed under a lease, with a fencing number that grows.  No event
 * tells of that, but the row does: fence and lease together are of one claim only.
 *
 * Layer: model.
 */
#pragma once

#include "base/base.h"

struct db;
struct error;

struct claim {
	const char *sql; /* fence and lease_until_us of the row with this id, locked */
	int64_t id, fence, lease_until_us;
};
/*
 * Of the transaction that wrote it, DB_CLAIM.  Errors: ERR_RETRY (it does not hold, and never
 * will), ERR_UNKNOWN_OUTCOME (it could not be asked for: the lease ends by itself).
 */
NODISCARD int claim_commit(struct db *db, const struct claim *k, struct error *e);
