/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * library - GET /api/v1/assets/layout, POST /api/v1/assets/cards
 *
 * The grid asks twice: once for the shape of the whole view, nine bytes a file,
 * and then for the cards that are on the screen.
 */
#include <endian.h>

#include "api/card.h"
#include "api/input.h"
#include "api/routes.h"
#include "base/arena.h"
#include "base/error.h"
#include "base/limits.h"
#include "base/str.h"
#include "conf/conf.h"
#include "http/http.h"
#include "model/card.h"
#include "model/layout.h"
#include "text/json.h"
#include "text/name.h"

#define QUESTION_BYTES_MOST 400
#define FIRST_MOST 1000

/* What a filter points into. */
struct asked {
	struct layout_filter filter;
	struct str folder;
	enum asset_class class;
};

static int
read_folder(struct api *x, const struct request *q, struct asked *ret, struct error *e)
{
	struct str typed;
	int r = request_query(x, q, "folder", &typed, e);

	if (r <= 0)
		return r;
	ret->filter.folder = &ret->folder;
	return path_clean(x->a, typed, &ret->folder, e);
}

/* A word out of a list: "" when it is not there or empty. */
struct choice {
	const char *name;
	bool (*is_known)(struct str s);
};

static int
read_choice(struct api *x, const struct request *q, const struct choice *w, struct str *ret,
    struct error *e)
{
	*ret = S("");
	if (request_query(x, q, w->name, ret, e) < 0)
		return err_code(e);
	if (ret->n > 0 && !w->is_known(*ret))
		return err_key(e, ERR_INVALID, "bad-filter", "%s has no such value", w->name);
	return 0;
}

static int
read_text(
    struct api *x, const struct request *q, const char *name, struct str *ret, struct error *e)
{
	struct str typed;
	int r = request_query(x, q, name, &typed, e);

	*ret = S("");
	return r <= 0 ? r : text_clean(x->a, typed, QUESTION_BYTES_MOST, false, ret, e);
}

static bool
is_class(struct str s)
{
	enum asset_class c;

	return class_parse(s, &c);
}

static bool
is_sort(struct str s)
{
	enum layout_sort sort;

	return layout_sort_parse(s, &sort);
}

static bool
is_yes(struct str s)
{
	return str_eq_c(s, "1");
}

static int
read_choices(struct api *x, const struct request *q, struct asked *ret, struct error *e)
{
	static const struct choice state = {"state", layout_state_is_known},
	                           kind = {"type", layout_kind_is_known},
	                           class = {"class", is_class}, trash = {"trash", is_yes},
	                           sort = {"sort", is_sort};
	struct layout_filter *f = &ret->filter;
	struct str class_typed, trash_typed, sort_typed;

	if (read_choice(x, q, &state, &f->state, e) < 0 ||
	    read_choice(x, q, &kind, &f->kind, e) < 0 ||
	    read_choice(x, q, &class, &class_typed, e) < 0 ||
	    read_choice(x, q, &trash, &trash_typed, e) < 0 ||
	    read_choice(x, q, &sort, &sort_typed, e) < 0)
		return err_code(e);
	f->trash = trash_typed.n > 0;
	if (class_parse(class_typed, &ret->class))
		f->class = &ret->class;
	(void)layout_sort_parse(sort_typed, &f->sort);
	return 0;
}

/* So many from the beginning, for a screen that shows them before it knows the rest. */
static int
read_first(struct api *x, const struct request *q, int64_t *ret, struct error *e)
{
	struct str typed = S("");

	*ret = 0;
	if (request_query(x, q, "first", &typed, e) < 0)
		return err_code(e);
	if (typed.n > 0 && (!str_i64(typed, ret) || *ret < 1 || *ret > FIRST_MOST))
		return err_key(e, ERR_INVALID, "bad-filter", "first is 1 to %d", FIRST_MOST);
	return 0;
}

static int
read_filter(struct api *x, const struct request *q, struct asked *ret, struct error *e)
{
	struct layout_filter *f = &ret->filter;

	*ret = (struct asked){.filter = {.sort = LAYOUT_NEWEST,
	                          .now_us = x->now_us,
	                          .hold_unscanned = x->conf->malware_unscanned == UNSCANNED_HOLD}};
	if (read_folder(x, q, ret, e) < 0 || read_text(x, q, "q", &f->query, e) < 0 ||
	    read_text(x, q, "keyword", &f->keyword, e) < 0 || read_first(x, q, &f->first, e) < 0)
		return err_code(e);
	return read_choices(x, q, ret, e);
}

/* "GLY1", count, stamp, ratios, zeros up to a multiple of eight, ids: little endian. */
static void
put_layout(struct buf *b, const struct layout *l)
{
	uint32_t count = htole32((uint32_t)l->n);
	uint64_t stamp = htole64(l->stamp);

	buf_lit(b, "GLY1");
	buf_add(b, &count, sizeof count);
	buf_add(b, &stamp, sizeof stamp);
	buf_add(b, l->ratios, l->n);
	while (b->n % sizeof stamp != 0)
		buf_char(b, '\0');
	for (size_t i = 0; i < l->n; i++)
		l->ids[i] = (int64_t)htole64((uint64_t)l->ids[i]);
	buf_add(b, l->ids, l->n * sizeof *l->ids);
}

int
assets_layout(struct api *x, const struct request *q, struct reply *r, struct error *e)
{
	struct str have = request_field(q, "if-none-match"), etag;
	struct layout layout;
	struct asked asked;

	if (read_filter(x, q, &asked, e) < 0 ||
	    layout_read(x->db, x->a, &asked.filter, &layout, e) < 0)
		return err_code(e);
	etag = arena_printf(x->a, "\"%016llx\"", (unsigned long long)layout.stamp);
	reply_field(r, "Content-Type", S("application/octet-stream"));
	reply_field(r, "Cache-Control", S("private, no-cache"));
	reply_field(r, "ETag", etag);
	if (have.p != NULL && http_etag_weak_match(have, etag)) {
		r->status = 304;
		return 0;
	}
	put_layout(&r->body, &layout);
	return 0;
}

int
assets_cards(struct api *x, const struct request *q, struct reply *r, struct error *e)
{
	static const struct input_ids wanted = {"ids", CARDS_MOST};
	AUTO(json_free) struct json_doc *doc = NULL;
	struct card *cards;
	asset_id *ids;
	struct js j;
	size_t n;

	if (json_parse(q->m->body, &doc, e) < 0 ||
	    input_ids(x, json_root(doc), &wanted, &ids, &n, e) < 0 ||
	    json_done(json_root(doc), e) < 0 || card_list(x->db, x->a, ids, n, &cards, &n, e) < 0)
		return err_code(e);
	reply_json(r, &j);
	js_open(&j);
	cards_put(&j, x, cards, n);
	js_close(&j);
	return 0;
}
