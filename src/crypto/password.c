/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * password - see password.h.  Costs are fixed here; the string form carries them,
 * so that they may grow without a migration.
 */
#include "crypto/password.h"

#include <sodium.h>

#include "base/arena.h"
#include "base/error.h"
#include "base/str.h"

#define PASSES 3
#define MEMORY_BYTES (64 * 1024 * 1024)

int
password_hash(struct arena *a, struct str password, struct str *ret, struct error *e)
{
	char text[crypto_pwhash_STRBYTES];

	if (crypto_pwhash_str_alg(text, password.p, password.n, PASSES, MEMORY_BYTES,
	        crypto_pwhash_ALG_ARGON2ID13) != 0)
		return err_set(e, ERR_BUSY, "no memory to hash a password");
	*ret = arena_str(a, str_c(text));
	return 0;
}

bool
password_matches(struct str hash, struct str password)
{
	char text[crypto_pwhash_STRBYTES] = {0};

	if (hash.n >= sizeof text)
		return false;
	memcpy(text, hash.p, hash.n);
	return crypto_pwhash_str_verify(text, password.p, password.n) == 0;
}

void
password_matches_nobody(struct str password)
{
	char text[crypto_pwhash_STRBYTES];
	int r = crypto_pwhash_str_alg(
	    text, password.p, password.n, PASSES, MEMORY_BYTES, crypto_pwhash_ALG_ARGON2ID13);

	(void)r; /* without memory for it there was none for a real one either */
}

bool
password_is_fit(struct str password)
{
	size_t characters = 0;
	bool varies = false;

	if (password.n > PASSWORD_MOST || !str_is_utf8(password))
		return false;
	for (size_t i = 0; i < password.n; i++) {
		characters += ((unsigned char)password.p[i] & 0xc0) != 0x80;
		varies = varies || password.p[i] != password.p[0];
	}
	return characters >= PASSWORD_LEAST && varies;
}
