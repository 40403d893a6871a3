/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * assets - GET /api/v1/assets, GET and PATCH /api/v1/assets/{asset}
 *
 * A list and a single file have the same shape, so that a client needs one
 * reader.  A change with If-Match holds only when nobody changed the file since;
 * keywords and note are added to those that are there.  A single file also says
 * what its card says, and all its versions.
 */
#include "api/assets.h"

#include "api/card.h"
#include "api/input.h"
#include "api/routes.h"
#include "base/arena.h"
#include "base/error.h"
#include "base/limits.h"
#include "base/str.h"
#include "http/http.h"
#include "model/asset.h"
#include "model/asset_words.h"
#include "model/card.h"
#include "model/person.h"
#include "model/version.h"
#include "text/json.h"
#include "text/name.h"

/* The strong ETag of an asset: its stamp. */
static struct str
etag_of(struct api *x, const struct asset *f)
{
	return arena_printf(x->a, "\"%lld\"", (long long)f->stamp);
}

/* Without what it is of: the current version and the list of all share it. */
static void
put_content(struct js *j, struct api *x, const struct version *v)
{
	js_kv_int(j, "number", v->number);
	js_kv_str(j, "name", v->name);
	js_kv_int(j, "bytes", v->bytes);
	js_key(j, "sha256");
	if (v->ready)
		js_str(j, str_hex(x->a, v->sha256.b, sizeof v->sha256.b));
	else
		js_null(j);
}

static void
put_type(struct js *j, const char *key, const struct version *v)
{
	js_key(j, key);
	if (v->ready)
		js_str(j, v->media_type);
	else
		js_null(j);
}

static void
put_version(struct js *j, struct api *x, const struct version *v)
{
	js_key(j, "version");
	js_open(j);
	js_kv_id(j, "version", v->id.v);
	put_content(j, x, v);
	put_type(j, "type", v);
	js_kv_str(j, "malware", str_c(malware_name(v->malware)));
	js_key(j, "scan_detail");
	if (v->scan_detail.n > 0)
		js_str(j, v->scan_detail);
	else
		js_null(j);
	js_kv_time(j, "scanned", x->a, v->scanned_us);
	js_kv_str(j, "state", v->damaged ? S("damaged") : v->ready ? S("ready") : S("pending"));
	js_close(j);
}

/* Nobody released a draft. */
static void
put_who(struct js *j, struct api *x, const struct release *r)
{
	bool is_draft = r->state == RELEASE_DRAFT;

	js_key(j, "set_by");
	if (is_draft || r->set_by.v == 0)
		js_null(j);
	else
		js_str(j, r->set_by_name);
	js_kv_time(j, "set_at", x->a, is_draft ? 0 : r->set_us);
}

static void
put_release(struct js *j, struct api *x, const struct release *r)
{
	js_key(j, "release");
	js_open(j);
	js_kv_str(j, "state", str_c(release_shown(r, x->now_us)));
	js_kv_time(j, "until", x->a, r->until_us);
	js_kv_str(j, "reason", r->reason);
	js_kv_str(j, "credit", r->credit);
	js_kv_bool(j, "view_only", r->view_only);
	put_who(j, x, r);
	js_close(j);
}

static void
put_words(struct js *j, struct api *x, const struct keywords *keywords, const struct notes *notes)
{
	js_key(j, "keywords");
	js_list(j);
	for (size_t i = 0; i < keywords->n; i++)
		js_str(j, keywords->v[i]);
	js_list_end(j);
	js_key(j, "notes");
	js_list(j);
	for (size_t i = 0; i < notes->n; i++) {
		js_open(j);
		js_kv_id(j, "id", notes->v[i].id);
		js_kv_str(j, "text", notes->v[i].text);
		js_kv_str(j, "author", notes->v[i].author);
		js_kv_time(j, "at", x->a, notes->v[i].created_us);
		js_close(j);
	}
	js_list_end(j);
}

/* What is told of each of several files, read for all of them at once. */
struct told {
	struct version *current;
	struct keywords *keywords;
	struct notes *notes;
};

static int
told_load(struct api *x, const struct asset *list, size_t n, struct told *ret, struct error *e)
{
	asset_id *ids = ARENA_ARRAY(x->a, asset_id, n);
	version_id *current = ARENA_ARRAY(x->a, version_id, n);

	*ret = (struct told){ARENA_ARRAY(x->a, struct version, n),
	    ARENA_ARRAY(x->a, struct keywords, n), ARENA_ARRAY(x->a, struct notes, n)};
	for (size_t i = 0; i < n; i++) {
		ids[i] = list[i].id;
		current[i] = list[i].current;
	}
	if (version_get_list(x->db, x->a, current, n, ret->current, e) < 0 ||
	    keywords_get_list(x->db, x->a, ids, n, ret->keywords, e) < 0)
		return err_code(e);
	return notes_get_list(x->db, x->a, ids, n, ret->notes, e);
}

