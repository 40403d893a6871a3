/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * arena - blocks in a list, each at least twice the last up to 1 MiB
 *
 * Large single allocations get a block of their own size.
 *
 * Always true: what is not handed out is zero.  So it is wiped when it is forgotten,
 * and not when it is handed out: keys and people's data that lay in a request's arena
 * end with the request.
 */
#include "base/arena.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define FIRST_BLOCK_BYTES (16 * 1024)
#define LARGEST_BLOCK_BYTES (1024 * 1024)
#define ALIGN 16

struct block {
	struct block *next;
	size_t cap, used;
	_Alignas(ALIGN) char mem[];
};

struct arena {
	struct block *first, *last;
	size_t used;
};

void *
xcalloc(size_t n, size_t size)
{
	void *p = calloc(n ? n : 1, size ? size : 1);

	if (p == NULL)
		abort();
	return p;
}

void *
xrealloc(void *p, size_t n)
{
	p = realloc(p, n ? n : 1);
	if (p == NULL)
		abort();
	return p;
}

static struct block *
block_new(size_t cap)
{
	struct block *b = calloc(1, sizeof *b + cap);

	if (b == NULL)
		abort();
	b->cap = cap;
	return b;
}

struct arena *
arena_new(void)
{
	struct arena *a = xcalloc(1, sizeof *a);

	a->first = a->last = block_new(FIRST_BLOCK_BYTES);
	return a;
}

static void
wipe(struct block *b)
{
	explicit_bzero(b->mem, b->used);
	b->used = 0;
}

static void
drop_after(struct block *b)
{
	struct block *next = b->next;

	b->next = NULL;
	while (next != NULL) {
		struct block *dead = next;

		next = next->next;
		wipe(dead);
		free(dead);
	}
}

void
arena_reset(struct arena *a)
{
	drop_after(a->first);
	wipe(a->first);
	a->last = a->first;
	a->used = 0;
}

void
arena_free(struct arena **a)
{
	if (*a == NULL)
		return;
	drop_after((*a)->first);
	wipe((*a)->first);
	free((*a)->first);
	free(*a);
	*a = NULL;
}

void *
arena_alloc(struct arena *a, size_t n)
{
	struct block *b = a->last;
	size_t want;
	void *p;

	if (n > SIZE_MAX / 2)
		abort();
	want = (n + ALIGN - 1) & ~(size_t)(ALIGN - 1);
	if (b->cap - b->used < want) {
		size_t cap = MIN(b->cap * 2, (size_t)LARGEST_BLOCK_BYTES);

		b = a->last = a->last->next = block_new(MAX(cap, want));
	}
	p = b->mem + b->used;
	b->used += want;
	a->used += want;
	return p;
}

void *
arena_array(struct arena *a, size_t size, size_t n)
{
	size_t total;

	if (__builtin_mul_overflow(size, n, &total))
		abort();
	return arena_alloc(a, total);
}

char *
arena_cstr(struct arena *a, struct str s)
{
	char *p = arena_alloc(a, s.n + 1);

	if (s.n > 0)
		memcpy(p, s.p, s.n);
	return p;
}

struct str
arena_str(struct arena *a, struct str s)
{
	return (struct str){arena_cstr(a, s), s.n};
}

struct str
arena_printf(struct arena *a, const char *fmt, ...)
{
	va_list ap, again;
	char *p;
	int n;

	va_start(ap, fmt);
	va_copy(again, ap);
	n = vsnprintf(NULL, 0, fmt, ap);
	va_end(ap);
	if (n < 0)
		abort();
	p = arena_alloc(a, (size_t)n + 1);
	vsnprintf(p, (size_t)n + 1, fmt, again);
	va_end(again);
	return (struct str){p, (size_t)n};
}

size_t
arena_used(const struct arena *a)
{
	return a->used;
}
