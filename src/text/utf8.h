/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * utf8 - one character at a time
 *
 * Layer: text.
 */
#pragma once

#include "base/base.h"

struct arena;
struct buf;

#define UTF8_BAD 0xffffffffu

/*
 * The first character of s (not empty): its bytes; *ret is UTF8_BAD and the
 * result 1 where RFC 3629 does not hold.
 */
size_t utf8_next(struct str s, uint32_t *ret);
void utf8_put(struct buf *b, uint32_t c);

/* Normal form C; s must be valid.  The same text when there is nothing to do. */
struct str utf8_nfc(struct arena *a, struct str s);
struct str utf8_folded(struct arena *a, struct str s); /* NFC, case fold, NFC */
struct str utf8_upper(struct arena *a, struct str s);

/* At most max bytes, cut on a character border. */
struct str utf8_head(struct str s, size_t max);

/* Controls of both kinds, and separators of lines and paragraphs. */
bool utf8_is_control(uint32_t c);
/* Characters that are not seen but turn or hide what stands beside them. */
bool utf8_is_invisible(uint32_t c);
