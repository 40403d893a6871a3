/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * scan - what the scanner for malware says of a version
 *
 * "Not scanned" is a state of its own and never means clean: a version stays in
 * it until a scanner has read it to its end, and the row says why it could not.
 * What may be sent meanwhile is the policy's word (malware.unscanned), asked in
 * the verdict.  "Infected" is final for a version: it goes nowhere any more, and
 * each delivery that holds it gets an event that says so.
 *
 * Layer: model.
 */
#pragma once

#include "base/base.h"
#include "model/verdict.h"

struct arena;
struct change;
struct db;
struct error;

/* detail: infected: the signature's name; not scanned: a word of scan_reason_is; clean: "". */
struct scan_result {
	enum malware_state malware; /* not MALWARE_ERROR */
	struct str detail;
};

/* In the change that ends ingest: the job "scan", due now. */
NODISCARD int scan_expect(struct change *c, version_id v, struct error *e);

/*
 * What came of it.  Adds version.scanned, and for every live delivery that holds
 * an infected version delivery.withheld; running transfers of it ask again.
 */
NODISCARD int scan_set(
    struct change *c, version_id v, const struct scan_result *r, struct error *e);

/*
 * Of the versions behind `after`, in the order of ids, those worth a try: never
 * tried; the scanner failed on them; larger than it took then, and not larger
 * than most_bytes, which it takes now.
 */
NODISCARD int scan_missed(struct db *db, int64_t most_bytes, version_id after, version_id *list,
    size_t *n, struct error *e); /* *n: room, then found */

/* How it stands: files that wait, since when (0: none), and the last failure of one that waits. */
struct scan_queue {
	int64_t waiting, oldest_us;
	struct str error;
};
NODISCARD int scan_queue_get(
    struct db *db, struct arena *a, struct scan_queue *ret, struct error *e);
