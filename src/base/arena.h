/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * arena - memory that dies together
 *
 * One arena per request, passed by name as an ordinary argument.  Nothing is
 * freed from it one by one; arena_reset() or arena_free() ends all of it.
 * Allocation aborts when memory is out, so no caller checks for NULL.
 *
 * Layer: base.
 */
#pragma once

#include "base/base.h"

struct arena;

struct arena *arena_new(void);
void arena_free(struct arena **a);

/* Forget and wipe everything, keep the first block for the next request. */
void arena_reset(struct arena *a);

/* Zeroed, aligned for any type.  n may be 0. */
void *arena_alloc(struct arena *a, size_t n);
#define ARENA_NEW(a, type) ((type *)arena_alloc((a), sizeof(type)))
#define ARENA_ARRAY(a, type, n) ((type *)arena_array((a), sizeof(type), (n)))
void *arena_array(struct arena *a, size_t size, size_t n);

/* Copies; the result is also NUL-terminated (not counted in n). */
struct str arena_str(struct arena *a, struct str s);
char *arena_cstr(struct arena *a, struct str s);
struct str arena_printf(struct arena *a, const char *fmt, ...) PRINTF(2, 3);

/* Bytes handed out since the last reset, for tests and limits. */
size_t arena_used(const struct arena *a);

/* Plain heap that aborts instead of returning NULL; zeroed. */
void *xcalloc(size_t n, size_t size);
void *xrealloc(void *p, size_t n);
