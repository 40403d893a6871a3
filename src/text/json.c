/* SPDX-License-Identifier: AGPL-3.0-or-later */
/* sizes: writer and reader of one format, that keep to the same limits */
/*
 * json - see json.h.  json-c does the reading; what it lets pass and we do not
 * (duplicate members, other quotes, raw controls, NaN, a NUL inside a name) is found by one
 * scan over the text before: in a valid document every colon outside a string
 * is one member, so a duplicate shows as fewer members than colons.
 */
#include "text/json.h"

#include <json-c/json.h>
#include <stdlib.h>

#include "base/arena.h"
#include "base/buf.h"
#include "base/error.h"
#include "base/limits.h"
#include "base/str.h"
#include "base/time.h"
#include "text/utf8.h"

#define JSON_DEPTH 16
#define ESCAPED_MOST 3 /* bytes for one of UTF-8: two become six, four become twelve */
#define JSON_INT_MAX ((int64_t)1 << 53) /* beyond it other readers lose digits */

/* ---- writer ---- */

static void
value_begins(struct js *j)
{
	if (j->comma)
		buf_char(j->b, ',');
	j->comma = true;
}

void
js_begin(struct js *j, struct buf *b)
{
	*j = (struct js){.b = b};
}

void
js_open(struct js *j)
{
	value_begins(j);
	buf_char(j->b, '{');
	j->comma = false;
}

void
js_close(struct js *j)
{
	buf_char(j->b, '}');
	j->comma = true;
}

void
js_list(struct js *j)
{
	value_begins(j);
	buf_char(j->b, '[');
	j->comma = false;
}

void
js_list_end(struct js *j)
{
	buf_char(j->b, ']');
	j->comma = true;
}

static void
put_char(struct buf *b, unsigned char c)
{
	static const char short_form[] = "btn?fr"; /* 8 to 13; there is none for 11 */

	if (c == '"' || c == '\\') {
		buf_char(b, '\\');
		buf_char(b, (char)c);
	} else if (c >= 8 && c <= 13 && c != 11) {
		buf_char(b, '\\');
		buf_char(b, short_form[c - 8]);
	} else if (c < 0x20 || c == 0x7f) {
		buf_printf(b, "\\u%04x", c);
	} else {
		buf_char(b, (char)c);
	}
}

static void
put_string(struct buf *b, struct str s)
{
	buf_char(b, '"');
	for (size_t i = 0; i < s.n;) {
		uint32_t c = 0;
		size_t n = utf8_next(str_from(s, i), &c);
		if (n == 1 && c != UTF8_BAD)
			put_char(b, (unsigned char)c);
		else if (c == UTF8_BAD)
			buf_lit(b, "\xef\xbf\xbd");
		else
			buf_add(b, s.p + i, n);
		i += n;
	}
	buf_char(b, '"');
}

void
js_key(struct js *j, const char *key)
{
	value_begins(j);
	put_string(j->b, str_c(key));
	buf_char(j->b, ':');
	j->comma = false;
}

void
js_str(struct js *j, struct str s)
{
	value_begins(j);
	put_string(j->b, s);
}

void
js_int(struct js *j, int64_t v)
{
	value_begins(j);
	buf_printf(j->b, "%lld", (long long)v);
}

void
js_bool(struct js *j, bool v)
{
	value_begins(j);
	buf_lit(j->b, v ? "true" : "false");
}

void
js_null(struct js *j)
{
	value_begins(j);
	buf_lit(j->b, "null");
}

void
js_id(struct js *j, int64_t id)
{
	if (id == 0) {
		js_null(j);
		return;
	}
	value_begins(j);
	buf_printf(j->b, "\"%lld\"", (long long)id);
}

void
js_time(struct js *j, struct arena *a, int64_t us)
{
	if (us == 0)
		js_null(j);
	else
		js_str(j, time_rfc3339(a, us));
}

void
js_kv_str(struct js *j, const char *key, struct str s)
{
	js_key(j, key);
	js_str(j, s);
}

void
js_kv_str0(struct js *j, const char *key, struct str s)
{
	js_key(j, key);
	if (s.n > 0)
		js_str(j, s);
	else
		js_null(j);
}

