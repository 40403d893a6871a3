/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * master_key - see master_key.h.  The costs stand in the file and are compared, not
 * taken from it: a file cannot ask for more memory than we give.
 */
#include "crypto/master_key.h"

#include <sodium.h>

#include "base/arena.h"
#include "base/error.h"
#include "base/random.h"
#include "base/str.h"
#include "crypto/hash.h"

#define HEAD "geleit-master-key 1\nargon2id 262144 3\n"
#define PASSES 3
#define MEMORY_BYTES (256 * 1024 * 1024)
#define SALT_BYTES crypto_pwhash_SALTBYTES
#define NONCE_BYTES crypto_aead_xchacha20poly1305_ietf_NPUBBYTES
#define SEALED_KEY_BYTES (MASTER_KEY_BYTES + crypto_aead_xchacha20poly1305_ietf_ABYTES)

#define KIT_LINES 4
#define LINE_BYTES (MASTER_KEY_BYTES / KIT_LINES)
#define LINE_DIGITS 13 /* 65 bits for 64 */
#define CHECK_DIGITS 2 /* 10 bits */
#define GROUP_DIGITS 5

/* ---- locked ---- */

static int
key_of_passphrase(
    struct str passphrase, const uint8_t salt[SALT_BYTES], uint8_t ret[32], struct error *e)
{
	if (crypto_pwhash(ret, 32, passphrase.p, passphrase.n, salt, PASSES, MEMORY_BYTES,
	        crypto_pwhash_ALG_ARGON2ID13) != 0)
		return err_set(e, ERR_BUSY, "no memory (256 MiB) to try a passphrase");
	return 0;
}

bool
master_key_is_locked(struct str file)
{
	return str_starts(file, S(HEAD));
}

int
master_key_lock(struct arena *a, const uint8_t key[MASTER_KEY_BYTES], struct str passphrase,
    struct str *ret, struct error *e)
{
	uint8_t salt[SALT_BYTES], nonce_and_sealed[NONCE_BYTES + SEALED_KEY_BYTES], k[32];

	random_bytes(salt, sizeof salt);
	random_bytes(nonce_and_sealed, NONCE_BYTES);
	if (key_of_passphrase(passphrase, salt, k, e) < 0)
		return err_code(e);
	crypto_aead_xchacha20poly1305_ietf_encrypt(nonce_and_sealed + NONCE_BYTES, NULL, key,
	    MASTER_KEY_BYTES, (const uint8_t *)HEAD, sizeof HEAD - 1, NULL, nonce_and_sealed, k);
	explicit_bzero(k, sizeof k);
	*ret = arena_printf(a, HEAD "%.*s\n%.*s\n", STR(str_b64url(a, salt, sizeof salt)),
	    STR(str_b64url(a, nonce_and_sealed, sizeof nonce_and_sealed)));
	return 0;
}

static int
unlock(struct str file, struct str passphrase, uint8_t ret[MASTER_KEY_BYTES], struct error *e)
{
	uint8_t salt[SALT_BYTES], nonce_and_sealed[NONCE_BYTES + SEALED_KEY_BYTES], k[32];
	struct str sealed, salt_line = str_cut(str_from(file, sizeof HEAD - 1), '\n', &sealed);
	struct str rest, sealed_line = str_cut(sealed, '\n', &rest);
	int r;

	if (!str_unb64url(salt_line, salt, sizeof salt) ||
	    !str_unb64url(sealed_line, nonce_and_sealed, sizeof nonce_and_sealed))
		return err_key(e, ERR_DENIED, "wrong-master-key", "the locked key is damaged");
	if (key_of_passphrase(passphrase, salt, k, e) < 0)
		return err_code(e);
	r = crypto_aead_xchacha20poly1305_ietf_decrypt(ret, NULL, NULL,
	    nonce_and_sealed + NONCE_BYTES, SEALED_KEY_BYTES, (const uint8_t *)HEAD,
	    sizeof HEAD - 1, nonce_and_sealed, k);
	explicit_bzero(k, sizeof k);
	return r == 0 ? 0
	              : err_key(e, ERR_DENIED, "wrong-passphrase",
	                    "the passphrase does not open the master key");
}

