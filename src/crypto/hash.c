/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * hash - see hash.h.  A failure of the library in these calls means that memory
 * is out or the library is broken; neither leaves anything sensible to do, so
 * both abort and the master restarts the role.
 */
#include "crypto/hash.h"

#include <stdlib.h>

#include <openssl/core_names.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <openssl/kdf.h>
#include <openssl/params.h>
#include <openssl/sha.h>
#include <zlib.h>

#include "base/arena.h"

static void
must(bool ok)
{
	if (!ok)
		abort();
}

struct sha256
sha256(const void *p, size_t n)
{
	struct sha256 d;

	must(SHA256(n > 0 ? p : "", n, d.b) != NULL);
	return d;
}

struct sha256
hmac_sha256(struct str key, struct str data)
{
	struct sha256 d;
	unsigned int n = sizeof d.b;

	must(key.n <= INT32_MAX);
	must(HMAC(EVP_sha256(), key.n > 0 ? key.p : "", (int)key.n,
	         (const uint8_t *)(data.n > 0 ? data.p : ""), data.n, d.b, &n) != NULL);
	return d;
}

struct hkdf_in {
	const char *digest;
	int mode;
	struct str key, salt, info;
};

static OSSL_PARAM
octets(const char *name, struct str s)
{
	return OSSL_PARAM_construct_octet_string(name, (void *)(s.n > 0 ? s.p : ""), s.n);
}

static void
hkdf(const struct hkdf_in *in, void *ret, size_t n)
{
	EVP_KDF *kdf = EVP_KDF_fetch(NULL, "HKDF", NULL);
	EVP_KDF_CTX *ctx = kdf != NULL ? EVP_KDF_CTX_new(kdf) : NULL;
	int mode = in->mode;
	OSSL_PARAM params[] = {
	    OSSL_PARAM_construct_utf8_string(OSSL_KDF_PARAM_DIGEST, (char *)in->digest, 0),
	    OSSL_PARAM_construct_int(OSSL_KDF_PARAM_MODE, &mode),
	    octets(OSSL_KDF_PARAM_KEY, in->key),
	    octets(OSSL_KDF_PARAM_INFO, in->info),
	    octets(OSSL_KDF_PARAM_SALT, in->salt),
	    OSSL_PARAM_construct_end(),
	};

	must(ctx != NULL);
	if (in->salt.n == 0)
		params[4] = OSSL_PARAM_construct_end();
	must(EVP_KDF_derive(ctx, ret, n, params) == 1);
	EVP_KDF_CTX_free(ctx);
	EVP_KDF_free(kdf);
}

void
hkdf_sha256(struct str key, struct str salt, struct str info, void *ret, size_t n)
{
	struct hkdf_in in = {"SHA256", EVP_KDF_HKDF_MODE_EXTRACT_AND_EXPAND, key, salt, info};

	hkdf(&in, ret, n);
}

void
hkdf_expand_sha512(struct str prk, struct str info, void *ret, size_t n)
{
	struct hkdf_in in = {"SHA512", EVP_KDF_HKDF_MODE_EXPAND_ONLY, prk, {NULL, 0}, info};

	hkdf(&in, ret, n);
}

struct digest {
	EVP_MD_CTX *ctx;
	enum digest_kind kind;
};

size_t
digest_bytes(enum digest_kind kind)
{
	static const size_t bytes[DIGEST_KIND_COUNT] = {[DIGEST_SHA1] = 20, [DIGEST_SHA256] = 32};

	return bytes[kind];
}

struct digest *
digest_new(enum digest_kind kind)
{
	struct digest *d = xcalloc(1, sizeof *d);

	d->kind = kind;
	d->ctx = EVP_MD_CTX_new();
	must(d->ctx != NULL &&
	     EVP_DigestInit_ex(d->ctx, kind == DIGEST_SHA1 ? EVP_sha1() : EVP_sha256(), NULL) == 1);
	return d;
}

void
digest_add(struct digest *d, const void *p, size_t n)
{
	must(EVP_DigestUpdate(d->ctx, p, n) == 1);
}

void
digest_end(struct digest *d, uint8_t ret[DIGEST_BYTES_MOST])
{
	must(EVP_DigestFinal_ex(d->ctx, ret, NULL) == 1);
}

struct sha256
digest_end_sha256(struct digest *d)
{
	struct sha256 h;

	must(d->kind == DIGEST_SHA256);
	digest_end(d, h.b);
	return h;
}

void
digest_free(struct digest **d)
{
	if (*d == NULL)
		return;
	EVP_MD_CTX_free((*d)->ctx);
	free(*d);
	*d = NULL;
}

uint32_t
crc32_add(uint32_t crc, const void *p, size_t n)
{
	/* zlib reads a NULL pointer as "give me the start value". */
	return n > 0 ? (uint32_t)crc32_z(crc, p, n) : crc;
}
