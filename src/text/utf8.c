/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * utf8 - see utf8.h.  ICU does the normal forms, through its UTF-8 entrances
 * where it has them.  Sizes are bounded by the callers' limits long before
 * they come near INT32_MAX.
 */
#include "text/utf8.h"

#include <assert.h>
#include <unicode/ucasemap.h>
#include <unicode/unorm2.h>
#include <unicode/ustring.h>

#include "base/arena.h"
#include "base/buf.h"
#include "base/str.h"

static size_t
utf8_length(unsigned char c)
{
	if (c < 0x80)
		return 1;
	if (c >= 0xc2 && c <= 0xdf)
		return 2;
	if (c >= 0xe0 && c <= 0xef)
		return 3;
	return c >= 0xf0 && c <= 0xf4 ? 4 : 0;
}

size_t
utf8_next(struct str s, uint32_t *ret)
{
	static const uint32_t least[] = {0, 0, 0x80, 0x800, 0x10000};
	const unsigned char *p = (const unsigned char *)s.p;
	size_t n = utf8_length(p[0]);

	*ret = UTF8_BAD;
	if (n == 0 || n > s.n)
		return 1;
	uint32_t c = n == 1 ? p[0] : p[0] & (0xffu >> (n + 1));
	for (size_t i = 1; i < n; i++) {
		if ((p[i] & 0xc0) != 0x80)
			return 1;
		c = c << 6 | (p[i] & 0x3f);
	}
	if (c < least[n] || c > 0x10ffff || (c >= 0xd800 && c <= 0xdfff))
		return 1;
	*ret = c;
	return n;
}

void
utf8_put(struct buf *b, uint32_t c)
{
	if (c < 0x80) {
		buf_char(b, (char)c);
	} else if (c < 0x800) {
		buf_char(b, (char)(0xc0 | c >> 6));
		buf_char(b, (char)(0x80 | (c & 0x3f)));
	} else if (c < 0x10000) {
		buf_char(b, (char)(0xe0 | c >> 12));
		buf_char(b, (char)(0x80 | (c >> 6 & 0x3f)));
		buf_char(b, (char)(0x80 | (c & 0x3f)));
	} else {
		buf_char(b, (char)(0xf0 | c >> 18));
		buf_char(b, (char)(0x80 | (c >> 12 & 0x3f)));
		buf_char(b, (char)(0x80 | (c >> 6 & 0x3f)));
		buf_char(b, (char)(0x80 | (c & 0x3f)));
	}
}

static bool
is_ascii(struct str s)
{
	for (size_t i = 0; i < s.n; i++) {
		if ((unsigned char)s.p[i] >= 0x80)
			return false;
	}
	return true;
}

struct str
utf8_nfc(struct arena *a, struct str s)
{
	UErrorCode u = U_ZERO_ERROR;
	int32_t n16 = 0, n = 0, n8 = 0;

	if (is_ascii(s))
		return s;
	const UNormalizer2 *nfc = unorm2_getNFCInstance(&u);
	/* UTF-16 is never longer than UTF-8 counted in units; NFC at most trebles. */
	UChar *from = ARENA_ARRAY(a, UChar, s.n + 1);
	u_strFromUTF8(from, (int32_t)s.n + 1, &n16, s.p, (int32_t)s.n, &u);
	int32_t cap = n16 * 3 + 16;
	UChar *to = ARENA_ARRAY(a, UChar, (size_t)cap);
	n = unorm2_normalize(nfc, from, n16, to, cap, &u);
	char *out = arena_alloc(a, (size_t)n * 3 + 1);
	u_strToUTF8(out, n * 3 + 1, &n8, to, n, &u);
	assert(U_SUCCESS(u));
	return (struct str){out, (size_t)n8};
}

typedef int32_t (*case_fn)(const UCaseMap *, char *, int32_t, const char *, int32_t, UErrorCode *);

static struct str
change_case(struct arena *a, struct str s, case_fn fn)
{
	UErrorCode u = U_ZERO_ERROR;
	UCaseMap *map = ucasemap_open("", 0, &u);
	/* No character grows by more than three when its case changes. */
	int32_t cap = (int32_t)s.n * 3 + 1;
	char *out = arena_alloc(a, (size_t)cap);
	int32_t n = s.n == 0 ? 0 : fn(map, out, cap, s.p, (int32_t)s.n, &u);

	ucasemap_close(map);
	assert(U_SUCCESS(u));
	return (struct str){out, (size_t)n};
}

struct str
utf8_folded(struct arena *a, struct str s)
{
	return utf8_nfc(a, change_case(a, utf8_nfc(a, s), ucasemap_utf8FoldCase));
}

struct str
utf8_upper(struct arena *a, struct str s)
{
	return change_case(a, s, ucasemap_utf8ToUpper);
}

struct str
utf8_head(struct str s, size_t max)
{
	if (s.n <= max)
		return s;
	while (max > 0 && ((unsigned char)s.p[max] & 0xc0) == 0x80)
		max--;
	return str_head(s, max);
}

bool
utf8_is_control(uint32_t c)
{
	return c < 0x20 || (c >= 0x7f && c < 0xa0) || c == 0x2028 || c == 0x2029;
}

bool
utf8_is_invisible(uint32_t c)
{
	return c == 0x061c || c == 0x200b || c == 0x200e || c == 0x200f ||
	       (c >= 0x202a && c <= 0x202e) || (c >= 0x2060 && c <= 0x206f) || c == 0xfeff ||
	       (c >= 0xfff9 && c <= 0xfffb) || (c >= 0xe0000 && c <= 0xe007f) ||
	       (c & 0xfffe) == 0xfffe;
}
