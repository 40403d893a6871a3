/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * session - one recipient in one browser
 *
 * A browser holds one cookie for all its deliveries; its SHA-256 finds the
 * rows.  Idle 30 min, absolute 8 h.  The cookie changes when a code was right.
 *
 * Layer: model.
 */
#pragma once

#include "base/base.h"
#include "crypto/hash.h"

struct arena;
struct change;
struct db;
struct error;

struct session {
	session_id id;
	recipient_id recipient;
	delivery_id delivery;
	int level; /* 0 link, 1 code */
	int64_t created_us, used_us;
};

/* The live session of this cookie for a delivery, the one opened last: 1, 0. */
NODISCARD int session_find(struct db *db, const struct sha256 *cookie, delivery_id d,
    int64_t now_us, struct session *ret, struct error *e);
/* Has this cookie any live session (so that the browser keeps it)? 1, 0. */
NODISCARD int session_is_known(
    struct db *db, const struct sha256 *cookie, int64_t now_us, struct error *e);
/*
 * A session for the recipient under this cookie, or the live one there is (its level stays).  In a
 * browser that holds LIMIT_RECIPIENTS_PER_COOKIE the one not used for longest ends.
 */
NODISCARD int session_open(struct change *c, const struct sha256 *cookie, recipient_id r,
    session_id *ret, struct error *e);
/* Seen now; written at most once a minute (housekeeping of its own). */
NODISCARD int session_touch(
    struct db *db, const struct session *s, int64_t now_us, struct error *e);
/* A download is use too: the same inside a change, without which a long one would be cut. */
NODISCARD int session_keep(struct change *c, session_id id, struct error *e);
/* The code was right: level 1, and all rows of the browser get the new cookie. */
NODISCARD int session_verified(struct change *c, const struct session *s,
    const struct sha256 *old_cookie, const struct sha256 *new_cookie, struct error *e);
NODISCARD int session_end_all(struct change *c, recipient_id r, struct error *e);
/* Is it live still? 1, 0. For KEYS. */
NODISCARD int session_is_live(struct db *db, session_id id, int64_t now_us, struct error *e);
/* For SENT, by set: the stamp of each session's delivery, -1 where the session is over. */
NODISCARD int session_stamps(
    struct db *db, const session_id *ids, size_t n, int64_t now_us, int64_t *ret, struct error *e);
