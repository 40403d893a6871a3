/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * names - file names made different from each other, as one folder needs them
 *
 * Compared as Windows and macOS do: composed and case folded.  A thousand files
 * of one name take a thousand steps, not a million.
 *
 * Layer: api.
 */
#pragma once

#include "base/base.h"

struct arena;
struct names;

/* For at most max names. */
struct names *names_new(struct arena *a, size_t max);
/* The name, or "name (2).pdf" and so on: the first that is free; it is taken then. */
struct str names_take(struct names *set, struct str name);
