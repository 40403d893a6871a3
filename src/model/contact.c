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
#include "base/str.h"
#include "db/db.h"
#include "model/change.h"
#include "text/utf8.h"

int
contact_find(
    struct db *db, struct arena *a, struct str address, struct contact *ret, struct error *e)
{
	AUTO(rows_close) struct rows *q = NULL;
	int r;

	*ret = (struct contact){.address = address};
	if (db_query(db, &q, e, "SELECT id, name, blocked_us FROM contact WHERE address = ?",
	        db_s(address)) < 0)
		return err_code(e);
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
		return err_code(e);
	*ret = known.id;
	return 0;
}

/* Does a word that begins behind one of the separators begin with q? */
static bool
begins(struct str text, const char *separators, struct str q)
{
	for (size_t i = 0; i < text.n; i++) {
		if ((i == 0 || strchr(separators, text.p[i - 1]) != NULL) &&
		    str_starts(str_from(text, i), q))
			return true;
	}
	return q.n == 0;
}

int
contact_search(struct db *db, struct arena *a, struct str q, size_t max, struct contact_row **ret,
    size_t *ret_n, struct error *e)
{
	static const char sql[] =
	    "SELECT c.address, c.name, CAST(count(*) AS BIGINT), max(r.created_us) FROM contact c "
	    "JOIN recipient r ON r.contact_id = c.id GROUP BY c.id, c.address, c.name "
	    "ORDER BY max(r.created_us) DESC, c.address";
	AUTO(rows_close) struct rows *rows = NULL;
	struct contact_row *list = ARENA_ARRAY(a, struct contact_row, max);
	struct str folded = utf8_folded(a, q);
	size_t n = 0;
	int r = 0;

	if (db_query(db, &rows, e, sql) < 0)
		return err_code(e);
	while (n < max && (r = rows_next(rows, e)) > 0) {
		struct contact_row c = {rows_text(rows, 0, a), rows_text(rows, 1, a),
		    rows_int(rows, 2), rows_int(rows, 3)};

		if (begins(str_lower(a, c.address), "@", folded) ||
		    begins(utf8_folded(a, c.name), " -", folded))
			list[n++] = c;
	}
	*ret = list;
	*ret_n = n;
	return MIN(r, 0);
}
