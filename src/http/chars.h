/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * chars - character classes of RFC 9110 and 3986, as tables, and what is written by them
 *
 * Private to this module.
 *
 * Layer: http.
 */
#pragma once

#include "base/base.h"

struct arena;

enum {
	HTTP_TCHAR = 1,      /* token: RFC 9110 section 5.6.2 */
	HTTP_UNRESERVED = 2, /* RFC 3986 section 2.3 */
	HTTP_ATTR = 4,       /* attr-char: RFC 8187 section 3.2.1 */
	HTTP_HEX = 8,
	HTTP_COOKIE = 16, /* cookie-octet: RFC 6265 section 4.1.1 */
};

extern const uint8_t http_class[256];

static inline bool
http_is(char c, unsigned wanted)
{
	return (http_class[(unsigned char)c] & wanted) != 0;
}

static inline bool
http_is_tchar(char c)
{
	return http_is(c, HTTP_TCHAR);
}

/* The value of a hex digit, -1 for anything else. */
static inline int
http_hex(char c)
{
	if (!http_is(c, HTTP_HEX))
		return -1;
	return c <= '9' ? c - '0' : (c | 0x20) - 'a' + 10;
}

/* url.c: every byte that is in none of the classes as_is as %XX. */
void http_percent(struct arena *a, struct str s, unsigned as_is, struct str *ret);
