/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * shell - the staff app: its page at /app and below, its scripts and styles
 *
 * The page is the same for everybody and every address, signed in or not; which
 * screen it shows, the app decides.  Scripts run only from our own files, and
 * nothing may turn text into code (Trusted Types 'none').
 */
#include "api/routes.h"
#include "api/web.h"
#include "base/error.h"
#include "base/str.h"

static const char policy[] =
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' blob:; "
    "media-src 'self'; font-src 'self'; connect-src 'self'; manifest-src 'self'; "
    "frame-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'; "
    "require-trusted-types-for 'script'; trusted-types 'none'";

int
root_get(struct api *x, const struct request *q, struct reply *r, struct error *e)
{
	reply_redirect(r, S("/app"));
	return 0;
}

int
app_get(struct api *x, const struct request *q, struct reply *r, struct error *e)
{
	reply_html_fields(r, x);
	reply_field(r, "Content-Security-Policy", S(policy));
	reply_field(r, "Cross-Origin-Resource-Policy", S("same-origin"));
	reply_field(r, "Permissions-Policy",
	    S("camera=(), microphone=(), geolocation=(), payment=(), usb=(), "
	      "publickey-credentials-get=(self), publickey-credentials-create=(self)"));
	reply_field(r, "Vary", S("Accept-Encoding"));
	buf_str(&r->body, web_page);
	return 0;
}

/* gzip is among the codings the browser takes, and not with weight 0. */
static bool
takes_gzip(const struct request *q)
{
	struct str rest = request_field(q, "accept-encoding");

	while (rest.n > 0) {
		struct str weight, coding = str_cut(str_cut(rest, ',', &rest), ';', &weight);

		if (str_ieq(str_trim(coding), S("gzip")))
			return !str_eq(str_trim(weight), S("q=0"));
	}
	return false;
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
	bool packed = takes_gzip(q);

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
