/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * keys - /api/v1/keys: another api key of the same person, all there are, an end
 *
 * Nobody gives away more than he has: the scopes asked for are a subset of
 * those of the key that asks, and it ends no later.  The secret is in this one answer and nowhere
 * else.
 */
#include "api/input.h"
#include "api/routes.h"
#include "base/arena.h"
#include "base/error.h"
#include "base/limits.h"
#include "base/str.h"
#include "model/api_key.h"
#include "text/json.h"

/* A list of words as the column holds it: "read,upload". */
static int
read_scopes(struct api *x, struct json *o, struct str *ret, struct error *e)
{
	struct json *list;
	struct str one;
	int r = json_get_list(o, "scopes", &list, e);

	if (r < 0)
		return r;
	if (r == 0 || json_list_size(list) == 0)
		return err_key(e, ERR_INVALID, "bad-scope", "scopes is missing or empty");
	*ret = S("");
	for (size_t i = 0; i < json_list_size(list); i++) {
		if (json_str(json_list_at(list, i), &one, e) < 0)
			return err_code(e);
		if (one.n > 16 || i > 16)
			return err_key(e, ERR_INVALID, "bad-scope", "there is no such scope");
		*ret = arena_printf(x->a, "%.*s%s%.*s", STR(*ret), i > 0 ? "," : "", STR(one));
	}
	return 0;
}

/* A key that ends gives no key that outlives it; one asked for without a date ends with it. */
static int
check_expiry(const struct api *x, const struct principal *who, int64_t *expires_us, struct error *e)
{
	if (*expires_us != 0 && *expires_us <= x->now_us)
		return err_key(e, ERR_INVALID, "bad-date", "expires is over already");
	if (who->ends_us == 0)
		return 0;
	if (*expires_us > who->ends_us)
		return err_key(
		    e, ERR_DENIED, "expiry", "a key cannot give a longer time than it has");
	if (*expires_us == 0)
		*expires_us = who->ends_us;
	return 0;
}

static int
read_key(struct api *x, const struct request *q, struct api_key_new *ret, struct error *e)
{
	static const struct input_text name = {"name", LIMIT_TITLE_BYTES, false};
	AUTO(json_free) struct json_doc *doc = NULL;
	unsigned scopes;

	if (json_parse(q->m->body, &doc, e) < 0 ||
	    input_text(x, json_root(doc), &name, &ret->name, e) < 0 ||
	    read_scopes(x, json_root(doc), &ret->scopes, e) < 0 ||
	    input_date(x, json_root(doc), "expires", &ret->expires_us, e) < 0 ||
	    json_done(json_root(doc), e) < 0 || scopes_parse(ret->scopes, &scopes, e) < 0)
		return err_code(e);
	if (ret->name.n == 0)
		return err_key(e, ERR_INVALID, "bad-name", "the key needs a name");
	if ((scopes & ~q->who.scopes) != 0)
		return err_key(
		    e, ERR_DENIED, "scope", "a key cannot give scopes that it does not have");
	return check_expiry(x, &q->who, &ret->expires_us, e);
}

int
keys_post(struct api *x, const struct request *q, struct reply *r, struct error *e)
{
	AUTO(change_abort) struct change *c = NULL;
	struct api_key_new n = {.person = q->who.person};
	struct str secret;
	api_key_id id;
	struct js j;

	if (read_key(x, q, &n, e) < 0 ||
	    change_begin(x->db, request_actor(q), EVENT_KEY_CREATED, &c, e) < 0 ||
	    api_key_create(c, x->a, &n, &id, &secret, e) < 0 || change_commit(&c, e) < 0)
		return err_code(e);
	r->status = 201;
	reply_json(r, &j);
	js_open(&j);
	js_kv_id(&j, "id", id.v);
	js_kv_str(&j, "key", secret);
	js_close(&j);
	return 0;
}

/* "read,upload" as a list. */
static void
put_scopes(struct js *j, struct str scopes)
{
	js_key(j, "scopes");
	js_list(j);
	while (scopes.p != NULL)
		js_str(j, str_trim(str_cut(scopes, ',', &scopes)));
	js_list_end(j);
}

static void
put_key(struct js *j, struct api *x, const struct api_key_row *k)
{
	js_open(j);
	js_kv_id(j, "id", k->id.v);
	js_kv_str(j, "name", k->name);
	put_scopes(j, k->scopes);
	js_kv_str(j, "owner", k->owner);
	js_kv_time(j, "created", x->a, k->created_us);
	js_kv_time(j, "used", x->a, k->used_us);
	js_kv_time(j, "revoked", x->a, k->revoked_us);
	js_kv_time(j, "expires", x->a, k->expires_us);
	js_close(j);
}

int
keys_list(struct api *x, const struct request *q, struct reply *r, struct error *e)
{
	struct api_key_row *all;
	struct js j;
	size_t n;

	(void)q;
	if (api_key_list(x->db, x->a, &all, &n, e) < 0)
		return err_code(e);
	reply_json(r, &j);
	js_list(&j);
	for (size_t i = 0; i < n; i++)
		put_key(&j, x, &all[i]);
	js_list_end(&j);
	return 0;
}

int
keys_delete(struct api *x, const struct request *q, struct reply *r, struct error *e)
{
	AUTO(change_abort) struct change *c = NULL;
	api_key_id id;

	if (input_id(q, 0, &id.v, e) < 0 ||
	    change_begin(x->db, request_actor(q), EVENT_KEY_REVOKED, &c, e) < 0 ||
	    api_key_revoke(c, id, e) < 0 || change_commit(&c, e) < 0)
		return err_code(e);
	r->status = 204;
	return 0;
}
