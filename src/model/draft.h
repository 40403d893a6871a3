/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * draft - what somebody has typed for a delivery and not sent yet
 *
 * One for each person, beside the one basket.  Seen by nobody else, so to write
 * it is housekeeping, as the basket is.
 *
 * Layer: model.
 */
#pragma once

#include "base/base.h"

struct arena;
struct change;
struct db;
struct error;

struct draft {
	struct str content; /* JSON */
	int64_t stamp;      /* 0: there is none */
	int64_t changed_us;
};
NODISCARD int draft_get(
    struct db *db, struct arena *a, person_id person, struct draft *ret, struct error *e);
/* The stamp is that of the one before plus one, so it is never seen twice in a row. */
NODISCARD int draft_put(struct change *c, person_id person, struct str content, struct error *e);
/* None there: nothing happens. */
NODISCARD int draft_remove(struct change *c, person_id person, struct error *e);
