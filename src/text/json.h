/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * json - write by streaming, read small documents strictly
 *
 * The writer puts commas and quotes; text that is not UTF-8 is replaced by
 * U+FFFD.  Ids are strings in all JSON (js_id).  The reader is json-c with a
 * depth of 16, strict, no duplicate keys, and refuses members nobody asked for.
 *
 * Layer: text.
 */
#pragma once

#include "base/base.h"

struct arena;
struct buf;
struct error;

struct js {
	struct buf *b;
	bool comma; /* one is due before the next value */
};
void js_begin(struct js *j, struct buf *b);
void js_open(struct js *j);     /* { */
void js_close(struct js *j);    /* } */
void js_list(struct js *j);     /* [ */
void js_list_end(struct js *j); /* ] */
void js_key(struct js *j, const char *key);
void js_str(struct js *j, struct str s);
void js_int(struct js *j, int64_t v);
void js_bool(struct js *j, bool v);
void js_null(struct js *j);
void js_id(struct js *j, int64_t id);                    /* "123", null when 0 */
void js_time(struct js *j, struct arena *a, int64_t us); /* RFC 3339, null when 0 */
/* key and value in one */
void js_kv_str(struct js *j, const char *key, struct str s);
void js_kv_str0(struct js *j, const char *key, struct str s); /* null when empty */
void js_kv_int(struct js *j, const char *key, int64_t v);
void js_kv_bool(struct js *j, const char *key, bool v);
void js_kv_id(struct js *j, const char *key, int64_t id);
void js_kv_time(struct js *j, const char *key, struct arena *a, int64_t us);

struct json; /* a parsed object or value; lives as long as its document */
struct json_doc;
NODISCARD int json_parse(struct str text, struct json_doc **ret, struct error *e);
void json_free(struct json_doc **d);
struct json *json_root(struct json_doc *d);

/*
 * Members of an object: 1 there, 0 absent or null, ERR_INVALID wrong type.
 * Each call marks the member as known; json_done refuses the unknown ones.
 */
NODISCARD int json_get_str(struct json *o, const char *name, struct str *ret, struct error *e);
NODISCARD int json_get_int(struct json *o, const char *name, int64_t *ret, struct error *e);
NODISCARD int json_get_bool(struct json *o, const char *name, bool *ret, struct error *e);
NODISCARD int json_get_list(struct json *o, const char *name, struct json **ret, struct error *e);
NODISCARD int json_get_object(struct json *o, const char *name, struct json **ret, struct error *e);
bool json_has(struct json *o, const char *name); /* also when null: "clear this" */
/* Member i of an object in its order: false at the end.  Marks it as known. */
bool json_member_at(struct json *o, size_t i, struct str *ret_name, struct json **ret);
/* 't' text, 'b' true or false, 'n' a number, '?' anything else. */
char json_kind(struct json *v);
bool json_flag(struct json *v);
int64_t json_int(struct json *v);
NODISCARD int json_done(struct json *o, struct error *e);
size_t json_list_size(struct json *list);
struct json *json_list_at(struct json *list, size_t i);
NODISCARD int json_str(struct json *v, struct str *ret, struct error *e);
