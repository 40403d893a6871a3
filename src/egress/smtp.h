/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * smtp - hand one mail to the relay, and say what became of it
 *
 *	accepted   2xx after the final dot; reply holds the relay's words
 *	failed     5xx to MAIL, RCPT, DATA or the mail itself: trying again is no use
 *	deferred   4xx, no connection, no TLS where it is required, a wrong
 *	           certificate, a wrong password: trying again may help
 *	unknown    the connection, or our wait, ended after the final dot and before an
 *	           answer: the mail may be on its way, so it is not sent twice by itself
 *
 * The relay has the time that RFC 5321 4.5.3.2 asks for: five minutes for the
 * greeting and each command, two for DATA, three for each block, ten after the
 * final dot; LIMIT_SMTP_BEFORE_DOT_S for all that comes before the dot.
 *
 * Without smtp.insecure=1 nothing, the password included, leaves in clear.
 *
 * Layer: egress.
 */
#pragma once

#include "base/base.h"
#include "msg/msg.h"

struct arena;

#define SMTP_ASKERS 2

struct smtp_relay {
	struct str url;  /* smtp.url */
	struct str ca;   /* smtp.ca, "" for the system's */
	struct str from; /* envelope sender */
	bool insecure;
	int askers[SMTP_ASKERS]; /* sockets: when the far end of one closes, nobody waits; or -1 */
};

struct smtp_result {
	enum mail_outcome outcome;
	struct str reply; /* in the arena; the relay's words, or why there are none */
};

/* Once per process. */
void smtp_init(void);

/* The TCP port of this address, that of its scheme when it names none; 0: "", or no address. */
uint16_t smtp_port(const char *url);

/* Blocks until there is an outcome: at most LIMIT_SMTP_S, or a second after an asker has gone. */
void smtp_send(struct arena *a, const struct smtp_relay *relay, struct str to, struct str mail,
    struct smtp_result *ret);
