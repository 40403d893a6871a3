/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * card - a file as the grid of the library shows it
 *
 * Everything a card says in a few statements for many files: the file, its
 * current version, what it looks like, its keywords, its duplicates, and the
 * verdict of the file alone (for no recipient yet).
 *
 * Layer: model.
 */
#pragma once

#include "base/base.h"
#include "model/asset.h"
#include "model/asset_words.h"
#include "model/rendition.h"
#include "model/version.h"

#define CARDS_MOST 200 /* asked for at once */

/* A thousand files that are the same would each name all the others. */
#define CARD_DUPLICATES 20

struct card {
	struct asset asset;
	struct version version;
	struct media media;
	struct keywords keywords;
	asset_id *
	    duplicates; /* other files whose current content is the same, CARD_DUPLICATES at most */
	size_t duplicate_count;
};
/* In the order of ids; those that are not there are left out. */
NODISCARD int card_list(struct db *db, struct arena *a, const asset_id *ids, size_t n,
    struct card **ret, size_t *ret_n, struct error *e);

/* The verdict as long as nobody receives it. */
struct card_ask {
	int64_t now_us;
	bool hold_unscanned;
};
void card_verdict(const struct card *card, const struct card_ask *ask, struct verdict *ret);
/*
 * The line of five checks: "ok", "warn", "stop", "open", "unchecked".  Release and
 * dates are of the file; of the other three nothing is known before somebody
 * receives it.
 */
const char *card_check(const struct verdict *v, enum verdict_check check);
const char *card_check_name(enum verdict_check check); /* "release", "licence", ... */
