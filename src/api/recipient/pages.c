/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * pages - see pages.h
 *
 * A visitor without a session of the delivery in the path sees the neutral
 * page, whatever the reason: unknown number, another's number, an ended session.
 */
#include "api/recipient/pages.h"

#include "api/cookie.h"
#include "base/arena.h"
#include "base/error.h"
#include "base/limits.h"
#include "base/str.h"
#include "base/time.h"
#include "conf/conf.h"
#include "http/http.h"
#include "text/message.h"
#include "text/name.h"
#include "text/template.h"

#define SCHEME "https://"

static void
brand_values(struct page *p)
{
	struct arena *a = p->x->a;
	const struct brand *b = &p->brand;
	struct str colour = b->colour.n > 0 ? str_from(b->colour, 1) : S("");

	tv_str(p->values, "brand_name", b->name);
	tv_str(p->values, "theme_url", arena_printf(a, "/r/theme.css?v=%.*s", STR(colour)));
	if (b->logo_hash.n > 0)
		tv_str(p->values, "logo_url",
		    arena_printf(a, "/r/logo.png?v=%.*s", STR(b->logo_hash)));
	if (b->imprint.n > 0)
		tv_str(p->values, "imprint_url", S("/imprint"));
	tv_str(p->values, "privacy_url", b->privacy_url);
}

int
page_begin(
    struct api *x, const struct request *q, const char *lang, struct page *ret, struct error *e)
{
	*ret = (struct page){.x = x, .q = q, .lang = lang, .values = tv_new(x->a)};
	if (brand_get(x->db, x->a, &ret->brand, e) < 0)
		return err_code(e);
	brand_values(ret);
	return 0;
}

void
page_other_language(struct page *p)
{
	tv_str(
	    p->values, "lang_href", str_eq_c(str_c(p->lang), "en") ? S("?lang=de") : S("?lang=en"));
}

int
page_show(struct page *p, struct reply *r, const char *template, struct error *e)
{
	reply_html_fields(r, p->x);
	reply_field(r, "Content-Language", str_c(p->lang));
	buf_clear(&r->body);
	return template_render(&r->body, template, p->lang, p->values, e);
}

/* ---- refusals ---- */

/* The brand could not be read, or the page not drawn: bare words. */
static void
bare_page(struct reply *r, struct api *x, const struct request *q, uint32_t status)
{
	reply_init(r, x->a);
	r->status = status;
	reply_field(r, "Content-Type", S("text/plain; charset=utf-8"));
	reply_field(r, "Content-Language", str_c(q->lang));
	reply_field(r, "Cache-Control", S("no-store"));
	buf_str(&r->body, message(q->lang, status == 503 ? S("bare.busy") : S("bare.failed")));
	buf_char(&r->body, '\n');
}

/*
 * What stands on it is the same for each kind of refusal: the templates have
 * two such pages, and a stranger shall not learn more than from these.
 */
static int
error_page(struct api *x, const struct request *q, struct reply *r, int code, struct error *e)
{
	struct page p;

	if (page_begin(x, q, q->lang, &p, e) < 0)
		return err_code(e);
	if (code == ERR_NOT_FOUND || code == ERR_GONE || code == ERR_UNAUTHENTICATED)
		return page_show(&p, r, "neutral.html", e);
	tv_str(p.values, "back_href", q->path.n > 0 ? S("/r/new-link") : S("/"));
	return page_show(&p, r, "refused.html", e);
}

void
page_error(struct api *x, const struct request *q, struct reply *r, const struct error *e)
{
	uint32_t status = (uint32_t)api_status(e->code);
	int code = e->code;
	struct error second;

	reply_init(r, x->a);
	if (error_page(x, q, r, code, &second) < 0)
		bare_page(r, x, q, status);
	r->status = status;
	if (status == 429 || status == 503)
		reply_field(r, "Retry-After", S("2"));
}

int
page_neutral(struct api *x, const struct request *q, struct reply *r, struct error *e)
{
	struct page p;

	if (page_begin(x, q, q->lang, &p, e) < 0)
		return err_code(e);
	return page_show(&p, r, "neutral.html", e);
}

/* ---- forms ---- */

int
origin_check(struct api *x, const struct request *q, struct error *e)
{
	struct str origin = request_field(q, "origin"), theirs, ours;

	if (!str_starts(origin, S(SCHEME)) ||
	    !http_authority(x->a, str_from(origin, sizeof SCHEME - 1), &theirs) ||
	    !http_authority(x->a, x->conf->authority, &ours) || !str_eq(theirs, ours))
		return err_key(e, ERR_DENIED, "origin", "a form from elsewhere");
	return 0;
}

struct str
csrf_of(struct api *x, struct str cookie_token)
{
	struct str text = arena_printf(x->a, "csrf%.*s", STR(cookie_token));
	struct sha256 h = sha256(text.p, text.n);

	return str_b64url(x->a, h.b, sizeof h.b);
}

void
cookie_set(struct reply *r, struct api *x, struct str token)
{
	reply_field(r, "Set-Cookie",
	    arena_printf(x->a, COOKIE_RECIPIENT "=%.*s; Path=/; Secure; HttpOnly; SameSite=Lax",
	        STR(token)));
}
