/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * range_fuzz - a satisfiable range is never empty and lies inside
 */
#include <stdlib.h>

#include "base/str.h"
#include "http/http.h"

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n);

int
LLVMFuzzerTestOneInput(const uint8_t *p, size_t n)
{
	uint64_t total, from = 0, to = 0;
	int r;

	if (n < sizeof total)
		return 0;
	memcpy(&total, p, sizeof total);
	r = http_range(
	    (struct str){(const char *)p + sizeof total, n - sizeof total}, total, &from, &to);
	if (r == 1 && (from >= to || to > total))
		abort();
	if (r != 1 && r != 0 && r != -416)
		abort();
	return 0;
}
