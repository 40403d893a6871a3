/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * etag - comparing entity tags with the lists of conditional requests
 *
 * A malformed list matches nothing: If-Match then fails, If-None-Match gives
 * the whole representation.  Both are the safe side.
 */
#include "base/str.h"
#include "http/http.h"

/* Cut one tag off *list: its opaque part with quotes.  False: malformed. */
static bool
take_tag(struct str *list, bool *weak, struct str *ret)
{
	size_t n = 1;

	*weak = str_starts(*list, S("W/"));
	if (*weak)
		*list = str_from(*list, 2);
	if (list->n < 2 || list->p[0] != '"')
		return false;
	while (n < list->n && list->p[n] != '"') {
		unsigned char c = (unsigned char)list->p[n++];

		if (c < 0x21 || c == 0x7f)
			return false;
	}
	if (n == list->n)
		return false;
	*ret = str_head(*list, n + 1);
	*list = str_from(*list, n + 1);
	return true;
}

/* Blanks, and a comma when another member follows.  False: something else stands there. */
static bool
take_comma(struct str *list)
{
	*list = str_trim(*list);
	if (list->n == 0)
		return true;
	if (list->p[0] != ',')
		return false;
	while (list->n > 0 && list->p[0] == ',')
		*list = str_trim(str_from(*list, 1));
	return true;
}

static bool
match(struct str list, struct str etag, bool strong)
{
	struct str mine, one, rest = etag;
	bool mine_weak, weak, found = false;

	list = str_trim(list);
	if (str_eq(list, S("*")))
		return true;
	if (list.n == 0 || !take_tag(&rest, &mine_weak, &mine) || rest.n > 0)
		return false;
	while (list.n > 0) {
		if (!take_tag(&list, &weak, &one))
			return false;
		if (str_eq(one, mine) && !(strong && (weak || mine_weak)))
			found = true;
		if (!take_comma(&list))
			return false;
	}
	return found;
}

bool
http_etag_strong_match(struct str list, struct str etag)
{
	return match(list, etag, true);
}

bool
http_etag_weak_match(struct str list, struct str etag)
{
	return match(list, etag, false);
}
