/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * transfer - one download answer, and what of each file has arrived
 *
 * A session_item is one use of the download limit: one recipient session that
 * began a file; it holds the union of acknowledged ranges of the file.  A file
 * that is asked for by itself is begun with its transfer; one within a ZIP when
 * its key goes out (at most a window of keys before its first byte), and where
 * nothing is limited with its first acknowledged byte.  A transfer is one answer.
 * Complete is decided on the union alone.
 *
 * A connection that breaks takes acknowledgements along.  What TCP had been given beyond them
 * counts all the same where the client goes on behind it: it asks for all from there on, under
 * If-Range (RFC 9110 section 13.1.5), which is how Chromium and Safari resume, from the first
 * byte that they do not hold.  Nothing else says so: Firefox resumes under If-Match, which
 * Chromium's parallel parts have, too.  The end of the one and the begin of the other may be
 * written in either order: whoever is second looks for the first.
 *
 * Layer: model.
 */
#pragma once

#include "base/base.h"

struct arena;
struct change;
struct db;
struct error;
struct event_field;
struct sha256;

/* Ranges of one item: [from, to), in the item's own bytes. */
struct item_range {
	int64_t position, from, to;
	int64_t item_bytes;
	version_id version;
	asset_id asset;
	const struct sha256 *sha256; /* of the whole item */
};

struct transfer_new {
	struct id128 id;
	session_id session;
	recipient_id recipient;
	delivery_id delivery;
	int64_t position; /* 0: the ZIP */
	int64_t range_from, range_to;
	bool resumes;         /* the client says that it holds all before range_from */
	const int64_t *items; /* positions it touches */
	size_t item_count;
	int64_t limit; /* the delivery's download_limit, 0: none */
};
/* Errors: ERR_DENIED "limit-used-up" when one it touches is, in other sessions. */
NODISCARD int transfer_begin(struct change *c, const struct transfer_new *t, struct error *e);
/* Its items (of a ZIP) count from now on.  Errors: as above, and then none of them does. */
NODISCARD int transfer_use(struct change *c, const struct transfer_new *t, struct error *e);

struct transfer_report {
	struct id128 id;
	session_id session;
	recipient_id recipient;
	delivery_id delivery;
	asset_id asset; /* these two: 0 for the ZIP */
	version_id version;
	int level; /* the identity level reached */
	int64_t seq;
	bool first, ended;
	int64_t sent_bytes;   /* acknowledged of the representation */
	int64_t window_bytes; /* what was asked for */
	/* with ended: of the representation, to the client's TCP; and when the last of it was */
	int64_t given_to, given_us;
	const struct item_range *ranges; /* acknowledged; from == to == 0 with item_bytes 0: an
	                                    empty file that arrived */
	size_t range_count;
	size_t delivery_items;          /* of the whole delivery: complete when all are */
	const struct event_field *from; /* where it goes, for the first report; NULL: not known */
};
/*
 * Idempotent by (id, seq).  Adds download.started with the first byte that was acknowledged,
 * download.complete for each file that became whole, download.interrupted at an early end; keeps
 * the session alive.  The change's verb is HOUSEKEEPING.
 */
NODISCARD int transfer_record(
    struct change *c, struct arena *a, const struct transfer_report *r, struct error *e);

/* The bytes between what an answer's client acknowledged and where it went on. */
struct transfer_gap {
	struct id128 id;  /* of the one that was cut */
	int64_t from, to; /* of the representation */
};
/* One that begins: behind the nearest of its session's answers that were cut.  1 *ret, 0 none. */
NODISCARD int transfer_gap_before(
    struct db *db, const struct transfer_new *t, struct transfer_gap *ret, struct error *e);
/* One that ends, acknowledged up to acked_to: of those that went on when it was given nothing any
 * more (one that begins earlier is a download in several parts at once).  As above. */
NODISCARD int transfer_gap_behind(struct db *db, const struct transfer_report *r, int64_t acked_to,
    struct transfer_gap *ret, struct error *e);
/* r's ranges have arrived, too, and so it has started.  The change's verb is HOUSEKEEPING. */
NODISCARD int transfer_fill(
    struct change *c, struct arena *a, const struct transfer_report *r, struct error *e);

/* Running ones not seen since: interrupted. */
NODISCARD int transfer_sweep(
    struct db *db, struct arena *a, int64_t silent_since_us, struct error *e);

/* Union of sorted pairs of 64-bit big-endian [from, to) with one more range; for tests too. */
struct str ranges_add(
    struct arena *a, struct str ranges, int64_t from, int64_t to, int64_t *ret_sum);
