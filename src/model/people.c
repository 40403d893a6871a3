/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * people - see people.h
 *
 * Whether an administrator stays is asked inside the change; changes are
 * serializable, so two who disable each other at once do not both succeed.
 */
#include "model/people.h"

#include "base/arena.h"
#include "base/error.h"
#include "base/str.h"
#include "base/vec.h"
#include "db/db.h"
#include "model/change.h"
#include "model/credential.h"
#include "model/delivery.h"
#include "model/staff_session.h"

#define COLUMNS                                                                                    \
	"p.id, p.name, p.address, p.role, p.disabled_us, c.password, c.totp, c.signed_in_us "      \
	"FROM person p LEFT JOIN credential c ON c.person_id = p.id "

bool
role_is_known(struct str role)
{
	return role_may_send(role) || str_eq_c(role, "viewer");
}

/* ---- reading ---- */

static struct person_row
read_row(struct rows *q, struct arena *a)
{
	return (struct person_row){.person = {.id = {rows_int(q, 0)},
	                               .name = rows_text(q, 1, a),
	                               .address = rows_text(q, 2, a),
	                               .role = rows_text(q, 3, a),
	                               .disabled = !rows_is_null(q, 4)},
	    .is_active = !rows_is_null(q, 5) && !rows_is_null(q, 6),
	    .signed_in_us = rows_int(q, 7)};
}

int
people_list(struct db *db, struct arena *a, struct person_row **ret, size_t *ret_n, struct error *e)
{
	AUTO(rows_close) struct rows *q = NULL;
	VEC(struct person_row) all = {0};
	int r;

	if (db_query(db, &q, e, "SELECT " COLUMNS "ORDER BY p.name, p.id") < 0)
		return err_code(e);
	while ((r = rows_next(q, e)) > 0)
		*VEC_ADD(&all) = read_row(q, a);
	VEC_TO_ARENA(&all, a, ret, ret_n);
	return r;
}

int
people_get(struct db *db, struct arena *a, person_id id, struct person_row *ret, struct error *e)
{
	AUTO(rows_close) struct rows *q = NULL;
	int r;

	if (db_query(db, &q, e, "SELECT " COLUMNS "WHERE p.id = ?", db_i(id.v)) < 0)
		return err_code(e);
	r = rows_next(q, e);
	if (r == 0)
		return err_set(e, ERR_NOT_FOUND, "no person %lld", (long long)id.v);
	if (r > 0)
		*ret = read_row(q, a);
	return MIN(r, 0);
}

/* ---- writing ---- */

struct act {
	enum event_kind kind;
	struct str outcome, name;
};

static int
record(struct change *c, const struct person_key *who, const struct act *act, struct error *e)
{
	struct event_field field = {
	    .person = who->person.v, .key = who->key, .field = S("name"), .value = act->name};
	struct event ev = EVENT_INIT(act->kind);

	ev.outcome = act->outcome;
	ev.fields = &field;
	ev.field_count = 1;
	return event_add(c, &ev, e);
}

/* The only unique column a caller chooses is the address. */
static int
address_taken(struct error *e)
{
	if (e->code != ERR_EXISTS)
		return err_code(e);
	return err_key(e, ERR_EXISTS, "address-taken", "another person has this address");
}

int
person_invite(
    struct change *c, const struct person_key *who, const struct person *p, struct error *e)
{
	struct act act = {EVENT_PERSON_INVITED, p->role, p->name};

	if (db_exec(change_db(c), NULL, e,
	        "INSERT INTO person (id, name, address, role, created_us) VALUES (?, ?, ?, ?, ?)",
	        db_i(who->person.v), db_s(p->name), db_s(p->address), db_s(p->role),
	        db_i(change_now(c))) < 0)
		return address_taken(e);
	return record(c, who, &act, e);
}

/* Another one who can sign in; while this one cannot himself, any other will do. */
static int
check_administrator_stays(struct change *c, person_id but, struct error *e)
{
	static const char sql[] =
	    "SELECT 1 FROM person p LEFT JOIN credential c ON c.person_id = p.id AND "
	    "c.password IS NOT NULL AND c.totp IS NOT NULL "
	    "WHERE p.role = 'administrator' AND p.disabled_us IS NULL AND p.id <> ? AND "
	    "(c.person_id IS NOT NULL OR NOT EXISTS (SELECT 1 FROM credential s WHERE "
	    "s.person_id = ? AND s.password IS NOT NULL AND s.totp IS NOT NULL)) LIMIT 1";
	AUTO(rows_close) struct rows *q = NULL;
	int r;

	if (db_query(change_db(c), &q, e, sql, db_i(but.v), db_i(but.v)) < 0)
		return err_code(e);
	r = rows_next(q, e);
	if (r == 0)
		return err_key(e, ERR_CONFLICT, "last-administrator",
		    "nobody else can sign in as an administrator");
	return MIN(r, 0);
}

