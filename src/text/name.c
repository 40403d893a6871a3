/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * name - see name.h.  One rule for names serves the library, the package page,
 * Content-Disposition and the ZIP: what is safe on Windows is safe elsewhere.
 */
#include "text/name.h"

#include "base/arena.h"
#include "base/buf.h"
#include "base/error.h"
#include "base/limits.h"
#include "base/random.h"
#include "base/str.h"
#include "text/utf8.h"

#define EXTENSION_BYTES 20 /* longer than that is no extension */
#define PATH_DEPTH 32

/* ---- file names ---- */

static struct str
last_component(struct str s)
{
	for (size_t i = s.n; i > 0; i--) {
		if (s.p[i - 1] == '/' || s.p[i - 1] == '\\')
			return str_from(s, i);
	}
	return s;
}

static void
put_name_char(struct buf *b, uint32_t c)
{
	if (utf8_is_control(c) || utf8_is_invisible(c))
		return;
	if (c < 0x80 && strchr("<>:\"|?*", (int)c) != NULL)
		c = '_';
	utf8_put(b, c);
}

/* Without blanks at both ends and dots at the last: Windows drops those itself. */
static struct str
trim_name(struct str s)
{
	s = str_trim(s);
	while (s.n > 0 && (s.p[s.n - 1] == '.' || s.p[s.n - 1] == ' '))
		s.n--;
	return s;
}

/* Device names of Windows; they count with any extension too. */
static bool
is_reserved(struct str name)
{
	static const char *const words[] = {"con", "prn", "aux", "nul", "conin$", "conout$"};
	struct str rest, stem = str_trim(str_cut(name, '.', &rest));

	for (size_t i = 0; i < ARRAY_LEN(words); i++) {
		if (str_ieq(stem, str_c(words[i])))
			return true;
	}
	struct str port = str_head(stem, 3), digit = str_from(stem, MIN(stem.n, 3));
	if (!str_ieq(port, S("com")) && !str_ieq(port, S("lpt")))
		return false;
	return (digit.n == 1 && digit.p[0] >= '0' && digit.p[0] <= '9') ||
	       str_eq(digit, S("\xc2\xb9")) || str_eq(digit, S("\xc2\xb2")) ||
	       str_eq(digit, S("\xc2\xb3"));
}

/* Where the extension begins (its dot), or the length. */
static size_t
extension_at(struct str s)
{
	for (size_t i = s.n; i > 1 && s.n - i < EXTENSION_BYTES; i--) {
		if (s.p[i - 1] == '.')
			return i - 1;
	}
	return s.n;
}

/* Shorter by cutting the stem; `mark` goes between stem and extension. */
static struct str
fit_name(struct arena *a, struct str name, struct str mark)
{
	size_t dot = extension_at(name);
	struct str stem = str_head(name, dot), ext = str_from(name, dot);

	if (name.n + mark.n > LIMIT_NAME_BYTES) {
		stem = utf8_head(stem, LIMIT_NAME_BYTES - mark.n - ext.n);
		stem = ext.n == 0 ? trim_name(stem) : str_trim(stem);
		if (stem.n == 0) /* it was dots and blanks up to here */
			stem = S("datei");
	}
	return arena_printf(a, "%.*s%.*s%.*s", STR(stem), STR(mark), STR(ext));
}

static struct str
without_nul(struct arena *a, struct str s)
{
	char *p = arena_alloc(a, s.n + 1);
	size_t n = 0;

	for (size_t i = 0; i < s.n; i++) {
		if (s.p[i] != '\0')
			p[n++] = s.p[i];
	}
	return (struct str){p, n};
}

int
name_clean(struct arena *a, struct str in, struct str *ret, struct error *e)
{
	struct buf b;

	in = without_nul(a, in);
	if (!str_is_utf8(in))
		return err_key(e, ERR_INVALID, "bad-name", "file name is not UTF-8");
	in = last_component(in);
	/* A name of megabytes is cut first: normalising is not free. */
	if (in.n > 16 * LIMIT_NAME_BYTES) {
		size_t dot = extension_at(in);
		in = arena_printf(a, "%.*s%.*s", STR(utf8_head(in, 8 * LIMIT_NAME_BYTES)),
		    STR(str_from(in, dot)));
	}
	buf_init_arena(&b, a, in.n * 2 + 8);
	for (size_t i = 0; i < in.n;) {
		uint32_t c = 0;
		i += utf8_next(str_from(in, i), &c);
		put_name_char(&b, c);
	}
	struct str name = trim_name(utf8_nfc(a, buf_view(&b)));
	if (name.n == 0)
		name = S("datei");
	if (is_reserved(name))
		name = arena_printf(a, "_%.*s", STR(name));
	*ret = fit_name(a, name, S(""));
	return 0;
}

