/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * people - who works here, as an administrator looks after them
 *
 * One administrator who can sign in always stays.  Each event names the person
 * by a field sealed under his key, which is fetched before the change begins.
 *
 * Layer: model.
 */
#pragma once

#include "base/base.h"
#include "model/person.h"

struct arena;
struct change;
struct data_key;
struct db;
struct error;

struct person_row {
	struct person person;
	bool is_active;       /* has a password and a second factor */
	int64_t signed_in_us; /* the last time, 0: never */
};
/* By name. */
NODISCARD int people_list(
    struct db *db, struct arena *a, struct person_row **ret, size_t *ret_n, struct error *e);
NODISCARD int people_get(
    struct db *db, struct arena *a, person_id id, struct person_row *ret, struct error *e);
bool role_is_known(struct str role);

/* Whom an event is about. */
struct person_key {
	person_id person;
	const struct data_key *key;
};
/* A new person with the id of `who`; adds person.invited.  ERR_EXISTS "address-taken". */
NODISCARD int person_invite(
    struct change *c, const struct person_key *who, const struct person *p, struct error *e);
/* What changes; p NULL: stays. */
struct person_patch {
	struct str name, address, role;
	bool sets_disabled, disabled;
};
/*
 * Adds person.changed: 1.  0 when all was so before: nothing to commit.  Disabling ends sessions,
 * links and keys.  ERR_CONFLICT
 * "last-administrator", ERR_EXISTS "address-taken", ERR_NOT_FOUND.
 */
NODISCARD int person_change(struct change *c, struct arena *a, const struct person_key *who,
    const struct person_patch *patch, struct error *e);
/*
 * Password, second factor, recovery codes, sessions, links and keys end, but for the key that asks
 * for it; adds person.reset.
 */
NODISCARD int person_reset(
    struct change *c, const struct person_key *who, struct str name, struct error *e);
