/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * compose - a mail as RFC 5322 text
 *
 * multipart/alternative of text and HTML; with a logo the HTML sits in
 * multipart/related beside it (cid:logo).  7-bit clean, CRLF, lines of at most
 * 76 bytes in bodies.  A control character in anything that becomes a header is
 * refused, never repaired: whoever put it there meant to add a header.
 *
 * Layer: egress.
 */
#pragma once

#include "base/base.h"

struct arena;
struct error;
struct msg_deliver;

/* Once per process, before the first mail. */
void compose_init(void);

/*
 * Errors: ERR_INVALID "bad-header" (control character, no address),
 * ERR_TOO_LARGE.  The text lives in the arena and ends with CRLF.
 */
NODISCARD int compose(
    struct arena *a, const struct msg_deliver *m, struct str *ret, struct error *e);
