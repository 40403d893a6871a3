/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * wrap - one key sealed under another: AES-256-GCM, random 96-bit nonce
 *
 *	wrap[60] = nonce[12] || ciphertext[32] || tag[16]
 *	AAD = kind[1] || epoch[4, big-endian] || id[16]
 *
 * Also seals short texts (mail bodies, person fields) with a caller's AAD.
 *
 * Layer: crypto.
 */
#pragma once

#include "base/base.h"
#include "crypto/sealed.h"

struct arena;
struct error;

#define WRAP_BYTES 60
struct key_wrap {
	uint8_t b[WRAP_BYTES];
};

/* What a wrapped key is for; part of the AAD, so kinds cannot be swapped. */
enum wrap_kind { WRAP_EPOCH = 'e', WRAP_VERSION = 'v', WRAP_PERSON = 'p', WRAP_MAIL = 'm' };

NODISCARD int wrap_seal(const struct data_key *under, enum wrap_kind kind, uint32_t epoch,
    struct id128 id, const struct data_key *key, struct key_wrap *ret, struct error *e);
/* ERR_CORRUPT when it was not made under this key for this kind, epoch and id. */
NODISCARD int wrap_open(const struct data_key *under, enum wrap_kind kind, uint32_t epoch,
    struct id128 id, const struct key_wrap *wrap, struct data_key *ret, struct error *e);

/* nonce || ciphertext || tag of any text up to 16 MiB. */
NODISCARD int text_seal(struct arena *a, const struct data_key *key, struct str aad,
    struct str text, struct str *ret, struct error *e);
NODISCARD int text_open(struct arena *a, const struct data_key *key, struct str aad,
    struct str sealed, struct str *ret, struct error *e);
