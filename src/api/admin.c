/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * admin - status, api keys, brand
 */
#include "api/routes.h"
#include "base/arena.h"
#include "base/error.h"
#include "base/str.h"
#include "conf/conf.h"
#include "model/api_key.h"
#include "model/brand.h"
#include "os/file.h"
#include "text/colour.h"
#include "text/json.h"
#include "text/name.h"

#define ROLES_BYTES 65536

/* master keeps the list of processes in DIR/run/roles.json. */
int
status_get(struct api *x, const struct request *q, struct reply *r, struct error *e)
{
	struct str roles;
	struct js j;

	if (file_read(x->a, arena_printf(x->a, "%.*s/run/roles.json", STR(x->conf->dir)).p,
	        ROLES_BYTES, &roles, e) < 0)
		return e->code;
	reply_json(r, &j);
	js_open(&j);
	js_kv_str(&j, "version", S(GELEIT_VERSION));
	js_kv_str(&j, "url", x->conf->url);
	js_key(&j, "roles");
	buf_str(&r->body, str_trim(str_head(roles, str_find(roles, '\n'))));
	buf_char(&r->body, '}');
	return 0;
}

/* ---- keys ---- */

static int
read_key(struct api *x, const struct request *q, struct api_key_new *ret, struct error *e)
{
	AUTO(json_free) struct json_doc *doc = NULL;
	struct str name = {0}, scope;
	struct json *list = NULL;
	unsigned bits;
	struct buf b;

	if (json_parse(q->m->body, &doc, e) < 0 ||
	    json_get_str(json_root(doc), "name", &name, e) < 0 ||
	    json_get_list(json_root(doc), "scopes", &list, e) < 0 ||
	    json_done(json_root(doc), e) < 0 ||
	    text_clean(x->a, name, LIMIT_TITLE_BYTES, false, &ret->name, e) < 0)
		return e->code;
	if (ret->name.n == 0 || list == NULL || json_list_size(list) == 0)
		return err_key(e, ERR_INVALID, "missing", "name and scopes are needed");
	buf_init_arena(&b, x->a, 1024);
	for (size_t i = 0; i < json_list_size(list); i++) {
		if (json_str(json_list_at(list, i), &scope, e) < 0)
			return e->code;
		buf_printf(&b, "%s%.*s", i > 0 ? "," : "", STR(scope));
	}
	ret->scopes = buf_view(&b);
	if (b.full || scopes_parse(ret->scopes, &bits, e) < 0)
		return b.full ? err_key(e, ERR_INVALID, "bad-scope", "too many scopes") : e->code;
	if ((bits & ~q->who.scopes) != 0)
		return err_key(e, ERR_DENIED, "scope", "a key cannot give more than it has");
	ret->person = q->who.person;
	return 0;
}

int
keys_post(struct api *x, const struct request *q, struct reply *r, struct error *e)
{
	AUTO(change_abort) struct change *c = NULL;
	struct api_key_new n = {0};
	struct str secret;
	api_key_id id;
	struct js j;

	if (read_key(x, q, &n, e) < 0 ||
	    change_begin(x->db, request_actor(q), EVENT_KEY_CREATED, &c, e) < 0 ||
	    api_key_create(c, x->a, &n, &id, &secret, e) < 0 || change_commit(&c, e) < 0)
		return e->code;
	r->status = 201;
	reply_json(r, &j);
	js_open(&j);
	js_kv_id(&j, "id", id.v);
	js_kv_str(&j, "key", secret);
	js_close(&j);
	return 0;
}

/* ---- brand ---- */

int
brand_show(struct api *x, const struct request *q, struct reply *r, struct error *e)
{
	struct brand b;
	struct js j;

	if (brand_get(x->db, x->a, &b, e) < 0)
		return e->code;
	reply_json(r, &j);
	js_open(&j);
	js_kv_str(&j, "name", b.name);
	js_kv_str(&j, "colour", b.colour);
	js_key(&j, "logo");
	if (b.logo.n > 0)
		js_str(&j, arena_printf(x->a, "%.*s/r/logo.png", STR(x->conf->url)));
	else
		js_null(&j);
	js_kv_str(&j, "imprint", b.imprint);
	js_kv_str(&j, "privacy", b.privacy_url);
	js_close(&j);
	return 0;
}

/* A PNG with a sane head; it is shown only in <img>, never opened by us. */
static int
check_logo(struct str png, struct error *e)
{
	const unsigned char *p = (const unsigned char *)png.p;

	if (png.n > LIMIT_LOGO_BYTES)
		return err_key(e, ERR_TOO_LARGE, "logo-too-large", "a logo has at most 64 KiB");
	if (png.n < 33 || memcmp(p, "\x89PNG\r\n\x1a\n", 8) != 0 ||
	    memcmp(p + 12, "IHDR", 4) != 0 || p[16] != 0 || p[20] != 0)
		return err_key(e, ERR_INVALID, "bad-logo", "the logo is not a PNG");
	return 0;
}

static int
read_brand(struct api *x, const struct request *q, struct brand *b, struct error *e)
{
	AUTO(json_free) struct json_doc *doc = NULL;
	struct str name = b->name, colour = b->colour, imprint = b->imprint,
	           privacy = b->privacy_url, logo;
	struct json *o;
	struct rgb rgb;
	int has_logo;

	if (json_parse(q->m->body, &doc, e) < 0)
		return e->code;
	o = json_root(doc);
	if (json_get_str(o, "name", &name, e) < 0 || json_get_str(o, "colour", &colour, e) < 0 ||
	    json_get_str(o, "imprint", &imprint, e) < 0 ||
	    json_get_str(o, "privacy", &privacy, e) < 0 ||
	    (has_logo = json_get_str(o, "logo", &logo, e)) < 0 || json_done(o, e) < 0 ||
	    text_clean(x->a, name, LIMIT_TITLE_BYTES, false, &b->name, e) < 0 ||
	    text_clean(x->a, imprint, LIMIT_NOTE_BYTES, true, &b->imprint, e) < 0 ||
	    text_clean(x->a, privacy, LIMIT_PATH_BYTES, false, &b->privacy_url, e) < 0)
		return e->code;
	if (b->name.n == 0)
		return err_key(e, ERR_INVALID, "bad-name", "a brand has a name");
	if (!colour_parse(colour, &rgb))
		return err_key(e, ERR_INVALID, "bad-colour", "a colour is #RRGGBB");
	if (b->privacy_url.n > 0 && !str_starts(b->privacy_url, S("https://")) &&
	    !str_starts(b->privacy_url, S("http://")))
		return err_key(e, ERR_INVALID, "bad-url", "privacy is a web address");
	b->colour = arena_str(x->a, colour);
	if (has_logo == 0)
		return 0;
	if (!str_unb64(x->a, logo, &b->logo))
		return err_key(e, ERR_INVALID, "bad-logo", "the logo is not base64");
	return check_logo(b->logo, e);
}

int
brand_patch(struct api *x, const struct request *q, struct reply *r, struct error *e)
{
	AUTO(change_abort) struct change *c = NULL;
	struct brand b;

	if (brand_get(x->db, x->a, &b, e) < 0 || read_brand(x, q, &b, e) < 0 ||
	    change_begin(x->db, request_actor(q), EVENT_BRAND_CHANGED, &c, e) < 0 ||
	    brand_set(c, x->a, &b, e) < 0 || change_commit(&c, e) < 0)
		return e->code;
	return brand_show(x, q, r, e);
}
