/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * body_fuzz - the same content and the same end, however the bytes are cut
 */
#include <stdlib.h>

#include "base/str.h"
#include "http/body.h"

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n);

struct outcome {
	int result;
	size_t used;
	uint64_t content, sum;
};

static struct outcome
feed(struct str in, size_t step, int64_t length, bool chunked)
{
	struct outcome o = {0};
	struct http_body b;
	size_t skip = 1, data = 0;

	http_body_init(&b, length, chunked);
	while (o.result == 0 && skip + data > 0) {
		struct str piece = str_head(str_from(in, o.used), step);

		o.result = http_body_next(&b, piece, &skip, &data);
		if (o.result < 0)
			break;
		if (skip + data > piece.n)
			abort();
		for (size_t i = 0; i < data; i++)
			o.sum = o.sum * 31 + (unsigned char)piece.p[skip + i];
		o.used += skip + data;
		o.content += data;
	}
	return o;
}

int
LLVMFuzzerTestOneInput(const uint8_t *p, size_t n)
{
	struct str in = {(const char *)p + 1, n - 1};
	struct outcome whole, bytes;
	bool chunked;

	if (n == 0)
		return 0;
	chunked = (p[0] & 1) != 0;
	whole = feed(in, SIZE_MAX, p[0] >> 1, chunked);
	bytes = feed(in, 1, p[0] >> 1, chunked);
	if (whole.result != bytes.result)
		abort();
	if (whole.result == 1 && (whole.used != bytes.used || whole.sum != bytes.sum))
		abort();
	if (whole.result >= 0 && whole.content != bytes.content)
		abort();
	return 0;
}
