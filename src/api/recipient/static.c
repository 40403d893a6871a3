/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * static - what is the same for everybody: style sheet, fonts, logo, imprint
 *
 * A static file's address holds its hash, so it may be kept for ever; asked for
 * by its bare name it may not.  Nothing here looks at a cookie.
 */
#include "api/recipient/pages.h"

#include "api/routes.h"
#include "base/arena.h"
#include "base/error.h"
#include "base/str.h"
#include "http/http.h"
#include "model/brand.h"
#include "text/colour.h"
#include "text/template.h"

#define FOR_EVER S("public, max-age=31536000, immutable")
#define ASK_AGAIN S("public, no-cache")

/* 304 when the browser has it already. */
static void
answer_bytes(struct reply *r, const struct request *q, struct str content, struct str etag)
{
	struct str have = request_field(q, "if-none-match");

	reply_field(r, "ETag", etag);
	if (have.p != NULL && http_etag_weak_match(have, etag))
		r->status = 304;
	else
		buf_str(&r->body, content);
}

int
static_get(struct api *x, const struct request *q, struct reply *r, struct error *e)
{
	const struct asset_file *f = template_file(q->params[0]);
	bool bare = f != NULL && str_eq_c(q->params[0], f->name);
	bool packed = f != NULL && f->gzip.n > 0 && request_takes_gzip(q);

	if (f == NULL)
		return shell_static(x, q, r, e);
	reply_field(r, "Content-Type", str_c(f->media_type));
	reply_field(r, "Cache-Control", bare ? ASK_AGAIN : FOR_EVER);
	reply_field(r, "Vary", S("Accept-Encoding"));
	if (packed)
		reply_field(r, "Content-Encoding", S("gzip"));
	answer_bytes(r, q, packed ? f->gzip : f->content,
	    arena_printf(x->a, "\"%s%s\"", f->hash, packed ? "-gzip" : ""));
	return 0;
}

int
theme_get(struct api *x, const struct request *q, struct reply *r, struct error *e)
{
	struct brand brand;
	struct brand_colours colours;
	struct rgb colour = {0};
	struct str asked = {0};
	struct buf css;

	if (brand_get(x->db, x->a, &brand, e) < 0)
		return err_code(e);
	if (!colour_parse(brand.colour, &colour))
		return err_set(e, ERR_INTERNAL, "the brand has no colour");
	if (request_query(x, q, "v", &asked, e) < 0)
		return err_code(e);
	brand_colours(colour, &colours);
	buf_init_arena(&css, x->a, LIMIT_FORM_BYTES);
	brand_css(&css, &colours);
	reply_field(r, "Content-Type", S("text/css; charset=utf-8"));
	reply_field(
	    r, "Cache-Control", str_eq(asked, str_from(brand.colour, 1)) ? FOR_EVER : ASK_AGAIN);
	answer_bytes(r, q, buf_view(&css), arena_printf(x->a, "\"%.*s\"", STR(brand.colour)));
	return 0;
}

int
logo_get(struct api *x, const struct request *q, struct reply *r, struct error *e)
{
	struct brand brand;
	struct str asked = {0};

	if (brand_get(x->db, x->a, &brand, e) < 0)
		return err_code(e);
	if (brand.logo.n == 0)
		return err_set(e, ERR_NOT_FOUND, "the brand has no logo");
	if (request_query(x, q, "v", &asked, e) < 0)
		return err_code(e);
	reply_field(r, "Content-Type", S("image/png"));
	reply_field(r, "Cache-Control", str_eq(asked, brand.logo_hash) ? FOR_EVER : ASK_AGAIN);
	answer_bytes(r, q, brand.logo, arena_printf(x->a, "\"%.*s\"", STR(brand.logo_hash)));
	return 0;
}

int
imprint_get(struct api *x, const struct request *q, struct reply *r, struct error *e)
{
	struct page p;

	if (page_begin(x, q, q->lang, &p, e) < 0)
		return err_code(e);
	page_other_language(&p);
	tv_str(p.values, "imprint", p.brand.imprint);
	return page_show(&p, r, "imprint.html", e);
}