void
js_kv_int(struct js *j, const char *key, int64_t v)
{
	js_key(j, key);
	js_int(j, v);
}

void
js_kv_bool(struct js *j, const char *key, bool v)
{
	js_key(j, key);
	js_bool(j, v);
}

void
js_kv_id(struct js *j, const char *key, int64_t id)
{
	js_key(j, key);
	js_id(j, id);
}

void
js_kv_time(struct js *j, const char *key, struct arena *a, int64_t us)
{
	js_key(j, key);
	js_time(j, a, us);
}

/* ---- reader ---- */

/* A member somebody asked for. */
struct known {
	const char *name;
	struct known *next;
};

struct json {
	struct json_doc *doc;
	struct json_object *o;
	struct known *known;
};

struct json_doc {
	struct arena *a;
	struct json_object *o;
	struct json *root;
};

static void
tokener_free(struct json_tokener **t)
{
	if (*t != NULL)
		json_tokener_free(*t);
	*t = NULL;
}

static int
refuse(struct error *e, const char *why)
{
	return err_key(e, ERR_INVALID, "bad-json", "json: %s", why);
}

/* From the opening quote: the index of the closing one, or t.n. */
static size_t
string_end(struct str t, size_t i, const char **ret_wrong)
{
	for (i++; i < t.n && t.p[i] != '"'; i++) {
		if ((unsigned char)t.p[i] < 0x20)
			*ret_wrong = "control character";
		if (t.p[i] != '\\')
			continue;
		i++;
		if (str_starts(str_from(t, MIN(i, t.n)), S("u0000")))
			*ret_wrong = "control character";
		if (i < t.n && (unsigned char)t.p[i] >= 0x80)
			*ret_wrong = "an escape that is none";
	}
	return MIN(i, t.n);
}

/* Count the members; refuse what json-c would swallow. */
static int
scan(struct str t, size_t *ret_members, struct error *e)
{
	const char *wrong = NULL;
	size_t members = 0;

	for (size_t i = 0; i < t.n; i++) {
		char c = t.p[i];
		if (c == '"')
			i = string_end(t, i, &wrong);
		else if (c == ':')
			members++;
		else if (c == '\0' || strchr("{}[], \t\r\n0123456789+-.eEtrufalsn", c) == NULL)
			return refuse(e, "a character JSON has no use for");
	}
	*ret_members = members;
	return wrong != NULL ? refuse(e, wrong) : 0;
}

/* json-c was told the depth, so this recursion is bounded. */
static size_t
count_members(struct json_object *o)
{
	size_t n = 0;

	if (json_object_is_type(o, json_type_array)) {
		for (size_t i = 0; i < json_object_array_length(o); i++)
			n += count_members(json_object_array_get_idx(o, i));
	} else if (json_object_is_type(o, json_type_object)) {
		json_object_object_foreach(o, key, value)
		{
			(void)key;
			n += 1 + count_members(value);
		}
	}
	return n;
}

static struct json *
wrap(struct json_doc *d, struct json_object *o)
{
	struct json *j = ARENA_NEW(d->a, struct json);

	*j = (struct json){.doc = d, .o = o};
	return j;
}

/* UTF-16 code units; a surrogate pair beyond the first plane. */
static void
put_escaped(struct buf *b, uint32_t c)
{
	if (c >= 0x10000) {
		buf_printf(b, "\\u%04x", 0xd800 + ((c - 0x10000) >> 10));
		c = 0xdc00 + ((c - 0x10000) & 0x3ff);
	}
	buf_printf(b, "\\u%04x", c);
}

/*
 * The same text in ASCII: json-c 0.18 (Debian 13) takes every other byte for a control
 * character when it is strict (its issue 892).  They stand in strings alone, scan() saw to it.
 */
