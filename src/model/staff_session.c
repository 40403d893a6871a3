/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * staff_session - see staff_session.h
 *
 * What is live is one condition, the same in every query; a disabled person has
 * no live session whatever its row says.
 */
#include "model/staff_session.h"

#include "base/arena.h"
#include "base/error.h"
#include "base/random.h"
#include "base/str.h"
#include "base/time.h"
#include "base/vec.h"
#include "crypto/token.h"
#include "db/db.h"
#include "model/change.h"

#define IDLE_US (60LL * 60 * US_PER_S)
#define LIFE_US (12LL * 3600 * US_PER_S)
#define TOUCH_EVERY_US (60 * US_PER_S)
#define AGENT_BYTES 200

#define LIVE "s.ended_us IS NULL AND s.used_us > ? AND s.created_us > ? AND p.disabled_us IS NULL"
#define LIVE_VALUES(now) db_i((now)-IDLE_US), db_i((now)-LIFE_US)
#define COLUMNS                                                                                    \
	"s.id, s.person_id, s.state, s.agent, s.proved_us, s.created_us, s.used_us, p.name, "      \
	"p.address, p.role FROM staff_session s JOIN person p ON p.id = s.person_id "

static const char *const state_names[] = {"enrol", "totp", "active"};
static const struct {
	const char *name;
	int64_t life_us;
} purposes[] = {
    [LINK_FIRST] = {"first", 15 * 60 * US_PER_S},
    [LINK_INVITE] = {"invite", 7 * US_PER_DAY},
    [LINK_RESET] = {"reset", 3600 * US_PER_S},
};

const char *
staff_state_name(enum staff_state s)
{
	return state_names[s];
}

int64_t
staff_session_idle_end(const struct staff_session *s)
{
	return MIN(s->used_us + IDLE_US, staff_session_end_us(s));
}

int64_t
staff_session_end_us(const struct staff_session *s)
{
	return s->created_us + LIFE_US;
}

static int
read_state(struct str name, enum staff_state *ret, struct error *e)
{
	for (size_t i = 0; i < ARRAY_LEN(state_names); i++) {
		if (str_eq_c(name, state_names[i])) {
			*ret = (enum staff_state)i;
			return 0;
		}
	}
	return err_set(e, ERR_CORRUPT, "a session in the state %.*s", STR(name));
}

static int
read_row(struct rows *q, struct arena *a, struct staff_session *ret, struct error *e)
{
	*ret = (struct staff_session){.id = {rows_int(q, 0)},
	    .agent = rows_text(q, 3, a),
	    .proved_us = rows_int(q, 4),
	    .created_us = rows_int(q, 5),
	    .used_us = rows_int(q, 6),
	    .person = {.id = {rows_int(q, 1)},
	        .name = rows_text(q, 7, a),
	        .address = rows_text(q, 8, a),
	        .role = rows_text(q, 9, a)}};
	return read_state(rows_text(q, 2, a), &ret->state, e);
}

int
staff_session_find(struct db *db, struct arena *a, const struct sha256 *cookie, int64_t now_us,
    struct staff_session *ret, struct error *e)
{
	AUTO(rows_close) struct rows *q = NULL;
	int r;

	if (db_query(db, &q, e, "SELECT " COLUMNS "WHERE s.token_hash = ? AND " LIVE,
	        db_bytes(cookie->b, sizeof cookie->b), LIVE_VALUES(now_us)) < 0)
		return err_code(e);
	r = rows_next(q, e);
	if (r <= 0)
		return r;
	return read_row(q, a, ret, e) < 0 ? err_code(e) : 1;
}

int
staff_session_get(struct db *db, struct arena *a, staff_session_id id, int64_t now_us,
    struct staff_session *ret, struct error *e)
{
	AUTO(rows_close) struct rows *q = NULL;
	int r;

