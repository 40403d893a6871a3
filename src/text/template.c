/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * template - see template.h.  A template is walked as it stands: what is small
 * enough to be read by people needs no compiled form.  Always true: text from
 * a value leaves here escaped for HTML text and quoted attributes (the test
 * holds that no template has an unquoted one), and at the start of an address
 * only as http(s), mailto, cid or a path, so that no value becomes a script.
 */
#include "text/template.h"

#include <stdlib.h>

#include "base/arena.h"
#include "base/buf.h"
#include "base/error.h"
#include "base/str.h"
#include "text/linked.h"
#include "text/message.h"
#include "text/utf8.h"

#define TEMPLATE_DEPTH 12 /* sections and partials together */

enum tv_kind { TV_STR, TV_INT, TV_BOOL, TV_HTML, TV_LIST };

struct tv_value {
	const char *name;
	enum tv_kind kind;
	struct str s;
	int64_t n;
	struct tv *first, **end; /* TV_LIST */
	struct tv_value *next;
};

struct tv {
	struct arena *a;
	struct tv *outer, *next; /* next: in its list */
	struct tv_value *values;
};

/* ---- values ---- */

struct tv *
tv_new(struct arena *a)
{
	struct tv *v = ARENA_NEW(a, struct tv);

	v->a = a;
	return v;
}

static struct tv_value *
find_here(const struct tv *v, struct str name)
{
	for (struct tv_value *x = v->values; x != NULL; x = x->next) {
		if (str_eq_c(name, x->name))
			return x;
	}
	return NULL;
}

static const struct tv_value *
find_value(const struct tv *v, struct str name)
{
	const struct tv_value *x = NULL;

	for (; v != NULL && x == NULL; v = v->outer)
		x = find_here(v, name);
	return x;
}

/* The value of that name in this scope, made when it is new. */
static struct tv_value *
slot(struct tv *v, const char *name, enum tv_kind kind)
{
	struct tv_value *x = find_here(v, str_c(name));

	if (x == NULL) {
		x = ARENA_NEW(v->a, struct tv_value);
		x->name = arena_cstr(v->a, str_c(name));
		x->next = v->values;
		v->values = x;
	}
	if (x->kind != kind || x->end == NULL) {
		x->first = NULL;
		x->end = &x->first;
	}
	x->kind = kind;
	return x;
}

void
tv_str(struct tv *v, const char *name, struct str s)
{
	slot(v, name, TV_STR)->s = arena_str(v->a, s);
}

void
tv_int(struct tv *v, const char *name, int64_t n)
{
	struct tv_value *x = slot(v, name, TV_INT);

	x->n = n;
	x->s = arena_printf(v->a, "%lld", (long long)n);
}

void
tv_bool(struct tv *v, const char *name, bool b)
{
	slot(v, name, TV_BOOL)->n = b;
}

void
tv_html(struct tv *v, const char *name, struct str trusted)
{
	slot(v, name, TV_HTML)->s = arena_str(v->a, trusted);
}

struct tv *
tv_add(struct tv *v, const char *name)
{
	struct tv_value *x = slot(v, name, TV_LIST);
	struct tv *one = tv_new(v->a);

	one->outer = v;
	*x->end = one;
	x->end = &one->next;
	return one;
}

static bool
is_true(const struct tv_value *x)
{
	if (x == NULL)
		return false;
	if (x->kind == TV_LIST)
		return x->first != NULL;
	return x->kind == TV_INT || x->kind == TV_BOOL ? x->n != 0 : x->s.n > 0;
}

/* ---- writing ---- */

struct render {
	struct buf *b;
	bool html;
	const char *lang;
	int depth;
	struct error *e;
};

static void
put_escaped(struct buf *b, struct str s)
{
	for (size_t i = 0; i < s.n;) {
		uint32_t c = 0;
		size_t n = utf8_next(str_from(s, i), &c);
		if (c == '&')
			buf_lit(b, "&amp;");
		else if (c == '<')
			buf_lit(b, "&lt;");
		else if (c == '>')
			buf_lit(b, "&gt;");
		else if (c == '"')
			buf_lit(b, "&quot;");
		else if (c == '\'')
			buf_lit(b, "&#39;");
		else if (c == UTF8_BAD || (c < 0x20 && c != '\n' && c != '\t'))
			buf_lit(b, "\xef\xbf\xbd");
		else
			buf_add(b, s.p + i, n);
		i += n;
	}
}

/* Does what was written end where an address begins? */
static bool
at_address(const struct buf *b)
{
	struct str t = buf_view(b);

	t = t.n > 16 ? str_from(t, t.n - 16) : t;
	return str_ends(t, S("href=\"")) || str_ends(t, S("src=\"")) || str_ends(t, S("action=\""));
}

