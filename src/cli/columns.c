/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * columns - see columns.h
 */
#include "cli/columns.h"

#include <stdio.h>

#include "base/str.h"

void
columns_init(struct columns *t, struct arena *a, size_t width)
{
	*t = (struct columns){.a = a, .width = MIN(width, COLUMNS_MOST)};
}

static struct str
shown(struct arena *a, struct str s)
{
	char *p = arena_cstr(a, s);

	for (size_t i = 0; i < s.n; i++) {
		if ((unsigned char)p[i] < 0x20 || p[i] == 0x7f)
			p[i] = ' ';
	}
	return (struct str){p, s.n};
}

void
columns_add(struct columns *t, struct str cell)
{
	if (t->rows == t->cap) {
		struct str *more = ARENA_ARRAY(t->a, struct str, t->cap * 2 + 32);

		if (t->rows > 0)
			memcpy(more, t->cells, t->rows * sizeof *more);
		t->cells = more;
		t->cap = t->cap * 2 + 32;
	}
	t->cells[t->rows++] = shown(t->a, cell);
}

void
columns_int(struct columns *t, int64_t n)
{
	t->right[t->rows % t->width] = true;
	columns_add(t, arena_printf(t->a, "%lld", (long long)n));
}

void
columns_time(struct columns *t, struct str rfc3339)
{
	size_t point = str_find(rfc3339, '.');

	columns_add(
	    t, point == rfc3339.n ? rfc3339 : arena_printf(t->a, "%.*sZ", (int)point, rfc3339.p));
}

/* Characters, not bytes: continuation bytes of UTF-8 take no room. */
static size_t
room(struct str s)
{
	size_t n = 0;

	for (size_t i = 0; i < s.n; i++)
		n += ((unsigned char)s.p[i] & 0xc0) != 0x80;
	return n;
}

static void
pad(size_t n)
{
	for (; n > 0; n--)
		putchar(' ');
}

void
columns_print(const struct columns *t)
{
	size_t widest[COLUMNS_MOST] = {0};

	for (size_t i = 0; i < t->rows; i++)
		widest[i % t->width] = MAX(widest[i % t->width], room(t->cells[i]));
	for (size_t i = 0; i < t->rows; i++) {
		size_t col = i % t->width, gap = widest[col] - room(t->cells[i]);
		bool last = col + 1 == t->width;

		if (t->right[col])
			pad(gap);
		fwrite(t->cells[i].p, 1, t->cells[i].n, stdout);
		if (!t->right[col] && !last)
			pad(gap);
		fputs(last ? "\n" : "  ", stdout);
	}
}
