/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * session - /api/v1/session: signing in and out, and who is signed in
 *
 * A link begins a session that may only set a password and a second factor
 * (enrol).  What takes time or proves something is in sign_in.c.
 */
#include "api/input.h"
#include "api/recipient/pages.h"
#include "api/routes.h"
#include "api/session.h"
#include "api/staff.h"
#include "base/arena.h"
#include "base/error.h"
#include "base/str.h"
#include "base/time.h"
#include "conf/conf.h"
#include "crypto/token.h"
#include "model/api_key.h"
#include "model/change.h"
#include "model/credential.h"
#include "text/json.h"

static void
put_scopes(struct js *j, unsigned scopes)
{
	static const struct {
		unsigned bit;
		struct str name;
	} names[] = {{SCOPE_READ, S("read")}, {SCOPE_UPLOAD, S("upload")}, {SCOPE_EDIT, S("edit")},
	    {SCOPE_RELEASE, S("release")}, {SCOPE_SEND, S("send")}, {SCOPE_OUTBOX, S("outbox")},
	    {SCOPE_ADMIN, S("admin")}};

	js_key(j, "scopes");
	js_list(j);
	for (size_t i = 0; i < ARRAY_LEN(names); i++) {
		if ((scopes & names[i].bit) != 0)
			js_str(j, names[i].name);
	}
	js_list_end(j);
}

static void
put_person(struct js *j, const struct person *p)
{
	js_key(j, "person");
	js_open(j);
	js_kv_id(j, "id", p->id.v);
	js_kv_str(j, "name", p->name);
	js_kv_str(j, "address", p->address);
	js_kv_str(j, "role", p->role);
	js_close(j);
}

/* What is still to be set, in the order in which it is asked for. */
static int
put_needs(struct js *j, struct api *x, const struct person *p, struct error *e)
{
	struct credential cred;

	if (credential_get(x->db, x->a, p->id, &cred, e) < 0)
		return err_code(e);
	js_key(j, "needs");
	js_list(j);
	if (p->address.n == 0)
		js_str(j, S("address"));
	if (cred.password.n == 0)
		js_str(j, S("password"));
	if (cred.totp.n == 0)
		js_str(j, S("totp"));
	js_list_end(j);
	return 0;
}

static int
put_session(
    struct js *j, struct api *x, const struct staff_session *s, struct str token, struct error *e)
{
	unsigned scopes = s->state == STAFF_ACTIVE ? role_scopes(s->person.role) : 0;
	int64_t proved = staff_proved_until(s);

	js_open(j);
	js_kv_str(j, "state", str_c(staff_state_name(s->state)));
	if (s->state == STAFF_ENROL && put_needs(j, x, &s->person, e) < 0)
		return err_code(e);
	put_person(j, &s->person);
	put_scopes(j, scopes);
	js_kv_str(j, "csrf", staff_csrf(x, token));
	js_kv_time(j, "proved_until", x->a, proved > x->now_us ? proved : 0);
	js_kv_time(j, "idle_ends", x->a, staff_session_idle_end(s));
	js_kv_time(j, "ends", x->a, staff_session_end_us(s));
	js_kv_int(j, "delivery_days", x->conf->delivery_days);
	js_kv_int(j, "delivery_max_days", x->conf->delivery_max_days);
	js_close(j);
	return 0;
}

int
session_get(struct api *x, const struct request *q, struct reply *r, struct error *e)
{
	struct js j;

	reply_json(r, &j);
	return put_session(&j, x, q->who.staff, q->who.cookie_token, e);
}

/* The session this request began, read back as any later request finds it. */
int
session_put_new(struct js *j, struct api *x, struct str token, struct error *e)
{
	struct sha256 hash = token_hash(token);
	struct staff_session s;
	int n = staff_session_find(x->db, x->a, &hash, x->now_us, &s, e);

	if (n <= 0)
		return n < 0 ? n : err_set(e, ERR_UNAUTHENTICATED, "the session is over");
	return put_session(j, x, &s, token, e);
}

