/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * ticket - what an app must get back, since it remembers nothing
 *
 *	ticket = HMAC-SHA-256(key, payload)[16] || payload,  at most 512 bytes
 *
 * front carries tickets and can neither read meaning into them nor make one.
 *
 * Layer: crypto.
 */
#pragma once

#include "base/base.h"
#include "crypto/sealed.h"

struct arena;
struct error;

struct str ticket_make(struct arena *a, const struct data_key *key, struct str payload);
/* *ret points into ticket.  Errors: ERR_DENIED. */
NODISCARD int ticket_open(
    const struct data_key *key, struct str ticket, struct str *ret, struct error *e);
