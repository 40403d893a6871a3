/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * tus_fuzz - any bytes as Upload-Metadata (it ends, values are valid text) and as Upload-Checksum
 */
#include <stdlib.h>

#include "base/arena.h"
#include "base/str.h"
#include "http/tus.h"

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n);

int
LLVMFuzzerTestOneInput(const uint8_t *p, size_t n)
{
	struct arena *a = arena_new();
	struct str key, value, rest = {(const char *)p, n};
	struct str algorithm, digest;
	size_t pairs = 0;

	while (tus_metadata_next(a, &rest, &key, &value) > 0) {
		if (!str_is_utf8(value) || key.n == 0 || ++pairs > n + 1)
			abort();
	}
	if (tus_checksum(a, (struct str){(const char *)p, n}, &algorithm, &digest) &&
	    (algorithm.n == 0 || digest.n > n))
		abort();
	arena_free(&a);
	return 0;
}
