/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * master_key_fuzz - texts taken for a recovery kit: what is read is written again alike
 */
#include <stdlib.h>

#include "base/arena.h"
#include "base/error.h"
#include "base/str.h"
#include "crypto/master_key.h"

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n);

int
LLVMFuzzerTestOneInput(const uint8_t *p, size_t n)
{
	AUTO(arena_free) struct arena *a = arena_new();
	uint8_t key[MASTER_KEY_BYTES], again[MASTER_KEY_BYTES];
	struct str in = {(const char *)p, n};
	struct error e;

	if (!master_key_is_locked(in)) /* a passphrase costs too much to try many */
		(void)master_key_open(in, S(""), key, &e);
	if (master_key_of_kit(in, key, &e) == 0 &&
	    (master_key_of_kit(master_key_kit(a, key), again, &e) != 0 ||
	        memcmp(key, again, sizeof key) != 0))
		abort();
	return 0;
}
