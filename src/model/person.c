/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * person - see person.h
 *
 * Reading and making people.  What a role may do is in api_key.c (scopes) and in
 * role_may_send, both closed: an unknown role may nothing.
 */
#include "model/person.h"

#include "base/arena.h"
#include "base/error.h"
#include "base/random.h"
#include "base/str.h"
#include "db/db.h"
#include "model/change.h"

int
person_get(struct db *db, struct arena *a, person_id id, struct person *ret, struct error *e)
{
	AUTO(rows_close) struct rows *q = NULL;
	int r;

	if (db_query(db, &q, e, "SELECT name, address, role, disabled_us FROM person WHERE id = ?",
	        db_i(id.v)) < 0)
		return e->code;
	r = rows_next(q, e);
	if (r == 0)
		return err_set(e, ERR_NOT_FOUND, "no person %lld", (long long)id.v);
	if (r < 0)
		return r;
	*ret = (struct person){.id = id,
	    .name = rows_text(q, 0, a),
	    .address = rows_text(q, 1, a),
	    .role = rows_text(q, 2, a),
	    .disabled = !rows_is_null(q, 3)};
	return 0;
}

int
person_count(struct db *db, struct error *e)
{
	AUTO(rows_close) struct rows *q = NULL;

	if (db_query(db, &q, e, "SELECT CAST(count(*) AS BIGINT) FROM person") < 0)
		return e->code;
	return rows_next(q, e) < 0 ? e->code : (int)rows_int(q, 0);
}

int
person_create(struct change *c, struct str name, struct str address, struct str role,
    person_id *ret, struct error *e)
{
	person_id id = {random_id()};

	if (db_exec(change_db(c), NULL, e,
	        "INSERT INTO person (id, name, address, role, created_us) VALUES (?, ?, ?, ?, ?)",
	        db_i(id.v), db_s(name), db_s(address), db_s(role), db_i(change_now(c))) < 0)
		return e->code;
	*ret = id;
	return 0;
}

bool
role_may_send(struct str role)
{
	return str_eq_c(role, "administrator") || str_eq_c(role, "editor") ||
	       str_eq_c(role, "sender");
}
