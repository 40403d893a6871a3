/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * input - see input.h
 *
 * Only here is a member told from one that is absent or null; handlers see a value
 * that is clean, or an error that names the member.
 */
#include "api/input.h"

#include "base/arena.h"
#include "base/error.h"
#include "base/str.h"
#include "base/time.h"
#include "conf/conf.h"
#include "text/json.h"
#include "text/name.h"

#define PAGE_DEFAULT 50
#define PAGE_MOST 100

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
		return e->code;
	if (cursor.n > 0 && !id_parse(cursor, ret_before))
		return err_key(e, ERR_INVALID, "bad-cursor", "the cursor is none of ours");
	if (limit.n > 0 && (!str_i64(limit, &n) || n < 1 || n > PAGE_MOST))
		return err_key(e, ERR_INVALID, "bad-limit", "limit is 1 to %d", PAGE_MOST);
	*ret_max = (int)n;
	return 0;
}
