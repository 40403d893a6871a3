/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * master_key - the forms the master key has outside of memory
 *
 * A file holds either its 32 bytes or, locked, four lines of text: the key sealed
 * with XChaCha20-Poly1305 under a key that Argon2id (RFC 9106, 256 MiB, 3 passes)
 * makes of a passphrase.  A recovery kit is the key on paper: four numbered lines
 * of Crockford's base32, each with its own check, so that a slip of the pen is
 * found by its line.  docs/internals/storage-format.md has both in full.
 *
 * Layer: crypto.
 */
#pragma once

#include "base/base.h"
#include "crypto/vault.h"

struct arena;
struct error;

#define MASTER_KEY_FILE_MOST 512 /* bytes of either form */

bool master_key_is_locked(struct str file);
/* ERR_BUSY when there is no memory for it. */
NODISCARD int master_key_lock(struct arena *a, const uint8_t key[MASTER_KEY_BYTES],
    struct str passphrase, struct str *ret, struct error *e);
/*
 * passphrase is looked at only where the file is locked.
 * Errors: ERR_DENIED "wrong-passphrase"; ERR_DENIED "wrong-master-key": neither form.
 */
NODISCARD int master_key_open(
    struct str file, struct str passphrase, uint8_t ret[MASTER_KEY_BYTES], struct error *e);

/* The four lines. */
struct str master_key_kit(struct arena *a, const uint8_t key[MASTER_KEY_BYTES]);
/*
 * From whatever text holds them: lines that begin with a number 1 to 4 and a blank count,
 * others are passed over.  Errors: ERR_INVALID "kit-mistyped", naming the line.
 */
NODISCARD int master_key_of_kit(struct str text, uint8_t ret[MASTER_KEY_BYTES], struct error *e);
