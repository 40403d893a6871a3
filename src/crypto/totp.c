/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * totp - see totp.h.  The window is a step to either side: clocks of phones drift,
 * and a code typed slowly is still one.
 */
#include "crypto/totp.h"

#include <openssl/evp.h>
#include <openssl/hmac.h>

#include "base/arena.h"
#include "base/str.h"

#define DIGITS 6
#define SHA1_BYTES 20

uint32_t
totp_code(const uint8_t secret[TOTP_SECRET_BYTES], int64_t step)
{
	uint8_t counter[8], mac[SHA1_BYTES];
	unsigned n = sizeof mac;
	size_t at;
	uint32_t v;

	for (int i = 0; i < 8; i++)
		counter[i] = (uint8_t)((uint64_t)step >> (56 - 8 * i));
	if (HMAC(EVP_sha1(), secret, TOTP_SECRET_BYTES, counter, sizeof counter, mac, &n) == NULL)
		abort();
	at = mac[SHA1_BYTES - 1] & 0xf; /* RFC 4226 5.3: dynamic truncation */
	v = (uint32_t)(mac[at] & 0x7f) << 24 | (uint32_t)mac[at + 1] << 16 |
	    (uint32_t)mac[at + 2] << 8 | mac[at + 3];
	return v % 1000000;
}

static bool
read_digits(struct str code, uint32_t *ret)
{
	int digits = 0;

	*ret = 0;
	for (size_t i = 0; i < code.n; i++) {
		if (code.p[i] == ' ')
			continue;
		if (code.p[i] < '0' || code.p[i] > '9' || ++digits > DIGITS)
			return false;
		*ret = *ret * 10 + (uint32_t)(code.p[i] - '0');
	}
	return digits == DIGITS;
}

bool
totp_check(const uint8_t secret[TOTP_SECRET_BYTES], struct str code, int64_t now_us, int64_t after,
    int64_t *ret_step)
{
	int64_t now = now_us / TOTP_STEP_US;
	uint32_t given;

	if (!read_digits(code, &given))
		return false;
	for (int64_t step = now - 1; step <= now + 1; step++) {
		if (step > after && totp_code(secret, step) == given) {
			*ret_step = step;
			return true;
		}
	}
	return false;
}

struct str
base32(struct arena *a, const uint8_t *p, size_t n)
{
	static const char letters[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";
	char *out = ARENA_ARRAY(a, char, n * 8 / 5 + 2);
	uint32_t held = 0;
	int bits = 0;
	size_t k = 0;

	for (size_t i = 0; i < n; i++) {
		held = held << 8 | p[i];
		for (bits += 8; bits >= 5; bits -= 5)
			out[k++] = letters[held >> (bits - 5) & 31];
	}
	if (bits > 0)
		out[k++] = letters[held << (5 - bits) & 31];
	return (struct str){out, k};
}
