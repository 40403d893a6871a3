/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * staff - see staff.h.  The csrf word is derived from the cookie, so nothing has
 * to be kept for it and it changes with each proof.
 */
#include "api/staff.h"

#include "api/cookie.h"
#include "api/recipient/pages.h"
#include "base/arena.h"
#include "base/error.h"
#include "base/log.h"
#include "base/str.h"
#include "base/time.h"
#include "crypto/token.h"
#include "http/http.h"
#include "model/api_key.h"
#include "model/credential.h"
#include "text/address.h"

#define COOKIE_ATTRIBUTES "; Path=/; Secure; HttpOnly; SameSite=Strict"
#define FORM_TYPE "application/x-www-form-urlencoded"
#define FRESH_US (10 * 60 * US_PER_S)

struct str
staff_csrf(struct api *x, struct str cookie_token)
{
	struct str text = arena_printf(x->a, "staff-csrf%.*s", STR(cookie_token));
	struct sha256 h = sha256(text.p, text.n);

	return str_b64url(x->a, h.b, sizeof h.b);
}

struct str
staff_cookie_new(struct api *x, struct sha256 *ret_hash)
{
	struct str token = token_new(x->a);

	*ret_hash = token_hash(token);
	return token;
}

void
staff_cookie_set(struct reply *r, struct api *x, struct str token)
{
	reply_field(r, "Set-Cookie",
	    arena_printf(x->a, COOKIE_STAFF "=%.*s" COOKIE_ATTRIBUTES, STR(token)));
}

void
staff_cookie_clear(struct reply *r)
{
	reply_field(r, "Set-Cookie", S(COOKIE_STAFF "=" COOKIE_ATTRIBUTES "; Max-Age=0"));
}

static struct str
browser_token(const struct request *q)
{
	return http_cookie(request_field(q, "cookie"), COOKIE_BROWSER);
}

bool
staff_browser(const struct request *q, struct sha256 *ret_hash)
{
	struct str token = browser_token(q);

	*ret_hash = token_hash(token);
	return token.n == TOKEN_CHARACTERS;
}

struct str
staff_browser_keep(struct api *x, const struct request *q, bool is_known, struct sha256 *ret_hash)
{
	return is_known && staff_browser(q, ret_hash) ? browser_token(q)
	                                              : staff_cookie_new(x, ret_hash);
}

void
staff_browser_set(struct reply *r, struct api *x, struct str token)
{
	reply_field(r, "Set-Cookie",
	    arena_printf(x->a, COOKIE_BROWSER "=%.*s" COOKIE_ATTRIBUTES "; Max-Age=%lld",
	        STR(token), (long long)(BROWSER_LIFE_US / US_PER_S)));
}

static bool
is_safe(const struct request *q)
{
	return q->is_head || str_eq_c(q->m->method, "GET");
}

static int
check_csrf(struct api *x, const struct request *q, struct error *e)
{
	struct str given = request_field(q, "geleit-csrf");
	struct str want = staff_csrf(x, q->who.cookie_token);

	/* a form cannot set a field of the head */
	if (given.p == NULL && str_starts(request_field(q, "content-type"), S(FORM_TYPE)) &&
	    request_form(x, q, "csrf", &given, e) < 0)
		return err_code(e);
	if (given.n != want.n || !mem_eq(given.p, want.p, want.n))
		return err_key(
		    e, ERR_DENIED, "csrf", "the word against forged requests is missing");
	return request_field(q, "origin").p != NULL ? origin_check(x, q, e) : 0;
}

struct str
staff_cookie(const struct request *q)
{
	struct str token = http_cookie(request_field(q, "cookie"), COOKIE_STAFF);

	return token.n == TOKEN_CHARACTERS ? token : S("");
}

int
staff_authenticate(struct api *x, struct request *q, struct error *e)
{
	struct str token = staff_cookie(q);
	struct staff_session *s = ARENA_NEW(x->a, struct staff_session);
	struct sha256 hash;
	struct error unseen;
	int r;

	if (token.n == 0)
		return 0;
	hash = token_hash(token);
	r = staff_session_find(x->db, x->a, &hash, x->now_us, s, e);
	if (r <= 0)
		return r;
	q->who = (struct principal){.kind = BY_STAFF,
	    .person = s->person.id,
	    .staff = s,
	    .role = s->person.role,
	    .scopes = s->state == STAFF_ACTIVE ? role_scopes(s->person.role) : 0,
	    .cookie = hash,
	    .cookie_token = token};
	if (!is_safe(q) && check_csrf(x, q, e) < 0)
		return err_code(e);
	if (staff_session_touch(x->db, s, x->now_us, &unseen) < 0)
		log_debug("when a session was last seen: %s", unseen.msg);
	return 1;
}

static int
scopes_of_session(struct api *x, staff_session_id id, unsigned *ret, struct error *e)
{
	struct staff_session s;
	struct error unseen;
	int r = staff_session_get(x->db, x->a, id, x->now_us, &s, e);

	if (r > 0 && staff_session_touch(x->db, &s, x->now_us, &unseen) < 0)
		log_debug("when a session was last seen: %s", unseen.msg);
	*ret = r > 0 && s.state == STAFF_ACTIVE ? role_scopes(s.person.role) : 0;
	return MIN(r, 0);
}

int
scopes_now(struct api *x, api_key_id key, staff_session_id session, unsigned *ret, struct error *e)
{
	struct api_key k = {0};
	int r;

	if (key.v == 0)
		return scopes_of_session(x, session, ret, e);
	r = api_key_get(x->db, x->a, key, x->now_us, &k, e);
	*ret = r == 0 ? k.scopes : 0;
	return r == ERR_NOT_FOUND || r == ERR_GONE ? 0 : r;
}

int64_t
staff_proved_until(const struct staff_session *s)
{
	return s->proved_us > 0 ? s->proved_us + FRESH_US : 0;
}

int
staff_check_fresh(struct api *x, const struct request *q, struct error *e)
{
	if (q->who.kind != BY_STAFF || staff_proved_until(q->who.staff) > x->now_us)
		return 0;
	return err_key(e, ERR_DENIED, "step-up-required", "a fresh proof is needed for this");
}

int
staff_address(struct api *x, struct str in, struct str *ret, struct error *e)
{
	if (address_clean(x->a, str_trim(in), ret, e) < 0)
		return err_code(e);
	*ret = str_lower(x->a, *ret);
	return 0;
}
