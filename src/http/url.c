/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * url - percent-encoding, forms and authorities
 *
 * Decoded text is always UTF-8 without NUL, so nothing behind this file meets
 * anything else from a URL or a form.
 */
#include "base/arena.h"
#include "base/str.h"
#include "http/chars.h"
#include "http/http.h"

bool
http_percent_decode(struct arena *a, struct str s, bool form, struct str *ret)
{
	char *to = arena_alloc(a, s.n + 1);
	struct str out = {to, 0};

	for (size_t i = 0; i < s.n; i++) {
		char c = s.p[i];

		if (form && c == '+') {
			c = ' ';
		} else if (c == '%') {
			if (s.n - i < 3 || http_hex(s.p[i + 1]) < 0 || http_hex(s.p[i + 2]) < 0)
				return false;
			c = (char)(http_hex(s.p[i + 1]) * 16 + http_hex(s.p[i + 2]));
			i += 2;
		}
		to[out.n++] = c;
	}
	if (!str_is_utf8(out))
		return false;
	*ret = out;
	return true;
}

void
http_percent(struct arena *a, struct str s, unsigned as_is, struct str *ret)
{
	static const char digits[] = "0123456789ABCDEF";
	char *to = arena_array(a, 3, s.n + 1);

	ret->p = to;
	ret->n = 0;
	for (size_t i = 0; i < s.n; i++) {
		unsigned char c = (unsigned char)s.p[i];

		if (http_is(s.p[i], as_is)) {
			to[ret->n++] = s.p[i];
			continue;
		}
		to[ret->n++] = '%';
		to[ret->n++] = digits[c >> 4];
		to[ret->n++] = digits[c & 15];
	}
}

void
http_percent_encode(struct arena *a, struct str s, struct str *ret)
{
	http_percent(a, s, HTTP_UNRESERVED, ret);
}

int
http_form_get(struct arena *a, struct str form, const char *name, struct str *ret)
{
	bool found = false;

	while (form.n > 0) {
		struct str key, value, raw, pair = str_cut(form, '&', &form);

		if (pair.n == 0)
			continue;
		key = str_cut(pair, '=', &raw);
		if (!http_percent_decode(a, key, true, &key) ||
		    !http_percent_decode(a, raw, true, &value))
			return -1;
		if (!str_eq_c(key, name))
			continue;
		if (found)
			return -1;
		found = true;
		*ret = value;
	}
	return found;
}

/* What may stand in a host name, and, in brackets, in an IPv6 address. */
static bool
is_host(struct str s)
{
	bool v6 = s.n > 2 && s.p[0] == '[' && s.p[s.n - 1] == ']';

	if (v6)
		s = (struct str){s.p + 1, s.n - 2};
	for (size_t i = 0; i < s.n; i++) {
		char c = s.p[i];

		if (v6 ? http_hex(c) < 0 && c != ':' && c != '.'
		       : !http_is(c, HTTP_UNRESERVED) || c == '~')
			return false;
		if (c == '.' && (i == 0 || s.p[i - 1] == '.'))
			return false; /* an empty label */
	}
	return s.n > 0;
}

/* An empty port is none. */
bool
http_split_authority(struct str s, struct str *host, uint64_t *port)
{
	size_t colon = s.n;

	*port = 443;
	for (size_t i = 0; i < s.n; i++) {
		if (s.p[i] == ':')
			colon = i;
		else if (s.p[i] == ']')
			colon = s.n;
	}
	*host = str_head(s, colon);
	if (!is_host(*host))
		return false;
	if (colon == s.n)
		return true;
	return s.n - colon <= 6 && str_u64(str_from(s, colon + 1), port) && *port > 0 &&
	       *port <= 65535;
}

bool
http_is_authority(struct str s)
{
	struct str host;
	uint64_t port;

	return s.n <= 255 + 6 && http_split_authority(s, &host, &port);
}

bool
http_authority(struct arena *a, struct str s, struct str *ret)
{
	struct str host;
	uint64_t port;

	if (!http_is_authority(s) || !http_split_authority(s, &host, &port))
		return false;
	host = str_lower(a, host);
	if (port == 443)
		*ret = host;
	else
		*ret = arena_printf(a, "%.*s:%u", STR(host), (unsigned)port);
	return true;
}
