/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * buf - see buf.h.  Grows by doubling; heap memory is wiped before it is given
 * back, because buffers carry keys and codes now and then.
 */
#include "base/buf.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/arena.h"

void
buf_init(struct buf *b, size_t max)
{
	*b = (struct buf){.max = max};
}

void
buf_init_arena(struct buf *b, struct arena *a, size_t max)
{
	*b = (struct buf){.max = max, .a = a};
}

void
buf_fini(struct buf *b)
{
	if (b->a == NULL && b->p != NULL) {
		explicit_bzero(b->p, b->cap);
		free(b->p);
	}
	*b = (struct buf){.max = b->max, .a = b->a};
}

void
buf_clear(struct buf *b)
{
	b->n = 0;
	b->full = false;
}

static bool
reserve(struct buf *b, size_t n)
{
	size_t need, cap;
	char *p;

	if (__builtin_add_overflow(b->n, n, &need) || need > b->max) {
		b->full = true;
		return false;
	}
	if (need <= b->cap)
		return true;
	cap = b->cap ? b->cap : 256;
	while (cap < need)
		cap *= 2;
	cap = MIN(cap, b->max);
	/* one more than cap: room for the NUL of vsnprintf, which is not content */
	p = b->a != NULL ? arena_alloc(b->a, cap + 1) : xcalloc(1, cap + 1);
	if (b->n > 0)
		memcpy(p, b->p, b->n);
	if (b->a == NULL && b->p != NULL) {
		explicit_bzero(b->p, b->cap);
		free(b->p);
	}
	b->p = p;
	b->cap = cap;
	return true;
}

void
buf_add(struct buf *b, const void *p, size_t n)
{
	if (n == 0 || !reserve(b, n))
		return;
	memcpy(b->p + b->n, p, n);
	b->n += n;
}

void
buf_str(struct buf *b, struct str s)
{
	buf_add(b, s.p, s.n);
}

void
buf_lit(struct buf *b, const char *cstr)
{
	buf_add(b, cstr, strlen(cstr));
}

void
buf_char(struct buf *b, char c)
{
	buf_add(b, &c, 1);
}

void
buf_printf(struct buf *b, const char *fmt, ...)
{
	va_list ap, again;
	int n;

	va_start(ap, fmt);
	va_copy(again, ap);
	n = vsnprintf(NULL, 0, fmt, ap);
	va_end(ap);
	if (n < 0)
		abort();
	if (n > 0 && reserve(b, (size_t)n)) {
		vsnprintf(b->p + b->n, (size_t)n + 1, fmt, again);
		b->n += (size_t)n;
	}
	va_end(again);
}

void
buf_drop(struct buf *b, size_t n)
{
	n = MIN(n, b->n);
	if (n > 0)
		memmove(b->p, b->p + n, b->n - n);
	b->n -= n;
}
