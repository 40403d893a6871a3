/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * range - one byte range; several are ignored, which RFC 9110 allows
 *
 * Positions beyond 64 bits are cut to the largest number: such a first byte is
 * unsatisfiable and such a last byte means the end, as with any other number
 * larger than the representation.
 */
#include "base/str.h"
#include "http/http.h"

/* Digits only, saturating. */
static bool
position(struct str s, uint64_t *ret)
{
	uint64_t v = 0;

	if (s.n == 0)
		return false;
	for (size_t i = 0; i < s.n; i++) {
		if (s.p[i] < '0' || s.p[i] > '9')
			return false;
		if (__builtin_mul_overflow(v, 10, &v) ||
		    __builtin_add_overflow(v, (uint64_t)(s.p[i] - '0'), &v)) {
			v = UINT64_MAX;
			/* Stay there: both steps overflow again for every further digit. */
		}
	}
	*ret = v;
	return true;
}

static int
suffix(struct str digits, uint64_t n, uint64_t *from, uint64_t *to)
{
	uint64_t last;

	if (!position(digits, &last))
		return 0;
	if (last == 0 || n == 0)
		return -416;
	*from = last < n ? n - last : 0;
	*to = n;
	return 1;
}

int
http_range(struct str value, uint64_t n, uint64_t *from, uint64_t *to)
{
	struct str set, unit, first, last;
	uint64_t a, b = UINT64_MAX;
	size_t dash;

	unit = str_cut(value, '=', &set);
	if (!str_ieq(unit, S("bytes")))
		return 0;
	set = str_trim(set);
	dash = str_find(set, '-');
	if (dash == set.n)
		return 0;
	first = str_head(set, dash);
	last = str_from(set, dash + 1);
	if (first.n == 0)
		return suffix(last, n, from, to);
	if (!position(first, &a) || (last.n > 0 && (!position(last, &b) || b < a)))
		return 0;
	if (a >= n)
		return -416;
	*from = a;
	*to = b < n ? b + 1 : n;
	return 1;
}
