/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * address - what a mail address is here, for every way in and for the way out
 *
 * A strict subset of RFC 5321: local@domain, ASCII, at most 254 bytes; no quotes, no
 * comments, no address in brackets.  A Message-ID without its angle brackets is
 * written the same way.
 *
 * Layer: text.
 */
#pragma once

#include "base/base.h"

struct arena;
struct error;

bool address_is_valid(struct str s);
/* As people type it: trimmed, the domain lower-cased.  ERR_INVALID "bad-address". */
NODISCARD int address_clean(struct arena *a, struct str in, struct str *ret, struct error *e);
