/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * outbox - what was, is and will be mailed
 *
 * A mail's text can be read only while no SMTP is set: then it lies here
 * instead of going out.  Each look is an event.
 */
#include "api/routes.h"
#include "base/arena.h"
#include "base/error.h"
#include "base/str.h"
#include "conf/conf.h"
#include "model/mail.h"
#include "text/address.h"
#include "text/json.h"

#define LIST_MOST 1000

/* Oldest first; after=ID goes on behind that mail. */
int
outbox_list(struct api *x, const struct request *q, struct reply *r, struct error *e)
{
	struct str to = {0}, typed = {0};
	mail_id after = {0};
	struct mail *list;
	struct js j;
	size_t n;
	int has_to = request_query(x, q, "to", &to, e);
	int goes_on = has_to < 0 ? has_to : request_query(x, q, "after", &typed, e);

	if (goes_on < 0)
		return err_code(e);
	if (goes_on > 0 && !id_parse(typed, &after.v))
		return err_key(e, ERR_INVALID, "bad-id", "after is no id");
	if ((has_to > 0 && address_clean(x->a, to, &to, e) < 0) ||
	    mail_list(x->db, x->a, to, (struct page_at){after.v, LIST_MOST}, &list, &n, e) < 0)
		return err_code(e);
	reply_json(r, &j);
	js_list(&j);
	for (size_t i = 0; i < n; i++) {
		js_open(&j);
		js_kv_id(&j, "id", list[i].id.v);
		js_kv_str(&j, "to", list[i].address);
		js_kv_str(&j, "subject", list[i].subject);
		js_kv_str(&j, "state", list[i].state);
		js_key(&j, "reply");
		if (list[i].reply.n > 0)
			js_str(&j, list[i].reply);
		else
			js_null(&j);
		js_close(&j);
	}
	js_list_end(&j);
	return 0;
}

static int
note_the_look(struct api *x, const struct request *q, const struct mail *m, struct error *e)
{
	AUTO(change_abort) struct change *c = NULL;
	struct event ev = EVENT_INIT(EVENT_OUTBOX_READ);

	ev.delivery = m->delivery;
	ev.recipient = m->recipient;
	if (change_begin(x->db, request_actor(q), EVENT_OUTBOX_READ, &c, e) < 0 ||
	    event_add(c, &ev, e) < 0)
		return err_code(e);
	return change_commit(&c, e);
}

int
outbox_show(struct api *x, const struct request *q, struct reply *r, struct error *e)
{
	struct str text;
	struct mail m;
	mail_id id;

	if (!id_parse(q->params[0], &id.v))
		return err_set(e, ERR_NOT_FOUND, "no mail has this id");
	if (mail_get(x->db, x->a, id, &m, e) < 0)
		return err_code(e);
	if (str_eq_c(m.form, "wiped"))
		return err_key(
		    e, ERR_NOT_FOUND, "mail-wiped", "the mail was handed over and wiped");
	if (!str_eq_c(m.form, "message"))
		return err_key(e, ERR_CONFLICT, "mail-not-composed",
		    x->conf->smtp_url.n > 0 ? "mails can be read only while no SMTP server is set"
		                            : "the mail is being composed, please try again");
	if (mail_content(x->db, x->a, &x->keys, id, &text, e) < 0 || note_the_look(x, q, &m, e) < 0)
		return err_code(e);
	reply_field(r, "Content-Type", S("message/rfc822"));
	reply_field(r, "Cache-Control", S("no-store"));
	buf_str(&r->body, text);
	return 0;
}
