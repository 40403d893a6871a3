/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * sweep - rows and blobs that nobody needs any more
 *
 * Deleting is only for what no event speaks of: uploads that expired, jobs that
 * are done, blobs and wraps without a row.  Layer: model.
 */
#pragma once

#include "base/base.h"

struct arena;
struct db;
struct error;

/* Uploads past their date, never completed: their rows go, and the blobs become nobody's. *ret: how
 * many. */
NODISCARD int sweep_uploads(struct db *db, int64_t now_us, int *ret, struct error *e);
/* Completed uploads and finished jobs older than a week, idempotency keys older than a day, the
 * names of blobs that were retired a day ago. */
NODISCARD int sweep_finished(struct db *db, int64_t now_us, struct error *e);
/* Does any row name this blob, or did one until a day ago?  Merged parts and older previews are
 * kept so long: a copy of the database that is being backed up may name them. 1, 0. */
NODISCARD int blob_is_named(struct db *db, struct id128 blob, struct error *e);

/* One look at up to SWEEP_WRAPS_AT_ONCE wraps, from the newest to the oldest and then anew. */
#define SWEEP_WRAPS_AT_ONCE 1000
struct wrap_sweep {
	int64_t before_us; /* made earlier than this */
	version_id below;  /* where the next look begins: 0 at the newest */
	version_id *list;  /* found: neither a version nor an upload has them; in the arena */
	size_t n;
};
NODISCARD int sweep_wraps_list(
    struct db *db, struct db *keys, struct arena *a, struct wrap_sweep *s, struct error *e);
