/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * language - which of our two languages the reader likes best (RFC 9110 12.5.4)
 *
 * Only the primary subtag counts (de-AT is de); among equals the first named
 * wins, as browsers mean it; "*" names neither.
 */
#include "base/str.h"
#include "http/http.h"

/* "0", "1", "0.123" as thousandths; -1: malformed. */
static int
quality(struct str s)
{
	static const int worth[] = {100, 10, 1};
	int v;

	if (s.n == 0 || s.n > 5 || (s.p[0] != '0' && s.p[0] != '1'))
		return -1;
	v = (s.p[0] - '0') * 1000;
	if (s.n > 1 && s.p[1] != '.')
		return -1;
	for (size_t i = 2; i < s.n; i++) {
		if (s.p[i] < '0' || s.p[i] > '9')
			return -1;
		v += (s.p[i] - '0') * worth[i - 2];
	}
	return v <= 1000 ? v : -1;
}

/* The weight of one member; -1: malformed. */
static int
weight(struct str params)
{
	struct str value, name;

	if (params.p == NULL)
		return 1000;
	name = str_cut(str_trim(params), '=', &value);
	return str_ieq(name, S("q")) ? quality(value) : -1;
}

struct str
http_language(struct str value, struct str def)
{
	struct str best = def;
	int best_weight = 0;

	while (value.n > 0) {
		struct str params, sub, one = str_cut(value, ',', &value);
		struct str primary;
		int w;

		primary = str_cut(str_trim(str_cut(one, ';', &params)), '-', &sub);
		w = weight(params);
		if (w <= best_weight)
			continue;
		if (str_ieq(primary, S("de")))
			best = S("de");
		else if (str_ieq(primary, S("en")))
			best = S("en");
		else
			continue;
		best_weight = w;
	}
	return best;
}
