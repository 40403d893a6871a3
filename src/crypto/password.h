/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * password - Argon2id over libsodium (RFC 9106)
 *
 * 64 MiB and 3 passes, about 0.1 s: only for the lane of the one app that is kept for it
 * (docs/internals/messages.md), and never while a change is open.
 *
 * Layer: crypto.
 */
#pragma once

#include "base/base.h"

struct arena;
struct error;

#define PASSWORD_LEAST 12 /* characters */
#define PASSWORD_MOST 512 /* bytes */

/* In libsodium's string form, with salt and costs.  ERR_BUSY when there is no memory for it. */
NODISCARD int password_hash(struct arena *a, struct str password, struct str *ret, struct error *e);
bool password_matches(struct str hash, struct str password);
/*
 * The same work for somebody who does not exist, so that its time tells nothing.
 * Always false.
 */
void password_matches_nobody(struct str password);
/* Long enough, and not one character again and again. */
bool password_is_fit(struct str password);