/* The current version, release, keywords and notes of f, which is the i-th of those told. */
static void
put_members(struct js *j, struct api *x, const struct asset *f, const struct told *of, size_t i)
{
	js_kv_id(j, "asset", f->id.v);
	js_kv_str(j, "title", f->title);
	js_kv_str(j, "folder", f->folder_path);
	js_kv_str(j, "class", str_c(class_name(f->class)));
	js_kv_time(j, "embargo", x->a, f->embargo_us);
	js_kv_time(j, "expires", x->a, f->expires_us);
	put_version(j, x, &of->current[i]);
	put_release(j, x, &f->release);
	put_words(j, x, &of->keywords[i], &of->notes[i]);
	js_kv_time(j, "created", x->a, f->created_us);
	js_kv_time(j, "changed", x->a, f->changed_us);
	js_kv_str(j, "etag", etag_of(x, f));
}

int
assets_list(struct api *x, const struct request *q, struct reply *r, struct error *e)
{
	struct str typed, folder;
	struct asset *list;
	asset_id before;
	int max, in_folder;
	struct told told;
	size_t n;
	struct js j;

	in_folder = request_query(x, q, "folder", &typed, e);
	if (in_folder < 0 || input_page(x, q, &before.v, &max, e) < 0 ||
	    (in_folder > 0 && path_clean(x->a, typed, &folder, e) < 0) ||
	    asset_list(x->db, x->a, in_folder > 0 ? &folder : NULL, (struct page_at){before.v, max},
	        &list, &n, e) < 0 ||
	    told_load(x, list, n, &told, e) < 0)
		return err_code(e);
	reply_json(r, &j);
	js_open(&j);
	js_key(&j, "assets");
	js_list(&j);
	for (size_t i = 0; i < n; i++) {
		js_open(&j);
		put_members(&j, x, &list[i], &told, i);
		js_close(&j);
	}
	js_list_end(&j);
	js_kv_id(&j, "next", n == (size_t)max ? list[n - 1].id.v : 0);
	js_close(&j);
	return 0;
}

static int
put_versions(struct js *j, struct api *x, asset_id id, struct error *e)
{
	struct version *list;
	struct person by;
	size_t n;

	if (version_list(x->db, x->a, id, &list, &n, e) < 0)
		return err_code(e);
	js_key(j, "versions");
	js_list(j);
	for (size_t i = n; i-- > 0;) {
		const struct version *v = &list[i];

		if (person_get(x->db, x->a, v->created_by, &by, e) < 0)
			return err_code(e);
		js_open(j);
		js_kv_id(j, "id", v->id.v);
		put_content(j, x, v);
		put_type(j, "media_type", v);
		js_kv_time(j, "created", x->a, v->created_us);
		js_kv_str(j, "created_by", by.name);
		js_close(j);
	}
	js_list_end(j);
	return 0;
}

/* What a card says too, and all versions, newest first. */
static int
put_more(struct js *j, struct api *x, asset_id id, struct error *e)
{
	struct card *card;
	size_t n;

	if (card_list(x->db, x->a, &id, 1, &card, &n, e) < 0)
		return err_code(e);
	if (n == 0)
		return err_set(e, ERR_NOT_FOUND, "no file has the id %lld", (long long)id.v);
	card_put_shape(j, x, card);
	card_put_told(j, card);
	return put_versions(j, x, id, e);
}

static int
put_whole(struct js *j, struct api *x, const struct asset *f, struct error *e)
{
	struct told told;

	if (told_load(x, f, 1, &told, e) < 0)
		return err_code(e);
	js_open(j);
	put_members(j, x, f, &told, 0);
	if (put_more(j, x, f->id, e) < 0)
		return err_code(e);
	js_close(j);
	return 0;
}

/* The file as it stands now, with its ETag. */
static int
answer(struct api *x, const struct request *q, struct reply *r, asset_id id, struct error *e)
{
	struct str have = request_field(q, "if-none-match");
	struct asset f;
	struct js j;

	if (asset_get(x->db, x->a, id, &f, e) < 0)
		return err_code(e);
	reply_json(r, &j);
	reply_field(r, "ETag", etag_of(x, &f));
	if (have.p != NULL && str_eq_c(q->m->method, "GET") &&
	    http_etag_weak_match(have, etag_of(x, &f))) {
		r->status = 304;
		return 0;
	}
	return put_whole(&j, x, &f, e);
}

int
assets_get(struct api *x, const struct request *q, struct reply *r, struct error *e)
{
	asset_id id;

	if (input_id(q, 0, &id.v, e) < 0)
		return err_code(e);
	return answer(x, q, r, id, e);
}

/* ---- changing ---- */

/* What an edit points into. */
struct patch {
	struct asset_edit edit;
	struct str title, folder, note;
	enum asset_class class;
	int64_t embargo_us, expires_us;
};

