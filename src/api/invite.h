/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * invite - the one-time link by which somebody sets how he signs in
 *
 * It goes out by mail.  While no SMTP is set, or the person has no address, it
 * is shown once to who asked instead, and is in no outbox.
 *
 * Layer: api.
 */
#pragma once

#include "api/api.h"
#include "model/mail.h"
#include "model/staff_session.h"

struct invite {
	struct person to;
	enum link_purpose purpose; /* LINK_INVITE, LINK_RESET */
	struct str token;
	bool mails;
	struct mail_draft mail;
};
/* Fill to and purpose.  Before change_begin: it asks the keeper. */
NODISCARD int invite_prepare(
    struct api *x, const struct request *q, struct invite *v, struct error *e);
/* Inside the change: the link's row and the mail. */
NODISCARD int invite_put(struct change *c, const struct invite *v, struct error *e);
/* The link for the answer; "" when it was mailed. */
struct str invite_link(struct api *x, const struct invite *v);
