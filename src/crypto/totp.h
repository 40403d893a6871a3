/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * totp - codes of an authenticator app (RFC 6238: SHA-1, 6 digits, 30 seconds)
 *
 * Layer: crypto.
 */
#pragma once

#include "base/base.h"

struct arena;

#define TOTP_SECRET_BYTES 20
#define TOTP_STEP_US (30LL * 1000 * 1000)

/* The code of one step, 0 to 999999. */
uint32_t totp_code(const uint8_t secret[TOTP_SECRET_BYTES], int64_t step);
/*
 * Is it the code of now, of the step before or after?  Then its step, which must
 * be later than `after`: no code is taken twice.  Digits may be grouped by spaces.
 */
bool totp_check(const uint8_t secret[TOTP_SECRET_BYTES], struct str code, int64_t now_us,
    int64_t after, int64_t *ret_step);
/* RFC 4648 base32 without padding, as authenticator apps take it. */
struct str base32(struct arena *a, const uint8_t *p, size_t n);
