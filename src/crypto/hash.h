/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * hash - SHA-256 and digests in pieces, HMAC-SHA-256, HKDF and CRC-32, thin over OpenSSL and zlib
 *
 * One-shot calls cannot fail but by lack of memory, which aborts.  Layer: crypto.
 */
#pragma once

#include "base/base.h"

#define SHA256_BYTES 32

struct sha256 {
	uint8_t b[SHA256_BYTES];
};

struct sha256 sha256(const void *p, size_t n);
struct sha256 hmac_sha256(struct str key, struct str data);
/* HKDF-Extract-and-Expand with SHA-256 (RFC 5869), n <= 255 * 32. */
void hkdf_sha256(struct str key, struct str salt, struct str info, void *ret, size_t n);
/* HKDF-Expand alone with SHA-512, as sealed.h needs it, n <= 255 * 64. */
void hkdf_expand_sha512(struct str prk, struct str info, void *ret, size_t n);

/* Streaming. */
size_t digest_bytes(enum digest_kind kind); /* DIGEST_NONE: 0 */
struct digest;
struct digest *digest_new(enum digest_kind kind); /* not DIGEST_NONE */
void digest_add(struct digest *d, const void *p, size_t n);
void digest_end(struct digest *d, uint8_t ret[DIGEST_BYTES_MOST]); /* then only free */
struct sha256 digest_end_sha256(struct digest *d);                 /* of that kind; the same */
void digest_free(struct digest **d);

/* CRC-32 of ZIP and PNG; start with 0. */
uint32_t crc32_add(uint32_t crc, const void *p, size_t n);
