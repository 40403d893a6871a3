/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * smtp - hand one mail to the relay, and say what became of it
 *
 *	accepted   2xx after the final dot; reply holds the relay's words
 *	failed     5xx to MAIL, RCPT, DATA or the mail itself: trying again is no use
 *	deferred   4xx, no connection, no TLS where it is required, a wrong
 *	           certificate, a wrong password: trying again may help
 *	unknown    the connection ended after the final dot and before an answer:
 *	           the mail may be on its way, so it is not sent twice by itself
 *
 * Without smtp.insecure=1 nothing, the password included, leaves in clear.
 *
 * Layer: egress.
 */
#pragma once

#include "base/base.h"
#include "msg/msg.h"

struct arena;

struct smtp_relay {
	struct str url;  /* smtp.url */
	struct str ca;   /* smtp.ca, "" for the system's */
	struct str from; /* envelope sender */
	bool insecure;
};

struct smtp_result {
	enum mail_outcome outcome;
	struct str reply; /* in the arena; the relay's words, or why there are none */
};

/* Once per process. */
void smtp_init(void);

/* The TCP port of this address, that of its scheme when it names none; 0: "", or no address. */
uint16_t smtp_port(const char *url);

/* Blocks until there is an outcome: at most about three minutes. */
void smtp_send(struct arena *a, const struct smtp_relay *relay, struct str to, struct str mail,
    struct smtp_result *ret);
