/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * links - see links.h; and POST /r/new-link, which always answers the same
 */
#include "api/recipient/links.h"

#include "api/recipient/pages.h"
#include "api/routes.h"
#include "base/arena.h"
#include "base/error.h"
#include "base/random.h"
#include "base/str.h"
#include "base/time.h"
#include "conf/conf.h"
#include "text/address.h"
#include "text/json.h"
#include "text/name.h"
#include "text/shown.h"
#include "text/template.h"

#define SECRET_BYTES SHA256_BYTES
#define LINKS_PER_HOUR 3
#define HOUR_US (3600 * US_PER_S)

static int
link_of(struct api *x, const void *secret, struct link *ret, struct error *e)
{
	struct str token = str_b64url(x->a, secret, SECRET_BYTES);

	ret->url = arena_printf(x->a, "%.*s/r/%.*s", STR(x->conf->url), STR(token));
	return keyring_pepper(&x->keys, S(LINK_LABEL), token, &ret->hash, e);
}

int
link_new(struct api *x, struct link *ret, struct error *e)
{
	uint8_t secret[SECRET_BYTES];
	int r;

	random_bytes(secret, sizeof secret);
	r = link_of(x, secret, ret, e);
	explicit_bzero(secret, sizeof secret);
	return r;
}

int
link_derived(struct api *x, struct str seed, struct link *ret, struct error *e)
{
	struct sha256 secret;

	if (keyring_pepper(&x->keys, S(LINK_LABEL "-derived"), seed, &secret, e) < 0)
		return err_code(e);
	return link_of(x, secret.b, ret, e);
}

static const char *
lang_of(const struct delivery *d)
{
	return str_eq_c(d->lang, "en") ? "en" : "de";
}

struct str
link_mail_values(struct api *x, const struct delivery *d, const struct link *link)
{
	const char *lang = lang_of(d), *zone = arena_cstr(x->a, x->conf->timezone);
	struct buf b;
	struct js j;

	buf_init_arena(&b, x->a, LIMIT_FORM_BYTES);
	js_begin(&j, &b);
	js_open(&j);
	js_kv_str(&j, "lang", str_c(lang));
	js_kv_str(&j, "number", d->number);
	js_kv_str(&j, "sender_name", d->sender_name);
	js_kv_str(&j, "subject", d->subject);
	js_kv_str(&j, "message", d->message);
	js_kv_bool(&j, "one_file", d->item_count == 1);
	js_kv_str(&j, "file_count_text", text_count(x->a, lang, d->item_count));
	js_kv_int(&j, "file_count", d->item_count);
	js_kv_str(&j, "size", text_bytes(x->a, lang, d->total_bytes));
	if (d->valid_from_us > x->now_us)
		js_kv_str(&j, "valid_from", text_datetime(x->a, lang, d->valid_from_us, zone));
	js_kv_str(&j, "valid_until", text_datetime(x->a, lang, d->expires_us, zone));
	js_kv_str(&j, "link", link->url);
	js_close(&j);
	return buf_view(&b);
}

/* One line from the mail's subject template. */
static int
mail_subject(struct api *x, const struct delivery *d, struct str *ret, struct error *e)
{
	struct tv *v = tv_new(x->a);
	struct brand brand;
	struct buf b;

	if (brand_get(x->db, x->a, &brand, e) < 0)
		return err_code(e);
	tv_str(v, "brand_name", brand.name);
	tv_str(v, "number", d->number);
	tv_str(v, "sender_name", d->sender_name);
	tv_str(v, "subject", d->subject);
	tv_bool(v, "one_file", d->item_count == 1);
	tv_int(v, "file_count", d->item_count);
	buf_init_arena(&b, x->a, LIMIT_TITLE_BYTES * 2);
	if (template_render(&b, "mail_delivery_subject.txt", lang_of(d), v, e) < 0)
		return err_code(e);
	*ret = str_trim(buf_view(&b));
	return 0;
}

int
link_mail(struct api *x, const struct delivery *d, recipient_id r, struct str address,
    const struct link *link, struct mail_draft *ret, struct error *e)
{
	*ret = (struct mail_draft){
	    .kind = "delivery", .delivery = d->id, .recipient = r, .address = address};
	if (mail_subject(x, d, &ret->subject, e) < 0)
		return err_code(e);
	return mail_prepare(
	    x->a, &x->keys, x->conf, "mail_delivery", link_mail_values(x, d, link), ret, e);
}

/* ---- a new link, asked for by whoever says he is the recipient ---- */

int
new_link_page(struct api *x, const struct request *q, struct reply *r, struct error *e)
{
	return page_neutral(x, q, r, e);
}

/* 1 there is a live one. */
static int
who_asks(struct api *x, const struct request *q, struct delivery *d, struct recipient *who,
    struct error *e)
{
	struct str number = {0}, address = {0};
	struct error bad;
	int n;

	if (request_form(x, q, "number", &number, e) < 0 ||
	    request_form(x, q, "address", &address, e) < 0)
		return err_code(e);
	if (!number_parse(x->a, number, &number) ||
	    address_clean(x->a, address, &address, &bad) < 0)
		return 0;
	n = delivery_by_number(x->db, x->a, number, d, e);
	if (n == ERR_NOT_FOUND)
		return 0;
	if (n < 0 || (n = recipient_by_address(x->db, x->a, d->id, address, who, e)) <= 0)
		return n;
	return who->revoked_us == 0 && delivery_is_live(d, x->now_us);
}

/* More than three within an hour are not sent, which nobody is told. */
static int
send_new_link(struct api *x, const struct delivery *d, const struct recipient *who, struct error *e)
{
	AUTO(change_abort) struct change *c = NULL;
	struct mail_draft mail;
	struct link link;
	int64_t asked;

	if (link_new(x, &link, e) < 0 ||
	    link_mail(x, d, who->id, who->address, &link, &mail, e) < 0)
		return err_code(e);
	if (change_begin(x->db, (struct actor){ACTOR_RECIPIENT, who->id.v}, EVENT_RECIPIENT_LINK,
	        &c, e) < 0 ||
	    recipient_links_asked(
	        change_db(c), d->id, who->id, change_now(c) - HOUR_US, &asked, e) < 0)
		return err_code(e);
	if (asked >= LINKS_PER_HOUR)
		return 0;
	if (recipient_new_link(c, who->id, &link.hash, LINK_KEEPS_SESSIONS, e) < 0 ||
	    mail_queue(c, &mail, e) < 0)
		return err_code(e);
	return change_commit(&c, e);
}

int
new_link_post(struct api *x, const struct request *q, struct reply *r, struct error *e)
{
	struct recipient who;
	struct delivery d;
	struct page p;
	int n;

	if (origin_check(x, q, e) < 0)
		return err_code(e);
	/* drawn first: a fault afterwards has sent nothing */
	if (page_begin(x, q, q->lang, &p, e) < 0 || page_show(&p, r, "asked.html", e) < 0)
		return err_code(e);
	n = who_asks(x, q, &d, &who, e);
	if (n < 0)
		return n;
	return n > 0 ? send_new_link(x, &d, &who, e) : 0;
}
