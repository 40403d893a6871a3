/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * tus - see tus.h.  Refuses rather than guesses: what is echoed must be what was
 * understood.
 */
#include "http/tus.h"

#include "base/arena.h"
#include "base/str.h"

static bool
is_ascii(struct str s)
{
	for (size_t i = 0; i < s.n; i++) {
		if (s.p[i] < ' ' || s.p[i] > '~')
			return false;
	}
	return true;
}

static bool
comes_again(struct str rest, struct str key)
{
	while (rest.p != NULL) {
		struct str unused, pair = str_trim(str_cut(rest, ',', &rest));

		if (str_eq(str_cut(pair, ' ', &unused), key))
			return true;
	}
	return false;
}

int
tus_metadata_next(struct arena *a, struct str *rest, struct str *key, struct str *value)
{
	struct str encoded, pair;

	*value = (struct str){0};
	if (rest->p == NULL || rest->n == 0)
		return 0;
	if (!is_ascii(*rest))
		return -1;
	pair = str_trim(str_cut(*rest, ',', rest));
	*key = str_cut(pair, ' ', &encoded);
	if (key->n == 0 || comes_again(*rest, *key))
		return -1;
	if (encoded.n > 0 && (!str_unb64(a, str_trim(encoded), value) || !str_is_utf8(*value)))
		return -1;
	return 1;
}

bool
tus_checksum(struct arena *a, struct str field, struct str *algorithm, struct str *digest)
{
	struct str encoded;

	*algorithm = str_cut(str_trim(field), ' ', &encoded);
	return is_ascii(field) && algorithm->n > 0 && encoded.n > 0 &&
	       str_unb64(a, str_trim(encoded), digest);
}
