/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * staff_session - a person in one browser, and the one-time links that begin one
 *
 * A cookie of 256 bits finds the row by its SHA-256.  Idle 60 min, absolute
 * 12 h.  What a session may do depends on its state: one that a link began
 * (enrol) or that knows the password alone (totp) may only go on signing in.
 * Each proof changes the cookie.
 *
 * Layer: model.
 */
#pragma once

#include "base/base.h"
#include "crypto/hash.h"
#include "model/person.h"

struct arena;
struct change;
struct db;
struct error;

enum staff_state { STAFF_ENROL, STAFF_TOTP, STAFF_ACTIVE };
const char *staff_state_name(enum staff_state s); /* "enrol", "totp", "active" */

struct staff_session {
	staff_session_id id;
	struct person person;
	enum staff_state state;
	struct str agent;
	int64_t proved_us, created_us, used_us;
};
/* When it ends if nobody does anything, and at the latest. */
int64_t staff_session_idle_end(const struct staff_session *s);
int64_t staff_session_end_us(const struct staff_session *s);

/* The live session of this cookie whose person is not disabled: 1, 0. */
NODISCARD int staff_session_find(struct db *db, struct arena *a, const struct sha256 *cookie,
    int64_t now_us, struct staff_session *ret, struct error *e);
/* The same by its id. */
NODISCARD int staff_session_get(struct db *db, struct arena *a, staff_session_id id, int64_t now_us,
    struct staff_session *ret, struct error *e);
/* Those of a person that are live, the newest first. */
NODISCARD int staff_session_list(struct db *db, struct arena *a, person_id p, int64_t now_us,
    struct staff_session **ret, size_t *ret_n, struct error *e);
/* Seen now; written at most once a minute (housekeeping of its own). */
NODISCARD int staff_session_touch(
    struct db *db, const struct staff_session *s, int64_t now_us, struct error *e);

/* Adds the event session.begun.  agent: the User-Agent field. */
NODISCARD int staff_session_begin(struct change *c, person_id p, enum staff_state state,
    const struct sha256 *cookie, struct str agent, struct error *e);
/* Another state and a new cookie; active sets proved.  The event is the caller's. */
NODISCARD int staff_session_proved(struct change *c, staff_session_id id, enum staff_state state,
    const struct sha256 *cookie, struct error *e);
/* One of the person's own; adds session.ended.  ERR_NOT_FOUND when it is not his or over. */
NODISCARD int staff_session_end(
    struct change *c, person_id p, staff_session_id id, struct error *e);
/* All of a person but one (0: all); no event, it belongs to what caused it. */
NODISCARD int staff_session_end_all(
    struct change *c, person_id p, staff_session_id but, struct error *e);

/* ---- one-time links ---- */

enum link_purpose { LINK_FIRST, LINK_INVITE, LINK_RESET };
int64_t sign_in_link_life(enum link_purpose purpose); /* in microseconds */
/* The link of a new token, made before the change where a mail is to carry it; older ones of the
 * person end.  No event of its own. */
NODISCARD int sign_in_link_put(
    struct change *c, person_id p, enum link_purpose purpose, struct str token, struct error *e);
/* Both in one. */
NODISCARD int sign_in_link_new(struct change *c, struct arena *a, person_id p,
    enum link_purpose purpose, struct str *ret_token, struct error *e);
/* Takes it: whose it was.  ERR_UNAUTHENTICATED "link-dead" when used, expired or unknown. */
NODISCARD int sign_in_link_use(struct change *c, struct str token, person_id *ret, struct error *e);
/* The administrator who cannot sign in because nobody can yet: 1 and who, 0 when one can. */
NODISCARD int person_first_without_credential(struct db *db, person_id *ret, struct error *e);