int
session_show_new(struct api *x, struct reply *r, struct str token, struct error *e)
{
	struct js j;

	staff_cookie_set(r, x, token);
	reply_json(r, &j);
	return session_put_new(&j, x, token, e);
}

static int
read_token(struct api *x, const struct request *q, struct str *ret, struct error *e)
{
	AUTO(json_free) struct json_doc *doc = NULL;

	*ret = S("");
	if (json_parse(q->m->body, &doc, e) < 0 ||
	    json_get_str(json_root(doc), "token", ret, e) < 0 || json_done(json_root(doc), e) < 0)
		return err_code(e);
	*ret = arena_str(x->a, *ret);
	if (ret->n != TOKEN_CHARACTERS)
		return err_key(e, ERR_UNAUTHENTICATED, "link-dead", "that is no link of ours");
	return 0;
}

int
session_link(struct api *x, const struct request *q, struct reply *r, struct error *e)
{
	AUTO(change_abort) struct change *c = NULL;
	struct str token, cookie;
	struct sha256 hash;
	person_id who;

	if (origin_check(x, q, e) < 0 || read_token(x, q, &token, e) < 0)
		return err_code(e);
	cookie = staff_cookie_new(x, &hash);
	if (change_begin(x->db, (struct actor){ACTOR_SYSTEM, 0}, EVENT_SESSION_BEGUN, &c, e) < 0 ||
	    sign_in_link_use(c, token, &who, e) < 0 ||
	    staff_session_begin(c, who, STAFF_ENROL, &hash, request_field(q, "user-agent"), e) <
	        0 ||
	    change_commit(&c, e) < 0)
		return err_code(e);
	return session_show_new(x, r, cookie, e);
}

int
session_delete(struct api *x, const struct request *q, struct reply *r, struct error *e)
{
	AUTO(change_abort) struct change *c = NULL;

	if (change_begin(x->db, request_actor(q), EVENT_SESSION_ENDED, &c, e) < 0 ||
	    staff_session_end(c, q->who.person, q->who.staff->id, e) < 0 ||
	    change_commit(&c, e) < 0)
		return err_code(e);
	staff_cookie_clear(r);
	reply_field(r, "Clear-Site-Data", S("\"cache\"")); /* pictures are kept for a year */
	r->status = 204;
	return 0;
}

/* ---- one's own sessions ---- */

int
sessions_list(struct api *x, const struct request *q, struct reply *r, struct error *e)
{
	struct staff_session *all;
	struct js j;
	size_t n;

	if (staff_session_list(x->db, x->a, q->who.person, x->now_us, &all, &n, e) < 0)
		return err_code(e);
	reply_json(r, &j);
	js_list(&j);
	for (size_t i = 0; i < n; i++) {
		js_open(&j);
		js_kv_id(&j, "id", all[i].id.v);
		js_kv_time(&j, "created", x->a, all[i].created_us);
		js_kv_time(&j, "used", x->a, all[i].used_us);
		js_kv_bool(
		    &j, "current", q->who.staff != NULL && all[i].id.v == q->who.staff->id.v);
		js_kv_str(&j, "agent", all[i].agent);
		js_close(&j);
	}
	js_list_end(&j);
	return 0;
}

int
sessions_end(struct api *x, const struct request *q, struct reply *r, struct error *e)
{
	AUTO(change_abort) struct change *c = NULL;
	staff_session_id id;

	/* or whoever finds a key that may read could sign its person out for ever */
	if (q->who.kind != BY_STAFF)
		return err_key(e, ERR_DENIED, "scope", "a key ends nobody's session");
	if (input_id(q, 0, &id.v, e) < 0 ||
	    change_begin(x->db, request_actor(q), EVENT_SESSION_ENDED, &c, e) < 0 ||
	    staff_session_end(c, q->who.person, id, e) < 0 || change_commit(&c, e) < 0)
		return err_code(e);
	r->status = 204;
	return 0;
}
