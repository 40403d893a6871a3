/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * assets - list, look, change, release, history
 */
#include "model/asset.h"

#include "api/routes.h"
#include "base/arena.h"
#include "base/error.h"
#include "base/str.h"
#include "base/time.h"
#include "conf/conf.h"
#include "model/version.h"
#include "text/json.h"
#include "text/name.h"

#define LIST_MOST 200
#define KEYWORDS_MOST 100

static int
id_of(const struct request *q, asset_id *ret, struct error *e)
{
	return id_parse(q->params[0], &ret->v) ? 0
	                                       : err_set(e, ERR_NOT_FOUND, "no file has this id");
}

/* ---- showing ---- */

static void
put_version(struct js *j, struct api *x, const struct version *v)
{
	js_key(j, "version");
	js_open(j);
	js_kv_id(j, "version", v->id.v);
	js_kv_int(j, "number", v->number);
	js_kv_str(j, "name", v->name);
	js_kv_int(j, "bytes", v->bytes);
	js_key(j, "sha256");
	if (v->ready)
		js_str(j, str_hex(x->a, v->sha256.b, SHA256_BYTES));
	else
		js_null(j);
	js_kv_str(j, "type", v->media_type);
	js_kv_str(j, "malware", str_c(malware_name(v->malware)));
	js_kv_str(j, "state", v->damaged ? S("damaged") : v->ready ? S("ready") : S("pending"));
	js_close(j);
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
	js_close(j);
}

static int
put_words(struct js *j, struct api *x, asset_id id, struct error *e)
{
	struct str *keywords;
	struct note *notes;
	size_t k, n;

	if (asset_keywords(x->db, x->a, id, &keywords, &k, e) < 0 ||
	    asset_notes(x->db, x->a, id, &notes, &n, e) < 0)
		return e->code;
	js_key(j, "keywords");
	js_list(j);
	for (size_t i = 0; i < k; i++)
		js_str(j, keywords[i]);
	js_list_end(j);
	js_key(j, "notes");
	js_list(j);
	for (size_t i = 0; i < n; i++) {
		js_open(j);
		js_kv_str(j, "text", notes[i].text);
		js_kv_str(j, "author", notes[i].author);
		js_kv_time(j, "at", x->a, notes[i].created_us);
		js_close(j);
	}
	js_list_end(j);
	return 0;
}

static int
put_asset(struct js *j, struct api *x, const struct asset *a, struct error *e)
{
	struct version v;

	if (version_get(x->db, x->a, a->current, &v, e) < 0)
		return e->code;
	js_open(j);
	js_kv_id(j, "asset", a->id.v);
	js_kv_str(j, "title", a->title);
	js_kv_str(j, "folder", a->folder_path);
	js_kv_str(j, "class", str_c(class_name(a->class)));
	js_kv_time(j, "embargo", x->a, a->embargo_us);
	js_kv_time(j, "expires", x->a, a->expires_us);
	if (put_words(j, x, a->id, e) < 0)
		return e->code;
	put_version(j, x, &v);
	put_release(j, x, &a->release);
	js_kv_time(j, "created", x->a, a->created_us);
	js_kv_time(j, "changed", x->a, a->changed_us);
	js_close(j);
	return 0;
}

static int
show(struct api *x, asset_id id, struct reply *r, struct error *e)
{
	struct asset a;
	struct js j;

	if (asset_get(x->db, x->a, id, &a, e) < 0)
		return e->code;
	reply_json(r, &j);
	reply_field(r, "ETag", arena_printf(x->a, "\"%lld\"", (long long)a.stamp));
	return put_asset(&j, x, &a, e);
}

int
assets_get(struct api *x, const struct request *q, struct reply *r, struct error *e)
{
	asset_id id;

	return id_of(q, &id, e) < 0 ? e->code : show(x, id, r, e);
}

