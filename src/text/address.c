/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * address - see address.h.  A file of its own, so that egress, which must not
 * load ICU, takes this alone from the library.
 */
#include "text/address.h"

#include "base/arena.h"
#include "base/error.h"
#include "base/limits.h"
#include "base/str.h"

static bool
is_alnum(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
}

/* dot-atom of RFC 5322: no quotes, no comments, no dot at an end or twice. */
static bool
local_ok(struct str s)
{
	if (s.n == 0 || s.n > 64 || s.p[0] == '.' || s.p[s.n - 1] == '.')
		return false;
	for (size_t i = 0; i < s.n; i++) {
		char c = s.p[i];
		if (c == '.' && s.p[i - 1] == '.')
			return false;
		if (c == '\0' || (!is_alnum(c) && strchr(".!#$%&'*+-/=?^_`{|}~", c) == NULL))
			return false;
	}
	return true;
}

static bool
label_ok(struct str s)
{
	if (s.n == 0 || s.n > 63 || s.p[0] == '-' || s.p[s.n - 1] == '-')
		return false;
	for (size_t i = 0; i < s.n; i++) {
		if (!is_alnum(s.p[i]) && s.p[i] != '-')
			return false;
	}
	return true;
}

static bool
domain_ok(struct str s)
{
	struct str rest = s;

	do {
		if (!label_ok(str_cut(rest, '.', &rest)))
			return false;
	} while (rest.p != NULL);
	return true;
}

bool
address_is_valid(struct str s)
{
	struct str domain, local = str_cut(s, '@', &domain);

	return s.n <= LIMIT_ADDRESS_BYTES && domain.p != NULL && local_ok(local) &&
	       domain_ok(domain);
}

int
address_clean(struct arena *a, struct str in, struct str *ret, struct error *e)
{
	struct str domain, s = str_trim(in), local = str_cut(s, '@', &domain);

	if (!address_is_valid(s))
		return err_key(e, ERR_INVALID, "bad-address", "not a mail address");
	*ret = arena_printf(a, "%.*s@%.*s", STR(local), STR(str_lower(a, domain)));
	return 0;
}
