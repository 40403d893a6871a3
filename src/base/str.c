/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * str - see str.h.  memcmp and memcpy are never called with a NULL pointer,
 * since an empty struct str may have one.
 */
#include "base/str.h"

#include "base/arena.h"

static const char digits_hex[] = "0123456789abcdef";
static const char digits_b64[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
static const char digits_url[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

static char
lower(char c)
{
	return (char)(c >= 'A' && c <= 'Z' ? c - 'A' + 'a' : c);
}

struct str
str_c(const char *cstr)
{
	return cstr == NULL ? (struct str){NULL, 0} : (struct str){cstr, strlen(cstr)};
}

bool
str_eq(struct str a, struct str b)
{
	return a.n == b.n && (a.n == 0 || memcmp(a.p, b.p, a.n) == 0);
}

bool
str_eq_c(struct str a, const char *b)
{
	return str_eq(a, str_c(b));
}

bool
str_ieq(struct str a, struct str b)
{
	if (a.n != b.n)
		return false;
	for (size_t i = 0; i < a.n; i++) {
		if (lower(a.p[i]) != lower(b.p[i]))
			return false;
	}
	return true;
}

bool
str_starts(struct str s, struct str prefix)
{
	return s.n >= prefix.n && str_eq(str_head(s, prefix.n), prefix);
}

bool
str_ends(struct str s, struct str suffix)
{
	return s.n >= suffix.n && str_eq(str_from(s, s.n - suffix.n), suffix);
}

int
str_cmp(struct str a, struct str b)
{
	size_t n = MIN(a.n, b.n);
	int c = n > 0 ? memcmp(a.p, b.p, n) : 0;

	if (c != 0)
		return c < 0 ? -1 : 1;
	return (a.n > b.n) - (a.n < b.n);
}

int
str_index(struct str s, const char *const *names, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		if (str_eq_c(s, names[i]))
			return (int)i;
	}
	return -1;
}

size_t
str_find(struct str s, char c)
{
	const char *hit = s.n > 0 ? memchr(s.p, c, s.n) : NULL;

	return hit == NULL ? s.n : (size_t)(hit - s.p);
}

struct str
str_from(struct str s, size_t start)
{
	start = MIN(start, s.n);
	if (start == 0)
		return s;
	return (struct str){s.p + start, s.n - start};
}

struct str
str_head(struct str s, size_t n)
{
	return (struct str){s.p, MIN(n, s.n)};
}

struct str
str_cut(struct str s, char c, struct str *rest)
{
	size_t at = str_find(s, c);

	*rest = at < s.n ? str_from(s, at + 1) : (struct str){NULL, 0};
	return str_head(s, at);
}

static bool
is_blank(char c)
{
	return c == ' ' || c == '\t';
}

struct str
str_trim(struct str s)
{
	while (s.n > 0 && is_blank(s.p[0]))
		s = str_from(s, 1);
	while (s.n > 0 && is_blank(s.p[s.n - 1]))
		s.n--;
	return s;
}

struct str
str_lower(struct arena *a, struct str s)
{
	char *p = arena_cstr(a, s);

	for (size_t i = 0; i < s.n; i++)
		p[i] = lower(p[i]);
	return (struct str){p, s.n};
}

bool
str_u64(struct str s, uint64_t *ret)
{
	uint64_t v = 0;

	if (s.n == 0)
		return false;
	for (size_t i = 0; i < s.n; i++) {
		if (s.p[i] < '0' || s.p[i] > '9')
			return false;
		if (__builtin_mul_overflow(v, 10, &v) ||
		    __builtin_add_overflow(v, (uint64_t)(s.p[i] - '0'), &v))
			return false;
	}
	*ret = v;
	return true;
}

bool
str_i64(struct str s, int64_t *ret)
{
	bool minus = str_starts(s, S("-"));
	uint64_t v;

	if (!str_u64(minus ? str_from(s, 1) : s, &v))
		return false;
	if (v > (uint64_t)INT64_MAX + (minus ? 1 : 0))
		return false;
	*ret = minus ? (int64_t)(0 - v) : (int64_t)v;
	return true;
}

/*
 * Length of the valid sequence at the start of s, 0 when there is none.  The
 * bounds of the second byte are what rules out overlong forms (E0, F0),
 * surrogates (ED) and code points past U+10FFFF (F4); RFC 3629 section 4.
 */
static size_t
utf8_step(struct str s)
{
	uint8_t c = (uint8_t)s.p[0], low = 0x80, high = 0xbf;
	size_t len;

	if (c < 0x80)
		return c != 0;
	if (c < 0xc2 || c > 0xf4)
		return 0;
	len = c < 0xe0 ? 2 : c < 0xf0 ? 3 : 4;
	if (c == 0xe0)
		low = 0xa0;
	else if (c == 0xed)
		high = 0x9f;
	else if (c == 0xf0)
		low = 0x90;
	else if (c == 0xf4)
		high = 0x8f;
	if (s.n < len || (uint8_t)s.p[1] < low || (uint8_t)s.p[1] > high)
		return 0;
	for (size_t i = 2; i < len; i++) {
		if (((uint8_t)s.p[i] & 0xc0) != 0x80)
			return 0;
	}
	return len;
}

bool
str_is_utf8(struct str s)
{
	while (s.n > 0) {
		size_t len = utf8_step(s);

		if (len == 0)
			return false;
		s = str_from(s, len);
	}
	return true;
}

struct str
str_hex(struct arena *a, const void *p, size_t n)
{
	const uint8_t *from = p;
	char *to = arena_alloc(a, n * 2 + 1);

	for (size_t i = 0; i < n; i++) {
		to[2 * i] = digits_hex[from[i] >> 4];
		to[2 * i + 1] = digits_hex[from[i] & 15];
	}
	return (struct str){to, n * 2};
}

static int
hex_value(char c)
{
	c = lower(c);
	if (c >= '0' && c <= '9')
		return c - '0';
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

bool
str_unhex(struct str s, void *ret, size_t n)
{
	uint8_t *to = ret;

	if (s.n % 2 != 0 || s.n / 2 != n)
		return false;
	for (size_t i = 0; i < s.n; i++) {
		if (hex_value(s.p[i]) < 0)
			return false;
	}
	for (size_t i = 0; i < n; i++) {
		unsigned high = (unsigned)hex_value(s.p[2 * i]);

		to[i] = (uint8_t)(high << 4 | (unsigned)hex_value(s.p[2 * i + 1]));
	}
	return true;
}

/* Both alphabets without padding; to has room for n * 4 / 3 + 4 characters. */
static size_t
b64_write(char *to, const uint8_t *from, size_t n, const char *alphabet)
{
	uint32_t bits = 0;
	int have = 0;
	size_t out = 0;

	for (size_t i = 0; i < n; i++) {
		bits = (bits << 8 | from[i]) & 0xffff;
		for (have += 8; have >= 6; have -= 6)
			to[out++] = alphabet[bits >> (have - 6) & 63];
	}
	if (have > 0)
		to[out++] = alphabet[bits << (6 - have) & 63];
	return out;
}

static int
b64_value(char c, const char *alphabet)
{
	if (c >= 'A' && c <= 'Z')
		return c - 'A';
	if (c >= 'a' && c <= 'z')
		return c - 'a' + 26;
	if (c >= '0' && c <= '9')
		return c - '0' + 52;
	if (c == alphabet[62])
		return 62;
	return c == alphabet[63] ? 63 : -1;
}

/* Exactly n bytes; bits left over must be 0, so that a value has one spelling. */
static bool
b64_read(struct str s, uint8_t *to, size_t n, const char *alphabet)
{
	uint32_t bits = 0;
	int have = 0;
	size_t out = 0;

	if (n > SIZE_MAX / 8 || s.n != (n * 8 + 5) / 6)
		return false;
	for (size_t i = 0; i < s.n; i++) {
		int v = b64_value(s.p[i], alphabet);

		if (v < 0)
			return false;
		bits = (bits << 6 | (uint32_t)v) & 0xffff;
		have += 6;
		if (have >= 8) {
			have -= 8;
			to[out++] = (uint8_t)(bits >> have);
		}
	}
	return (bits & ((1U << have) - 1)) == 0;
}

struct str
str_b64url(struct arena *a, const void *p, size_t n)
{
	char *to = arena_alloc(a, n / 3 * 4 + 5);

	return (struct str){to, b64_write(to, p, n, digits_url)};
}

bool
str_unb64url(struct str s, void *ret, size_t n)
{
	return b64_read(s, ret, n, digits_url);
}

struct str
str_b64(struct arena *a, const void *p, size_t n)
{
	char *to = arena_alloc(a, n / 3 * 4 + 5);
	size_t out = b64_write(to, p, n, digits_b64);

	while (out % 4 != 0)
		to[out++] = '=';
	return (struct str){to, out};
}

bool
str_unb64(struct arena *a, struct str s, struct str *ret)
{
	uint8_t *to;
	size_t n;

	if (s.n % 4 != 0)
		return false;
	for (int pad = 0; pad < 2 && str_ends(s, S("=")); pad++)
		s.n--;
	n = s.n / 4 * 3 + s.n % 4 * 6 / 8;
	to = arena_alloc(a, n + 1);
	if (!b64_read(s, to, n, digits_b64))
		return false;
	*ret = (struct str){(const char *)to, n};
	return true;
}

static const char crockford[] = "0123456789ABCDEFGHJKMNPQRSTVWXYZ";

char
crockford_digit(unsigned value)
{
	return crockford[value & 31];
}

int
crockford_value(char c)
{
	const char *at;

	if (c >= 'a' && c <= 'z')
		c = (char)(c - 'a' + 'A');
	if (c == 'I' || c == 'L')
		c = '1';
	if (c == 'O')
		c = '0';
	at = c != '\0' ? strchr(crockford, c) : NULL;
	return at != NULL ? (int)(at - crockford) : -1;
}

bool
mem_eq(const void *a, const void *b, size_t n)
{
	/* volatile: the compiler may not stop at the first difference */
	const volatile uint8_t *x = a, *y = b;
	uint8_t differ = 0;

	for (size_t i = 0; i < n; i++)
		differ |= x[i] ^ y[i];
	return differ == 0;
}

struct str
id128_hex(struct arena *a, struct id128 id)
{
	return str_hex(a, id.b, sizeof id.b);
}

bool
id128_parse(struct str s, struct id128 *ret)
{
	return str_unhex(s, ret->b, sizeof ret->b);
}

bool
id128_eq(struct id128 a, struct id128 b)
{
	return mem_eq(a.b, b.b, sizeof a.b);
}

bool
id_parse(struct str s, int64_t *ret)
{
	uint64_t v;

	/* one spelling per id: a leading zero would make a second URL for it */
	if (str_starts(s, S("0")) || !str_u64(s, &v) || v > INT64_MAX)
		return false;
	*ret = (int64_t)v;
	return true;
}
