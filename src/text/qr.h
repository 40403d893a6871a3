/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * qr - a text as the squares of a QR code (ISO/IEC 18004), by libqrencode
 *
 * Layer: text.
 */
#pragma once

#include "base/base.h"

struct arena;
struct error;

struct qr {
	int width;              /* squares a side, without the quiet zone */
	const uint8_t *squares; /* width * width, row by row: 1 dark, 0 light */
};
/* Error correction M.  ERR_TOO_LARGE: nothing, or more than a QR code holds. */
NODISCARD int qr_make(struct arena *a, struct str text, struct qr *ret, struct error *e);
