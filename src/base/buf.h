/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * buf - a growing byte buffer with a ceiling
 *
 * Every buffer has a limit named in base/limits.h.  Writing past it sets
 * `full` and keeps what was there; writers go on and the owner looks once at
 * the end, so a long render needs one check and not hundreds.
 *
 * Layer: base.
 */
#pragma once

#include "base/base.h"

struct arena;

struct buf {
	char *p;
	size_t n, cap, max;
	bool full;       /* something did not fit: the content is not whole */
	struct arena *a; /* where p lives; NULL: on the heap, buf_fini frees */
};

/* On the heap, or in an arena (then buf_fini is not needed). */
void buf_init(struct buf *b, size_t max);
void buf_init_arena(struct buf *b, struct arena *a, size_t max);
void buf_fini(struct buf *b);
void buf_clear(struct buf *b);

void buf_add(struct buf *b, const void *p, size_t n);
void buf_str(struct buf *b, struct str s);
void buf_lit(struct buf *b, const char *cstr);
void buf_char(struct buf *b, char c);
void buf_printf(struct buf *b, const char *fmt, ...) PRINTF(2, 3);

/* Remove n bytes at the front. */
void buf_drop(struct buf *b, size_t n);

/* The content as it stands; valid until the next write. */
static inline struct str
buf_view(const struct buf *b)
{
	return (struct str){b->p, b->n};
}
