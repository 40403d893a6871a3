/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * recipient - one person on a delivery, with one personal link
 *
 * Layer: model.
 */
#pragma once

#include "base/base.h"
#include "crypto/hash.h"

struct arena;
struct change;
struct db;
struct delivery;
struct error;

/* Only forward; undeliverable only before anything was opened. */
enum recipient_step {
	STEP_PENDING,
	STEP_MAILED,
	STEP_UNDELIVERABLE,
	STEP_OPENED,
	STEP_VERIFIED,
	STEP_DOWNLOADING,
	STEP_COMPLETE
};

struct recipient {
	recipient_id id;
	delivery_id delivery;
	contact_id contact;
	struct str address;
	enum recipient_step step;
	int64_t opened_us, verified_us, revoked_us;
	int64_t failures;
	bool blocked; /* its contact is */
	struct str revoke_reason;
};

/* Its state as docs/openapi.yaml says it: revoked and expired win. */
const char *recipient_shown(const struct recipient *r, const struct delivery *d, int64_t now_us);

NODISCARD int recipient_get(
    struct db *db, struct arena *a, recipient_id id, struct recipient *ret, struct error *e);
/* By the HMAC of a link's token: 1, 0. */
NODISCARD int recipient_by_token(struct db *db, struct arena *a, const struct sha256 *hash,
    struct recipient *ret, struct error *e);
NODISCARD int recipient_by_address(struct db *db, struct arena *a, delivery_id d,
    struct str address, struct recipient *ret, struct error *e); /* 1, 0 */
NODISCARD int recipient_list(struct db *db, struct arena *a, delivery_id d, struct recipient **ret,
    size_t *ret_n, struct error *e);

NODISCARD int recipient_mark(
    struct change *c, recipient_id id, enum recipient_step step, struct error *e);
/*
 * The old link ends.  Its sessions end too when the sender made the new one; not when somebody who
 * knows number and address asked for it: he shall not be able to cut a download.  Adds
 * recipient.link.
 */
enum new_link { LINK_ENDS_SESSIONS, LINK_KEEPS_SESSIONS };
NODISCARD int recipient_new_link(struct change *c, recipient_id id, const struct sha256 *hash,
    enum new_link how, struct error *e);
/* How many links were asked for by the recipient himself. */
NODISCARD int recipient_links_asked(
    struct db *db, delivery_id d, recipient_id id, int64_t since_us, int64_t *ret, struct error *e);
/*
 * Adds recipient.revoked: 1.  0 when he was before: nothing to commit.  Sessions stay, to be
 * told so; nothing can be fetched in them.
 */
NODISCARD int recipient_revoke(
    struct change *c, recipient_id id, struct str reason, struct error *e);

/* How far each file of the delivery came with this recipient, in the order of positions 1 .. n. */
struct file_progress {
	const char *state;  /* none, running, interrupted, complete */
	int64_t sent_bytes; /* of the best session */
	int64_t complete_us;
	int64_t uses; /* sessions that began it: what the download limit counts */
};
NODISCARD int recipient_progress(struct db *db, struct arena *a, recipient_id id, size_t items,
    struct file_progress **ret, struct error *e);
/* Of several recipients, DB_STEP at most: ret has n * items, those of ids[i] from i * items on. */
NODISCARD int recipient_progress_step(struct db *db, const recipient_id *ids, size_t n,
    size_t items, struct file_progress *ret, struct error *e);