static bool
address_ok(struct str s)
{
	static const char *const ok[] = {"https://", "http://", "mailto:", "cid:", "/", "?", "#"};

	if (str_starts(s, S("//")) || str_starts(s, S("/\\")))
		return false;
	for (size_t i = 0; i < ARRAY_LEN(ok); i++) {
		if (str_starts(s, str_c(ok[i])))
			return true;
	}
	return false;
}

static void
put_text(struct render *r, struct str s)
{
	if (!r->html)
		buf_str(r->b, s);
	else if (at_address(r->b) && !address_ok(s))
		buf_char(r->b, '#');
	else
		put_escaped(r->b, s);
}

static void
put_value(struct render *r, struct tv *v, struct str name)
{
	const struct tv_value *x = find_value(v, name);

	if (str_eq(name, S("lang")))
		buf_lit(r->b, r->lang);
	else if (str_eq(name, S("other_lang")))
		buf_lit(r->b, strcmp(r->lang, "de") == 0 ? "en" : "de");
	else if (x != NULL && (x->kind == TV_STR || x->kind == TV_INT))
		put_text(r, x->s);
}

/* {name}, or {b:name} where HTML shows it bold. */
static void
put_placeholder(struct render *r, struct tv *v, struct str name)
{
	bool bold = str_starts(name, S("b:"));

	if (bold)
		name = str_from(name, 2);
	if (bold && r->html)
		buf_lit(r->b, "<b>");
	put_value(r, v, name);
	if (bold && r->html)
		buf_lit(r->b, "</b>");
}

static void
put_message(struct render *r, struct tv *v, struct str key)
{
	struct str t = message(r->lang, key);

	while (t.n > 0) {
		size_t open = str_find(t, '{'), close = str_find(t, '}');
		if (open == t.n || close < open || close == t.n) {
			put_text(r, t);
			return;
		}
		put_text(r, str_head(t, open));
		put_placeholder(r, v, (struct str){t.p + open + 1, close - open - 1});
		t = str_from(t, close + 1);
	}
}

/* ---- walking ---- */

/* One {{...}}: where it begins and ends in the text, lines of its own swallowed. */
struct tag {
	char kind; /* 0 value, # ^ / > & */
	struct str name;
	size_t start, end;
};

static bool
is_blank(struct str s)
{
	return str_trim(s).n == 0;
}

/* A section tag alone on its line takes the line with it. */
static void
swallow_line(struct str t, struct tag *g)
{
	size_t a = g->start, z = g->end;

	while (a > 0 && t.p[a - 1] != '\n')
		a--;
	z += str_find(str_from(t, z), '\n');
	if (!is_blank((struct str){t.p + a, g->start - a}) ||
	    !is_blank((struct str){t.p + g->end, z - g->end}))
		return;
	g->start = a;
	g->end = MIN(z + 1, t.n);
}

/* The next tag at or after `from`: 1 found, 0 none. */
static int
next_tag(struct str t, size_t from, struct tag *ret, struct error *e)
{
	const char *p = from < t.n ? memmem(t.p + from, t.n - from, "{{", 2) : NULL;

	if (p == NULL)
		return 0;
	size_t start = (size_t)(p - t.p);
	const char *q = memmem(p + 2, t.n - start - 2, "}}", 2);
	if (q == NULL)
		return err_set(e, ERR_INTERNAL, "template: a tag does not end");
	struct str name = str_trim((struct str){p + 2, (size_t)(q - p) - 2});
	*ret = (struct tag){.name = name, .start = start, .end = (size_t)(q - t.p) + 2};
	if (name.n > 0 && strchr("#^/>&", name.p[0]) != NULL && name.p[0] != '\0') {
		ret->kind = name.p[0];
		ret->name = str_trim(str_from(name, 1));
	}
	if (ret->name.n == 0)
		return err_set(e, ERR_INTERNAL, "template: a tag without a name");
	if (ret->kind != 0 && ret->kind != '&')
		swallow_line(t, ret);
	if (ret->start < from) /* two tags on one line of their own */
		ret->start = from;
	return 1;
}

/* The end tag of the section that `open` begins. */
static int
find_end(struct str t, const struct tag *open, struct tag *ret, struct error *e)
{
	int depth = 1, r;

	for (size_t at = open->end; (r = next_tag(t, at, ret, e)) > 0; at = ret->end) {
		if (ret->kind == '#' || ret->kind == '^')
			depth++;
		if (ret->kind == '/' && --depth == 0)
			return str_eq(ret->name, open->name)
			           ? 0
			           : err_set(e, ERR_INTERNAL, "template: %.*s ends %.*s",
			                 STR(ret->name), STR(open->name));
	}
	return r < 0 ? r : err_set(e, ERR_INTERNAL, "template: %.*s does not end", STR(open->name));
}

