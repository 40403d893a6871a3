/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * contact - who receives: a mail address, with what is known of it
 *
 * Layer: model.
 */
#pragma once

#include "base/base.h"

struct arena;
struct change;
struct db;
struct error;

struct contact {
	contact_id id; /* 0: not known yet */
	struct str address, name;
	bool blocked;
};
/* By an address that address_clean() made: 1 known, 0 not (then *ret has the address alone). */
NODISCARD int contact_find(
    struct db *db, struct arena *a, struct str address, struct contact *ret, struct error *e);
NODISCARD int contact_need(
    struct change *c, struct arena *a, struct str address, contact_id *ret, struct error *e);

/* Somebody who has received: for whoever types an address. */
struct contact_row {
	struct str address, name;
	int64_t deliveries, last_sent_us;
};
/*
 * Those whose address, domain or a word of whose name begins with q (any case),
 * the last one sent to first; q empty: all.  At most max.
 */
NODISCARD int contact_search(struct db *db, struct arena *a, struct str q, size_t max,
    struct contact_row **ret, size_t *ret_n, struct error *e);