static int
in_ascii(struct str text, struct buf *b, struct str *ret, struct error *e)
{
	size_t i = 0;

	while (i < text.n && (unsigned char)text.p[i] < 0x80)
		i++;
	*ret = text;
	if (i == text.n)
		return 0;
	if (!str_is_utf8(text))
		return refuse(e, "invalid utf-8 string");
	buf_add(b, text.p, i);
	while (i < text.n) {
		uint32_t c;

		i += utf8_next(str_from(text, i), &c);
		if (c < 0x80)
			buf_add(b, &(char){(char)c}, 1);
		else
			put_escaped(b, c);
	}
	*ret = buf_view(b);
	return 0;
}

static int
parse_object(struct str given, struct json_object **ret, struct error *e)
{
	AUTO(tokener_free) struct json_tokener *t = json_tokener_new_ex(JSON_DEPTH);
	AUTO(buf_fini) struct buf ascii;
	struct str text;

	buf_init(&ascii, ESCAPED_MOST * given.n);
	if (t == NULL)
		return err_set(e, ERR_INTERNAL, "json: no tokener");
	if (in_ascii(given, &ascii, &text, e) < 0)
		return err_code(e);
	json_tokener_set_flags(t, JSON_TOKENER_STRICT);
	*ret = json_tokener_parse_ex(t, text.p, (int)text.n);
	enum json_tokener_error je = json_tokener_get_error(t);
	/* A number alone ends only when more input says so: the terminating NUL. */
	if (je == json_tokener_continue) {
		*ret = json_tokener_parse_ex(t, "", 1);
		je = json_tokener_get_error(t);
	}
	if (je == json_tokener_success)
		return 0;
	json_object_put(*ret); /* strict mode has refused what follows the value, too */
	*ret = NULL;
	return refuse(e, json_tokener_error_desc(je));
}

static int
parse_whole(struct str text, size_t members, struct json_object **ret, struct error *e)
{
	if (parse_object(text, ret, e) < 0)
		return err_code(e);
	if (count_members(*ret) == members)
		return 0;
	json_object_put(*ret);
	*ret = NULL;
	return refuse(e, "a member stands twice");
}

int
json_parse(struct str text, struct json_doc **ret, struct error *e)
{
	size_t members = 0;
	int r = 0;

	if (text.n == 0)
		return refuse(e, "empty");
	if (text.n > LIMIT_JSON_BYTES)
		return err_set(e, ERR_TOO_LARGE, "json: %zu bytes", text.n);
	if ((r = scan(text, &members, e)) < 0)
		return r;
	AUTO(json_free) struct json_doc *d = xcalloc(1, sizeof *d);
	d->a = arena_new();
	/*
	 * Where json-c gets no memory it leaves out a member, or ends as if the text were
	 * wrong: a moment's fault of ours must not be called the client's.
	 */
	if (parse_whole(text, members, &d->o, e) < 0 &&
	    (r = parse_whole(text, members, &d->o, e)) < 0)
		return r;
	d->root = wrap(d, d->o);
	*ret = TAKE(d);
	return 0;
}

void
json_free(struct json_doc **d)
{
	if (*d == NULL)
		return;
	json_object_put((*d)->o);
	arena_free(&(*d)->a);
	free(*d);
	*d = NULL;
}

struct json *
json_root(struct json_doc *d)
{
	return d->root;
}

static void
mark(struct json *o, const char *name)
{
	struct known *k = ARENA_NEW(o->doc->a, struct known);

	*k = (struct known){.name = arena_cstr(o->doc->a, str_c(name)), .next = o->known};
	o->known = k;
}

static int
wrong(struct error *e, const char *name, const char *want)
{
	return err_key(e, ERR_INVALID, "bad-member", "%s: not %s", name, want);
}

/* 1 there, 0 absent or null. */
static int
member(struct json *o, const char *name, struct json_object **ret, struct error *e)
{
	if (!json_object_is_type(o->o, json_type_object))
		return err_key(e, ERR_INVALID, "bad-member", "not an object");
	mark(o, name);
	return json_object_object_get_ex(o->o, name, ret) && *ret != NULL ? 1 : 0;
}

static int
string_of(struct json_object *v, const char *name, struct str *ret, struct error *e)
{
	if (!json_object_is_type(v, json_type_string))
		return wrong(e, name, "a text");
	*ret = (struct str){json_object_get_string(v), (size_t)json_object_get_string_len(v)};
	return str_is_utf8(*ret) ? 1 : wrong(e, name, "valid text");
}

