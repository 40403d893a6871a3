/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * sealed - the chunks; whole blobs by descriptor are in sealed_io.c
 *
 * This is the path of every downloaded byte: the key schedule is made once per
 * blob, a chunk costs one change of nonce and one pass.  Sealing insists on
 * chunks in order and once each, since that is what keeps nonces unique.
 */
#include "crypto/sealed.h"

#include <stdlib.h>

#include <openssl/crypto.h>

#include "base/arena.h"
#include "base/error.h"
#include "base/random.h"
#include "base/str.h"
#include "crypto/gcm_private.h"
#include "crypto/hash.h"

#define SALT_BYTES 24
#define COMMITMENT_BYTES 32
/* SP 800-38D allows 2^32 messages under one key; 64 TiB of plaintext. */
#define MAX_CHUNKS (1ULL << 32)

static const char LABEL[] = "c2sp.org/chunked-encryption@v1+AEAD_AES_256_GCM"; /* and its NUL */

struct sealed {
	struct gcm *gcm;
	uint64_t next; /* sealing: the chunk that must come next */
	uint8_t base_nonce[GCM_NONCE_BYTES];
	bool is_new, ended;
};

struct derived {
	uint8_t key[DATA_KEY_BYTES];
	uint8_t base_nonce[GCM_NONCE_BYTES];
	uint8_t commitment[COMMITMENT_BYTES];
};

_Static_assert(sizeof(struct derived) == 76, "derived keys are one HKDF output");
_Static_assert(SALT_BYTES + COMMITMENT_BYTES == SEALED_HEAD_BYTES, "head");

void
sealed_context(struct id128 blob, enum sealed_purpose purpose, uint8_t ret[SEALED_CONTEXT_BYTES])
{
	memcpy(ret, blob.b, sizeof blob.b);
	ret[16] = (uint8_t)purpose;
}

uint64_t
sealed_size(uint64_t plain_bytes)
{
	uint64_t chunks = plain_bytes / SEALED_CHUNK_BYTES + 1;

	return SEALED_HEAD_BYTES + plain_bytes + chunks * SEALED_TAG_BYTES;
}

bool
sealed_plain_size(uint64_t sealed_bytes, uint64_t *ret)
{
	uint64_t full, rest;

	if (sealed_bytes < SEALED_HEAD_BYTES + SEALED_TAG_BYTES)
		return false;
	full = (sealed_bytes - SEALED_HEAD_BYTES) / SEALED_STEP_BYTES;
	rest = (sealed_bytes - SEALED_HEAD_BYTES) % SEALED_STEP_BYTES;
	if (rest < SEALED_TAG_BYTES) /* cut at the end of a full chunk, or inside a tag */
		return false;
	*ret = full * SEALED_CHUNK_BYTES + rest - SEALED_TAG_BYTES;
	return true;
}

static void
derive(const struct data_key *key, const uint8_t *context, const uint8_t *salt, struct derived *ret)
{
	uint8_t info[sizeof LABEL + SALT_BYTES + SEALED_CONTEXT_BYTES];

	memcpy(info, LABEL, sizeof LABEL);
	memcpy(info + sizeof LABEL, salt, SALT_BYTES);
	memcpy(info + sizeof LABEL + SALT_BYTES, context, SEALED_CONTEXT_BYTES);
	hkdf_expand_sha512((struct str){(const char *)key->b, sizeof key->b},
	    (struct str){(const char *)info, sizeof info}, ret, sizeof *ret);
}

static struct sealed *
make(const struct derived *d, bool is_new)
{
	struct sealed *s = xcalloc(1, sizeof *s);

	s->gcm = gcm_new(d->key, is_new);
	s->is_new = is_new;
	memcpy(s->base_nonce, d->base_nonce, sizeof s->base_nonce);
	return s;
}

int
sealed_new(const struct data_key *key, const uint8_t context[SEALED_CONTEXT_BYTES],
    uint8_t head[SEALED_HEAD_BYTES], struct sealed **ret, struct error *e)
{
	struct derived d;

	random_bytes(head, SALT_BYTES);
	derive(key, context, head, &d);
	memcpy(head + SALT_BYTES, d.commitment, COMMITMENT_BYTES);
	*ret = make(&d, true);
	OPENSSL_cleanse(&d, sizeof d);
	return 0;
}

int
sealed_open(const struct data_key *key, const uint8_t context[SEALED_CONTEXT_BYTES],
    const uint8_t head[SEALED_HEAD_BYTES], struct sealed **ret, struct error *e)
{
	struct derived d;
	bool fits;

	derive(key, context, head, &d);
	fits = mem_eq(d.commitment, head + SALT_BYTES, COMMITMENT_BYTES);
	if (fits)
		*ret = make(&d, false);
	OPENSSL_cleanse(&d, sizeof d);
	if (!fits)
		return err_set(e, ERR_CORRUPT, "the blob was not sealed with this key and context");
	return 0;
}

void
sealed_free(struct sealed **s)
{
	if (*s == NULL)
		return;
	gcm_free(&(*s)->gcm);
	OPENSSL_cleanse(*s, sizeof **s);
	free(*s);
	*s = NULL;
}

static void
nonce_of(const struct sealed *s, uint64_t k, uint8_t ret[GCM_NONCE_BYTES])
{
	memcpy(ret, s->base_nonce, GCM_NONCE_BYTES);
	for (int i = GCM_NONCE_BYTES - 1; k > 0; i--, k >>= 8)
		ret[i] ^= (uint8_t)k;
}

int
sealed_chunk_seal(
    struct sealed *s, uint64_t k, const void *p, size_t n, uint8_t *out, struct error *e)
{
	uint8_t nonce[GCM_NONCE_BYTES];

	if (!s->is_new || s->ended || k != s->next)
		return err_set(
		    e, ERR_INTERNAL, "chunk %llu sealed out of turn", (unsigned long long)k);
	if (n > SEALED_CHUNK_BYTES)
		return err_set(e, ERR_INVALID, "chunk of %zu bytes", n);
	if (k >= MAX_CHUNKS)
		return err_set(e, ERR_TOO_LARGE, "the blob has too many chunks");
	nonce_of(s, k, nonce);
	gcm_seal(s->gcm, nonce, S(""), p, n, out);
	s->next++;
	s->ended = n < SEALED_CHUNK_BYTES;
	return 0;
}

int
sealed_chunk_open(
    struct sealed *s, uint64_t k, const uint8_t *p, size_t n, void *out, struct error *e)
{
	uint8_t nonce[GCM_NONCE_BYTES];

	if (s->is_new)
		return err_set(e, ERR_INTERNAL, "a blob being sealed cannot be opened");
	if (n < SEALED_TAG_BYTES || n > SEALED_STEP_BYTES || k >= MAX_CHUNKS)
		return err_set(
		    e, ERR_CORRUPT, "chunk %llu has %zu bytes", (unsigned long long)k, n);
	nonce_of(s, k, nonce);
	if (!gcm_open(s->gcm, nonce, S(""), p, n, out))
		return err_set(
		    e, ERR_CORRUPT, "chunk %llu is not authentic", (unsigned long long)k);
	return 0;
}

void
data_key_wipe(struct data_key *k)
{
	explicit_bzero(k, sizeof *k);
}
