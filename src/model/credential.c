/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * credential - see credential.h.  What may be used once is spent by an UPDATE
 * that says so, so that of two at the same time one wins.
 */
#include "model/credential.h"

#include "base/arena.h"
#include "base/error.h"
#include "base/str.h"
#include "db/db.h"
#include "model/change.h"

int
credential_get(struct db *db, struct arena *a, person_id p, struct credential *ret, struct error *e)
{
	AUTO(rows_close) struct rows *q = NULL;
	int r;

	*ret = (struct credential){.person = p};
	if (db_query(db, &q, e,
	        "SELECT password, totp, totp_offered, totp_step, failures, failed_us, signed_in_us "
	        "FROM credential WHERE person_id = ?",
	        db_i(p.v)) < 0)
		return err_code(e);
	r = rows_next(q, e);
	if (r <= 0)
		return r;
	*ret = (struct credential){.person = p,
	    .password = rows_text(q, 0, a),
	    .totp = rows_bytes(q, 1, a),
	    .offered = rows_bytes(q, 2, a),
	    .totp_step = rows_int(q, 3),
	    .failures = rows_int(q, 4),
	    .failed_us = rows_int(q, 5),
	    .signed_in_us = rows_int(q, 6)};
	return 1;
}

int
credential_know_browser(struct db *db, struct credential *c, const struct sha256 *browser,
    int64_t now_us, struct error *e)
{
	AUTO(rows_close) struct rows *q = NULL;
	int r;

	if (db_query(db, &q, e,
	        "SELECT failures, failed_us FROM known_browser WHERE person_id = ? AND hash = ? "
	        "AND used_us > ?",
	        db_i(c->person.v), db_bytes(browser->b, sizeof browser->b),
	        db_i(now_us - BROWSER_LIFE_US)) < 0)
		return err_code(e);
	r = rows_next(q, e);
	if (r <= 0)
		return r;
	c->is_known = true;
	c->browser = *browser;
	c->failures = rows_int(q, 0);
	c->failed_us = rows_int(q, 1);
	return 0;
}

int64_t
credential_rests_us(const struct credential *c, int64_t now_us)
{
	if (c->failures < CREDENTIAL_TRIES)
		return 0;
	return MAX(c->failed_us + CREDENTIAL_REST_US - now_us, 0);
}

/* The row of a person who has none yet. */
static int
need_row(struct change *c, person_id p, struct error *e)
{
	return db_exec(change_db(c), NULL, e,
	    "INSERT INTO credential (person_id, totp_step, failures, failed_us) VALUES (?, 0, 0, "
	    "0) "
	    "ON CONFLICT (person_id) DO NOTHING",
	    db_i(p.v));
}

int
credential_set_password(struct change *c, person_id p, struct str hash, struct error *e)
{
	if (need_row(c, p, e) < 0)
		return err_code(e);
	return db_exec(change_db(c), NULL, e,
	    "UPDATE credential SET password = ? WHERE person_id = ?", db_s(hash), db_i(p.v));
}

int
credential_offer_totp(struct change *c, person_id p, struct str sealed, struct error *e)
{
	if (need_row(c, p, e) < 0)
		return err_code(e);
	return db_exec(change_db(c), NULL, e,
	    "UPDATE credential SET totp_offered = ? WHERE person_id = ?",
	    db_bytes(sealed.p, sealed.n), db_i(p.v));
}

int
credential_confirm_totp(struct change *c, person_id p, int64_t step, struct error *e)
{
	int64_t n;

	if (db_exec(change_db(c), &n, e,
	        "UPDATE credential SET totp = totp_offered, totp_offered = NULL, totp_step = ?, "
	        "failures = 0 WHERE person_id = ? AND totp_offered IS NOT NULL",
	        db_i(step), db_i(p.v)) < 0)
		return err_code(e);
	return n == 1 ? 0 : err_key(e, ERR_CONFLICT, "no-totp-offered", "no secret was shown");
}