	if (db_query(db, &q, e, "SELECT " COLUMNS "WHERE s.id = ? AND " LIVE, db_i(id.v),
	        LIVE_VALUES(now_us)) < 0)
		return err_code(e);
	r = rows_next(q, e);
	if (r <= 0)
		return r;
	return read_row(q, a, ret, e) < 0 ? err_code(e) : 1;
}

int
staff_session_list(struct db *db, struct arena *a, person_id p, int64_t now_us,
    struct staff_session **ret, size_t *ret_n, struct error *e)
{
	AUTO(rows_close) struct rows *q = NULL;
	VEC(struct staff_session) all = {0};
	int r;

	if (db_query(db, &q, e,
	        "SELECT " COLUMNS "WHERE s.person_id = ? AND " LIVE " ORDER BY s.id DESC",
	        db_i(p.v), LIVE_VALUES(now_us)) < 0)
		return err_code(e);
	while ((r = rows_next(q, e)) > 0) {
		r = read_row(q, a, VEC_ADD(&all), e);
		if (r < 0)
			break;
	}
	VEC_TO_ARENA(&all, a, ret, ret_n);
	return r;
}

int
staff_session_touch(struct db *db, const struct staff_session *s, int64_t now_us, struct error *e)
{
	AUTO(change_abort) struct change *c = NULL;

	if (now_us - s->used_us < TOUCH_EVERY_US)
		return 0;
	if (change_begin(db, (struct actor){ACTOR_SYSTEM, 0}, CHANGE_HOUSEKEEPING, &c, e) < 0 ||
	    db_exec(db, NULL, e, "UPDATE staff_session SET used_us = ? WHERE id = ?", db_i(now_us),
	        db_i(s->id.v)) < 0)
		return err_code(e);
	return change_commit(&c, e);
}

/* ---- writing ---- */

static struct str
shortened(struct str agent)
{
	struct str s = str_head(agent, MIN(agent.n, (size_t)AGENT_BYTES));

	while (s.n > 0 && !str_is_utf8(s))
		s.n--;
	return s;
}

int
staff_session_begin(struct change *c, person_id p, enum staff_state state,
    const struct sha256 *cookie, struct str agent, struct error *e)
{
	struct event ev = EVENT_INIT(EVENT_SESSION_BEGUN);
	int64_t now = change_now(c);

	ev.outcome = str_c(state_names[state]);
	if (db_exec(change_db(c), NULL, e,
	        "INSERT INTO staff_session (id, person_id, token_hash, state, agent, proved_us, "
	        "created_us, used_us) VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
	        db_i(random_id()), db_i(p.v), db_bytes(cookie->b, sizeof cookie->b),
	        db_s(str_c(state_names[state])), db_s(shortened(agent)),
	        db_i(state == STAFF_ACTIVE ? now : 0), db_i(now), db_i(now)) < 0)
		return err_code(e);
	return event_add(c, &ev, e);
}

int
staff_session_proved(struct change *c, staff_session_id id, enum staff_state state,
    const struct sha256 *cookie, struct error *e)
{
	int64_t now = change_now(c), n;

	if (db_exec(change_db(c), &n, e,
	        "UPDATE staff_session SET state = ?, token_hash = ?, proved_us = ?, used_us = ? "
	        "WHERE id = ? AND ended_us IS NULL",
	        db_s(str_c(state_names[state])), db_bytes(cookie->b, sizeof cookie->b),
	        db_i(state == STAFF_ACTIVE ? now : 0), db_i(now), db_i(id.v)) < 0)
		return err_code(e);
	return n == 1 ? 0 : err_set(e, ERR_UNAUTHENTICATED, "the session is over");
}

int
staff_session_end(struct change *c, person_id p, staff_session_id id, struct error *e)
{
	struct event ev = EVENT_INIT(EVENT_SESSION_ENDED);
	int64_t n;

	if (db_exec(change_db(c), &n, e,
	        "UPDATE staff_session SET ended_us = ? WHERE id = ? AND person_id = ? AND "
	        "ended_us IS NULL",
	        db_i(change_now(c)), db_i(id.v), db_i(p.v)) < 0)
		return err_code(e);
	if (n != 1)
		return err_set(e, ERR_NOT_FOUND, "no such session");
	return event_add(c, &ev, e);
}

