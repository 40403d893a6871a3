/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * name_fuzz - any bytes as names; what comes out is clean and stays so
 */
#include <stdint.h>

#include "base/arena.h"
#include "base/error.h"
#include "base/str.h"
#include "base/limits.h"
#include "text/address.h"
#include "text/name.h"

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n);

int
LLVMFuzzerTestOneInput(const uint8_t *p, size_t n)
{
	AUTO(arena_free) struct arena *a = arena_new();
	struct str in = {(const char *)p, n}, s, again;
	struct error e;

	if (name_clean(a, in, &s, &e) == 0) {
		if (s.n == 0 || s.n > LIMIT_NAME_BYTES || !str_is_utf8(s) || str_find(s, 47) < s.n)
			__builtin_trap();
		if (name_clean(a, s, &again, &e) < 0 || !str_eq(s, again))
			__builtin_trap();
	}
	if (path_clean(a, in, &s, &e) == 0 && s.n > LIMIT_PATH_BYTES)
		__builtin_trap();
	if (text_clean(a, in, 4096, true, &s, &e) == 0 && !str_is_utf8(s))
		__builtin_trap();
	if (address_clean(a, in, &s, &e) == 0 &&
	    (s.n > LIMIT_ADDRESS_BYTES || str_find(s, 10) < s.n))
		__builtin_trap();
	(void)number_parse(a, in, &s);
	if (str_is_utf8(in) && n < 4096)
		(void)name_folded(a, in);
	return 0;
}
