/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * token - see token.h.  The text is hashed, not the bytes it stands for: what a browser
 * sends needs no decoding before it is looked up.
 */
#include "crypto/token.h"

#include "base/random.h"
#include "base/str.h"

struct str
token_new(struct arena *a)
{
	uint8_t random[32];
	struct str text;

	random_bytes(random, sizeof random);
	text = str_b64url(a, random, sizeof random);
	explicit_bzero(random, sizeof random);
	return text;
}

struct sha256
token_hash(struct str token)
{
	return sha256(token.p, token.n);
}
