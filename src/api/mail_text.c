/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * mail_text - see mail_text.h
 */
#include "api/mail_text.h"

#include "base/arena.h"
#include "base/buf.h"
#include "base/error.h"
#include "base/limits.h"
#include "base/str.h"
#include "model/brand.h"
#include "model/mail_request.h"
#include "text/colour.h"
#include "text/template.h"

static int
render(struct arena *a, const struct mail_request *q, const char *ending, struct tv *v,
    struct str *ret, struct error *e)
{
	struct str name = arena_printf(a, "%.*s%s", STR(q->template), ending);
	struct buf b;

	buf_init_arena(&b, a, LIMIT_MAIL_BYTES);
	if (template_render(&b, name.p, q->lang, v, e) < 0)
		return err_code(e);
	if (b.full)
		return err_set(e, ERR_TOO_LARGE, "mail");
	*ret = buf_view(&b);
	return 0;
}

static void
colours_of(struct arena *a, struct tv *v, struct str colour)
{
	struct brand_colours c;
	struct rgb rgb = {0x00, 0x5c, 0x60};

	colour_parse(colour, &rgb);
	brand_colours(rgb, &c);
	tv_str(v, "brand_colour", colour_hex(a, c.brand));
	tv_str(v, "brand_on", colour_hex(a, c.on));
	tv_str(v, "brand_ink", colour_hex(a, c.light.ink));
	tv_str(v, "brand_line", colour_hex(a, c.light.line));
}

static struct tv *
values_of(
    struct arena *a, const struct mail_request *q, const struct brand *brand, struct str logo_src)
{
	struct tv *v = tv_new(a);

	tv_str(v, "brand_name", brand->name);
	colours_of(a, v, brand->colour);
	tv_str(v, "imprint", brand->imprint);
	tv_str(v, "privacy_url", brand->privacy_url);
	tv_str(v, "logo_src", brand->logo.n > 0 ? logo_src : S(""));
	for (size_t i = 0; i < q->value_count; i++) {
		const char *name = arena_cstr(a, q->values[i].name);

		if (q->values[i].is_flag)
			tv_bool(v, name, q->values[i].flag);
		else
			tv_str(v, name, q->values[i].text);
	}
	return v;
}

int
mail_text_make(struct arena *a, const struct mail_request *q, const struct brand *brand,
    struct str logo_src, struct mail_text *ret, struct error *e)
{
	struct tv *v = values_of(a, q, brand, logo_src);

	if (render(a, q, ".txt", v, &ret->text, e) < 0)
		return err_code(e);
	return render(a, q, ".html", v, &ret->html, e);
}
