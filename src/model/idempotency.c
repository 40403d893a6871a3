/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * idempotency - see idempotency.h.
 *
 * An answer is kept with the fingerprint of its question.
 */
#include "model/idempotency.h"

#include "base/error.h"
#include "base/str.h"
#include "db/db.h"
#include "model/change.h"

int
idempotency_find(struct db *db, struct arena *a, struct idempotency *i, struct error *e)
{
	AUTO(rows_close) struct rows *q = NULL;
	struct sha256 was;
	int r;

	if (db_query(db, &q, e,
	        "SELECT fingerprint, status, body FROM idempotency WHERE key_id = ? AND idem = ?",
	        db_i(i->key.v), db_s(i->idem)) < 0)
		return err_code(e);
	r = rows_next(q, e);
	if (r <= 0)
		return r;
	if (!rows_fixed(q, 0, was.b, sizeof was.b) ||
	    !mem_eq(was.b, i->fingerprint.b, sizeof was.b))
		return err_key(e, ERR_INVALID, "idempotency-mismatch",
		    "this Idempotency-Key belongs to another request");
	i->status = rows_int(q, 1);
	i->body = rows_text(q, 2, a);
	return 1;
}

int
idempotency_keep(struct change *c, const struct idempotency *i, struct error *e)
{
	int64_t n;

	if (db_exec(change_db(c), &n, e,
	        "INSERT INTO idempotency (key_id, idem, fingerprint, status, body, created_us) "
	        "VALUES (?, ?, ?, ?, ?, ?) ON CONFLICT (key_id, idem) DO NOTHING",
	        db_i(i->key.v), db_s(i->idem), db_bytes(i->fingerprint.b, sizeof i->fingerprint.b),
	        db_i(i->status), db_s(i->body), db_i(change_now(c))) < 0)
		return err_code(e);
	return n == 1 ? 0 : err_set(e, ERR_RETRY, "the same request was quicker");
}
