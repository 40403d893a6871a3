/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * contact - see contact.h.
 *
 * An address is a contact from the first delivery on.
 */
#include "model/contact.h"

#include "base/arena.h"
#include "base/error.h"
#include "base/random.h"
#include "db/db.h"
#include "model/change.h"

int
contact_find(
    struct db *db, struct arena *a, struct str address, struct contact *ret, struct error *e)
{
	AUTO(rows_close) struct rows *q = NULL;
	int r;

	*ret = (struct contact){.address = address};
	if (db_query(db, &q, e, "SELECT id, name, blocked_us FROM contact WHERE address = ?",
	        db_s(address)) < 0)
		return e->code;
	r = rows_next(q, e);
	if (r > 0) {
		ret->id = (contact_id){rows_int(q, 0)};
		ret->name = rows_text(q, 1, a);
		ret->blocked = !rows_is_null(q, 2);
	}
	return r;
}

int
contact_need(
    struct change *c, struct arena *a, struct str address, contact_id *ret, struct error *e)
{
	struct contact known;

	if (db_exec(change_db(c), NULL, e,
	        "INSERT INTO contact (id, address, created_us) VALUES (?, ?, ?) "
	        "ON CONFLICT (address) DO NOTHING",
	        db_i(random_id()), db_s(address), db_i(change_now(c))) < 0 ||
	    contact_find(change_db(c), a, address, &known, e) < 0)
		return e->code;
	*ret = known.id;
	return 0;
}
