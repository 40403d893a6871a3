/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * base_fuzz - numbers, hex, base64, ids and dates: what is read is written again alike
 */
#include <stdio.h>
#include <stdlib.h>

#include "base/arena.h"
#include "base/str.h"
#include "base/time.h"

#define NOW (1790000000LL * US_PER_S)
#define BYTES_MOST 1024

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n);

static void
must(bool ok)
{
	if (!ok)
		abort();
}

static void
numbers(struct arena *a, struct str in)
{
	uint64_t u = 0, u2 = 0;
	int64_t i = 0, i2 = 0;

	if (str_u64(in, &u))
		must(str_u64(arena_printf(a, "%llu", (unsigned long long)u), &u2) && u == u2);
	if (str_i64(in, &i))
		must(str_i64(arena_printf(a, "%lld", (long long)i), &i2) && i == i2);
	if (id_parse(in, &i))
		must(i > 0);
}

static void
encodings(struct arena *a, struct str in)
{
	uint8_t bytes[BYTES_MOST];
	struct id128 id;
	struct str s;

	if (str_unb64(a, in, &s))
		must(str_eq(str_b64(a, s.p, s.n), in));
	if (in.n / 2 <= sizeof bytes && str_unhex(in, bytes, in.n / 2))
		must(str_eq(str_hex(a, bytes, in.n / 2), str_lower(a, in)));
	if (in.n * 3 / 4 <= sizeof bytes && str_unb64url(in, bytes, in.n * 3 / 4))
		must(str_eq(str_b64url(a, bytes, in.n * 3 / 4), in));
	if (id128_parse(in, &id))
		must(str_eq(id128_hex(a, id), str_lower(a, in)));
	must(str_unb64(a, str_b64(a, in.p, in.n), &s) && str_eq(s, in));
}

static void
dates(struct arena *a, struct str in)
{
	int64_t us = 0, again = 0;

	if (time_parse_rfc3339(in, &us)) {
		must(time_parse_rfc3339(time_rfc3339(a, us), &again) && us == again);
		must(time_http(a, us).n > 0);
	}
	if (time_parse_human(in, NOW, "Europe/Berlin", &us))
		must(time_parse_rfc3339(time_rfc3339(a, us), &again) && us == again);
}

int
LLVMFuzzerTestOneInput(const uint8_t *p, size_t n)
{
	AUTO(arena_free) struct arena *a = arena_new();
	struct str in = {(const char *)p, n};

	numbers(a, in);
	encodings(a, in);
	dates(a, in);
	return 0;
}
