/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * upload - bytes on their way to become a version (tus)
 *
 * `committed` counts only what is durable: the part's blob is published before
 * its row is committed.  When the last byte is committed, asset, version, parts
 * and the ingest job come to be in the same change.
 *
 * Layer: model.
 */
#pragma once

#include "base/base.h"

struct arena;
struct change;
struct db;
struct error;

struct upload {
	struct id128 id;
	person_id person;
	version_id version;
	asset_id asset; /* a new version of it; 0: a new asset */
	struct str folder_path, name, metadata;
	int64_t length, committed, parts;
	bool release_cleared;
	asset_id result; /* 0 until complete */
	int64_t expires_us;
};

/* Errors: ERR_NOT_FOUND. */
NODISCARD int upload_get(
    struct db *db, struct arena *a, struct id128 id, struct upload *ret, struct error *e);
/* u: all but committed, parts, result.  A length of 0 completes at once. */
NODISCARD int upload_create(struct change *c, struct arena *a, const struct upload *u,
    asset_id *ret_result, struct error *e);
/*
 * A published part of `bytes` counts, if the upload still stands at `offset`
 * (else ERR_CONFLICT "offset-mismatch").  *ret_result: the asset when complete.
 */
struct upload_part {
	struct id128 upload, blob;
	int64_t offset, bytes;
};
NODISCARD int upload_add_part(struct change *c, struct arena *a, const struct upload_part *p,
    asset_id *ret_result, struct error *e);
NODISCARD int upload_remove(struct change *c, struct id128 id, struct error *e);
