/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * credential - what a person proves himself with: password, authenticator, recovery codes
 *
 * The password is known as an Argon2id string, the secret of the authenticator
 * as bytes sealed under the person's key, recovery codes as HMACs.  Wrong second
 * factors are counted: after CREDENTIAL_TRIES in a row the authenticator rests
 * for CREDENTIAL_REST_US.  A browser in which this person has signed in before
 * counts for itself, all others count together: so whoever stole a password can
 * use up the tries of strangers, and not those of its owner.  A recovery code
 * always works.
 *
 * Layer: model.
 */
#pragma once

#include "base/base.h"
#include "crypto/hash.h"

struct arena;
struct change;
struct db;
struct error;

#define CREDENTIAL_TRIES 20
#define CREDENTIAL_REST_US (15LL * 60 * 1000 * 1000)
#define RECOVERY_CODES 10
#define BROWSER_LIFE_US (180LL * 24 * 3600 * 1000 * 1000)

struct credential {
	person_id person;
	struct str password;      /* "" none */
	struct str totp, offered; /* sealed, "" none */
	int64_t totp_step, failures, failed_us, signed_in_us;
	struct sha256 browser; /* of the cookie of a known one, whose failures these are */
	bool is_known;
};
/* 1 there, 0 none yet (then *ret is empty but for the person). */
NODISCARD int credential_get(
    struct db *db, struct arena *a, person_id p, struct credential *ret, struct error *e);
/* Is this a browser the person has signed in with?  Then its failures count from here on. */
NODISCARD int credential_know_browser(struct db *db, struct credential *c,
    const struct sha256 *browser, int64_t now_us, struct error *e);
/* How long the authenticator rests still, in microseconds; 0: it is asked. */
int64_t credential_rests_us(const struct credential *c, int64_t now_us);

/* None of these adds an event: it belongs to what the caller does. */
NODISCARD int credential_set_password(
    struct change *c, person_id p, struct str hash, struct error *e);
NODISCARD int credential_offer_totp(
    struct change *c, person_id p, struct str sealed, struct error *e);
/* The offered one becomes the one, its code of this step being spent. */
NODISCARD int credential_confirm_totp(struct change *c, person_id p, int64_t step, struct error *e);
/* Spends the step: ERR_UNAUTHENTICATED "wrong-code" when another request was quicker. */
NODISCARD int credential_spend_step(struct change *c, person_id p, int64_t step, struct error *e);
/* Of the browser, where it is known. */
NODISCARD int credential_failed(struct change *c, const struct credential *of, struct error *e);
/* The person has signed in with this browser; none of its tries were wrong from now on. */
NODISCARD int credential_keep_browser(
    struct change *c, person_id p, const struct sha256 *browser, struct error *e);
NODISCARD int credential_signed_in(struct change *c, person_id p, struct error *e);
/* Neither password nor second factor nor recovery codes nor known browsers any more. */
NODISCARD int credential_clear(struct change *c, person_id p, struct error *e);

/* Replaces all of them. */
NODISCARD int recovery_set(
    struct change *c, person_id p, const struct sha256 codes[RECOVERY_CODES], struct error *e);
/* ERR_UNAUTHENTICATED "wrong-code" when it is none, or was used. */
NODISCARD int recovery_use(
    struct change *c, person_id p, const struct sha256 *code, struct error *e);
