/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * input - see input.h
 *
 * Only here is a member told from one that is absent or null; handlers see a value
 * that is clean, or an error that names the member.
 */
#include "api/input.h"

#include <stdlib.h>

#include "base/arena.h"
#include "base/error.h"
#include "base/limits.h"
#include "base/str.h"
#include "base/time.h"
#include "conf/conf.h"
#include "text/json.h"
#include "text/name.h"

#define PAGE_DEFAULT 50
#define PAGE_MOST 100
#define KEYWORDS_AT_ONCE 100

int
input_id(const struct request *q, size_t i, int64_t *ret, struct error *e)
{
	if (!id_parse(q->params[i], ret))
		return err_set(e, ERR_NOT_FOUND, "this is no id");
	return 0;
}

int
input_date(struct api *x, struct json *o, const char *name, int64_t *ret, struct error *e)
{
	struct str text;
	bool there = json_has(o, name);
	int r = json_get_str(o, name, &text, e);

	if (r < 0)
		return r;
	if (r == 0) {
		*ret = 0;
		return there;
	}
	if (!time_parse_human(text, x->now_us, arena_cstr(x->a, x->conf->timezone), ret))
		return err_key(e, ERR_INVALID, "bad-date",
		    "%s is no date: 2026-12-31, 2026-12-31T23:59:00Z or 14d", name);
	return 1;
}

int
input_text(
    struct api *x, struct json *o, const struct input_text *t, struct str *ret, struct error *e)
{
	struct str raw;
	int r = json_get_str(o, t->name, &raw, e);

	if (r <= 0)
		return r;
	if (text_clean(x->a, raw, t->max_bytes, t->many_lines, ret, e) < 0)
		return err_prefix(e, "%s", t->name);
	return 1;
}

int
input_page(
    struct api *x, const struct request *q, int64_t *ret_before, int *ret_max, struct error *e)
{
	struct str cursor = {0}, limit = {0};
	int64_t n = PAGE_DEFAULT;

	*ret_before = 0;
	if (request_query(x, q, "cursor", &cursor, e) < 0 ||
	    request_query(x, q, "limit", &limit, e) < 0)
		return err_code(e);
	if (cursor.n > 0 && !id_parse(cursor, ret_before))
		return err_key(e, ERR_INVALID, "bad-cursor", "the cursor is none of ours");
	if (limit.n > 0 && (!str_i64(limit, &n) || n < 1 || n > PAGE_MOST))
		return err_key(e, ERR_INVALID, "bad-limit", "limit is 1 to %d", PAGE_MOST);
	*ret_max = (int)n;
	return 0;
}

static int
by_id(const void *a, const void *b)
{
	int64_t x = ((const asset_id *)a)->v, y = ((const asset_id *)b)->v;

	return x < y ? -1 : x > y;
}

/* Named twice is a mistake that would be counted twice. */
static int
refuse_twice(struct api *x, const asset_id *ids, size_t n, struct error *e)
{
	asset_id *sorted = ARENA_ARRAY(x->a, asset_id, n);

	memcpy(sorted, ids, n * sizeof *ids);
	qsort(sorted, n, sizeof *sorted, by_id);
	for (size_t i = 1; i < n; i++) {
		if (sorted[i].v == sorted[i - 1].v)
			return err_key(e, ERR_INVALID, "bad-id", "an id is there twice");
	}
	return 0;
}

int
input_ids(struct api *x, struct json *o, const struct input_ids *w, asset_id **ret, size_t *ret_n,
    struct error *e)
{
	struct json *list;
	struct str text;
	int r = json_get_list(o, w->name, &list, e);

	if (r < 0)
		return r;
	if (r == 0 || json_list_size(list) == 0)
		return err_key(e, ERR_INVALID, "missing", "%s is missing or empty", w->name);
	if (json_list_size(list) > w->max)
		return err_key(e, ERR_INVALID, "too-many", "more than %zu in %s", w->max, w->name);
	*ret_n = json_list_size(list);
	*ret = ARENA_ARRAY(x->a, asset_id, *ret_n);
	for (size_t i = 0; i < *ret_n; i++) {
		if (json_str(json_list_at(list, i), &text, e) < 0)
			return err_code(e);
		if (!id_parse(text, &(*ret)[i].v))
			return err_key(e, ERR_INVALID, "bad-id", "an id in %s is none", w->name);
	}
	return refuse_twice(x, *ret, *ret_n, e);
}

int
input_class(struct json *o, enum asset_class *ret, struct error *e)
{
	struct str name;
	int r = json_get_str(o, "class", &name, e);

	if (r <= 0)
		return r;
	if (!class_parse(name, ret))
		return err_key(
		    e, ERR_INVALID, "bad-class", "class is public, internal or confidential");
	return 1;
}

int
input_keywords(
    struct api *x, struct json *o, const char *name, struct input_words *ret, struct error *e)
{
	struct json *list;
	struct str typed;
	int r = json_get_list(o, name, &list, e);

	*ret = (struct input_words){0};
	if (r <= 0)
		return r;
	if (json_list_size(list) > KEYWORDS_AT_ONCE)
		return err_key(
		    e, ERR_INVALID, "too-many", "more than %d keywords at once", KEYWORDS_AT_ONCE);
	ret->list = ARENA_ARRAY(x->a, struct str, json_list_size(list));
	for (; ret->n < json_list_size(list); ret->n++) {
		struct str *word = &ret->list[ret->n];

		if (json_str(json_list_at(list, ret->n), &typed, e) < 0 ||
		    text_clean(x->a, typed, LIMIT_KEYWORD_BYTES, false, word, e) < 0)
			return err_code(e);
		if (word->n == 0)
			return err_key(e, ERR_INVALID, "bad-keyword", "a keyword is empty");
	}
	return 1;
}
