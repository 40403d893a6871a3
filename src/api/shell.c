/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * shell - the staff app: its page at /app and below, its scripts and styles
 *
 * The page is the same for everybody and every address, signed in or not; which
 * screen it shows, the app decides.  What that screen needs first is named in the
 * field Link, so that it comes along.  Scripts run only from our own files, and nothing
 * may turn text into code (Trusted Types 'none').
 */
#include "api/routes.h"
#include "api/staff.h"
#include "api/web.h"
#include "base/arena.h"
#include "base/error.h"
#include "base/str.h"

static const char policy[] =
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' blob:; "
    "media-src 'self'; font-src 'self'; connect-src 'self'; manifest-src 'self'; "
    "frame-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'; "
    "require-trusted-types-for 'script'; trusted-types 'none'";

static struct str
screen_of(const struct request *q)
{
	return q->params[0].p != NULL ? q->params[0] : S("");
}

static void
add_link(struct api *x, struct str *links, struct str address, const char *how)
{
	const char *comma = links->n > 0 ? ", " : "";

	*links = arena_printf(x->a, "%.*s%s<%.*s>; rel=%s", STR(*links), comma, STR(address), how);
}

static void
link_scripts(struct api *x, const struct request *q, struct str *links)
{
	for (size_t i = 0; i < web_screen_count; i++) {
		if (str_eq_c(screen_of(q), web_screens[i].name))
			add_link(x, links, arena_printf(x->a, "/static/%s", web_screens[i].file),
			    "modulepreload");
	}
}

/*
 * What the app asks for first is asked for while its scripts come, when a cookie says
 * that somebody may be signed in: who that is, and how the library looks without a filter.
 */
static void
link_questions(struct api *x, const struct request *q, struct str *links)
{
	static const char fetch[] = "preload; as=fetch; crossorigin";
	bool is_plain = q->params[1].p == NULL && q->query.n == 0;

	if (staff_cookie(q).n == 0)
		return;
	add_link(x, links, S("/api/v1/session"), fetch);
	if (is_plain && str_eq_c(screen_of(q), "library"))
		add_link(x, links, S("/api/v1/assets/layout?first=200&sort=newest"), fetch);
}

int
root_get(struct api *x, const struct request *q, struct reply *r, struct error *e)
{
	reply_redirect(r, S("/app"));
	return 0;
}

int
app_get(struct api *x, const struct request *q, struct reply *r, struct error *e)
{
	struct str links = S("");

	reply_html_fields(r, x);
	reply_field(r, "Content-Security-Policy", S(policy));
	reply_field(r, "Cross-Origin-Resource-Policy", S("same-origin"));
	reply_field(r, "Permissions-Policy",
	    S("camera=(), microphone=(), geolocation=(), payment=(), usb=(), "
	      "publickey-credentials-get=(self), publickey-credentials-create=(self)"));
	reply_field(r, "Vary", S("Accept-Encoding"));
	link_questions(x, q, &links);
	link_scripts(x, q, &links);
	if (links.n > 0)
		reply_field(r, "Link", links);
	buf_str(&r->body, web_page);
	return 0;
}

static const struct web_file *
find(struct str name)
{
	for (size_t i = 0; i < web_file_count; i++) {
		if (str_eq_c(name, web_files[i].name))
			return &web_files[i];
	}
	return NULL;
}

int
shell_static(struct api *x, const struct request *q, struct reply *r, struct error *e)
{
	const struct web_file *f = find(q->params[0]);
	bool packed = request_takes_gzip(q);

	if (f == NULL)
		return err_set(e, ERR_NOT_FOUND, "no such static file");
	reply_field(r, "Content-Type", str_c(f->media_type));
	reply_field(r, "Cache-Control", S("public, max-age=31536000, immutable"));
	reply_field(r, "Vary", S("Accept-Encoding"));
	if (packed)
		reply_field(r, "Content-Encoding", S("gzip"));
	buf_str(&r->body, packed ? f->gzip : f->plain);
	return 0;
}
