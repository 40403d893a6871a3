/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * visit - a browser with a live session for the delivery of the path
 */
#include "api/recipient/pages.h"

#include "base/arena.h"
#include "base/error.h"
#include "base/log.h"
#include "base/str.h"
#include "conf/conf.h"
#include "text/name.h"
#include "text/shown.h"
#include "text/template.h"

static bool
asks_for_language(struct api *x, const struct request *q)
{
	struct str lang;
	struct error e;

	return request_query(x, q, "lang", &lang, &e) == 1;
}

int
visit_find(struct api *x, const struct request *q, struct visit *ret, struct error *e)
{
	struct str number;
	int r;

	*ret = (struct visit){0};
	if (q->who.kind != BY_SESSION || !number_parse(x->a, q->params[0], &number))
		return 0;
	r = delivery_by_number(x->db, x->a, number, &ret->delivery, e);
	if (r == ERR_NOT_FOUND)
		return 0;
	if (r < 0)
		return r;
	r = session_find(x->db, &q->who.cookie, ret->delivery.id, x->now_us, &ret->session, e);
	if (r <= 0)
		return r;
	if (recipient_get(x->db, x->a, ret->session.recipient, &ret->recipient, e) < 0)
		return err_code(e);
	ret->csrf = csrf_of(x, q->who.cookie_token);
	ret->path = arena_printf(x->a, "/d/%.*s", STR(ret->delivery.number));
	/* the sender chose a language for this recipient; ?lang= is his own choice */
	ret->lang = asks_for_language(x, q)              ? q->lang
	            : str_eq_c(ret->delivery.lang, "en") ? "en"
	                                                 : "de";
	return 1;
}

enum visit_end
visit_end(const struct api *x, const struct visit *v)
{
	if (v->delivery.revoked_us != 0 || v->recipient.revoked_us != 0)
		return VISIT_REVOKED;
	if (x->now_us >= v->delivery.expires_us)
		return VISIT_EXPIRED;
	return x->now_us < v->delivery.valid_from_us ? VISIT_EARLY : VISIT_LIVE;
}

int
visit_check_form(struct api *x, const struct request *q, const struct visit *v, struct error *e)
{
	struct str csrf = {0};

	if (origin_check(x, q, e) < 0 || request_form(x, q, "csrf", &csrf, e) < 0)
		return err_code(e);
	if (csrf.n != v->csrf.n || !mem_eq(csrf.p, v->csrf.p, csrf.n))
		return err_key(e, ERR_DENIED, "csrf", "a form of another session");
	return 0;
}

void
visit_touch(struct api *x, const struct request *q, const struct visit *v)
{
	struct error unseen;

	/* a full disk keeps nobody from reading */
	if (!q->is_head && session_touch(x->db, &v->session, x->now_us, &unseen) < 0)
		log_debug("when a recipient was last seen: %s", unseen.msg);
}

int
came_from(struct api *x, const struct request *q, contact_id contact, struct event_field *ret,
    struct error *e)
{
	struct data_key *key = ARENA_NEW(x->a, struct data_key);

	if (keyring_person(&x->keys, contact.v, key, e) < 0)
		return err_code(e);
	*ret = (struct event_field){contact.v, key, S("ip"), q->m->peer};
	return 0;
}

int
page_delivery_values(struct page *p, const struct visit *v, struct error *e)
{
	struct arena *a = p->x->a;
	const char *zone = arena_cstr(a, p->x->conf->timezone);
	const struct delivery *d = &v->delivery;

	(void)e;
	tv_str(p->values, "number", d->number);
	tv_str(p->values, "subject", d->subject);
	tv_str(p->values, "message", d->message);
	tv_str(p->values, "sender_name", d->sender_name);
	tv_str(p->values, "sender_org", p->brand.name);
	tv_str(p->values, "sender_initials", text_initials(a, d->sender_name));
	tv_str(p->values, "sent_on", text_date(a, p->lang, d->created_us, zone));
	tv_bool(p->values, "one_file", d->item_count == 1);
	tv_str(p->values, "file_count_text", text_count(a, p->lang, d->item_count));
	tv_str(p->values, "valid_from", text_datetime(a, p->lang, d->valid_from_us, zone));
	tv_str(p->values, "valid_until", text_datetime(a, p->lang, d->expires_us, zone));
	tv_str(p->values, "masked_address", text_masked_address(a, v->recipient.address));
	tv_str(p->values, "csrf", v->csrf);
	return 0;
}
