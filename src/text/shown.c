/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * shown - see shown.h.  There are two languages, so what differs is asked for in place,
 * without a table of locales.
 */
#include "text/shown.h"

#include "base/arena.h"
#include "base/buf.h"
#include "base/str.h"
#include "base/time.h"
#include "text/message.h"
#include "text/utf8.h"

#define BULLET "\xe2\x80\xa2"

struct str
text_bytes(struct arena *a, const char *lang, int64_t bytes)
{
	static const char *const units[] = {"B", "kB", "MB", "GB", "TB", "PB", "EB"};
	int64_t unit = 1;
	size_t u = 0;

	if (bytes < 1000)
		return arena_printf(a, "%lld B", (long long)bytes);
	/* From 999.5 kB on it would round to 1000 kB: that is 1 MB. */
	while (u + 1 < ARRAY_LEN(units) && bytes >= unit * 1000 - unit / 2) {
		unit *= 1000;
		u++;
	}
	int64_t tenths = bytes / (unit / 10) + (bytes % (unit / 10) >= unit / 20 ? 1 : 0);
	if (tenths < 100 && tenths % 10 != 0)
		return arena_printf(a, "%lld%c%lld %s", (long long)(tenths / 10),
		    message_is_german(lang) ? ',' : '.', (long long)(tenths % 10), units[u]);
	int64_t whole = bytes / unit + (bytes % unit >= unit / 2 ? 1 : 0);
	return arena_printf(a, "%lld %s", (long long)whole, units[u]);
}

static const char *
month_name(int month)
{
	static const char *const names[] = {"January", "February", "March", "April", "May", "June",
	    "July", "August", "September", "October", "November", "December"};

	return names[(month - 1) % 12];
}

struct str
text_date(struct arena *a, const char *lang, int64_t us, const char *zone)
{
	struct civil c;

	time_civil(us, zone, &c);
	if (message_is_german(lang))
		return arena_printf(a, "%02d.%02d.%04d", c.day, c.month, c.year);
	return arena_printf(a, "%d %s %d", c.day, month_name(c.month), c.year);
}

struct str
text_datetime(struct arena *a, const char *lang, int64_t us, const char *zone)
{
	struct civil c;

	time_civil(us, zone, &c);
	return arena_printf(a, "%.*s, %02d:%02d%s", STR(text_date(a, lang, us, zone)), c.hour,
	    c.minute, message_is_german(lang) ? " Uhr" : "");
}

struct str
text_count(struct arena *a, const char *lang, int64_t n)
{
	static const char *const de[] = {"null", "eine", "zwei", "drei", "vier", "fünf", "sechs",
	    "sieben", "acht", "neun", "zehn", "elf", "zwölf"};
	static const char *const en[] = {"no", "one", "two", "three", "four", "five", "six",
	    "seven", "eight", "nine", "ten", "eleven", "twelve"};

	if (n >= 0 && n < (int64_t)ARRAY_LEN(de))
		return str_c(message_is_german(lang) ? de[n] : en[n]);
	return arena_printf(a, "%lld", (long long)n);
}

struct str
text_masked_address(struct arena *a, struct str address)
{
	struct str domain, local = str_cut(address, '@', &domain);
	uint32_t c = 0;

	if (local.n == 0 || domain.n == 0)
		return S(BULLET BULLET BULLET BULLET BULLET);
	size_t first = utf8_next(local, &c), last = local.n;
	while (last > first && ((unsigned char)local.p[last - 1] & 0xc0) == 0x80)
		last--;
	/* Two letters would all be shown: then only the first is. */
	last = local.n <= 2 || last <= first ? local.n : last - 1;
	/* Always five: the length is nobody's business. */
	return arena_printf(a, "%.*s" BULLET BULLET BULLET BULLET BULLET "%.*s@%.*s",
	    STR(str_head(local, first)), STR(str_from(local, last)), STR(domain));
}

static void
put_initial(struct buf *b, struct str word)
{
	uint32_t c = 0;
	size_t n = word.n == 0 ? 0 : utf8_next(word, &c);

	if (n > 0 && c != UTF8_BAD)
		buf_add(b, word.p, n);
}

struct str
text_initials(struct arena *a, struct str name)
{
	struct str rest = str_trim(name), first = str_cut(rest, ' ', &rest), last = {NULL, 0};
	struct buf b;

	while (rest.n > 0) {
		struct str word = str_cut(rest, ' ', &rest);
		if (word.n > 0)
			last = word;
	}
	buf_init_arena(&b, a, 16);
	put_initial(&b, first);
	put_initial(&b, last);
	return utf8_upper(a, buf_view(&b));
}

struct str
text_badge(struct arena *a, struct str name)
{
	size_t dot = name.n;

	while (dot > 0 && name.p[dot - 1] != '.')
		dot--;
	struct str ext = utf8_upper(a, str_from(name, dot));
	if (dot < 2 || ext.n == 0 || ext.n > 4)
		return S("");
	for (size_t i = 0; i < ext.n; i++) {
		char c = ext.p[i];
		if (!(c >= 'A' && c <= 'Z') && !(c >= '0' && c <= '9'))
			return S("");
	}
	return ext;
}
