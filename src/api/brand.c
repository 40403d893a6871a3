/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * brand - GET and PATCH /api/v1/brand: how recipient pages and mails look
 *
 * What strangers will see is checked before it is stored: the colour is one, the
 * logo is a PNG of sane size, the privacy link is http(s).
 */
#include "model/brand.h"

#include "api/input.h"
#include "api/routes.h"
#include "base/arena.h"
#include "base/error.h"
#include "base/limits.h"
#include "base/str.h"
#include "text/colour.h"
#include "text/json.h"

#define LOGO_PIXELS_MOST 4096

static void
put_brand(struct js *j, struct api *x, const struct brand *b)
{
	js_open(j);
	js_kv_str(j, "name", b->name);
	js_kv_str(j, "colour", b->colour);
	js_key(j, "logo");
	if (b->logo.n > 0)
		js_str(j, arena_printf(x->a, "/r/logo.png?v=%.*s", STR(b->logo_hash)));
	else
		js_null(j);
	js_kv_str(j, "imprint", b->imprint);
	js_kv_str(j, "privacy", b->privacy_url);
	js_close(j);
}

static int
answer(struct api *x, struct reply *r, struct error *e)
{
	struct brand b;
	struct js j;

	if (brand_get(x->db, x->a, &b, e) < 0)
		return err_code(e);
	reply_json(r, &j);
	put_brand(&j, x, &b);
	return 0;
}

int
brand_show(struct api *x, const struct request *q, struct reply *r, struct error *e)
{
	(void)q;
	return answer(x, r, e);
}

static uint32_t
be32(const char *p)
{
	const uint8_t *b = (const uint8_t *)p;

	return (uint32_t)b[0] << 24 | (uint32_t)b[1] << 16 | (uint32_t)b[2] << 8 | b[3];
}

/* Signature, then IHDR of 13 bytes first, with a size that can be shown (PNG 5.2, 11.2.2). */
static bool
is_png(struct str s)
{
	static const char start[] = "\x89PNG\r\n\x1a\n\0\0\0\rIHDR";
	uint32_t w, h;

	if (s.n < 8 + 25 + 12 || memcmp(s.p, start, sizeof start - 1) != 0)
		return false;
	w = be32(s.p + 16);
	h = be32(s.p + 20);
	return w > 0 && h > 0 && w <= LOGO_PIXELS_MOST && h <= LOGO_PIXELS_MOST &&
	       str_ends(s, S("\0\0\0\0IEND\xae\x42\x60\x82"));
}

/* base64 of a PNG; null takes the logo away. */
static int
read_logo(struct api *x, struct json *o, struct brand *b, struct error *e)
{
	bool there = json_has(o, "logo");
	struct str text, png;
	int r = json_get_str(o, "logo", &text, e);

	if (r < 0)
		return r;
	if (r == 0) {
		if (there)
			b->logo = (struct str){0};
		return 0;
	}
	if (!str_unb64(x->a, text, &png))
		return err_key(e, ERR_INVALID, "bad-logo", "logo is not base64");
	if (png.n > LIMIT_LOGO_BYTES)
		return err_key(e, ERR_TOO_LARGE, "logo-too-large", "the logo is over %d bytes",
		    LIMIT_LOGO_BYTES);
	if (!is_png(png))
		return err_key(e, ERR_INVALID, "bad-logo",
		    "the logo is not a PNG of at most %d "
		    "pixels a side",
		    LOGO_PIXELS_MOST);
	b->logo = png;
	return 0;
}

static int
check_values(const struct brand *b, struct error *e)
{
	struct rgb colour;

	if (b->name.n == 0)
		return err_key(e, ERR_INVALID, "bad-name", "the name is empty");
	if (!colour_parse(b->colour, &colour))
		return err_key(e, ERR_INVALID, "bad-colour", "colour is #RRGGBB");
	if (b->privacy_url.n > 0 && !str_starts(b->privacy_url, S("https://")) &&
	    !str_starts(b->privacy_url, S("http://")))
		return err_key(
		    e, ERR_INVALID, "bad-url", "privacy begins with https:// or http://");
	return 0;
}

/* Only what is named changes. */
static int
read_brand(struct api *x, const struct request *q, struct brand *b, struct error *e)
{
	static const struct input_text name = {"name", LIMIT_TITLE_BYTES, false};
	static const struct input_text colour = {"colour", 16, false};
	static const struct input_text imprint = {"imprint", LIMIT_NOTE_BYTES, true};
	static const struct input_text privacy = {"privacy", 2000, false};
	AUTO(json_free) struct json_doc *doc = NULL;
	struct json *o;

	if (json_parse(q->m->body, &doc, e) < 0)
		return err_code(e);
	o = json_root(doc);
	if (input_text(x, o, &name, &b->name, e) < 0 ||
	    input_text(x, o, &colour, &b->colour, e) < 0 || read_logo(x, o, b, e) < 0 ||
	    input_text(x, o, &imprint, &b->imprint, e) < 0 ||
	    input_text(x, o, &privacy, &b->privacy_url, e) < 0 || json_done(o, e) < 0)
		return err_code(e);
	return check_values(b, e);
}

int
brand_patch(struct api *x, const struct request *q, struct reply *r, struct error *e)
{
	AUTO(change_abort) struct change *c = NULL;
	struct brand b;

	if (change_begin(x->db, request_actor(q), EVENT_BRAND_CHANGED, &c, e) < 0 ||
	    brand_get(x->db, x->a, &b, e) < 0 || read_brand(x, q, &b, e) < 0 ||
	    brand_set(c, x->a, &b, e) < 0 || change_commit(&c, e) < 0)
		return err_code(e);
	return answer(x, r, e);
}