/* Newest first; "next" is the value of before= for the following page. */
int
assets_list(struct api *x, const struct request *q, struct reply *r, struct error *e)
{
	struct str folder, s;
	struct asset *list;
	asset_id before = {0};
	struct js j;
	size_t n;
	int by_folder = request_query(x, q, "folder", &folder, e);
	int paged = request_query(x, q, "before", &s, e);

	if (by_folder < 0 || paged < 0)
		return e->code;
	if (paged > 0 && !id_parse(s, &before.v))
		return err_key(e, ERR_INVALID, "bad-id", "before is no id");
	if (by_folder > 0 && path_clean(x->a, folder, &folder, e) < 0)
		return e->code;
	if (asset_list(
	        x->db, x->a, by_folder > 0 ? &folder : NULL, before, LIST_MOST, &list, &n, e) < 0)
		return e->code;
	reply_json(r, &j);
	js_open(&j);
	js_key(&j, "assets");
	js_list(&j);
	for (size_t i = 0; i < n; i++) {
		if (put_asset(&j, x, &list[i], e) < 0)
			return e->code;
	}
	js_list_end(&j);
	js_kv_id(&j, "next", n == LIST_MOST ? list[n - 1].id.v : 0);
	js_close(&j);
	return 0;
}

/* ---- changing ---- */

/* null clears, absent leaves. *set: there at all. */
static int
read_date(struct api *x, struct json *o, const char *name, int64_t *ret, bool *set, struct error *e)
{
	struct str s = {0};

	*set = json_has(o, name);
	*ret = 0;
	if (json_get_str(o, name, &s, e) < 0)
		return e->code;
	if (s.n > 0 && !time_parse_human(s, x->now_us, arena_cstr(x->a, x->conf->timezone), ret))
		return err_key(
		    e, ERR_INVALID, "bad-date", "%s is no date and no time from now", name);
	return 0;
}

struct editing {
	struct asset_edit ed;
	struct str title, note, folder;
	enum asset_class class;
	int64_t embargo, expires;
	struct str keywords[KEYWORDS_MOST];
};

static int
read_keywords(struct api *x, struct json *o, struct editing *w, struct error *e)
{
	struct json *list;
	struct str s;
	int r = json_get_list(o, "keywords", &list, e);

	if (r <= 0)
		return r;
	if (json_list_size(list) > KEYWORDS_MOST)
		return err_key(e, ERR_INVALID, "too-many", "more than %d keywords", KEYWORDS_MOST);
	for (size_t i = 0; i < json_list_size(list); i++) {
		if (json_str(json_list_at(list, i), &s, e) < 0 ||
		    text_clean(x->a, s, LIMIT_KEYWORD_BYTES, false, &w->keywords[i], e) < 0)
			return e->code;
		if (w->keywords[i].n == 0)
			return err_key(e, ERR_INVALID, "bad-keyword", "a keyword is empty");
	}
	w->ed.add_keywords = w->keywords;
	w->ed.add_keyword_count = json_list_size(list);
	return 0;
}

static int
read_words(struct api *x, struct json *o, struct editing *w, struct error *e)
{
	struct str title, note, class, folder;
	int has_title = json_get_str(o, "title", &title, e);
	int has_note = has_title < 0 ? has_title : json_get_str(o, "note", &note, e);
	int has_class = has_note < 0 ? has_note : json_get_str(o, "class", &class, e);
	int has_folder = has_class < 0 ? has_class : json_get_str(o, "folder", &folder, e);

	if (has_folder < 0 ||
	    (has_title > 0 &&
	        text_clean(x->a, title, LIMIT_TITLE_BYTES, false, &w->title, e) < 0) ||
	    (has_note > 0 && text_clean(x->a, note, LIMIT_NOTE_BYTES, true, &w->note, e) < 0) ||
	    (has_folder > 0 && path_clean(x->a, folder, &w->folder, e) < 0))
		return e->code;
	if (has_title > 0 && w->title.n == 0)
		return err_key(e, ERR_INVALID, "bad-title", "a title is never empty");
	if (has_class > 0 && !class_parse(class, &w->class))
		return err_key(
		    e, ERR_INVALID, "bad-class", "class is public, internal or confidential");
	w->ed.title = has_title > 0 ? &w->title : NULL;
	w->ed.note = has_note > 0 ? &w->note : NULL;
	w->ed.class = has_class > 0 ? &w->class : NULL;
	w->ed.folder_path = has_folder > 0 ? &w->folder : NULL;
	return 0;
}