int
staff_session_end_all(struct change *c, person_id p, staff_session_id but, struct error *e)
{
	return db_exec(change_db(c), NULL, e,
	    "UPDATE staff_session SET ended_us = ? WHERE person_id = ? AND id <> ? AND ended_us IS "
	    "NULL",
	    db_i(change_now(c)), db_i(p.v), db_i(but.v));
}

/* ---- one-time links ---- */

int64_t
sign_in_link_life(enum link_purpose purpose)
{
	return purposes[purpose].life_us;
}

int
sign_in_link_put(
    struct change *c, person_id p, enum link_purpose purpose, struct str token, struct error *e)
{
	struct sha256 hash = token_hash(token);
	int64_t now = change_now(c);

	if (db_exec(change_db(c), NULL, e,
	        "UPDATE sign_in_link SET used_us = ? WHERE person_id = ? AND used_us IS NULL",
	        db_i(now), db_i(p.v)) < 0)
		return err_code(e);
	return db_exec(change_db(c), NULL, e,
	    "INSERT INTO sign_in_link (id, person_id, purpose, hash, created_us, expires_us) "
	    "VALUES (?, ?, ?, ?, ?, ?)",
	    db_i(random_id()), db_i(p.v), db_s(str_c(purposes[purpose].name)),
	    db_bytes(hash.b, sizeof hash.b), db_i(now), db_i(now + purposes[purpose].life_us));
}

int
sign_in_link_new(struct change *c, struct arena *a, person_id p, enum link_purpose purpose,
    struct str *ret_token, struct error *e)
{
	*ret_token = token_new(a);
	return sign_in_link_put(c, p, purpose, *ret_token, e);
}

static int
find_link(struct change *c, struct str token, int64_t *ret_id, person_id *ret, struct error *e)
{
	AUTO(rows_close) struct rows *q = NULL;
	struct sha256 hash = token_hash(token);
	int r;

	if (db_query(change_db(c), &q, e,
	        "SELECT l.id, l.person_id FROM sign_in_link l JOIN person p ON p.id = l.person_id "
	        "WHERE l.hash = ? AND l.used_us IS NULL AND l.expires_us > ? AND p.disabled_us IS "
	        "NULL",
	        db_bytes(hash.b, sizeof hash.b), db_i(change_now(c))) < 0)
		return err_code(e);
	r = rows_next(q, e);
	if (r == 0)
		return err_key(e, ERR_UNAUTHENTICATED, "link-dead",
		    "the link was used before, has expired or was replaced by a newer one");
	*ret_id = rows_int(q, 0);
	*ret = (person_id){rows_int(q, 1)};
	return MIN(r, 0);
}

int
sign_in_link_use(struct change *c, struct str token, person_id *ret, struct error *e)
{
	int64_t id;

	if (find_link(c, token, &id, ret, e) < 0)
		return err_code(e);
	return db_exec(change_db(c), NULL, e, "UPDATE sign_in_link SET used_us = ? WHERE id = ?",
	    db_i(change_now(c)), db_i(id));
}

int
person_first_without_credential(struct db *db, person_id *ret, struct error *e)
{
	AUTO(rows_close) struct rows *q = NULL;
	int r;

	if (db_query(db, &q, e,
	        "SELECT p.id, c.person_id FROM person p LEFT JOIN credential c ON c.person_id = "
	        "p.id AND c.password IS NOT NULL AND c.totp IS NOT NULL "
	        "WHERE p.role = 'administrator' AND p.disabled_us IS NULL "
	        "ORDER BY CASE WHEN c.person_id IS NULL THEN 1 ELSE 0 END, p.id LIMIT 1") < 0)
		return err_code(e);
	r = rows_next(q, e);
	if (r <= 0)
		return r;
	*ret = (person_id){rows_int(q, 0)};
	return rows_is_null(q, 1);
}
