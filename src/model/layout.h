/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * layout - which files a view of the library shows, in which order, of which shape
 *
 * Ids and the ratio of each: all that is needed to lay out a grid of 100,000
 * files before one card of it is asked for.  One scan of asset; what is filtered
 * is decided row by row here, so that "sendable" means what the verdict means.
 *
 * Layer: model.
 */
#pragma once

#include "base/base.h"
#include "model/verdict.h"

struct arena;
struct db;
struct error;

enum layout_sort { LAYOUT_NEWEST, LAYOUT_OLDEST, LAYOUT_NAME, LAYOUT_SORT_COUNT };
bool layout_sort_parse(struct str s, enum layout_sort *ret);
/* The kind of a media type: "image", "document", "video", "audio", "other". */
bool layout_kind_is_known(struct str kind);
const char *layout_kind(struct str media_type);
/* A state as shown for a release, or "sendable". */
bool layout_state_is_known(struct str state);

/* "" and NULL: everything. */
struct layout_filter {
	const struct str *folder; /* with all below it; as path_clean made it */
	struct str query;         /* all its words, each the beginning of one */
	struct str keyword;
	struct str state, kind;
	const enum asset_class *class;
	bool trash; /* only what is in the trash, else only what is not */
	enum layout_sort sort;
	int64_t first; /* at most so many, from the beginning; 0: all */
	int64_t now_us;
	bool hold_unscanned;
};
struct layout {
	int64_t *ids;
	uint8_t *ratios; /* layout_ratio */
	size_t n;
	uint64_t stamp; /* another one when anything in it changed: the ETag */
};
NODISCARD int layout_read(struct db *db, struct arena *a, const struct layout_filter *f,
    struct layout *ret, struct error *e);

/* Width to height as 2^((v - 128) / 42.5); 128 when unknown. */
uint8_t layout_ratio(int64_t width, int64_t height);
