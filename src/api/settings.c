/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * settings - GET and PATCH /api/v1/settings: the table of settings as they count now
 *
 * Where the server listens, its databases, mail and limits of its processes stand
 * in DIR/geleit.conf and count from the start; a secret is never shown.  What app
 * alone asks, for every message anew, an administrator may change while it runs.
 * All of them have one ETag, so that of two administrators the second sees what
 * the first has done.
 */
#include "api/input.h"
#include "api/routes.h"
#include "base/arena.h"
#include "base/error.h"
#include "base/str.h"
#include "conf/conf.h"
#include "crypto/hash.h"
#include "http/http.h"
#include "model/setting.h"
#include "text/json.h"

/* What counts, and which of it was set here. */
struct state {
	struct conf conf;
	struct conf_value *here;
	size_t n;
};

static int
read_state(struct api *x, struct state *ret, struct error *e)
{
	if (setting_list(x->db, x->a, &ret->here, &ret->n, e) < 0)
		return err_code(e);
	return conf_overlay(x->a, x->file, ret->here, ret->n, &ret->conf, e);
}

static const struct conf_value *
find(const struct conf_value *list, size_t n, struct str name)
{
	for (size_t i = 0; i < n; i++) {
		if (str_eq(list[i].name, name))
			return &list[i];
	}
	return NULL;
}

/* Its value when it was set here, else p NULL. */
static struct str
here(const struct state *s, struct str name)
{
	const struct conf_value *v = find(s->here, s->n, name);

	return v != NULL ? v->value : (struct str){0};
}

static bool
is_here(const struct state *s, const char *name)
{
	return here(s, str_c(name)).p != NULL;
}

static struct str
etag_of(struct api *x, const struct state *s)
{
	struct str all = S("");
	struct conf_shown c;
	struct sha256 h;

	for (size_t i = 0; conf_at(x->a, &s->conf, i, &c); i++)
		all = arena_printf(
		    x->a, "%.*s%s=%.*s %d\n", STR(all), c.name, STR(c.value), is_here(s, c.name));
	h = sha256(all.p, all.n);
	return arena_printf(x->a, "\"%.*s\"", STR(str_hex(x->a, h.b, 8)));
}

static void
put_words(struct js *j, const char *words)
{
	struct str rest = str_c(words);

	js_key(j, "words");
	js_list(j);
	while (rest.n > 0)
		js_str(j, str_cut(rest, ' ', &rest));
	js_list_end(j);
}

static void
put_limit(struct js *j, const char *name, const struct conf_shown *c, int64_t limit)
{
	js_key(j, name);
	if (strcmp(c->kind, "number") == 0)
		js_int(j, limit);
	else
		js_null(j);
}

static void
put_settings(struct js *j, struct api *x, const struct state *s)
{
	struct conf_shown c, file;

	js_list(j);
	for (size_t i = 0; conf_at(x->a, &s->conf, i, &c) && conf_at(x->a, x->file, i, &file);
	     i++) {
		js_open(j);
		js_kv_str(j, "name", str_c(c.name));
		js_kv_str(j, "value", c.value);
		js_kv_str(j, "default", str_c(c.standard));
		js_kv_str(j, "file", file.value);
		js_kv_str(j, "help", str_c(c.help));
		js_kv_bool(j, "changeable", c.changeable);
		js_kv_bool(j, "changed_here", is_here(s, c.name));
		js_kv_str(j, "kind", str_c(c.kind));
		put_limit(j, "min", &c, c.min);
		put_limit(j, "max", &c, c.max);
		put_words(j, c.words);
		js_close(j);
	}
	js_list_end(j);
}

static int
answer(struct api *x, struct reply *r, struct error *e)
{
	struct state s;
	struct js j;

	if (read_state(x, &s, e) < 0)
		return err_code(e);
	reply_json(r, &j);
	reply_field(r, "ETag", etag_of(x, &s));
	put_settings(&j, x, &s);
	return 0;
}

