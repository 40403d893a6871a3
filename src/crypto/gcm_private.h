/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * gcm - AES-256-GCM over OpenSSL: one context that keeps its key schedule
 *
 * Setting the key costs more than sealing a small text, so the context is made
 * once and each message changes the nonce alone.  A context either seals or
 * opens.  Layer: crypto, private.
 */
#pragma once

#include "base/base.h"
#include "crypto/sealed.h"

#define GCM_NONCE_BYTES 12
#define GCM_TAG_BYTES 16

struct gcm;

struct gcm *gcm_new(const uint8_t key[DATA_KEY_BYTES], bool seal);
void gcm_free(struct gcm **g);

/* out receives n + 16 bytes; may not overlap p. */
void gcm_seal(struct gcm *g, const uint8_t nonce[GCM_NONCE_BYTES], struct str aad, const void *p,
    size_t n, uint8_t *out);
/* n counts the tag; out receives n - 16 bytes.  False: not authentic, out is wiped. */
bool gcm_open(struct gcm *g, const uint8_t nonce[GCM_NONCE_BYTES], struct str aad, const uint8_t *p,
    size_t n, void *out);