int
credential_spend_step(struct change *c, person_id p, int64_t step, struct error *e)
{
	int64_t n;

	if (db_exec(change_db(c), &n, e,
	        "UPDATE credential SET totp_step = ?, failures = 0 WHERE person_id = ? AND "
	        "totp_step < ?",
	        db_i(step), db_i(p.v), db_i(step)) < 0)
		return err_code(e);
	return n == 1 ? 0 : err_key(e, ERR_UNAUTHENTICATED, "wrong-code", "that code was used");
}

#define ONE_MORE                                                                                   \
	" SET failures = CASE WHEN failed_us < ? THEN 1 ELSE failures + 1 END, failed_us = ? "     \
	"WHERE person_id = ?"

int
credential_failed(struct change *c, const struct credential *of, struct error *e)
{
	int64_t now = change_now(c);

	if (of->is_known)
		return db_exec(change_db(c), NULL, e,
		    "UPDATE known_browser" ONE_MORE " AND hash = ?", db_i(now - CREDENTIAL_REST_US),
		    db_i(now), db_i(of->person.v), db_bytes(of->browser.b, sizeof of->browser.b));
	return db_exec(change_db(c), NULL, e, "UPDATE credential" ONE_MORE,
	    db_i(now - CREDENTIAL_REST_US), db_i(now), db_i(of->person.v));
}

int
credential_keep_browser(
    struct change *c, person_id p, const struct sha256 *browser, struct error *e)
{
	int64_t now = change_now(c);

	if (db_exec(change_db(c), NULL, e,
	        "DELETE FROM known_browser WHERE person_id = ? AND used_us <= ?", db_i(p.v),
	        db_i(now - BROWSER_LIFE_US)) < 0)
		return err_code(e);
	return db_exec(change_db(c), NULL, e,
	    "INSERT INTO known_browser (person_id, hash, failures, failed_us, used_us) "
	    "VALUES (?, ?, 0, 0, ?) ON CONFLICT (person_id, hash) DO UPDATE SET failures = 0, "
	    "used_us = excluded.used_us",
	    db_i(p.v), db_bytes(browser->b, sizeof browser->b), db_i(now));
}

int
credential_signed_in(struct change *c, person_id p, struct error *e)
{
	return db_exec(change_db(c), NULL, e,
	    "UPDATE credential SET signed_in_us = ? WHERE person_id = ?", db_i(change_now(c)),
	    db_i(p.v));
}

int
credential_clear(struct change *c, person_id p, struct error *e)
{
	if (db_exec(change_db(c), NULL, e, "DELETE FROM recovery_code WHERE person_id = ?",
	        db_i(p.v)) < 0 ||
	    db_exec(change_db(c), NULL, e, "DELETE FROM known_browser WHERE person_id = ?",
	        db_i(p.v)) < 0)
		return err_code(e);
	return db_exec(
	    change_db(c), NULL, e, "DELETE FROM credential WHERE person_id = ?", db_i(p.v));
}

int
recovery_set(
    struct change *c, person_id p, const struct sha256 codes[RECOVERY_CODES], struct error *e)
{
	if (db_exec(change_db(c), NULL, e, "DELETE FROM recovery_code WHERE person_id = ?",
	        db_i(p.v)) < 0)
		return err_code(e);
	for (int i = 0; i < RECOVERY_CODES; i++) {
		if (db_exec(change_db(c), NULL, e,
		        "INSERT INTO recovery_code (person_id, hash) VALUES (?, ?)", db_i(p.v),
		        db_bytes(codes[i].b, sizeof codes[i].b)) < 0)
			return err_code(e);
	}
	return 0;
}

int
recovery_use(struct change *c, person_id p, const struct sha256 *code, struct error *e)
{
	int64_t n;

	if (db_exec(change_db(c), &n, e,
	        "UPDATE recovery_code SET used_us = ? WHERE person_id = ? AND hash = ? AND used_us "
	        "IS NULL",
	        db_i(change_now(c)), db_i(p.v), db_bytes(code->b, sizeof code->b)) < 0)
		return err_code(e);
	return n == 1 ? 0 : err_key(e, ERR_UNAUTHENTICATED, "wrong-code", "no such recovery code");
}
