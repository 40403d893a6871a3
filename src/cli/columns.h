/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * columns - a small table on stdout, its columns aligned
 *
 * Cells are printed once all are known.  Controls in a cell become blanks, so
 * that a file name cannot move the cursor.
 *
 * Layer: cli.
 */
#pragma once

#include "base/arena.h"
#include "base/base.h"

#define COLUMNS_MOST 8
struct columns {
	struct arena *a;
	size_t width, rows, cap;
	struct str *cells;
	bool right[COLUMNS_MOST]; /* numbers */
};

void columns_init(struct columns *t, struct arena *a, size_t width);
/* The next cell, row by row. */
void columns_add(struct columns *t, struct str cell);
void columns_int(struct columns *t, int64_t n);
/* "2026-11-25T09:38:49Z" without a fraction of a second. */
void columns_time(struct columns *t, struct str rfc3339);
void columns_print(const struct columns *t);
