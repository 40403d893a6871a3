/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * open - from a mailed link to a session
 *
 * GET changes and tells nothing: mail scanners open every link.  The form's
 * POST exchanges the token for a cookie; what is not a live link gives the
 * neutral page.
 */
#include "api/recipient/links.h"
#include "api/recipient/pages.h"
#include "api/routes.h"
#include "base/arena.h"
#include "base/error.h"
#include "base/str.h"
#include "crypto/token.h"
#include "text/template.h"

int
open_page(struct api *x, const struct request *q, struct reply *r, struct error *e)
{
	struct page p;

	if (page_begin(x, q, q->lang, &p, e) < 0)
		return err_code(e);
	page_other_language(&p);
	tv_str(p.values, "token", q->params[0]);
	return page_show(&p, r, "open.html", e);
}

/* The cookie this browser keeps, or a new one. */
static int
choose_cookie(struct api *x, const struct request *q, struct str *ret, struct sha256 *ret_hash,
    struct error *e)
{
	int known = 0;

	if (q->who.kind == BY_SESSION)
		known = session_is_known(x->db, &q->who.cookie, x->now_us, e);
	if (known < 0)
		return known;
	if (known > 0) {
		*ret = q->who.cookie_token;
		*ret_hash = q->who.cookie;
		return 0;
	}
	*ret = token_new(x->a);
	*ret_hash = token_hash(*ret);
	return 0;
}

static int
open_session(struct api *x, const struct request *q, const struct recipient *who,
    const struct sha256 *cookie, struct error *e)
{
	AUTO(change_abort) struct change *c = NULL;
	struct event ev = EVENT_INIT(EVENT_RECIPIENT_OPENED);
	struct event_field from;
	session_id session;

	if (came_from(x, q, who->contact, &from, e) < 0)
		return err_code(e);
	ev.fields = &from;
	ev.field_count = 1;
	ev.delivery = who->delivery;
	ev.recipient = who->id;
	ev.level = LEVEL_LINK;
	if (change_begin(x->db, (struct actor){ACTOR_RECIPIENT, who->id.v}, EVENT_RECIPIENT_OPENED,
	        &c, e) < 0 ||
	    session_open(c, cookie, who->id, &session, e) < 0 ||
	    recipient_mark(c, who->id, STEP_OPENED, e) < 0 || event_add(c, &ev, e) < 0)
		return err_code(e);
	return change_commit(&c, e);
}

/* 1 live, 0 not.  One before its date is: in the session the page says from when on. */
static int
live_link(
    struct api *x, struct str token, struct recipient *who, struct delivery *d, struct error *e)
{
	struct sha256 hash;
	int n;

	if (token.n != TOKEN_CHARACTERS)
		return 0;
	if (keyring_pepper(&x->keys, S(LINK_LABEL), token, &hash, e) < 0)
		return err_code(e);
	n = recipient_by_token(x->db, x->a, &hash, who, e);
	if (n <= 0)
		return n;
	if (delivery_get(x->db, x->a, who->delivery, d, e) < 0)
		return err_code(e);
	return who->revoked_us == 0 && d->revoked_us == 0 && x->now_us < d->expires_us;
}

int
open_post(struct api *x, const struct request *q, struct reply *r, struct error *e)
{
	struct recipient who;
	struct delivery d;
	struct sha256 hash;
	struct str token = {0}, cookie;
	int n;

	if (origin_check(x, q, e) < 0 || request_form(x, q, "token", &token, e) < 0)
		return err_code(e);
	n = live_link(x, token, &who, &d, e);
	if (n < 0)
		return n;
	if (n == 0)
		return page_neutral(x, q, r, e);
	if (choose_cookie(x, q, &cookie, &hash, e) < 0 || open_session(x, q, &who, &hash, e) < 0)
		return err_code(e);
	cookie_set(r, x, cookie);
	reply_redirect(r, arena_printf(x->a, "/d/%.*s", STR(d.number)));
	return 0;
}
