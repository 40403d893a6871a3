/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * bulk - POST /api/v1/assets/bulk, POST /api/v1/undo/{undo}
 *
 * One request does one thing to many files.  What the library alone sees can be
 * undone for ten minutes; a release cannot, since somebody may have sent on it.
 */
#include "model/bulk.h"

#include "api/assets.h"
#include "api/input.h"
#include "api/routes.h"
#include "base/arena.h"
#include "base/error.h"
#include "base/str.h"
#include "text/json.h"
#include "text/name.h"

struct asked {
	struct bulk bulk;
	struct release release;
	bool is_release;
	struct asset_list list;
	int things; /* how many of the members that say what to do were there */
};

static int
read_flag(struct json *o, const char *name, enum bulk_what what, struct asked *ret, struct error *e)
{
	bool on = false;

	if (json_get_bool(o, name, &on, e) < 0)
		return e->code;
	if (on)
		ret->bulk.what = what;
	ret->things += on;
	return 0;
}

static int
read_words(struct api *x, struct json *o, const char *name, enum bulk_what what, struct asked *ret,
    struct error *e)
{
	struct input_words words;
	int r = input_keywords(x, o, name, &words, e);

	if (r <= 0)
		return r;
	ret->bulk.what = what;
	ret->bulk.words = words.list;
	ret->bulk.word_count = words.n;
	ret->things++;
	return 0;
}

static int
read_place(struct api *x, struct json *o, struct asked *ret, struct error *e)
{
	struct str typed;
	int r = json_get_str(o, "folder", &typed, e);

	if (r <= 0)
		return r;
	ret->bulk.what = BULK_FOLDER;
	ret->things++;
	return path_clean(x->a, typed, &ret->bulk.folder_path, e);
}

static int
read_class(struct json *o, struct asked *ret, struct error *e)
{
	struct str name;
	int r = json_get_str(o, "class", &name, e);

	if (r <= 0)
		return r;
	if (!class_parse(name, &ret->bulk.class))
		return err_key(
		    e, ERR_INVALID, "bad-class", "class is public, internal or confidential");
	ret->bulk.what = BULK_CLASS;
	ret->things++;
	return 0;
}

static int
read_release(struct api *x, struct json *o, struct asked *ret, struct error *e)
{
	struct json *inner;
	int r = json_get_object(o, "release", &inner, e);

	if (r <= 0)
		return r;
	ret->is_release = true;
	ret->things++;
	return release_read(x, inner, &ret->release, e);
}

static int
read_asked(struct api *x, struct json *o, struct asked *ret, struct error *e)
{
	static const struct input_ids wanted = {"ids", BULK_MOST};
	asset_id *ids;

	if (input_ids(x, o, &wanted, &ids, &ret->list.n, e) < 0 ||
	    read_flag(o, "trash", BULK_TRASH, ret, e) < 0 ||
	    read_flag(o, "restore", BULK_RESTORE, ret, e) < 0 || read_place(x, o, ret, e) < 0 ||
	    read_words(x, o, "add_keywords", BULK_ADD_KEYWORDS, ret, e) < 0 ||
	    read_words(x, o, "remove_keywords", BULK_REMOVE_KEYWORDS, ret, e) < 0 ||
	    read_class(o, ret, e) < 0 || read_release(x, o, ret, e) < 0 || json_done(o, e) < 0)
		return e->code;
	ret->list.ids = ids;
	if (ret->things != 1)
		return err_key(e, ERR_INVALID, "bad-edit", "one thing at a time");
	return 0;
}

/* ---- doing ---- */

static int
release_all(
    struct change *c, struct arena *a, const struct asked *k, int64_t *ret_done, struct error *e)
{
	struct asset *files = ARENA_ARRAY(a, struct asset, k->list.n);
	size_t n;

	if (asset_get_list(change_db(c), a, k->list.ids, k->list.n, files, &n, e) < 0)
		return e->code;
	for (size_t i = 0; i < n; i++) {
		if (release_set(c, files[i].id, &k->release, e) < 0)
			return e->code;
	}
	*ret_done = (int64_t)n;
	return 0;
}

struct done {
	int64_t n;
	bool can_undo;
	struct id128 undo;
};

static int
apply(struct api *x, const struct request *q, const struct asked *k, struct done *ret,
    struct error *e)
{
	AUTO(change_abort) struct change *c = NULL;
	enum event_kind verb = k->is_release ? EVENT_RELEASE_CHANGED : bulk_event(k->bulk.what);
	int r;

	if (change_begin(x->db, request_actor(q), verb, &c, e) < 0)
		return e->code;
	r = k->is_release ? release_all(c, x->a, k, &ret->n, e)
	                  : bulk_do(c, x->a, &k->bulk, &k->list, &ret->n, &ret->undo, e);
	ret->can_undo = ret->n > 0 && !k->is_release;
	if (r < 0 || ret->n == 0)
		return r;
	return change_commit(&c, e);
}

int
assets_bulk(struct api *x, const struct request *q, struct reply *r, struct error *e)
{
	AUTO(json_free) struct json_doc *doc = NULL;
	struct asked k = {.bulk.by = q->who.person, .release.set_by = q->who.person};
	struct done done = {0};
	struct js j;

	if (json_parse(q->m->body, &doc, e) < 0 || read_asked(x, json_root(doc), &k, e) < 0)
		return e->code;
	if (k.is_release && (q->who.scopes & SCOPE_RELEASE) == 0)
		return err_set(e, ERR_DENIED, "the scope release is needed");
	if (apply(x, q, &k, &done, e) < 0)
		return e->code;
	reply_json(r, &j);
	js_open(&j);
	js_kv_int(&j, "done", done.n);
	js_key(&j, "undo");
	if (done.can_undo)
		js_str(&j, id128_hex(x->a, done.undo));
	else
		js_null(&j);
	js_close(&j);
	return 0;
}

int
undo_post(struct api *x, const struct request *q, struct reply *r, struct error *e)
{
	AUTO(change_abort) struct change *c = NULL;
	struct undo u = {.by = q->who.person};
	int64_t done = 0;
	struct js j;

	if (!id128_parse(q->params[0], &u.token))
		return err_key(e, ERR_NOT_FOUND, "undo-over", "this is no token");
	if (change_begin(x->db, request_actor(q), EVENT_UNDO_DONE, &c, e) < 0 ||
	    undo_do(c, x->a, &u, &done, e) < 0 || change_commit(&c, e) < 0)
		return e->code;
	reply_json(r, &j);
	js_open(&j);
	js_kv_int(&j, "done", done);
	js_close(&j);
	return 0;
}
