/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * disposition - the name a download is saved under
 *
 * Old clients get an ASCII fallback, all others the UTF-8 form.  Separators,
 * controls and characters that turn the writing direction (U+202E makes
 * "exe.pdf" look like "fdp.exe" backwards) become '_' in both, whatever the
 * name's origin: a saved file must look like what it is.
 */
#include "base/arena.h"
#include "base/str.h"
#include "http/chars.h"
#include "http/http.h"

/* Length of the UTF-8 sequence at p, whose text was checked before. */
static size_t
sequence(struct str s, uint32_t *point)
{
	unsigned char c = (unsigned char)s.p[0];
	size_t n = c < 0x80 ? 1 : c < 0xe0 ? 2 : c < 0xf0 ? 3 : 4;

	*point = n == 1 ? c : c & (0x7fu >> n);
	for (size_t i = 1; i < n; i++)
		*point = *point << 6 | ((unsigned char)s.p[i] & 0x3f);
	return n;
}

static bool
is_dangerous(uint32_t point)
{
	if (point < 0x20 || (point >= 0x7f && point < 0xa0) || point == '/' || point == '\\')
		return true;
	if (point == 0x61c || (point >= 0x200e && point <= 0x200f))
		return true;
	return (point >= 0x2028 && point <= 0x202e) || (point >= 0x2066 && point <= 0x2069);
}

/* The name without dangerous characters; all of it '_' where it is no UTF-8. */
static struct str
tame(struct arena *a, struct str name)
{
	char *to = arena_alloc(a, name.n + 1);
	struct str out = {to, 0};
	bool is_text = str_is_utf8(name);
	size_t step;

	for (size_t i = 0; i < name.n; i += step) {
		uint32_t point = '_';

		step = is_text ? sequence(str_from(name, i), &point) : 1;
		if (!is_text && (name.p[i] & 0x80) == 0)
			point = (unsigned char)name.p[i];
		if (is_dangerous(point) || (!is_text && (name.p[i] & 0x80) != 0)) {
			to[out.n++] = '_';
			continue;
		}
		memcpy(to + out.n, name.p + i, step);
		out.n += step;
	}
	return out;
}

static struct str
fallback(struct arena *a, struct str name)
{
	char *to = arena_alloc(a, name.n + 1);
	struct str out = {to, 0};

	for (size_t i = 0; i < name.n; i++) {
		unsigned char c = (unsigned char)name.p[i];

		if ((c & 0xc0) == 0x80)
			continue; /* one '_' per character, not per byte */
		to[out.n++] = (char)(c >= 0x80 || c == '"' || c == '%' ? '_' : c);
	}
	return out;
}

struct str
http_attachment(struct arena *a, struct str name)
{
	struct str tamed = name.n > 0 ? tame(a, name) : S("download");
	struct str ascii = fallback(a, tamed), utf8;

	http_percent(a, tamed, HTTP_ATTR, &utf8);
	return arena_printf(
	    a, "attachment; filename=\"%.*s\"; filename*=UTF-8''%.*s", STR(ascii), STR(utf8));
}
