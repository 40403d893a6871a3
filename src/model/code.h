/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * code - six digits by mail: proof of an address, level R1
 *
 * 10 minutes, a number of tries by setting, bound to the browser that asked.
 * Tries are counted in the change that checks them; a new code never resets the
 * recipient's failures.
 *
 * Layer: model.
 */
#pragma once

#include "base/base.h"
#include "base/limits.h"
#include "crypto/hash.h"

struct change;
struct db;
struct error;

#define CODE_FAILURES_MOST 100
#define CODE_MINUTES (LIMIT_CODE_LIFE_US / 60 / 1000000) /* as pages and mails say it */

struct code {
	int64_t id;
	session_id session;
	recipient_id recipient;
	struct sha256 hash; /* keyring_pepper("code", "<id>:<digits>") */
};
/* The code that can still be entered in this session: 1, 0. */
NODISCARD int code_open(struct db *db, session_id s, int64_t now_us, int tries_most,
    struct code *ret, int *ret_tries_left, struct error *e);
/* Did the last code of this session end by too many tries? 1, 0. */
NODISCARD int code_is_used_up(
    struct db *db, session_id s, int64_t now_us, int tries_most, struct error *e);
/* May another be sent?  To be asked in the change that sends it.  0, or ERR_LIMIT "too-many-codes".
 * *ret_again_us: from when on. */
NODISCARD int code_may_send(
    struct db *db, recipient_id r, int64_t now_us, int64_t *ret_again_us, struct error *e);
/*
 * A new link went out.  Where codes or failures were used up, the next ones count from none, and
 * whoever has proved nothing yet needs the new link: so that a stranger who has the old one cannot
 * keep the recipient out by using up what is his.
 */
NODISCARD int code_begin_anew(struct change *c, recipient_id r, struct error *e);
/* Earlier ones of the session end. */
NODISCARD int code_create(struct change *c, const struct code *n, struct error *e);
/* Count this try in c; *ret_right says whether it matched.  ERR_RETRY: used up since code_open. */
NODISCARD int code_try(struct change *c, const struct code *k, const struct sha256 *candidate,
    int tries_most, bool *ret_right, struct error *e);
