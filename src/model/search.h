/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * search - the words of a file: title, file name, keywords
 *
 * Words are normalised by text/words.h and kept in asset_term, written in the
 * change that alters what they are made of.  A question finds a file when each of
 * its words is the beginning of a word of the file.
 *
 * Layer: model.
 */
#pragma once

#include "base/base.h"

struct arena;
struct change;
struct db;
struct error;

/* A set of files, ascending. */
struct asset_set {
	int64_t *ids;
	size_t n;
};
bool asset_set_has(const struct asset_set *set, int64_t id);

/* Of a question without a word: nothing. */
NODISCARD int search_find(
    struct db *db, struct arena *a, struct str question, struct asset_set *ret, struct error *e);
/* With this keyword, however it is written. */
NODISCARD int search_keyword(
    struct db *db, struct arena *a, struct str label, struct asset_set *ret, struct error *e);
/* Make the words of a file anew from what it is now; also its place in the order by name. */
NODISCARD int search_index(struct change *c, asset_id id, struct error *e);