int
master_key_open(
    struct str file, struct str passphrase, uint8_t ret[MASTER_KEY_BYTES], struct error *e)
{
	if (master_key_is_locked(file))
		return unlock(file, passphrase, ret, e);
	if (file.n != MASTER_KEY_BYTES)
		return err_key(e, ERR_DENIED, "wrong-master-key", "the master key is not 32 bytes");
	memcpy(ret, file.p, MASTER_KEY_BYTES);
	return 0;
}

/* ---- kit ---- */

/* 64 bits from the top, then 10 of the hash over number and bytes. */
static void
line_digits(unsigned number, const uint8_t p[LINE_BYTES], char ret[LINE_DIGITS + CHECK_DIGITS])
{
	uint8_t text[1 + LINE_BYTES] = {(uint8_t)number};
	struct sha256 check;
	uint64_t bits = 0;

	memcpy(text + 1, p, LINE_BYTES);
	check = sha256(text, sizeof text);
	for (size_t i = 0; i < LINE_BYTES; i++)
		bits = bits << 8 | p[i];
	for (int i = 0; i < LINE_DIGITS; i++) {
		int shift = 64 - 5 * (i + 1);

		ret[i] = crockford_digit((unsigned)(shift >= 0 ? bits >> shift : bits << -shift));
	}
	ret[LINE_DIGITS] = crockford_digit(check.b[0]);
	ret[LINE_DIGITS + 1] = crockford_digit(check.b[1]);
	explicit_bzero(text, sizeof text);
}

struct str
master_key_kit(struct arena *a, const uint8_t key[MASTER_KEY_BYTES])
{
	char d[LINE_DIGITS + CHECK_DIGITS];
	struct str text = S("");

	for (unsigned i = 0; i < KIT_LINES; i++) {
		line_digits(i + 1, key + (size_t)i * LINE_BYTES, d);
		text = arena_printf(a, "%.*s%u  %.5s-%.5s-%.5s\n", STR(text), i + 1, d,
		    d + GROUP_DIGITS, d + 2 * GROUP_DIGITS);
	}
	return text;
}

/* Blanks and hyphens are for the eye.  The number of digits found, one too many at most. */
static size_t
collect_digits(struct str s, char ret[LINE_DIGITS + CHECK_DIGITS])
{
	size_t n = 0;

	for (size_t i = 0; i < s.n; i++) {
		int value = crockford_value(s.p[i]);

		if (s.p[i] == ' ' || s.p[i] == '-' || s.p[i] == '\t' || s.p[i] == '\r')
			continue;
		if (value < 0 || n == LINE_DIGITS + CHECK_DIGITS)
			return 0;
		ret[n++] = crockford_digit((unsigned)value);
	}
	return n;
}

static bool
line_parse(unsigned number, struct str s, uint8_t ret[LINE_BYTES])
{
	char d[LINE_DIGITS + CHECK_DIGITS], again[LINE_DIGITS + CHECK_DIGITS];
	uint64_t bits = 0;

	if (collect_digits(s, d) != sizeof d)
		return false;
	for (int i = 0; i < LINE_DIGITS - 1; i++)
		bits = bits << 5 | (unsigned)crockford_value(d[i]);
	bits = bits << 4 | (unsigned)crockford_value(d[LINE_DIGITS - 1]) >> 1;
	for (size_t i = 0; i < LINE_BYTES; i++)
		ret[i] = (uint8_t)(bits >> (8 * (LINE_BYTES - 1 - i)));
	line_digits(number, ret, again);
	return mem_eq(d, again, sizeof d);
}

int
master_key_of_kit(struct str text, uint8_t ret[MASTER_KEY_BYTES], struct error *e)
{
	bool found[KIT_LINES] = {0};

	while (text.n > 0) {
		struct str line = str_trim(str_cut(text, '\n', &text));
		unsigned number = line.n > 1 ? (unsigned)(line.p[0] - '0') : 0;

		if (number < 1 || number > KIT_LINES || (line.p[1] != ' ' && line.p[1] != '\t'))
			continue;
		if (!line_parse(number, str_from(line, 1), ret + (size_t)(number - 1) * LINE_BYTES))
			return err_key(e, ERR_INVALID, "kit-mistyped",
			    "line %u of the recovery kit is mistyped", number);
		found[number - 1] = true;
	}
	for (unsigned i = 0; i < KIT_LINES; i++) {
		if (!found[i])
			return err_key(e, ERR_INVALID, "kit-mistyped",
			    "line %u of the recovery kit is missing", i + 1);
	}
	return 0;
}
