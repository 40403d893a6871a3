/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * code - see code.h.
 *
 * Tries are counted in the UPDATE that takes them, so two at once are two.
 */
#include "model/code.h"

#include "base/error.h"
#include "base/limits.h"
#include "base/str.h"
#include "base/time.h"
#include "db/db.h"
#include "model/change.h"

#define HOUR_US (3600 * US_PER_S)

int
code_open(struct db *db, session_id s, int64_t now_us, int tries_most, struct code *ret,
    int *ret_tries_left, struct error *e)
{
	static const char sql[] =
	    "SELECT id, recipient_id, hash, tries FROM code WHERE session_id = ? AND used_us IS "
	    "NULL "
	    "AND expires_us > ? AND tries < CAST(? AS BIGINT) ORDER BY id DESC LIMIT 1";
	AUTO(rows_close) struct rows *q = NULL;
	int r;

	if (db_query(db, &q, e, sql, db_i(s.v), db_i(now_us), db_i(tries_most)) < 0)
		return err_code(e);
	r = rows_next(q, e);
	if (r <= 0)
		return r;
	ret->id = rows_int(q, 0);
	ret->session = s;
	ret->recipient = (recipient_id){rows_int(q, 1)};
	*ret_tries_left = tries_most - (int)rows_int(q, 3);
	return rows_fixed(q, 2, ret->hash.b, sizeof ret->hash.b)
	           ? 1
	           : err_set(e, ERR_CORRUPT, "a code's hash is not one");
}

int
code_is_used_up(struct db *db, session_id s, int64_t now_us, int tries_most, struct error *e)
{
	AUTO(rows_close) struct rows *q = NULL;
	int r;

	if (db_query(db, &q, e,
	        "SELECT tries FROM code WHERE session_id = ? AND used_us IS NULL AND expires_us > "
	        "? "
	        "ORDER BY id DESC LIMIT 1",
	        db_i(s.v), db_i(now_us)) < 0)
		return err_code(e);
	r = rows_next(q, e);
	return r > 0 ? rows_int(q, 0) >= tries_most : r;
}

static int
failures_of(struct db *db, recipient_id r, int64_t *ret, struct error *e)
{
	AUTO(rows_close) struct rows *q = NULL;

	if (db_query(db, &q, e, "SELECT failures FROM recipient WHERE id = ?", db_i(r.v)) < 0 ||
	    rows_next(q, e) < 0)
		return err_code(e);
	*ret = rows_int(q, 0);
	return 0;
}

int
code_may_send(struct db *db, recipient_id r, int64_t now_us, int64_t *ret_again_us, struct error *e)
{
	AUTO(rows_close) struct rows *q = NULL;
	int64_t failures;

	if (failures_of(db, r, &failures, e) < 0)
		return err_code(e);
	if (failures >= CODE_FAILURES_MOST) {
		*ret_again_us = 0;
		return err_key(
		    e, ERR_LIMIT, "too-many-codes", "too many wrong codes for this recipient");
	}
	if (db_query(db, &q, e,
	        "SELECT CAST(count(*) AS BIGINT), min(created_us) FROM code "
	        "WHERE recipient_id = ? AND created_us > ?",
	        db_i(r.v), db_i(now_us - HOUR_US)) < 0 ||
	    rows_next(q, e) < 0)
		return err_code(e);
	if (rows_int(q, 0) < LIMIT_CODES_PER_HOUR)
		return 0;
	*ret_again_us = rows_int(q, 1) + HOUR_US;
	return err_key(e, ERR_LIMIT, "too-many-codes", "too many codes within an hour");
}

static int
forget_all(struct change *c, recipient_id r, struct error *e)
{
	struct db *db = change_db(c);

	if (db_exec(db, NULL, e,
	        "UPDATE session SET ended_us = ? WHERE recipient_id = ? AND ended_us IS NULL AND "
	        "level = 0",
	        db_i(change_now(c)), db_i(r.v)) < 0 ||
	    db_exec(db, NULL, e, "DELETE FROM code WHERE recipient_id = ?", db_i(r.v)) < 0)
		return err_code(e);
	return db_exec(db, NULL, e, "UPDATE recipient SET failures = 0 WHERE id = ?", db_i(r.v));
}

int
code_begin_anew(struct change *c, recipient_id r, struct error *e)
{
	int64_t again;
	int n = code_may_send(change_db(c), r, change_now(c), &again, e);

	return n == ERR_LIMIT ? forget_all(c, r, e) : n;
}

int
code_create(struct change *c, const struct code *n, struct error *e)
{
	struct db *db = change_db(c);
	int64_t now = change_now(c);

	if (db_exec(db, NULL, e,
	        "UPDATE code SET used_us = ? WHERE session_id = ? AND used_us IS NULL", db_i(now),
	        db_i(n->session.v)) < 0)
		return err_code(e);
	return db_exec(db, NULL, e,
	    "INSERT INTO code (id, recipient_id, session_id, hash, tries, created_us, expires_us) "
	    "VALUES (?, ?, ?, ?, 0, ?, ?)",
	    db_i(n->id), db_i(n->recipient.v), db_i(n->session.v),
	    db_bytes(n->hash.b, sizeof n->hash.b), db_i(now), db_i(now + LIMIT_CODE_LIFE_US));
}

int
code_try(struct change *c, const struct code *k, const struct sha256 *candidate, int tries_most,
    bool *ret_right, struct error *e)
{
	struct db *db = change_db(c);
	bool right = mem_eq(k->hash.b, candidate->b, sizeof k->hash.b);
	int64_t n;

	/* counted and compared with the limit in one statement: a hundred tries at once are five */
	if (db_exec(db, &n, e,
	        "UPDATE code SET tries = tries + 1, used_us = ? WHERE id = ? AND used_us IS NULL "
	        "AND tries < CAST(? AS BIGINT) AND expires_us > ?",
	        right ? db_i(change_now(c)) : db_null(), db_i(k->id), db_i(tries_most),
	        db_i(change_now(c))) < 0)
		return err_code(e);
	if (n != 1)
		return err_set(e, ERR_RETRY, "the code was used up meanwhile");
	*ret_right = right;
	if (right)
		return 0;
	return db_exec(db, NULL, e, "UPDATE recipient SET failures = failures + 1 WHERE id = ?",
	    db_i(k->recipient.v));
}