static int
read_edit(struct api *x, const struct request *q, struct editing *w, struct error *e)
{
	AUTO(json_free) struct json_doc *doc = NULL;
	struct str match = request_field(q, "if-match");
	bool embargo, expires;
	struct json *o;

	if (json_parse(q->m->body, &doc, e) < 0)
		return e->code;
	o = json_root(doc);
	if (read_words(x, o, w, e) < 0 || read_keywords(x, o, w, e) < 0 ||
	    read_date(x, o, "embargo", &w->embargo, &embargo, e) < 0 ||
	    read_date(x, o, "expires", &w->expires, &expires, e) < 0 || json_done(o, e) < 0)
		return e->code;
	w->ed.embargo_us = embargo ? &w->embargo : NULL;
	w->ed.expires_us = expires ? &w->expires : NULL;
	w->ed.by = q->who.person;
	if (match.p == NULL)
		return 0;
	if (match.n < 3 || match.p[0] != '"' ||
	    !str_i64((struct str){match.p + 1, match.n - 2}, &w->ed.if_stamp) ||
	    w->ed.if_stamp == 0)
		return err_set(e, ERR_PRECONDITION, "If-Match is not this file's ETag");
	return 0;
}

int
assets_patch(struct api *x, const struct request *q, struct reply *r, struct error *e)
{
	AUTO(change_abort) struct change *c = NULL;
	struct editing *w = ARENA_NEW(x->a, struct editing);
	asset_id id;

	if (id_of(q, &id, e) < 0 || read_edit(x, q, w, e) < 0)
		return e->code;
	if (change_begin(x->db, request_actor(q), EVENT_ASSET_CHANGED, &c, e) < 0 ||
	    asset_edit(c, x->a, id, &w->ed, e) < 0 || change_commit(&c, e) < 0)
		return e->code;
	return show(x, id, r, e);
}

static int
read_release(struct api *x, const struct request *q, struct release *ret, struct error *e)
{
	AUTO(json_free) struct json_doc *doc = NULL;
	struct str state = {0}, reason = {0}, credit = {0};
	struct json *o;
	bool set;

	if (json_parse(q->m->body, &doc, e) < 0)
		return e->code;
	o = json_root(doc);
	if (json_get_str(o, "state", &state, e) < 0 || json_get_str(o, "reason", &reason, e) < 0 ||
	    json_get_str(o, "credit", &credit, e) < 0 ||
	    json_get_bool(o, "view_only", &ret->view_only, e) < 0 ||
	    read_date(x, o, "until", &ret->until_us, &set, e) < 0 || json_done(o, e) < 0 ||
	    text_clean(x->a, reason, LIMIT_NOTE_BYTES, true, &ret->reason, e) < 0 ||
	    text_clean(x->a, credit, LIMIT_TITLE_BYTES, false, &ret->credit, e) < 0)
		return e->code;
	if (str_eq_c(state, "review"))
		state = S("in_review");
	if (!release_parse(state, &ret->state))
		return err_key(e, ERR_INVALID, "bad-release",
		    "state is draft, review, cleared, conditions or blocked");
	ret->set_by = q->who.person;
	return 0;
}

int
assets_release(struct api *x, const struct request *q, struct reply *r, struct error *e)
{
	AUTO(change_abort) struct change *c = NULL;
	struct release release = {0};
	asset_id id;
	struct js j;

	if (id_of(q, &id, e) < 0 || read_release(x, q, &release, e) < 0)
		return e->code;
	if (change_begin(x->db, request_actor(q), EVENT_RELEASE_CHANGED, &c, e) < 0 ||
	    release_set(c, id, &release, e) < 0 || change_commit(&c, e) < 0)
		return e->code;
	reply_json(r, &j);
	js_open(&j);
	js_kv_id(&j, "asset", id.v);
	js_kv_str(&j, "state", str_c(release_shown(&release, x->now_us)));
	js_close(&j);
	return 0;
}

int
assets_history(struct api *x, const struct request *q, struct reply *r, struct error *e)
{
	struct event_row *events;
	struct asset a;
	asset_id id;
	struct js j;
	size_t n;

	if (id_of(q, &id, e) < 0 || asset_get(x->db, x->a, id, &a, e) < 0 ||
	    event_list_asset(x->db, x->a, id, &events, &n, e) < 0)
		return e->code;
	reply_json(r, &j);
	js_open(&j);
	js_kv_id(&j, "asset", id.v);
	js_key(&j, "events");
	js_list(&j);
	for (size_t i = 0; i < n; i++) {
		js_open(&j);
		js_kv_str(&j, "id", id128_hex(x->a, events[i].id));
		js_kv_str(&j, "kind", events[i].kind);
		js_kv_time(&j, "at", x->a, events[i].at_us);
		js_kv_id(&j, "version", events[i].version.v);
		js_kv_id(&j, "delivery", events[i].delivery.v);
		js_close(&j);
	}
	js_list_end(&j);
	js_close(&j);
	return 0;
}