static int
read_texts(struct api *x, struct json *o, struct patch *p, struct error *e)
{
	static const struct input_text title = {"title", LIMIT_TITLE_BYTES, false};
	static const struct input_text note = {"note", LIMIT_NOTE_BYTES, true};
	struct str typed;
	int r;

	r = input_text(x, o, &title, &p->title, e);
	if (r > 0 && p->title.n == 0)
		return err_key(e, ERR_INVALID, "bad-title", "the title is empty");
	p->edit.title = r > 0 ? &p->title : NULL;
	if (r < 0 || (r = input_text(x, o, &note, &p->note, e)) < 0)
		return err_code(e);
	p->edit.note = r > 0 && p->note.n > 0 ? &p->note : NULL;
	r = json_get_str(o, "folder", &typed, e);
	if (r < 0 || (r > 0 && path_clean(x->a, typed, &p->folder, e) < 0))
		return err_code(e);
	p->edit.folder_path = r > 0 ? &p->folder : NULL;
	return 0;
}

static int
read_class(struct json *o, struct patch *p, struct error *e)
{
	int r = input_class(o, &p->class, e);

	p->edit.class = r > 0 ? &p->class : NULL;
	return r < 0 ? r : 0;
}

static int
read_dates(struct api *x, struct json *o, struct patch *p, struct error *e)
{
	int r = input_date(x, o, "embargo", &p->embargo_us, e);

	if (r < 0)
		return r;
	p->edit.embargo_us = r > 0 ? &p->embargo_us : NULL;
	r = input_date(x, o, "expires", &p->expires_us, e);
	p->edit.expires_us = r > 0 ? &p->expires_us : NULL;
	return r < 0 ? r : 0;
}

static int
read_keywords(struct api *x, struct json *o, struct patch *p, struct error *e)
{
	struct input_words add, remove;

	if (input_keywords(x, o, "keywords", &add, e) < 0 ||
	    input_keywords(x, o, "remove_keywords", &remove, e) < 0)
		return err_code(e);
	p->edit.add_keywords = add.list;
	p->edit.add_keyword_count = add.n;
	p->edit.remove_keywords = remove.list;
	p->edit.remove_keyword_count = remove.n;
	return 0;
}

static bool
says_nothing(const struct asset_edit *ed)
{
	return ed->title == NULL && ed->class == NULL && ed->embargo_us == NULL &&
	       ed->expires_us == NULL && ed->folder_path == NULL && ed->note == NULL &&
	       ed->add_keyword_count == 0 && ed->remove_keyword_count == 0;
}

int
asset_condition(
    struct api *x, const struct request *q, asset_id id, int64_t *ret_stamp, struct error *e)
{
	struct str if_match = request_field(q, "if-match");
	struct asset f;

	*ret_stamp = 0;
	if (if_match.p == NULL)
		return 0;
	if (asset_get(x->db, x->a, id, &f, e) < 0)
		return err_code(e);
	if (!http_etag_strong_match(if_match, etag_of(x, &f)))
		return err_set(e, ERR_PRECONDITION, "the file has been changed meanwhile");
	*ret_stamp = f.stamp;
	return 0;
}

int
asset_put_changed(struct api *x, struct reply *r, asset_id id, struct error *e)
{
	struct asset f;
	struct js j;

	if (asset_get(x->db, x->a, id, &f, e) < 0)
		return err_code(e);
	r->status = 412;
	reply_json(r, &j);
	reply_field(r, "Content-Type", S("application/problem+json"));
	reply_field(r, "ETag", etag_of(x, &f));
	js_open(&j);
	js_kv_str(&j, "type", S("urn:geleit:problem:changed"));
	js_kv_str(&j, "title", S("Somebody has changed the file meanwhile"));
	js_kv_int(&j, "status", 412);
	js_kv_str(&j, "code", S("changed"));
	js_kv_str(&j, "detail", S("nothing was changed; current is the file as it is now"));
	js_key(&j, "current");
	if (put_whole(&j, x, &f, e) < 0)
		return err_code(e);
	js_close(&j);
	return 0;
}

static int
apply(struct api *x, const struct request *q, asset_id id, struct asset_edit *ed, struct error *e)
{
	AUTO(change_abort) struct change *c = NULL;

	if (asset_condition(x, q, id, &ed->if_stamp, e) < 0 ||
	    change_begin(x->db, request_actor(q), EVENT_ASSET_CHANGED, &c, e) < 0 ||
	    asset_edit(c, x->a, id, ed, e) < 0)
		return err_code(e);
	return change_commit(&c, e);
}

int
assets_patch(struct api *x, const struct request *q, struct reply *r, struct error *e)
{
	AUTO(json_free) struct json_doc *doc = NULL;
	struct patch p = {.edit.by = q->who.person};
	struct json *o;
	asset_id id;
	int res;

	if (input_id(q, 0, &id.v, e) < 0 || json_parse(q->m->body, &doc, e) < 0)
		return err_code(e);
	o = json_root(doc);
	if (read_texts(x, o, &p, e) < 0 || read_class(o, &p, e) < 0 ||
	    read_dates(x, o, &p, e) < 0 || read_keywords(x, o, &p, e) < 0 || json_done(o, e) < 0)
		return err_code(e);
	if (says_nothing(&p.edit))
		return err_key(e, ERR_INVALID, "nothing-to-change", "nothing is to be changed");
	res = apply(x, q, id, &p.edit, e);
	if (res == ERR_PRECONDITION)
		return asset_put_changed(x, r, id, e);
	return res < 0 ? res : answer(x, q, r, id, e);
}
