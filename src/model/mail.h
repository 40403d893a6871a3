/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * mail - the outbox: mails are rows of the change that causes them
 *
 * The content holds links and codes, so it is sealed under a key of the row and
 * wiped when the relay has accepted.  worker renders and hands it to egress.
 * Without SMTP the mail stays, rendered, as not_sent.
 *
 * Layer: model.
 */
#pragma once

#include "base/base.h"
#include "crypto/wrap.h"

struct arena;
struct change;
struct conf;
struct db;
struct error;
struct keyring;

/* Prepared before change_begin (needs the keeper), queued inside the change. */
struct mail_draft {
	mail_id id;
	const char *kind; /* "delivery", "code", "invite" */
	delivery_id delivery;
	recipient_id recipient;
	struct str address, subject, message_id;
	uint32_t epoch;
	struct key_wrap wrap;
	struct str sealed;
	/* 0: 10 minutes for a code, else 5 days from mail_prepare on; an invite's link has its own
	 */
	int64_t give_up_us;
};
/*
 * template: "mail_delivery", "mail_code" or "mail_invite"; values_json: a flat JSON object of
 * texts, flags and numbers that the template takes (docs/internals/templates.md)
 * with "lang".  Fill kind, delivery, recipient, address and subject before; sets
 * id, message_id (random @ the domain of smtp.from) and what is sealed.
 */
NODISCARD int mail_prepare(struct arena *a, struct keyring *k, const struct conf *conf,
    const char *template, struct str values_json, struct mail_draft *d, struct error *e);
/* Also adds the event mail.queued. */
NODISCARD int mail_queue(struct change *c, const struct mail_draft *d, struct error *e);

struct mail {
	mail_id id;
	struct str kind, address, subject, state, reply, message_id;
	delivery_id delivery;
	recipient_id recipient;
	int64_t created_us, settled_us, fence, tries;
	struct str form;
};
/* Oldest first; address "" for all. */
NODISCARD int mail_list(struct db *db, struct arena *a, struct str address, struct page_at at,
    struct mail **ret, size_t *ret_n, struct error *e);
NODISCARD int mail_get(
    struct db *db, struct arena *a, mail_id id, struct mail *ret, struct error *e);
/* What is sealed, opened: form "message" is RFC 5322 text.  ERR_NOT_FOUND "mail-wiped". */
NODISCARD int mail_content(struct db *db, struct arena *a, struct keyring *k, mail_id id,
    struct str *ret, struct error *e);
/* The newest that took the link to each recipient: ret[i] is of ids[i], id 0 where none did. */
NODISCARD int mail_link_list(struct db *db, struct arena *a, const recipient_id *ids, size_t n,
    struct mail *ret, struct error *e);

/* ---- worker ---- */
/* A row whose lease ran out is claimed again, but for a code: see mail_lost. */
NODISCARD int mail_claim(
    struct db *db, struct arena *a, int64_t lease_us, struct mail *ret, struct error *e);
/* ERR_CONFLICT: the lease was lost. */
NODISCARD int mail_renew(struct db *db, const struct mail *m, int64_t lease_us, struct error *e);
/*
 * accepted and failed wipe the content; deferred comes back later until give_up_us, then it has
 * failed.  unknown comes back once when it is no code, with its Message-ID; else it stays so and
 * is wiped.  Adds the events.
 */
NODISCARD int mail_settle(
    struct db *db, const struct mail *m, const char *state, struct str reply, struct error *e);
/* A code whose lease ran out: nobody knows whether it went, so it is not sent again.  1, 0. */
NODISCARD int mail_lost(
    struct db *db, struct arena *a, int64_t now_us, struct mail *ret, struct error *e);
/* What it announces was revoked, or came to its end, while it waited: 1, 0. */
NODISCARD int mail_is_moot(struct db *db, const struct mail *m, int64_t now_us, struct error *e);
/* compose_only: the rendered message replaces the request, sealed anew; state not_sent. */
NODISCARD int mail_keep(struct db *db, struct arena *a, struct keyring *k, const struct mail *m,
    struct str message, struct error *e);