int
settings_list(struct api *x, const struct request *q, struct reply *r, struct error *e)
{
	(void)q;
	return answer(x, r, e);
}

/* ---- changing ---- */

/* Names with their new values; null: as the file has it. */
static int
read_values(struct api *x, struct json *o, struct conf_value **ret, size_t *ret_n, struct error *e)
{
	struct json *member;
	struct str name;
	size_t n = 0;

	while (json_member_at(o, n, &name, &member))
		n++;
	if (n == 0)
		return err_key(e, ERR_INVALID, "nothing-to-change", "nothing is to be changed");
	*ret = ARENA_ARRAY(x->a, struct conf_value, n);
	*ret_n = n;
	for (size_t i = 0; i < n; i++) {
		struct conf_value *v = &(*ret)[i];

		(void)json_member_at(o, i, &v->name, &member);
		if (!conf_is_changeable(v->name))
			return err_key(e, ERR_INVALID, "unknown-setting",
			    "%.*s: is no setting that can be changed here",
			    STR(str_head(v->name, 60)));
		if (json_get_str(o, arena_cstr(x->a, v->name), &v->value, e) < 0)
			return err_code(e);
	}
	return 0;
}

static int
check_condition(struct api *x, const struct request *q, const struct state *s, struct error *e)
{
	struct str if_match = request_field(q, "if-match");

	if (if_match.p != NULL && !http_etag_strong_match(if_match, etag_of(x, s)))
		return err_key(e, ERR_PRECONDITION, "changed",
		    "somebody else has changed the settings meanwhile");
	return 0;
}

static bool
is_so_already(const struct state *s, const struct conf_value *v)
{
	struct str now = here(s, v->name);

	return (now.p == NULL) == (v->value.p == NULL) && str_eq(now, v->value);
}

/*
 * Whether they may count, all together.  Asked before a row is written: a value that
 * does not hold is no word for an event.  The list goes over what stands already.
 */
static int
may_count(
    struct api *x, const struct state *s, const struct conf_value *list, size_t n, struct error *e)
{
	struct conf_value *all = ARENA_ARRAY(x->a, struct conf_value, s->n + n);
	struct conf ignored;
	size_t k = 0;

	for (size_t i = 0; i < s->n; i++) {
		if (find(list, n, s->here[i].name) == NULL)
			all[k++] = s->here[i];
	}
	for (size_t i = 0; i < n; i++) {
		if (list[i].value.p != NULL)
			all[k++] = list[i];
	}
	return conf_overlay(x->a, x->file, all, k, &ignored, e);
}

/* 1: something was changed. */
static int
set_all(struct api *x, const struct request *q, struct change *c, const struct conf_value *list,
    size_t n, struct error *e)
{
	struct state before;
	int changed = 0;

	if (read_state(x, &before, e) < 0 || check_condition(x, q, &before, e) < 0 ||
	    may_count(x, &before, list, n, e) < 0)
		return err_code(e);
	for (size_t i = 0; i < n; i++) {
		if (is_so_already(&before, &list[i]))
			continue;
		if (setting_set(c, x->a, &list[i], q->who.person, e) < 0)
			return err_code(e);
		changed = 1;
	}
	return changed;
}

int
settings_patch(struct api *x, const struct request *q, struct reply *r, struct error *e)
{
	AUTO(json_free) struct json_doc *doc = NULL;
	AUTO(change_abort) struct change *c = NULL;
	struct conf_value *list = NULL;
	size_t n = 0;
	int changed;

	if (json_parse(q->m->body, &doc, e) < 0 ||
	    read_values(x, json_root(doc), &list, &n, e) < 0 ||
	    change_begin(x->db, request_actor(q), EVENT_SETTING_CHANGED, &c, e) < 0 ||
	    (changed = set_all(x, q, c, list, n, e)) < 0 || answer(x, r, e) < 0)
		return err_code(e);
	return changed > 0 ? change_commit(&c, e) : 0;
}
