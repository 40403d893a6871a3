/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * wrap - see wrap.h.  Random nonces are right here and only here: a wrapping
 * key lives a month and seals far fewer than 2^32 keys.
 */
#include "crypto/wrap.h"

#include "base/arena.h"
#include "base/error.h"
#include "base/random.h"
#include "crypto/gcm_private.h"

#define MAX_TEXT_BYTES (16 * 1024 * 1024)
#define AAD_BYTES 21

_Static_assert(WRAP_BYTES == GCM_NONCE_BYTES + DATA_KEY_BYTES + GCM_TAG_BYTES, "wrap");

static void
wrap_aad(enum wrap_kind kind, uint32_t epoch, struct id128 id, char ret[AAD_BYTES])
{
	ret[0] = (char)kind;
	for (int i = 0; i < 4; i++)
		ret[1 + i] = (char)(epoch >> (24 - 8 * i));
	memcpy(ret + 5, id.b, sizeof id.b);
}

static void
seal(const struct data_key *under, struct str aad, const void *p, size_t n, uint8_t *out)
{
	AUTO(gcm_free) struct gcm *g = gcm_new(under->b, true);

	random_bytes(out, GCM_NONCE_BYTES);
	gcm_seal(g, out, aad, p, n, out + GCM_NONCE_BYTES);
}

static bool
unseal(const struct data_key *under, struct str aad, const uint8_t *p, size_t n, void *out)
{
	AUTO(gcm_free) struct gcm *g = gcm_new(under->b, false);

	return gcm_open(g, p, aad, p + GCM_NONCE_BYTES, n - GCM_NONCE_BYTES, out);
}

int
wrap_seal(const struct data_key *under, enum wrap_kind kind, uint32_t epoch, struct id128 id,
    const struct data_key *key, struct key_wrap *ret, struct error *e)
{
	char aad[AAD_BYTES];

	wrap_aad(kind, epoch, id, aad);
	seal(under, (struct str){aad, sizeof aad}, key->b, sizeof key->b, ret->b);
	return 0;
}

int
wrap_open(const struct data_key *under, enum wrap_kind kind, uint32_t epoch, struct id128 id,
    const struct key_wrap *wrap, struct data_key *ret, struct error *e)
{
	char aad[AAD_BYTES];

	wrap_aad(kind, epoch, id, aad);
	if (!unseal(under, (struct str){aad, sizeof aad}, wrap->b, sizeof wrap->b, ret->b))
		return err_set(e, ERR_CORRUPT, "a wrapped key is not authentic");
	return 0;
}

int
text_seal(struct arena *a, const struct data_key *key, struct str aad, struct str text,
    struct str *ret, struct error *e)
{
	size_t n = GCM_NONCE_BYTES + text.n + GCM_TAG_BYTES;
	uint8_t *out;

	if (text.n > MAX_TEXT_BYTES || aad.n > MAX_TEXT_BYTES)
		return err_set(e, ERR_TOO_LARGE, "a text of %zu bytes to seal", text.n);
	out = arena_alloc(a, n);
	seal(key, aad, text.p, text.n, out);
	*ret = (struct str){(char *)out, n};
	return 0;
}

int
text_open(struct arena *a, const struct data_key *key, struct str aad, struct str sealed,
    struct str *ret, struct error *e)
{
	size_t overhead = GCM_NONCE_BYTES + GCM_TAG_BYTES;
	char *out;

	if (sealed.n < overhead || sealed.n > MAX_TEXT_BYTES + overhead || aad.n > MAX_TEXT_BYTES)
		return err_set(e, ERR_CORRUPT, "a sealed text of %zu bytes", sealed.n);
	out = arena_alloc(a, sealed.n - overhead + 1);
	if (!unseal(key, aad, (const uint8_t *)sealed.p, sealed.n, out))
		return err_set(e, ERR_CORRUPT, "a sealed text is not authentic");
	*ret = (struct str){out, sealed.n - overhead};
	return 0;
}
