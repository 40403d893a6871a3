/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * person - who works here: the senders
 *
 * Layer: model.
 */
#pragma once

#include "base/base.h"

struct arena;
struct change;
struct db;
struct error;

struct person {
	person_id id;
	struct str name, address, role; /* administrator, editor, sender, viewer */
	bool disabled;
};

NODISCARD int person_get(
    struct db *db, struct arena *a, person_id id, struct person *ret, struct error *e);
/* By an address that address_clean() made: 1, 0. */
NODISCARD int person_by_address(
    struct db *db, struct arena *a, struct str address, struct person *ret, struct error *e);
/* ERR_EXISTS "address-taken". */
NODISCARD int person_name(
    struct change *c, person_id id, struct str name, struct str address, struct error *e);
/* How many there are, or negative. */
NODISCARD int person_count(struct db *db, struct error *e);
NODISCARD int person_create(struct change *c, struct str name, struct str address, struct str role,
    person_id *ret, struct error *e);
/* May this role send at all? */
bool role_may_send(struct str role);