int
json_get_str(struct json *o, const char *name, struct str *ret, struct error *e)
{
	struct json_object *v = NULL;
	int r = member(o, name, &v, e);

	return r < 1 ? r : string_of(v, name, ret, e);
}

int
json_get_int(struct json *o, const char *name, int64_t *ret, struct error *e)
{
	struct json_object *v = NULL;
	int r = member(o, name, &v, e);

	if (r < 1)
		return r;
	if (!json_object_is_type(v, json_type_int))
		return wrong(e, name, "a whole number");
	int64_t n = json_object_get_int64(v); /* saturates, so the bound below sees it */
	if (n > JSON_INT_MAX || n < -JSON_INT_MAX)
		return wrong(e, name, "a number of that size");
	*ret = n;
	return 1;
}

int
json_get_bool(struct json *o, const char *name, bool *ret, struct error *e)
{
	struct json_object *v = NULL;
	int r = member(o, name, &v, e);

	if (r < 1)
		return r;
	if (!json_object_is_type(v, json_type_boolean))
		return wrong(e, name, "true or false");
	*ret = json_object_get_boolean(v);
	return 1;
}

static int
get_tree(struct json *o, const char *name, enum json_type type, struct json **ret, struct error *e)
{
	struct json_object *v = NULL;
	int r = member(o, name, &v, e);

	if (r < 1)
		return r;
	if (!json_object_is_type(v, type))
		return wrong(e, name, type == json_type_array ? "a list" : "an object");
	*ret = wrap(o->doc, v);
	return 1;
}

int
json_get_list(struct json *o, const char *name, struct json **ret, struct error *e)
{
	return get_tree(o, name, json_type_array, ret, e);
}

int
json_get_object(struct json *o, const char *name, struct json **ret, struct error *e)
{
	return get_tree(o, name, json_type_object, ret, e);
}

bool
json_has(struct json *o, const char *name)
{
	struct json_object *v = NULL;

	return json_object_is_type(o->o, json_type_object) &&
	       json_object_object_get_ex(o->o, name, &v);
}

static bool
is_known(const struct json *o, const char *name)
{
	for (const struct known *k = o->known; k != NULL; k = k->next) {
		if (strcmp(k->name, name) == 0)
			return true;
	}
	return false;
}

int
json_done(struct json *o, struct error *e)
{
	if (!json_object_is_type(o->o, json_type_object))
		return err_key(e, ERR_INVALID, "bad-member", "not an object");
	json_object_object_foreach(o->o, key, value)
	{
		(void)value;
		if (!is_known(o, key))
			return err_key(e, ERR_INVALID, "unknown-member", "%.60s: unknown", key);
	}
	return 0;
}

size_t
json_list_size(struct json *list)
{
	return json_object_is_type(list->o, json_type_array) ? json_object_array_length(list->o)
	                                                     : 0;
}

struct json *
json_list_at(struct json *list, size_t i)
{
	return wrap(list->doc, json_object_array_get_idx(list->o, i));
}

int
json_str(struct json *v, struct str *ret, struct error *e)
{
	int r = string_of(v->o, "element", ret, e);

	return r < 0 ? r : 0;
}

bool
json_member_at(struct json *o, size_t i, struct str *ret_name, struct json **ret)
{
	if (!json_object_is_type(o->o, json_type_object))
		return false;
	json_object_object_foreach(o->o, key, value)
	{
		if (i-- > 0)
			continue;
		mark(o, key);
		*ret_name = str_c(key);
		*ret = wrap(o->doc, value);
		return true;
	}
	return false;
}

char
json_kind(struct json *v)
{
	switch (json_object_get_type(v->o)) {
	case json_type_string:
		return 't';
	case json_type_boolean:
		return 'b';
	case json_type_int:
		return 'n';
	default:
		return '?';
	}
}

bool
json_flag(struct json *v)
{
	return json_object_get_boolean(v->o);
}

int64_t
json_int(struct json *v)
{
	return json_object_get_int64(v->o);
}
