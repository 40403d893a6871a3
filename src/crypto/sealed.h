/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * sealed - the format of every blob: C2SP chunked-encryption, AES-256-GCM
 *
 *	salt[24] || commitment[32] || chunk 0 || chunk 1 || ...
 *	key[32] || base_nonce[12] || commitment[32] = HKDF-Expand-SHA-512(
 *X *
 * Each chunk is 16,384 bytes of plaintext and a 16-byte tag; the last is always
 * shorter, possibly empty; nonce k = base_nonce XOR k (big-endian), no AAD.
 * A blob is written once and never appended (a half-full chunk sealed twice
 * would repeat a nonce).  No plaintext byte leaves before its tag is checked.
 *
 * Source: c2sp.org/chunked-encryption; docs/internals/storage-format.md.  Layer: crypto.
 */
#pragma once

#include "base/base.h"

struct error;
struct sealed; /* derived keys and one reused cipher context */

#define DATA_KEY_BYTES 32
#define SEALED_HEAD_BYTES 56
#define SEALED_CHUNK_BYTES 16384
#define SEALED_TAG_BYTES 16
#define SEALED_STEP_BYTES (SEALED_CHUNK_BYTES + SEALED_TAG_BYTES)

struct data_key {
	uint8_t b[DATA_KEY_BYTES];
};
/* AUTO(data_key_wipe): gone at the end of its scope, whatever way that is left. */
void data_key_wipe(struct data_key *k);

enum sealed_purpose { SEALED_ORIGINAL = 1, SEALED_RENDITION = 2, SEALED_TEXT = 3 };

/* context = blob id (16) || purpose (1): swapping two blobs of one key fails. */
#define SEALED_CONTEXT_BYTES 17
void sealed_context(
    struct id128 blob, enum sealed_purpose purpose, uint8_t ret[SEALED_CONTEXT_BYTES]);

/* Size on disk of n bytes of plaintext, and back (false: no such size). */
uint64_t sealed_size(uint64_t plain_bytes);
bool sealed_plain_size(uint64_t sealed_bytes, uint64_t *ret);

/* New blob: a fresh salt; head receives the 56 bytes to write first. */
NODISCARD int sealed_new(const struct data_key *key, const uint8_t context[SEALED_CONTEXT_BYTES],
    uint8_t head[SEALED_HEAD_BYTES], struct sealed **ret, struct error *e);
/* Existing blob: ERR_CORRUPT when the commitment does not fit key and context. */
NODISCARD int sealed_open(const struct data_key *key, const uint8_t context[SEALED_CONTEXT_BYTES],
    const uint8_t head[SEALED_HEAD_BYTES], struct sealed **ret, struct error *e);
void sealed_free(struct sealed **s); /* wipes the keys */

/*
 * Sealing takes chunks 0, 1, 2, ... in order, once each, of a blob from
 * sealed_new; anything else is ERR_INTERNAL, since it would repeat a nonce.
 * Opening takes any chunk in any order, of a blob from sealed_open.
 */
/* n <= 16,384 bytes at p become n + 16 at out.  n < 16,384 ends the blob. */
NODISCARD int sealed_chunk_seal(
    struct sealed *s, uint64_t k, const void *p, size_t n, uint8_t *out, struct error *e);
/* n is the sealed length (16 .. 16,400); n - 16 bytes at out.  ERR_CORRUPT: out is wiped. */
NODISCARD int sealed_chunk_open(
    struct sealed *s, uint64_t k, const uint8_t *p, size_t n, void *out, struct error *e);

/* A whole blob to a descriptor (from its start): add as it comes, end once. */
struct sealed_writer;
NODISCARD int sealed_writer_new(int fd, const struct data_key *key,
    const uint8_t context[SEALED_CONTEXT_BYTES], struct sealed_writer **ret, struct error *e);
NODISCARD int sealed_write(struct sealed_writer *w, const void *p, size_t n, struct error *e);
/* Writes the last chunk.  No fsync: the store does that. */
NODISCARD int sealed_writer_end(
    struct sealed_writer *w, uint64_t *ret_plain_bytes, struct error *e);
uint64_t sealed_written(const struct sealed_writer *w); /* plaintext so far */
void sealed_writer_free(struct sealed_writer **w);

/* A whole blob from a descriptor, at any offset, blocking. */
struct sealed_reader;
NODISCARD int sealed_reader_new(int fd, const struct data_key *key,
    const uint8_t context[SEALED_CONTEXT_BYTES], struct sealed_reader **ret, struct error *e);
/*
 * Up to n bytes at offset; 0 at the end.  Short only at the end.  A read that
 * reaches the end has also checked the last, shorter chunk: the blob is whole.
 * After ERR_CORRUPT nothing at p is to be used.
 */
NODISCARD int sealed_read(
    struct sealed_reader *r, uint64_t offset, void *p, size_t n, size_t *ret, struct error *e);
uint64_t sealed_reader_bytes(const struct sealed_reader *r);
void sealed_reader_free(struct sealed_reader **r);
