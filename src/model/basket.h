/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * basket - what a person has put together to send
 *
 * It is nobody's act in the history: only sending is.  A file that went to the
 * trash stays in it, is not shown, and counts as gone.
 *
 * Layer: model.
 */
#pragma once

#include "base/base.h"
#include "model/asset.h"

struct arena;
struct change;
struct db;
struct error;

struct basket {
	asset_id *ids; /* in the order in which they were put in */
	size_t n;
	int64_t gone;
	int64_t bytes; /* of their current versions */
};
NODISCARD int basket_get(
    struct db *db, struct arena *a, person_id person, struct basket *ret, struct error *e);
/* Unknown files are left out, one that is in it stays where it is.  ERR_TOO_LARGE "basket-full". */
NODISCARD int basket_add(
    struct change *c, person_id person, const struct asset_list *list, struct error *e);
NODISCARD int basket_remove(
    struct change *c, person_id person, const struct asset_list *list, struct error *e);
NODISCARD int basket_clear(struct change *c, person_id person, struct error *e);