static int walk(struct render *r, struct str t, struct tv *v);

static int
walk_section(struct render *r, const struct tag *g, struct str inner, struct tv *v)
{
	const struct tv_value *x = find_value(v, g->name);
	int res = 0;

	if (is_true(x) != (g->kind == '#'))
		return 0;
	if (g->kind == '^' || x->kind != TV_LIST)
		return walk(r, inner, v);
	for (struct tv *one = x->first; one != NULL && res == 0 && !r->b->full; one = one->next)
		res = walk(r, inner, one);
	return res;
}

static const struct linked_template *
find_template(struct str name)
{
	for (size_t i = 0; i < linked_template_count; i++) {
		if (str_eq_c(name, linked_templates[i].name))
			return &linked_templates[i];
	}
	return NULL;
}

static int
walk_partial(struct render *r, struct str name, struct tv *v)
{
	struct str full = arena_printf(v->a, "%.*s%s", STR(name), r->html ? ".html" : ".txt");
	const struct linked_template *t = find_template(full);

	if (t == NULL)
		return err_set(r->e, ERR_INTERNAL, "template %.*s: unknown", STR(full));
	return walk(r, t->text, v);
}

/* Everything but sections, which need the rest of the text. */
static int
put_tag(struct render *r, const struct tag *g, struct tv *v)
{
	const struct tv_value *x = NULL;

	if (g->kind == '/')
		return err_set(r->e, ERR_INTERNAL, "template: %.*s never began", STR(g->name));
	if (g->kind == '>')
		return walk_partial(r, g->name, v);
	if (g->kind == '&') {
		x = find_value(v, g->name);
		if (x != NULL && x->kind == TV_HTML)
			buf_str(r->b, x->s);
	} else if (str_starts(g->name, S("t."))) {
		put_message(r, v, str_from(g->name, 2));
	} else {
		put_value(r, v, g->name);
	}
	return 0;
}

static int
walk(struct render *r, struct str t, struct tv *v)
{
	struct tag g, end;
	size_t at = 0;
	int res = 0;

	if (++r->depth > TEMPLATE_DEPTH)
		return err_set(r->e, ERR_INTERNAL, "template: nested too deep");
	while (res == 0 && (res = next_tag(t, at, &g, r->e)) > 0) {
		buf_add(r->b, t.p + at, g.start - at);
		at = g.end;
		if (g.kind != '#' && g.kind != '^') {
			res = put_tag(r, &g, v);
			continue;
		}
		if ((res = find_end(t, &g, &end, r->e)) < 0)
			break;
		size_t stop = MAX(end.start, g.end);
		res = walk_section(r, &g, (struct str){t.p + g.end, stop - g.end}, v);
		at = end.end;
	}
	if (res == 0)
		buf_str(r->b, str_from(t, at));
	r->depth--;
	return res;
}

int
template_render_text(
    struct buf *b, struct str text, bool html, const char *lang, struct tv *v, struct error *e)
{
	struct render r = {
	    .b = b, .html = html, .lang = strcmp(lang, "en") == 0 ? "en" : "de", .e = e};
	int res = walk(&r, text, v);

	if (res == 0 && b->full)
		return err_set(e, ERR_TOO_LARGE, "template: more than %zu bytes", b->max);
	return res;
}

int
template_render(struct buf *b, const char *name, const char *lang, struct tv *v, struct error *e)
{
	const struct linked_template *t = find_template(str_c(name));

	if (t == NULL)
		return err_set(e, ERR_INTERNAL, "template %s: unknown", name);
	if (template_render_text(b, t->text, str_ends(str_c(name), S(".html")), lang, v, e) < 0)
		return err_prefix(e, "%s", name);
	return 0;
}

/* "recipient.css" or, as in addresses, "recipient.0123456789ab.css". */
const struct asset_file *
template_file(struct str name)
{
	struct str last = {NULL, 0}, rest = name, stem = str_cut(rest, '.', &rest);
	struct str hash = str_cut(rest, '.', &last);

	for (size_t i = 0; i < linked_file_count; i++) {
		const struct asset_file *f = &linked_files[i];
		struct str ext, own = str_cut(str_c(f->name), '.', &ext);
		if (str_eq_c(name, f->name))
			return f;
		if (str_eq(stem, own) && str_eq_c(hash, f->hash) && str_eq(last, ext))
			return f;
	}
	return NULL;
}
