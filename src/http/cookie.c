/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * cookie - one value out of a Cookie field
 *
 * Foreign cookies on our host may be malformed; they are stepped over.  A name
 * that is there twice was planted by somebody (a sibling host, another path),
 * and then neither is believed.
 */
#include "base/str.h"
#include "http/chars.h"
#include "http/http.h"

static bool
is_value(struct str s)
{
	for (size_t i = 0; i < s.n; i++)
		if (!http_is(s.p[i], HTTP_COOKIE))
			return false;
	return true;
}

struct str
http_cookie(struct str field, const char *name)
{
	struct str found = {NULL, 0};

	while (field.n > 0) {
		struct str value, pair = str_trim(str_cut(field, ';', &field));

		if (!str_eq_c(str_cut(pair, '=', &value), name) || value.p == NULL)
			continue;
		if (found.p != NULL || !is_value(value))
			return (struct str){NULL, 0};
		found = value;
	}
	return found;
}
