/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * qr - see qr.h
 *
 * The library keeps flags in the squares' upper bits; only the colour leaves here.
 */
#include "text/qr.h"

#include <qrencode.h>

#include "base/arena.h"
#include "base/error.h"
#include "base/str.h"

int
qr_make(struct arena *a, struct str text, struct qr *ret, struct error *e)
{
	QRcode *code =
	    QRcode_encodeData((int)text.n, (const unsigned char *)text.p, 0, QR_ECLEVEL_M);
	size_t n;
	uint8_t *out;

	if (code == NULL)
		return err_set(e, ERR_TOO_LARGE, "no QR code of %zu bytes", text.n);
	n = (size_t)code->width * (size_t)code->width;
	out = ARENA_ARRAY(a, uint8_t, n);
	for (size_t i = 0; i < n; i++)
		out[i] = code->data[i] & 1;
	*ret = (struct qr){code->width, out};
	QRcode_free(code);
	return 0;
}