/* A key that asks for this stays: whoever has it could make another first. */
static int64_t
asking_key(const struct change *c)
{
	struct actor who = change_actor(c);

	return who.kind == ACTOR_KEY ? who.id : 0;
}

static int
end_access(struct change *c, person_id p, int64_t but_key, struct error *e)
{
	int64_t now = change_now(c);

	if (staff_session_end_all(c, p, (staff_session_id){0}, e) < 0 ||
	    db_exec(change_db(c), NULL, e,
	        "UPDATE sign_in_link SET used_us = ? WHERE person_id = ? AND used_us IS NULL",
	        db_i(now), db_i(p.v)) < 0)
		return err_code(e);
	return db_exec(change_db(c), NULL, e,
	    "UPDATE api_key SET revoked_us = ? WHERE person_id = ? AND id <> ? AND revoked_us IS "
	    "NULL",
	    db_i(now), db_i(p.v), db_i(but_key));
}

static struct person
patched(const struct person *p, const struct person_patch *patch)
{
	return (struct person){.id = p->id,
	    .name = patch->name.p != NULL ? patch->name : p->name,
	    .address = patch->address.p != NULL ? patch->address : p->address,
	    .role = patch->role.p != NULL ? patch->role : p->role,
	    .disabled = patch->sets_disabled ? patch->disabled : p->disabled};
}

/* What he sent is blocked while he may not send (verdict.c). */
static bool
may_send(const struct person *p)
{
	return role_may_send(p->role) && !p->disabled;
}

static bool
administers(const struct person *p)
{
	return str_eq_c(p->role, "administrator") && !p->disabled;
}

static bool
is_same(const struct person *was, const struct person *is)
{
	return was->disabled == is->disabled && str_eq(was->name, is->name) &&
	       str_eq(was->address, is->address) && str_eq(was->role, is->role);
}

/* One word for the history: the gravest of what changed. */
static struct str
what_changed(const struct person *was, const struct person *is)
{
	if (was->disabled != is->disabled)
		return is->disabled ? S("disabled") : S("enabled");
	return str_eq(was->role, is->role) ? S("details") : is->role;
}

static int
write_person(struct change *c, const struct person *p, struct error *e)
{
	if (db_exec(change_db(c), NULL, e,
	        "UPDATE person SET name = ?, address = ?, role = ?, disabled_us = CASE WHEN CAST(? "
	        "AS BIGINT) = 0 THEN NULL ELSE COALESCE(disabled_us, CAST(? AS BIGINT)) END "
	        "WHERE id = ?",
	        db_s(p->name), db_s(p->address), db_s(p->role), db_i(p->disabled),
	        db_i(change_now(c)), db_i(p->id.v)) < 0)
		return address_taken(e);
	return 0;
}

int
person_change(struct change *c, struct arena *a, const struct person_key *who,
    const struct person_patch *patch, struct error *e)
{
	struct person was, is;
	struct act act = {EVENT_PERSON_CHANGED};

	if (person_get(change_db(c), a, who->person, &was, e) < 0)
		return err_code(e);
	is = patched(&was, patch);
	if (is_same(&was, &is))
		return 0;
	if (administers(&was) && !administers(&is) && check_administrator_stays(c, was.id, e) < 0)
		return err_code(e);
	if (write_person(c, &is, e) < 0 || (is.disabled && end_access(c, is.id, 0, e) < 0) ||
	    (may_send(&was) != may_send(&is) && delivery_stamps_raise_of(c, is.id, e) < 0))
		return err_code(e);
	act.outcome = what_changed(&was, &is);
	act.name = is.name;
	return record(c, who, &act, e) < 0 ? err_code(e) : 1;
}

int
person_reset(struct change *c, const struct person_key *who, struct str name, struct error *e)
{
	struct act act = {EVENT_PERSON_RESET, S(""), name};

	if (credential_clear(c, who->person, e) < 0 ||
	    end_access(c, who->person, asking_key(c), e) < 0)
		return err_code(e);
	return record(c, who, &act, e);
}
