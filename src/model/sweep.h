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
/* Completed uploads and finished jobs older than a week, idempotency keys older than a day. */
NODISCARD int sweep_finished(struct db *db, int64_t now_us, struct error *e);
/* Does any row name this blob? 1, 0. */
NODISCARD int blob_is_named(struct db *db, struct id128 blob, struct error *e);
/* Versions whose wraps are older than `before` and that neither a version nor an upload has; at
 * most max. */
NODISCARD int sweep_wraps_list(struct db *db, struct db *keys, struct arena *a, int64_t before_us,
    version_id **ret, size_t *ret_n, struct error *e);
