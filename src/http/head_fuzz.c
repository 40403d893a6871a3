/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * head_fuzz - whatever is accepted lies inside the input and has one framing
 */
#include <stdlib.h>

#include "base/str.h"
#include "http/head.h"

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n);

static void
must_lie_inside(struct str s, struct str in)
{
	if (s.n > 0 && (s.p < in.p || s.p + s.n > in.p + in.n))
		abort();
}

int
LLVMFuzzerTestOneInput(const uint8_t *p, size_t n)
{
	struct str in = {(const char *)p, n};
	struct http_head h, again;
	size_t used = 0, used_again = 0;
	int r = http_head_parse(in, &h, &used);

	if (r != 1)
		return 0;
	if (used > n || used < 4 || memcmp(p + used - 4, "\r\n\r\n", 4) != 0)
		abort();
	if (h.host.n == 0 || (h.chunked && h.content_length >= 0))
		abort();
	must_lie_inside(h.target, in);
	for (size_t i = 0; i < h.field_count; i++) {
		must_lie_inside(h.fields[i].name, in);
		must_lie_inside(h.fields[i].value, in);
	}
	/* What follows a head must not change it, and no prefix of it is whole. */
	if (http_head_parse(str_head(in, used), &again, &used_again) != 1 || used_again != used)
		abort();
	if (http_head_parse(str_head(in, used - 1), &again, &used_again) != 0)
		abort();
	return 0;
}
