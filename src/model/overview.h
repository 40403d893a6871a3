/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * overview - what wants a look: of each delivery, and of the whole
 *
 * Layer: model.
 */
#pragma once

#include "base/base.h"
#include "model/delivery.h"

struct db;
struct error;

/* How far the recipients of a delivery came, without those whose part was revoked. */
struct delivery_progress {
	int64_t recipients, complete, unopened;
	int64_t withheld;    /* 1: one of its files holds malware */
	int64_t undelivered; /* whose last mail with the link failed, and who never opened it */
};
/* Of many: ret[i] is of ids[i], all 0 where nobody is left. */
NODISCARD int delivery_progress_get_list(struct db *db, const delivery_id *ids, size_t n,
    struct delivery_progress *ret, struct error *e);
/*
 * The most urgent: "withheld" (a file of it holds malware), "mail-failed", "expiring" (within three
 * days, not complete), "not-opened" (for three days, by somebody); NULL: nothing, or it is over.
 */
const char *delivery_attention(
    const struct delivery *d, const struct delivery_progress *p, int64_t now_us);

struct overview {
	int64_t withheld, mail_failed, expiring, not_opened; /* deliveries */
	int64_t in_review, preview_failed, infected;         /* files */
	int64_t outbox;                                      /* mails that did not get away */
	int64_t assets, deliveries, active;
};
NODISCARD int overview_get(struct db *db, int64_t now_us, struct overview *ret, struct error *e);

/* What waits: work to do, work given up, mails that are due or deferred. */
struct queue {
	int64_t jobs, dead, mails;
};
NODISCARD int queue_get(struct db *db, struct queue *ret, struct error *e);
