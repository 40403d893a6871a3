/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * package - a file, or all files as a ZIP, as a plan of literal and sealed pieces
 *
 * Stored entries with sizes and CRC-32 known from ingest: the whole archive is
 * a pure function of its items, so it has an exact length, a strong ETag and
 * ranges at any byte (APPNOTE 6.3).  Slot i of the plan is
 * item i of the list; MANIFEST.txt with SHA-256 sums is its last entry.
 *
 * Layer: model.
 */
#pragma once

#include "base/base.h"
#include "model/delivery.h"
#include "model/transfer.h"
#include "model/version.h"
#include "msg/msg.h"

struct arena;
struct error;

struct package_item {
	const struct delivery_item *item;
	const struct version_part *parts;
	size_t part_count;
	uint64_t data_at; /* where its bytes begin in the archive; set by package_zip */
};

/* One file: slot 0. *ret_etag is strong, with its quotes. */
void package_file(
    struct arena *a, const struct package_item *it, struct msg_plan *ret, struct str *ret_etag);
/* What stands in the manifest, and whose clock the entries show. */
struct package_label {
	struct str number;
	const char *zone;
};
/* All of them. Errors: ERR_TOO_LARGE. */
NODISCARD int package_zip(struct arena *a, struct package_item *items, size_t n,
    const struct package_label *label, struct msg_plan *ret, struct str *ret_etag, struct error *e);
/* What of each item lies in [from, to) of the archive: at most one range per item. */
size_t package_ranges(
    const struct package_item *items, size_t n, uint64_t from, uint64_t to, struct item_range *ret);
