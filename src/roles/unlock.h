/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * unlock - from the file of the master key to the key: where it lies, and who is asked
 *
 * The file is $CREDENTIALS_DIRECTORY/master.key where systemd gives one, else
 * DIR/keys/master.key.  Where it is locked (crypto/master_key.h) the passphrase
 * comes from the first of: the descriptor that GELEIT_PASSPHRASE_FD names, the
 * credential "passphrase", the terminal.
 *
 * Layer: roles.
 */
#pragma once

#include "base/base.h"
#include "crypto/vault.h"

struct arena;
struct error;
struct str;

struct str master_key_path(struct arena *a, struct str dir);
/* Errors: ERR_DENIED "wrong-passphrase", "wrong-master-key", "no-passphrase". */
NODISCARD int master_key_read(
    struct arena *a, struct str dir, uint8_t ret[MASTER_KEY_BYTES], struct error *e);
/*
 * The same as a descriptor whose 32 bytes are read from offset 0: of the file itself, or of
 * a sealed memfd, so that a keeper that ended starts again without anybody at the terminal.
 */
NODISCARD int master_key_fd(struct arena *a, struct str dir, int *ret, struct error *e);
NODISCARD int vault_of_dir(struct arena *a, struct str dir, struct vault **ret, struct error *e);
/* Of a descriptor that master_key_fd made, which stays open. */
NODISCARD int vault_of_fd(int fd, struct vault **ret, struct error *e);

/* Without its line end.  Errors: ERR_DENIED "no-passphrase": nobody is there to ask. */
NODISCARD int passphrase_ask(struct arena *a, const char *prompt, struct str *ret, struct error *e);
