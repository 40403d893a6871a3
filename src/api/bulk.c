/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * bulk - POST /api/v1/assets/bulk, POST /api/v1/undo/{undo}
 *
 * One request does one thing to many files.  What the library alone sees can be
 * undone for ten minutes; a release cannot, since somebody may have sent on it.
 */
#include "model/bulk.h"

#include <time.h>

#include "api/input.h"
#include "api/release.h"
#include "api/routes.h"
#include "base/arena.h"
#include "base/error.h"
#include "base/limits.h"
#include "base/log.h"
#include "base/random.h"
#include "base/str.h"
#include "base/time.h"
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
		return err_code(e);
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
	int r = input_class(o, &ret->bulk.class, e);

	if (r <= 0)
		return r;
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
		return err_code(e);
	ret->list.ids = ids;
	if (ret->things != 1)
		return err_key(e, ERR_INVALID, "bad-edit", "one thing at a time");
	return 0;
}

/* ---- doing ---- */

/*
 * A request is done in steps, a change each, so that others get at the database in
 * between.  Once a step stands, nothing is begun anew: what could not be done is
 * told as left, and to ask again is safe, as what is so already is left alone.
 */
#define TIME_MOST_US (15 * US_PER_S) /* of the 30 s there are for an answer */
#define NAP_NS 3000000L              /* others look at the lock every millisecond */

struct work {
	struct api *x;
	const struct request *q;
	const struct asked *asked;
	struct undo undo;
	struct asset_list part; /* the files of this step */
	int64_t done;
	bool more; /* of undo: there are further steps */
};
typedef int (*step_fn)(struct work *w, struct error *e);

static int
release_all(struct change *c, struct arena *a, const struct asset_list *list,
    const struct release *release, int64_t *ret_done, struct error *e)
{
	struct asset *files = ARENA_ARRAY(a, struct asset, list->n);
	size_t n;

	if (asset_get_list(change_db(c), a, list->ids, list->n, files, &n, e) < 0)
		return err_code(e);
	for (size_t i = 0; i < n; i++) {
		if (release_set(c, files[i].id, release, e) < 0)
			return err_code(e);
	}
	*ret_done = (int64_t)n;
	return 0;
}

static int
bulk_step(struct work *w, struct error *e)
{
	AUTO(change_abort) struct change *c = NULL;
	AUTO(arena_free) struct arena *a = arena_new();
	const struct asked *k = w->asked;
	enum event_kind verb = k->is_release ? EVENT_RELEASE_CHANGED : bulk_event(k->bulk.what);
	int64_t done = 0;
	int r;

	if (change_begin(w->x->db, request_actor(w->q), verb, &c, e) < 0)
		return err_code(e);
	r = k->is_release ? release_all(c, a, &w->part, &k->release, &done, e)
	                  : bulk_do(c, a, &k->bulk, &w->part, &done, e);
	if (r < 0 || done == 0)
		return r;
	if (change_commit(&c, e) < 0)
		return err_code(e);
	w->done += done;
	return 0;
}

static int
undo_step(struct work *w, struct error *e)
{
	AUTO(change_abort) struct change *c = NULL;
	AUTO(arena_free) struct arena *a = arena_new();
	int64_t done = 0;
	bool more;

	if (change_begin(w->x->db, request_actor(w->q), EVENT_UNDO_DONE, &c, e) < 0 ||
	    undo_do(c, a, &w->undo, &done, &more, e) < 0 || change_commit(&c, e) < 0)
		return err_code(e);
	w->done += done;
	w->more = more;
	return 0;
}

static void
let_others(int times)
{
	struct timespec nap = {0, NAP_NS * times};

	nanosleep(&nap, NULL);
}

/* Before anything stands, app.c runs the whole handler again on ERR_RETRY. */
static int
take(struct work *w, step_fn step, struct error *e)
{
	int r = step(w, e);

	for (int i = 1; r == ERR_RETRY && w->done > 0 && i < LIMIT_CHANGE_RETRIES; i++) {
		let_others(i);
		r = step(w, e);
	}
	return r;
}

/* *ret_left: files nobody got to. */
static int
bulk_all(struct work *w, size_t *ret_left, struct error *e)
{
	const struct asset_list *all = &w->asked->list;
	int64_t end = time_monotonic_us() + TIME_MOST_US;

	for (size_t at = 0; at < all->n; at += w->part.n) {
		w->part = (struct asset_list){all->ids + at, MIN(all->n - at, (size_t)BULK_STEP)};
		*ret_left = all->n - at;
		if (take(w, bulk_step, e) < 0) {
			if (w->done == 0)
				return err_code(e);
			log_warn("bulk: %zu of %zu left: %s", *ret_left, all->n, e->msg);
			return 0;
		}
		*ret_left -= w->part.n;
		if (time_monotonic_us() >= end)
			return 0;
		if (*ret_left > 0)
			let_others(1);
	}
	return 0;
}

int
assets_bulk(struct api *x, const struct request *q, struct reply *r, struct error *e)
{
	AUTO(json_free) struct json_doc *doc = NULL;
	struct asked k = {
	    .bulk = {.by = q->who.person, .undo = random_id128()}, .release.set_by = q->who.person};
	struct work w = {.x = x, .q = q, .asked = &k};
	size_t left = 0;
	struct js j;

	if (json_parse(q->m->body, &doc, e) < 0 || read_asked(x, json_root(doc), &k, e) < 0)
		return err_code(e);
	if (k.is_release && (q->who.scopes & SCOPE_RELEASE) == 0)
		return err_set(e, ERR_DENIED, "the scope release is needed");
	if (bulk_all(&w, &left, e) < 0)
		return err_code(e);
	reply_json(r, &j);
	js_open(&j);
	js_kv_int(&j, "done", w.done);
	js_key(&j, "undo");
	if (w.done > 0 && !k.is_release)
		js_str(&j, id128_hex(x->a, k.bulk.undo));
	else
		js_null(&j);
	js_kv_int(&j, "left", (int64_t)left);
	js_close(&j);
	return 0;
}

/* Whole, or an error: then the same token takes back the rest. */
static int
undo_all(struct work *w, struct error *e)
{
	int64_t end = time_monotonic_us() + TIME_MOST_US;

	for (;;) {
		if (take(w, undo_step, e) < 0)
			return err_code(e);
		if (!w->more)
			return 0;
		if (time_monotonic_us() >= end)
			return err_set(e, ERR_BUSY, "undo: some files are not back yet");
		let_others(1);
	}
}

int
undo_post(struct api *x, const struct request *q, struct reply *r, struct error *e)
{
	struct work w = {.x = x, .q = q, .undo.by = q->who.person};
	struct js j;

	if (!id128_parse(q->params[0], &w.undo.token))
		return err_key(e, ERR_NOT_FOUND, "undo-over", "this is no token");
	if (undo_all(&w, e) < 0)
		return err_code(e);
	reply_json(r, &j);
	js_open(&j);
	js_kv_int(&j, "done", w.done);
	js_close(&j);
	return 0;
}
