/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * vec - a typed growing array on the heap
 *
 * struct { type *v; size_t n, cap; } made by VEC(type).  VEC_ADD returns the
 * address of the new, zeroed element; it is valid until the next VEC_ADD.
 *
 * Layer: base.
 */
#pragma once

#include <stdlib.h>

#include "base/arena.h"

#define VEC(type)                                                                                  \
	struct {                                                                                   \
		type *v;                                                                           \
		size_t n, cap;                                                                     \
	}
#define VEC_ADD(vec)                                                                               \
	({                                                                                         \
		if ((vec)->n == (vec)->cap) {                                                      \
			(vec)->cap = (vec)->cap ? (vec)->cap * 2 : 8;                              \
			(vec)->v = xrealloc((vec)->v, (vec)->cap * sizeof *(vec)->v);              \
		}                                                                                  \
		memset(&(vec)->v[(vec)->n], 0, sizeof *(vec)->v);                                  \
		&(vec)->v[(vec)->n++];                                                             \
	})
#define VEC_FINI(vec)                                                                              \
	do {                                                                                       \
		free((vec)->v);                                                                    \
		(vec)->v = NULL;                                                                   \
		(vec)->n = (vec)->cap = 0;                                                         \
	} while (0)
/* Copy it into an arena and end it: *ret is the array, *ret_n its length. */
#define VEC_TO_ARENA(vec, a, ret, ret_n)                                                           \
	do {                                                                                       \
		*(ret) = arena_array((a), sizeof *(vec)->v, (vec)->n);                             \
		if ((vec)->n > 0)                                                                  \
			memcpy(*(ret), (vec)->v, (vec)->n * sizeof *(vec)->v);                     \
		*(ret_n) = (vec)->n;                                                               \
		VEC_FINI(vec);                                                                     \
	} while (0)
