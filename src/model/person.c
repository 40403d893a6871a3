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

#define COLUMNS "id, name, address, role, disabled_us"

/* 1, 0 no row. */
static int
next_person(struct rows *q, struct arena *a, struct person *ret, struct error *e)
{
	int r = rows_next(q, e);

	if (r > 0)
		*ret = (struct person){.id = {rows_int(q, 0)},
		    .name = rows_text(q, 1, a),
		    .address = rows_text(q, 2, a),
		    .role = rows_text(q, 3, a),
		    .disabled = !rows_is_null(q, 4)};
	return r;
}

int
person_get(struct db *db, struct arena *a, person_id id, struct person *ret, struct error *e)
{
	AUTO(rows_close) struct rows *q = NULL;
	int r;

	if (db_query(db, &q, e, "SELECT " COLUMNS " FROM person WHERE id = ?", db_i(id.v)) < 0)
		return err_code(e);
	r = next_person(q, a, ret, e);
	if (r == 0)
		return err_set(e, ERR_NOT_FOUND, "no person %lld", (long long)id.v);
	return MIN(r, 0);
}

int
person_by_address(
    struct db *db, struct arena *a, struct str address, struct person *ret, struct error *e)
{
	AUTO(rows_close) struct rows *q = NULL;

	if (db_query(db, &q, e, "SELECT " COLUMNS " FROM person WHERE address = ?", db_s(address)) <
	    0)
		return err_code(e);
	return next_person(q, a, ret, e);
}

int
person_name(struct change *c, person_id id, struct str name, struct str address, struct error *e)
{
	AUTO(rows_close) struct rows *q = NULL;
	int r;

	if (db_query(change_db(c), &q, e, "SELECT id FROM person WHERE address = ? AND id <> ?",
	        db_s(address), db_i(id.v)) < 0)
		return err_code(e);
	r = rows_next(q, e);
	if (r != 0)
		return r < 0 ? r
		             : err_key(e, ERR_EXISTS, "address-taken", "somebody has this address");
	rows_close(&q);
	return db_exec(change_db(c), NULL, e,
	    "UPDATE person SET name = ?, address = ? WHERE id = ?", db_s(name), db_s(address),
	    db_i(id.v));
}

int
person_count(struct db *db, struct error *e)
{
	AUTO(rows_close) struct rows *q = NULL;

	if (db_query(db, &q, e, "SELECT CAST(count(*) AS BIGINT) FROM person") < 0)
		return err_code(e);
	return rows_next(q, e) < 0 ? err_code(e) : (int)rows_int(q, 0);
}

int
person_create(struct change *c, struct str name, struct str address, struct str role,
    person_id *ret, struct error *e)
{
	person_id id = {random_id()};

	if (db_exec(change_db(c), NULL, e,
	        "INSERT INTO person (id, name, address, role, created_us) VALUES (?, ?, ?, ?, ?)",
	        db_i(id.v), db_s(name), db_s(address), db_s(role), db_i(change_now(c))) < 0)
		return err_code(e);
	*ret = id;
	return 0;
}

bool
role_may_send(struct str role)
{
	return str_eq_c(role, "administrator") || str_eq_c(role, "editor") ||
	       str_eq_c(role, "sender");
}
