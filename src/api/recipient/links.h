/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * links - personal links and the mails that carry them
 *
 * A link is URL/r/TOKEN, 256 random bits; the database has its HMAC alone.
 *
 * Layer: api.
 */
#pragma once

#include "api/api.h"
#include "model/delivery.h"
#include "model/mail.h"
#include "model/recipient.h"

#define LINK_LABEL "link"

struct link {
	struct str url;
	struct sha256 hash;
};
/* Needs the keeper: before change_begin. */
NODISCARD int link_new(struct api *x, struct link *ret, struct error *e);
/* The same link for the same seed, without which nobody can guess it: for Idempotency-Key. */
NODISCARD int link_derived(struct api *x, struct str seed, struct link *ret, struct error *e);
/* The delivery's mail to one recipient, ready for mail_queue. */
NODISCARD int link_mail(struct api *x, const struct delivery *d, recipient_id r, struct str address,
    const struct link *link, struct mail_draft *ret, struct error *e);
/* What its template takes, as a JSON object: also for a preview. */
struct str link_mail_values(struct api *x, const struct delivery *d, const struct link *link);
