/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * version - the immutable content of an asset at a time
 *
 * Content is an ordered list of blobs under one data key.  Until ingest has
 * read it whole it is pending and goes nowhere.
 *
 * Layer: model.
 */
#pragma once

#include "base/base.h"
#include "crypto/hash.h"
#include "model/verdict.h"

struct arena;
struct change;
struct db;
struct error;

struct version {
	version_id id;
	asset_id asset;
	int64_t number;
	struct str name; /* file name, safe */
	int64_t bytes;
	bool ready; /* ingested: the next three hold */
	bool damaged;
	struct sha256 sha256;
	uint32_t crc32;
	struct str media_type;
	enum malware_state malware;
	struct str scan_detail; /* model/scan.h */
	int64_t scanned_us;     /* 0: nobody has tried */
	person_id created_by;
	int64_t created_us;
};
struct version_part {
	struct id128 blob;
	int64_t bytes;
};

NODISCARD int version_get(
    struct db *db, struct arena *a, version_id id, struct version *ret, struct error *e);
/* Many at once: ret[i] is of ids[i], with id 0 where there is none. */
NODISCARD int version_get_list(struct db *db, struct arena *a, const version_id *ids, size_t n,
    struct version *ret, struct error *e);
/* Oldest first. */
NODISCARD int version_list(struct db *db, struct arena *a, asset_id id, struct version **ret,
    size_t *ret_n, struct error *e);
NODISCARD int version_parts(struct db *db, struct arena *a, version_id id,
    struct version_part **ret, size_t *ret_n, struct error *e);

/* What ingest found; ends pending.  parts: when it merged small ones, else NULL. */
struct ingested {
	struct sha256 sha256;
	uint32_t crc32;
	struct str media_type;
	enum malware_state malware;
	bool damaged; /* a part did not authenticate */
	const struct version_part *parts;
	size_t part_count;
};
NODISCARD int version_ingested(
    struct change *c, version_id id, const struct ingested *in, struct error *e);
