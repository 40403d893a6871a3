/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * preview - POST /api/v1/deliveries/preview: what the recipient will see
 *
 * The mail and the page come from the templates and the code that make the real
 * ones; only number and link are made up.  The answer fills a frame of
 * the staff app: no script runs in it, no form of it can be sent.
 */
#include "api/mail_text.h"
#include "api/recipient/links.h"
#include "api/recipient/pages.h"
#include "api/routes.h"
#include "base/arena.h"
#include "base/error.h"
#include "base/limits.h"
#include "base/str.h"
#include "text/address.h"
#include "text/template.h"
#include "base/time.h"
#include "conf/conf.h"
#include "model/mail_request.h"
#include "text/name.h"

#define POLICY_END                                                                                 \
	"; img-src 'self' data:; font-src 'self'; base-uri 'none'; form-action 'none'; "           \
	"frame-ancestors 'self'; sandbox allow-same-origin"
/* A mail brings its styles with it; a page has them as a file, which only its own origin gets. */
#define PAGE_POLICY "default-src 'none'; style-src 'self'" POLICY_END
#define MAIL_POLICY "default-src 'none'; style-src 'unsafe-inline'" POLICY_END

/* ---- the form ---- */

static int
read_date(struct api *x, const struct request *q, const char *name, int64_t *ret, struct error *e)
{
	struct str typed = {0};

	if (request_form(x, q, name, &typed, e) < 0)
		return err_code(e);
	if (typed.n > 0 &&
	    !time_parse_human(typed, x->now_us, arena_cstr(x->a, x->conf->timezone), ret))
		return err_key(e, ERR_INVALID, "bad-date", "%s is no date", name);
	return 0;
}

static int
read_number(struct api *x, const struct request *q, const char *name, int64_t *ret, struct error *e)
{
	struct str typed = {0};

	if (request_form(x, q, name, &typed, e) < 0)
		return err_code(e);
	if (typed.n > 0 && (!str_i64(typed, ret) || *ret < 0))
		return err_key(e, ERR_INVALID, "bad-number", "%s is no number", name);
	return 0;
}

static int
read_texts(struct api *x, const struct request *q, struct delivery *d, struct error *e)
{
	struct str subject = {0}, message = {0}, lang = {0};

	if (request_form(x, q, "subject", &subject, e) < 0 ||
	    request_form(x, q, "message", &message, e) < 0 ||
	    request_form(x, q, "lang", &lang, e) < 0 ||
	    text_clean(x->a, subject, LIMIT_TITLE_BYTES, false, &d->subject, e) < 0 ||
	    text_clean(x->a, message, LIMIT_MESSAGE_BYTES, true, &d->message, e) < 0)
		return err_code(e);
	d->lang = str_eq_c(lang, "en") ? S("en") : S("de");
	return 0;
}

/* Somebody's who will get it, or one made up while there is nobody, or none that is one yet. */
static int
read_address(struct api *x, const struct request *q, struct str *ret, struct error *e)
{
	struct str typed = {0};
	struct error not_yet;

	if (request_form(x, q, "to", &typed, e) < 0)
		return err_code(e);
	if (typed.n == 0 || address_clean(x->a, typed, ret, &not_yet) < 0)
		*ret = S("name@example.org");
	return 0;
}

static int
read_delivery(struct api *x, const struct request *q, struct delivery *d, struct error *e)
{
	struct person sender;
	int64_t count = 1;

	*d = (struct delivery){
	    .number = S("XXXX-XXXX"), .valid_from_us = x->now_us, .created_us = x->now_us};
	if (person_get(x->db, x->a, q->who.person, &sender, e) < 0 || read_texts(x, q, d, e) < 0 ||
	    read_number(x, q, "count", &count, e) < 0 ||
	    read_number(x, q, "bytes", &d->total_bytes, e) < 0 ||
	    read_date(x, q, "valid_from", &d->valid_from_us, e) < 0)
		return err_code(e);
	d->expires_us = MAX(d->valid_from_us, x->now_us) + x->conf->delivery_days * US_PER_DAY;
	d->item_count = MAX(count, 1);
	d->sender = sender.id;
	d->sender_name = sender.name;
	d->sender_address = sender.address;
	return read_date(x, q, "expires", &d->expires_us, e);
}

/* ---- what is shown ---- */

static int
show_mail(struct api *x, const struct delivery *d, struct reply *r, struct error *e)
{
	struct link link = {.url = arena_printf(x->a, "%.*s/r/…", STR(x->conf->url))};
	struct mail_request request;
	struct mail_text text;
	struct brand brand;
	struct str json = arena_printf(x->a, "{\"template\":\"mail_delivery\",\"values\":%.*s}",
	    STR(link_mail_values(x, d, &link)));

	if (brand_get(x->db, x->a, &brand, e) < 0 ||
	    mail_request_parse(x->a, json, &request, e) < 0 ||
	    mail_text_make(x->a, &request, &brand,
	        arena_printf(x->a, "/r/logo.png?v=%.*s", STR(brand.logo_hash)), &text, e) < 0)
		return err_code(e);
	reply_html_fields(r, x);
	reply_field(r, "Content-Security-Policy", S(MAIL_POLICY));
	buf_str(&r->body, text.html);
	return 0;
}

/* The first page behind the link. */
static int
show_page(struct api *x, const struct request *q, const struct delivery *d, struct reply *r,
    struct error *e)
{
	struct visit v = {.delivery = *d};
	struct page p;

	if (read_address(x, q, &v.recipient.address, e) < 0 ||
	    page_begin(x, q, str_eq_c(d->lang, "en") ? "en" : "de", &p, e) < 0 ||
	    page_delivery_values(&p, &v, e) < 0)
		return err_code(e);
	tv_bool(p.values, "no_script", true); /* the frame would refuse it, and say so */
	if (page_show(&p, r, "arrival.html", e) < 0)
		return err_code(e);
	reply_field(r, "Content-Security-Policy", S(PAGE_POLICY));
	return 0;
}

int
preview_post(struct api *x, const struct request *q, struct reply *r, struct error *e)
{
	struct str view = {0};
	struct delivery d;

	if (request_form(x, q, "view", &view, e) < 0 || read_delivery(x, q, &d, e) < 0)
		return err_code(e);
	if (str_eq_c(view, "mail"))
		return show_mail(x, &d, r, e);
	if (str_eq_c(view, "page"))
		return show_page(x, q, &d, r, e);
	return err_key(e, ERR_INVALID, "bad-view", "view is mail or page");
}
