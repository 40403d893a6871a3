/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * asset_words - keywords and notes of an asset, and the list of all keywords
 *
 * Layer: model.
 */
#pragma once

#include "base/base.h"

struct arena;
struct change;
struct db;
struct error;

struct keywords {
	struct str *v; /* labels, by their folded form */
	size_t n;
};
/* Of many files: ret[i] is of ids[i]. */
NODISCARD int keywords_get_list(struct db *db, struct arena *a, const asset_id *ids, size_t n,
    struct keywords *ret, struct error *e);
/* The keyword is made when it is new; twice is once. */
NODISCARD int keyword_add(
    struct change *c, struct arena *a, asset_id id, struct str label, struct error *e);
/* One that it has not is gone already. */
NODISCARD int keyword_remove(
    struct change *c, struct arena *a, asset_id id, struct str label, struct error *e);
/* The same by number, saying whether it changed anything; 0 in *ret: no such keyword. */
NODISCARD int keyword_need(
    struct change *c, struct arena *a, struct str label, int64_t *ret, struct error *e);
NODISCARD int keyword_find(
    struct db *db, struct arena *a, struct str label, int64_t *ret, struct error *e);
NODISCARD int keyword_link(
    struct change *c, asset_id id, int64_t keyword, int64_t *ret_changed, struct error *e);
NODISCARD int keyword_unlink(
    struct change *c, asset_id id, int64_t keyword, int64_t *ret_changed, struct error *e);

struct keyword_row {
	struct str label;
	int64_t count; /* files with it, without the trash */
};
#define KEYWORDS_SHOWN 20
/* Those whose folded label begins so, the most used first; ret has KEYWORDS_SHOWN. */
NODISCARD int keyword_list(struct db *db, struct arena *a, struct str prefix,
    struct keyword_row *ret, size_t *ret_n, struct error *e);

struct note {
	int64_t id;
	struct str text, author;
	int64_t created_us;
};
struct notes {
	struct note *v; /* oldest first */
	size_t n;
};
/* Of many files: ret[i] is of ids[i]. */
NODISCARD int notes_get_list(struct db *db, struct arena *a, const asset_id *ids, size_t n,
    struct notes *ret, struct error *e);
NODISCARD int note_add(
    struct change *c, asset_id id, struct str text, person_id by, struct error *e);
