/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * api - one request from its message to its reply: who asks, which route, run
 *
 * The permission of the route's row is checked here, before its handler is
 * called; what the handler then asks is the object's own right.  Staff come
 * with an api key or signed in (staff.h), recipients with a cookie that names no one until a
 * handler has found the session of the delivery asked for.  Refusals of the staff API are problems;
 * the recipient area answers with pages of its own.
 */
#include "api/api.h"

#include "api/cookie.h"
#include "api/recipient/pages.h"
#include "api/staff.h"
#include "base/arena.h"
#include "base/error.h"
#include "base/limits.h"
#include "base/log.h"
#include "base/str.h"
#include "conf/conf.h"
#include "crypto/token.h"
#include "db/db.h"
#include "http/http.h"
#include "model/api_key.h"
#include "model/staff_session.h"

#define BEARER "Bearer "

static int
by_key(struct api *x, struct request *q, struct str authorization, struct error *e)
{
	struct api_key_ask ask = {str_from(authorization, sizeof BEARER - 1), x->now_us};
	struct api_key key;
	struct error unseen;
	int r;

	if (!str_ieq(str_head(authorization, sizeof BEARER - 1), S(BEARER)))
		return err_set(e, ERR_UNAUTHENTICATED, "authorization is not Bearer");
	r = api_key_by_secret(x->db, x->a, &ask, &key, e);
	if (r == ERR_NOT_FOUND || r == ERR_GONE)
		return err_set(e, ERR_UNAUTHENTICATED, "unknown or ended api key");
	if (r < 0)
		return r;
	if (api_key_touch(x->db, &key, x->now_us, &unseen) < 0)
		log_debug("when an api key was last seen: %s", unseen.msg);
	q->who = (struct principal){.kind = BY_KEY,
	    .key = key.id,
	    .person = key.person,
	    .ends_us = key.expires_us,
	    .scopes = key.scopes,
	    .role = key.role};
	return 0;
}

/* A cookie proves nothing yet: it is only hashed for the lookup. */
static void
by_cookie(struct request *q)
{
	struct str token = http_cookie(request_field(q, "cookie"), COOKIE_RECIPIENT);

	if (token.n != TOKEN_CHARACTERS)
		return;
	q->who.kind = BY_SESSION;
	q->who.cookie = token_hash(token);
	q->who.cookie_token = token;
}

static int
check_permission(const struct route *rt, const struct request *q, struct error *e)
{
	const struct staff_session *s = q->who.staff;

	if (rt->permission == PERM_SIGN_IN)
		return s != NULL ? 0 : err_set(e, ERR_UNAUTHENTICATED, "nobody is signed in");
	if (s != NULL && s->state != STAFF_ACTIVE)
		return err_key(e, ERR_UNAUTHENTICATED, "sign-in-incomplete", "signed in half way");
	if ((q->who.scopes & rt->scope) != rt->scope)
		return err_key(e, ERR_DENIED, "scope", "no right to this");
	return 0;
}

static int
authenticate(struct api *x, const struct route *rt, struct request *q, struct error *e)
{
	struct str authorization = request_field(q, "authorization");
	int r;

	if (rt->permission != PERM_STAFF && rt->permission != PERM_SIGN_IN) {
		by_cookie(q);
		return 0;
	}
	if (authorization.p != NULL && rt->permission == PERM_STAFF) {
		r = by_key(x, q, authorization, e);
	} else {
		r = staff_authenticate(x, q, e);
		if (r == 0)
			return err_set(e, ERR_UNAUTHENTICATED, "no authorization");
	}
	if (r < 0 || check_permission(rt, q, e) < 0)
		return err_code(e);
	return rt->step_up ? staff_check_fresh(x, q, e) : 0;
}

static void
choose_language(struct api *x, struct request *q)
{
	struct str lang;

	if (http_form_get(x->a, q->query, "lang", &lang) != 1 ||
	    (!str_eq_c(lang, "de") && !str_eq_c(lang, "en")))
		lang = http_language(request_field(q, "accept-language"), S("de"));
	q->lang = str_eq_c(lang, "en") ? "en" : "de";
}

static bool
is_staff_path(struct str path)
{
	return str_starts(path, S("/api/"));
}

/* An error as the asker expects it: a problem, or a page. */
static void
refuse(struct api *x, const struct request *q, struct reply *r, const struct error *e)
{
	if (api_status(e->code) >= 500 || e->is_fault)
		log_warn("%.*s %s: %s", STR(q->m->method), is_staff_path(q->path) ? "api" : "page",
		    e->msg);
	if (is_staff_path(q->path))
		api_problem(r, x, e);
	else
		page_error(x, q, r, e);
}

static int
run(struct api *x, const struct route *rt, struct request *q, struct reply *r, struct error *e)
{
	int res = authenticate(x, rt, q, e);

	if (res < 0)
		return res;
	if (rt->reads_only && db_read_begin(x->db, e) < 0)
		return err_code(e);
	res = rt->run(x, q, r, e);
	if (rt->reads_only)
		db_read_end(x->db);
	return res;
}

static void
common_fields(struct reply *r)
{
	reply_field(r, "X-Content-Type-Options", S("nosniff"));
	reply_field(r, "Referrer-Policy", S("same-origin"));
	reply_field(r, "Strict-Transport-Security", S("max-age=31536000"));
	reply_field(r, "Cross-Origin-Resource-Policy", S("same-origin"));
}

static struct request
read_request(struct api *x, const struct msg_request *m)
{
	struct request q = {.m = m, .is_head = str_eq_c(m->method, "HEAD")};

	q.path = str_cut(m->target, '?', &q.query);
	choose_language(x, &q);
	return q;
}

void
api_refuse(struct api *x, const struct msg_request *m, struct reply *r, const struct error *e)
{
	struct request q = read_request(x, m);

	refuse(x, &q, r, e);
	common_fields(r);
}

int
api_request(struct api *x, const struct msg_request *m, struct reply *r, struct error *e)
{
	struct request q = read_request(x, m);
	const struct route *rt;
	struct str allow;
	int res;

	reply_init(r, x->a);
	route_find(x->a, m->method, q.path, &rt, q.params, &allow);
	if (rt == NULL) {
		err_put(e, ERR_NOT_FOUND, "", "no such address");
		refuse(x, &q, r, e);
		if (allow.n > 0) {
			r->status = 405;
			reply_field(r, "Allow", allow);
		}
	} else {
		res = run(x, rt, &q, r, e);
		if (res == ERR_RETRY)
			return res;
		if (res < 0)
			refuse(x, &q, r, e);
	}
	common_fields(r);
	return 0;
}