struct str
name_numbered(struct arena *a, struct str name, int n)
{
	if (n <= 1)
		return arena_str(a, name);
	return fit_name(a, name, arena_printf(a, " (%d)", n));
}

struct str
name_folded(struct arena *a, struct str name)
{
	return utf8_folded(a, name);
}

/* ---- folder paths ---- */

static bool
is_dots(struct str s)
{
	for (size_t i = 0; i < s.n; i++) {
		if (s.p[i] != '.' && s.p[i] != ' ')
			return false;
	}
	return true;
}

/* The part before the first slash of either kind. */
static struct str
cut_component(struct str s, struct str *rest)
{
	size_t i = 0;

	while (i < s.n && s.p[i] != '/' && s.p[i] != '\\')
		i++;
	*rest = str_from(s, MIN(i + 1, s.n));
	return str_head(s, i);
}

int
path_clean(struct arena *a, struct str in, struct str *ret, struct error *e)
{
	struct buf b;
	int depth = 0;

	if (in.n > LIMIT_PATH_BYTES)
		return err_key(e, ERR_INVALID, "bad-path", "path of %zu bytes", in.n);
	buf_init_arena(&b, a, 4 * LIMIT_PATH_BYTES);
	for (struct str rest = in; rest.n > 0;) {
		struct str part = str_trim(cut_component(rest, &rest)), name;
		if (part.n == 0)
			continue;
		if (is_dots(part) || ++depth > PATH_DEPTH)
			return err_key(e, ERR_INVALID, "bad-path", "path leads out or is too deep");
		int r = name_clean(a, part, &name, e);
		if (r < 0)
			return r;
		if (depth > 1)
			buf_char(&b, '/');
		buf_str(&b, name);
	}
	if (b.full || b.n > LIMIT_PATH_BYTES)
		return err_key(e, ERR_INVALID, "bad-path", "path of %zu bytes", b.n);
	*ret = arena_str(a, buf_view(&b));
	return 0;
}

/* ---- text ---- */

/* Does one character pass?  CR before LF is dropped by the caller. */
static bool
text_char_ok(uint32_t c, bool many_lines)
{
	if (c == '\n' || c == '\t')
		return many_lines;
	return !utf8_is_control(c);
}

int
text_clean(struct arena *a, struct str in, size_t max_bytes, bool many_lines, struct str *ret,
    struct error *e)
{
	struct buf b;

	if (in.n > 4 * max_bytes + 1024)
		return err_key(e, ERR_INVALID, "too-long", "text of %zu bytes", in.n);
	if (!str_is_utf8(in))
		return err_key(e, ERR_INVALID, "bad-text", "text is not UTF-8");
	buf_init_arena(&b, a, in.n + 8);
	for (size_t i = 0; i < in.n;) {
		uint32_t c = 0;
		i += utf8_next(str_from(in, i), &c);
		if (c == '\r' && many_lines && i < in.n && in.p[i] == '\n')
			continue;
		if (!text_char_ok(c, many_lines))
			return err_key(e, ERR_INVALID, "bad-text", "control character U+%04X", c);
		if (!utf8_is_invisible(c))
			utf8_put(&b, c);
	}
	struct str s = str_trim(utf8_nfc(a, buf_view(&b)));
	if (s.n > max_bytes)
		return err_key(e, ERR_INVALID, "too-long", "text of %zu bytes", s.n);
	*ret = arena_str(a, s);
	return 0;
}

/* ---- delivery numbers ---- */

struct str
number_new(struct arena *a)
{
	char s[10];
	uint8_t r[8];

	random_bytes(r, sizeof r);
	for (size_t i = 0, k = 0; i < sizeof s - 1; i++)
		s[i] = (char)(i == 4 ? '-' : crockford_digit(r[k++]));
	return arena_str(a, (struct str){s, 9});
}

bool
number_parse(struct arena *a, struct str in, struct str *ret)
{
	char s[9];
	size_t n = 0;
	int value;

	in = str_trim(in);
	if (in.n != 8 && !(in.n == 9 && in.p[4] == '-'))
		return false;
	for (size_t i = 0; i < in.n; i++) {
		if (i == 4 && in.n == 9)
			continue;
		value = crockford_value(in.p[i]);
		if (value < 0)
			return false;
		s[n++] = crockford_digit((unsigned)value);
	}
	*ret = arena_printf(a, "%.4s-%.4s", s, s + 4);
	return true;
}
