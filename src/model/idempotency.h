/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * idempotency - a request that is sent again does not act again
 *
 * The caller keeps what his answer was made of, in the change of the effect;
 * the same key with another request is refused.  No secret may be kept here:
 * links are derived again.  Rows live for a day (sweep.h).
 *
 * Layer: model.
 */
#pragma once

#include "base/base.h"
#include "crypto/hash.h"

struct arena;
struct change;
struct db;
struct error;

struct idempotency {
	api_key_id key;  /* or the person's id: ids are of one series */
	struct str idem; /* Idempotency-Key */
	struct sha256 fingerprint;
	int64_t status;
	struct str body;
};
/*
 * Was this answered before?  key, idem and fingerprint are given; 1: status and body are set.
 * ERR_INVALID "idempotency-mismatch" when the key was used for another request.
 */
NODISCARD int idempotency_find(
    struct db *db, struct arena *a, struct idempotency *i, struct error *e);
/* ERR_RETRY when another one was quicker. */
NODISCARD int idempotency_keep(struct change *c, const struct idempotency *i, struct error *e);
