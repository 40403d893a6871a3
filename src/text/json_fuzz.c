/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * json_fuzz - any bytes as JSON; what is read holds what json.h promises
 */
#include <stdint.h>

#include "base/arena.h"
#include "base/error.h"
#include "base/str.h"
#include "text/json.h"

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n);

int
LLVMFuzzerTestOneInput(const uint8_t *p, size_t n)
{
	struct json_doc *d = NULL;
	struct error e;

	if (json_parse((struct str){(const char *)p, n}, &d, &e) == 0) {
		struct str s;
		int64_t i = 0;
		if (json_get_str(json_root(d), "s", &s, &e) == 1 && !str_is_utf8(s))
			__builtin_trap();
		if (json_get_int(json_root(d), "i", &i, &e) == 1 && (i > ((int64_t)1 << 53)))
			__builtin_trap();
		(void)json_done(json_root(d), &e);
	}
	json_free(&d);
	return 0;
}
