/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * audit - the questions fsck asks the database
 *
 * What is wrong in the database alone is decided here, and `found` called once for each
 * finding; what needs blobs, too, the caller decides, from the rows of audit_versions.
 *
 * Layer: model.
 */
#pragma once

#include "base/base.h"
#include "crypto/hash.h"

struct arena;
struct db;
struct error;

/* code is static; object lives as long as the call. */
typedef void (*audit_found)(void *arg, const char *code, struct str object);

/* Rows that contradict each other: assets, versions, deliveries without their event; log leaves;
 * progress. */
NODISCARD int audit_rows(struct db *db, struct arena *a, audit_found found, void *arg,
    int64_t *ret_checked, struct error *e);
/* Events whose entry, sealed fields or leaf do not fit together. */
NODISCARD int audit_events(struct db *db, struct arena *a, audit_found found, void *arg,
    int64_t *ret_checked, struct error *e);

struct audit_version {
	version_id id;
	int64_t bytes;
	bool ready;
	struct sha256 sha256;
	uint32_t crc32;
};
NODISCARD int audit_versions(
    struct db *db, struct arena *a, struct audit_version **ret, size_t *ret_n, struct error *e);
