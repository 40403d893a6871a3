/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * token - 256 random bits as text: what a cookie, a one-time link or an api key holds
 *
 * Whoever has it is let in, so only its SHA-256 is kept, and a row is found by that.
 *
 * Layer: crypto.
 */
#pragma once

#include "base/base.h"
#include "crypto/hash.h"

struct arena;

#define TOKEN_CHARACTERS 43 /* of base64url; anything longer or shorter is none of ours */

struct str token_new(struct arena *a);
struct sha256 token_hash(struct str token);
