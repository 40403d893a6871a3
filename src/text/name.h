/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * name - file names, folder paths, texts, delivery numbers made safe or refused
 *
 * Layer: text.
 */
#pragma once

#include "base/base.h"

struct arena;
struct error;

/*
 * A file name for storing and showing: NFC, the last component only, controls,
 * bidi controls and separators removed, reserved Windows names and trailing
 * dots altered, at most LIMIT_NAME_BYTES on a character border with the
 * extension kept; an empty one becomes "datei".  Never fails on UTF-8;
 * ERR_INVALID "bad-name" when it is not UTF-8.
 */
NODISCARD int name_clean(struct arena *a, struct str in, struct str *ret, struct error *e);
/* Unique within a package (case folded): "a.pdf", "a (2).pdf". */
struct str name_numbered(struct arena *a, struct str name, int n);
struct str name_folded(struct arena *a, struct str name); /* NFC + case fold, for comparing */
/* "A/B" from what a person typed: components cleaned; ERR_INVALID for "..", too deep, too long. */
NODISCARD int path_clean(struct arena *a, struct str in, struct str *ret, struct error *e);
/* Any text of one line or several: UTF-8, no controls but LF and TAB when many lines are allowed,
 * NFC. */
NODISCARD int text_clean(struct arena *a, struct str in, size_t max_bytes, bool many_lines,
    struct str *ret, struct error *e);

/* XXXX-XXXX in Crockford base32, 40 random bits. */
struct str number_new(struct arena *a);
/* Upper-cased, I L O read as 1 1 0, with or without the dash; false when it is none. */
bool number_parse(struct arena *a, struct str in, struct str *ret);
