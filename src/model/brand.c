/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * brand - see brand.h
 *
 * One row, written whole; the logo's hash is computed here, so that an address with
 * it can be kept for ever.
 */
#include "model/brand.h"

#include "base/arena.h"
#include "base/error.h"
#include "base/str.h"
#include "crypto/hash.h"
#include "db/db.h"
#include "model/change.h"

int
brand_get(struct db *db, struct arena *a, struct brand *ret, struct error *e)
{
	AUTO(rows_close) struct rows *q = NULL;
	int r;

	if (db_query(db, &q, e,
	        "SELECT name, colour, logo, logo_hash, imprint, privacy_url FROM brand WHERE id = "
	        "1") < 0)
		return err_code(e);
	r = rows_next(q, e);
	if (r <= 0)
		return r < 0 ? r : err_set(e, ERR_CORRUPT, "no brand");
	*ret = (struct brand){.name = rows_text(q, 0, a),
	    .colour = rows_text(q, 1, a),
	    .logo = rows_bytes(q, 2, a),
	    .logo_hash = rows_text(q, 3, a),
	    .imprint = rows_text(q, 4, a),
	    .privacy_url = rows_text(q, 5, a)};
	return 0;
}

int
brand_set(struct change *c, struct arena *a, const struct brand *b, struct error *e)
{
	static const char sql[] =
	    "UPDATE brand SET name = ?, colour = ?, logo = ?, logo_hash = ?, imprint = ?, "
	    "privacy_url = ?, changed_us = ? WHERE id = 1";
	struct event ev = EVENT_INIT(EVENT_BRAND_CHANGED);
	struct sha256 h = sha256(b->logo.p, b->logo.n);
	struct str hash = b->logo.n > 0 ? str_hex(a, h.b, 8) : (struct str){0};

	if (db_exec(change_db(c), NULL, e, sql, db_s(b->name), db_s(b->colour),
	        b->logo.n > 0 ? db_bytes(b->logo.p, b->logo.n) : db_null(), db_s0(hash),
	        db_s(b->imprint), db_s(b->privacy_url), db_i(change_now(c))) < 0)
		return err_code(e);
	return event_add(c, &ev, e);
}
