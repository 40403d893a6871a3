/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * vault - what the master key can do, and nothing else
 *
 * The keeper holds one vault; fsck and tests make their own.  Keys live in
 * guarded, unswappable memory (libsodium).  Branches under the master key are
 * derived with HKDF-SHA-256 and a label each: epochs, pepper, tickets, check.
 *
 * Layer: crypto.
 */
#pragma once

#include "base/base.h"
#include "crypto/hash.h"
#include "crypto/wrap.h"

struct error;
struct vault;

#define MASTER_KEY_BYTES 32

NODISCARD int vault_new(
    const uint8_t master[MASTER_KEY_BYTES], struct vault **ret, struct error *e);
void vault_free(struct vault **v);
/* False: the kernel refused to lock the keys into memory (RLIMIT_MEMLOCK); worth a note. */
bool vault_is_locked(const struct vault *v);

/* 16 bytes that tell whether this is the right master key, not what it is. */
void vault_check_value(const struct vault *v, uint8_t ret[16]);

/* A new epoch key, wrapped under the master key.  epoch is YYYYMM. */
NODISCARD int vault_epoch_new(
    struct vault *v, uint32_t epoch, struct key_wrap *ret, struct error *e);
/* An epoch as its row in the key database has it. */
struct vault_epoch {
	uint32_t epoch; /* YYYYMM */
	struct key_wrap wrap;
};
/* Keys under an epoch key.  Errors: ERR_CORRUPT; ERR_DENIED for WRAP_EPOCH, which never leaves. */
NODISCARD int vault_wrap(struct vault *v, const struct vault_epoch *epoch, enum wrap_kind kind,
    struct id128 id, const struct data_key *key, struct key_wrap *ret, struct error *e);
NODISCARD int vault_unwrap(struct vault *v, const struct vault_epoch *epoch, enum wrap_kind kind,
    struct id128 id, const struct key_wrap *wrap, struct data_key *ret, struct error *e);

/* HMAC under the pepper: label || 0x00 || data.  For link tokens and codes. */
struct sha256 vault_pepper(struct vault *v, struct str label, struct str data);
/* The MAC key of tickets of one run of the server (boot: 16 random bytes of master's). */
struct data_key vault_ticket_key(struct vault *v, struct id128 boot);
