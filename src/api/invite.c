/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * invite - see invite.h
 *
 * The token is in the fragment of the link: no server's log and no proxy sees it.
 */
#include "api/invite.h"

#include "base/arena.h"
#include "base/error.h"
#include "base/limits.h"
#include "base/str.h"
#include "base/time.h"
#include "conf/conf.h"
#include "crypto/token.h"
#include "model/brand.h"
#include "text/json.h"
#include "text/template.h"

static struct str
link_of(struct api *x, const struct invite *v)
{
	return arena_printf(x->a, "%.*s/app/sign-in#token=%.*s", STR(x->conf->url), STR(v->token));
}

static int
subject_of(struct api *x, const char *lang, struct str *ret, struct error *e)
{
	struct tv *t = tv_new(x->a);
	struct brand brand;
	struct buf b;

	if (brand_get(x->db, x->a, &brand, e) < 0)
		return err_code(e);
	tv_str(t, "brand_name", brand.name);
	buf_init_arena(&b, x->a, LIMIT_TITLE_BYTES * 2);
	if (template_render(&b, "mail_invite_subject.txt", lang, t, e) < 0)
		return err_code(e);
	*ret = str_trim(buf_view(&b));
	return 0;
}

static struct str
values_of(struct api *x, const struct request *q, const struct invite *v, struct str sender)
{
	struct buf b;
	struct js j;

	buf_init_arena(&b, x->a, LIMIT_FORM_BYTES);
	js_begin(&j, &b);
	js_open(&j);
	js_kv_str(&j, "lang", str_c(q->lang));
	js_kv_str(&j, "recipient_name", v->to.name);
	js_kv_str(&j, "sender_name", sender);
	js_kv_str(&j, "link", link_of(x, v));
	js_kv_bool(&j, "reset", v->purpose == LINK_RESET);
	js_close(&j);
	return buf_view(&b);
}

int
invite_prepare(struct api *x, const struct request *q, struct invite *v, struct error *e)
{
	struct person sender;

	v->token = token_new(x->a);
	v->mails = x->conf->smtp_url.n > 0 && v->to.address.n > 0;
	if (!v->mails)
		return 0;
	v->mail = (struct mail_draft){.kind = "invite",
	    .address = v->to.address,
	    .give_up_us = x->now_us + sign_in_link_life(v->purpose)};
	if (person_get(x->db, x->a, q->who.person, &sender, e) < 0 ||
	    subject_of(x, q->lang, &v->mail.subject, e) < 0)
		return err_code(e);
	return mail_prepare(
	    x->a, &x->keys, x->conf, "mail_invite", values_of(x, q, v, sender.name), &v->mail, e);
}

int
invite_put(struct change *c, const struct invite *v, struct error *e)
{
	if (sign_in_link_put(c, v->to.id, v->purpose, v->token, e) < 0)
		return err_code(e);
	return v->mails ? mail_queue(c, &v->mail, e) : 0;
}

struct str
invite_link(struct api *x, const struct invite *v)
{
	return v->mails ? S("") : link_of(x, v);
}
