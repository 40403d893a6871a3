/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * gcm - see gcm_private.h.  OpenSSL hands out plaintext before it knows the
 * tag; gcm_open() wipes it again when the tag is wrong, so that a caller who
 * forgets to look at the result finds zeros.
 */
#include "crypto/gcm_private.h"

#include <assert.h>
#include <limits.h>
#include <stdlib.h>

#include <openssl/core_names.h>
#include <openssl/crypto.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/params.h>

#include "base/arena.h"

struct gcm {
	EVP_CIPHER *cipher;
	EVP_CIPHER_CTX *ctx;
	bool seal;
};

static void
must(bool ok)
{
	if (!ok)
		abort();
}

struct gcm *
gcm_new(const uint8_t key[DATA_KEY_BYTES], bool seal)
{
	struct gcm *g = xcalloc(1, sizeof *g);

	g->seal = seal;
	g->cipher = EVP_CIPHER_fetch(NULL, "AES-256-GCM", NULL);
	g->ctx = EVP_CIPHER_CTX_new();
	must(g->cipher != NULL && g->ctx != NULL);
	must(EVP_CipherInit_ex2(g->ctx, g->cipher, key, NULL, seal, NULL) == 1);
	return g;
}

void
gcm_free(struct gcm **g)
{
	if (*g == NULL)
		return;
	EVP_CIPHER_CTX_free((*g)->ctx); /* wipes the key schedule */
	EVP_CIPHER_free((*g)->cipher);
	free(*g);
	*g = NULL;
}

static void
begin(struct gcm *g, const uint8_t *nonce, struct str aad)
{
	int n;

	must(EVP_CipherInit_ex2(g->ctx, NULL, NULL, nonce, g->seal, NULL) == 1);
	if (aad.n > 0)
		must(EVP_CipherUpdate(g->ctx, NULL, &n, (const uint8_t *)aad.p, (int)aad.n) == 1);
}

void
gcm_seal(struct gcm *g, const uint8_t nonce[GCM_NONCE_BYTES], struct str aad, const void *p,
    size_t n, uint8_t *out)
{
	OSSL_PARAM tag[] = {
	    OSSL_PARAM_construct_octet_string(OSSL_CIPHER_PARAM_AEAD_TAG, out + n, GCM_TAG_BYTES),
	    OSSL_PARAM_construct_end()};
	uint8_t none[GCM_TAG_BYTES];
	int k = 0;

	assert(g->seal && n <= INT_MAX - GCM_TAG_BYTES && aad.n <= INT_MAX);
	begin(g, nonce, aad);
	if (n > 0)
		must(EVP_CipherUpdate(g->ctx, out, &k, p, (int)n) == 1 && k == (int)n);
	must(EVP_CipherFinal_ex(g->ctx, none, &k) == 1 && k == 0);
	must(EVP_CIPHER_CTX_get_params(g->ctx, tag) == 1);
}

bool
gcm_open(struct gcm *g, const uint8_t nonce[GCM_NONCE_BYTES], struct str aad, const uint8_t *p,
    size_t n, void *out)
{
	size_t plain = n - GCM_TAG_BYTES;
	uint8_t none[GCM_TAG_BYTES];
	int k = 0;

	assert(!g->seal && aad.n <= INT_MAX);
	if (n < GCM_TAG_BYTES || plain > INT_MAX)
		return false;
	OSSL_PARAM tag[] = {OSSL_PARAM_construct_octet_string(
	                        OSSL_CIPHER_PARAM_AEAD_TAG, (void *)(p + plain), GCM_TAG_BYTES),
	    OSSL_PARAM_construct_end()};
	begin(g, nonce, aad);
	must(EVP_CIPHER_CTX_set_params(g->ctx, tag) == 1);
	if (plain > 0)
		must(EVP_CipherUpdate(g->ctx, out, &k, p, (int)plain) == 1 && k == (int)plain);
	if (EVP_CipherFinal_ex(g->ctx, none, &k) == 1)
		return true;
	if (plain > 0)
		OPENSSL_cleanse(out, plain);
	ERR_clear_error(); /* or TLS on this thread would find our failure */
	return false;
}
