/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * cookie_fuzz - the other small parsers: cookies, tags, languages, forms, percent, names, hosts
 */
#include <stdlib.h>

#include "base/arena.h"
#include "base/str.h"
#include "http/http.h"

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n);

static void
must(bool ok)
{
	if (!ok)
		abort();
}

static void
round_trip(struct arena *a, struct str in)
{
	struct str encoded, decoded;

	http_percent_encode(a, in, &encoded);
	if (!str_is_utf8(in))
		return;
	must(http_percent_decode(a, encoded, false, &decoded) && str_eq(decoded, in));
	must(http_percent_decode(a, encoded, true, &decoded) && str_eq(decoded, in));
}

static void
header_is_safe(struct str s)
{
	for (size_t i = 0; i < s.n; i++)
		must(s.p[i] >= ' ' && s.p[i] < 0x7f);
}

int
LLVMFuzzerTestOneInput(const uint8_t *p, size_t n)
{
	AUTO(arena_free) struct arena *a = arena_new();
	struct str in = {(const char *)p, n}, ret = {NULL, 0}, lang;
	bool strong;

	ret = http_cookie(in, "s");
	must(ret.p == NULL || (ret.p >= in.p && ret.p + ret.n <= in.p + in.n));
	strong = http_etag_strong_match(in, S("\"a\""));
	must(!strong || http_etag_weak_match(in, S("\"a\"")));
	lang = http_language(in, S("xx"));
	must(str_eq(lang, S("de")) || str_eq(lang, S("en")) || str_eq(lang, S("xx")));
	if (http_form_get(a, in, "s", &ret) == 1)
		must(str_is_utf8(ret));
	if (http_percent_decode(a, in, true, &ret))
		must(str_is_utf8(ret));
	round_trip(a, in);
	header_is_safe(http_attachment(a, in));
	if (http_authority(a, in, &ret)) {
		struct str again;

		header_is_safe(ret);
		must(http_authority(a, ret, &again) && str_eq(ret, again));
	}
	return 0;
}
