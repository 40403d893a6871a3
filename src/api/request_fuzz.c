/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * request_fuzz - any bytes as query, header fields and body of every route
 *
 * The first line is a route ("PATCH /api/v1/settings"; else its first byte chooses one);
 * then come its parameters line by line, the query, one condition (If-Match), and the
 * rest is the body.  A real handler
 * reads them, on databases in memory, for somebody who may do everything.  Whatever
 * it is sent, it refuses with its reason or does it: a 5xx, a change left open, or
 * an answer in JSON that we could not read ourselves is a bug.  A parameter "1", "2" or
 * "3" stands for a file, its folder and its version.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#include "api/test_api.h"
#include "model/test_file.h"
#include "text/json.h"

#define ROUNDS_MOST 500 /* then everything begins anew: rows pile up */
#define FILE_ID 1000

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n);

/* What lives on is in kept: the fixture's arena is reset with every request. */
struct world {
	struct fixture *f;
	struct arena *kept;
	struct str folder;
};

static void
make(struct world *w)
{
	struct fixture *f = w->f = fixture_new(test_db_fake(schema_main));
	struct arena *a = w->kept = arena_new();
	person_id person;

	if (conf_parse(a, S("/srv/g"), S(""), &f->conf, &f->e) < 0)
		__builtin_trap();
	f->key = arena_str(a, new_key(f, "admin@geleit.example", "administrator", "all"));
	person.v = test_value(f->x.db, a, "max(id)", "person", NULL);
	test_file(f->x.db, a, person, FILE_ID, "a.txt", 3);
	w->folder =
	    arena_printf(a, "%lld", (long long)test_value(f->x.db, a, "max(id)", "folder", NULL));
}

static void
unmake(struct world *w)
{
	fixture_free(w->f);
	arena_free(&w->kept);
	w->f = NULL;
}

static struct str
line(struct str *rest)
{
	return str_cut(*rest, '\n', rest);
}

static struct str
parameter(const struct world *w, struct str typed)
{
	if (str_eq(typed, S("1")))
		return S("1000");
	if (str_eq(typed, S("2")))
		return w->folder;
	return str_eq(typed, S("3")) ? S("1001") : typed;
}

/* The pattern with the next lines for its {names}. */
static struct str
path_of(const struct world *w, const struct route *rt, struct str *rest)
{
	struct arena *a = w->f->x.a;
	struct str left = str_c(rt->pattern), path = S("");

	while (left.n > 0) {
		struct str text = str_cut(left, '{', &left), name;

		path = arena_printf(a, "%.*s%.*s", STR(path), STR(text));
		if (left.n == 0)
			break;
		name = str_cut(left, '}', &left);
		(void)name;
		path = arena_printf(a, "%.*s%.*s", STR(path), STR(parameter(w, line(rest))));
	}
	return path;
}

static bool
is_json(const struct reply *r)
{
	for (size_t i = 0; i < r->field_count; i++) {
		if (str_ieq(r->fields[i].name, S("content-type")))
			return str_ends(r->fields[i].value, S("json"));
	}
	return false;
}

static void
stop(struct fixture *f, const char *why)
{
	fprintf(stderr, "%s: %u %.*s\n", why, f->r.status, STR(buf_view(&f->r.body)));
	__builtin_trap();
}

static void
check(struct fixture *f)
{
	AUTO(json_free) struct json_doc *doc = NULL;
	struct str body = buf_view(&f->r.body);

	if (f->r.status >= 500 && f->r.status != 503) /* no DIR: some files are not there */
		stop(f, "a failure of the server");
	if (db_in_write(f->x.db))
		stop(f, "a change is open");
	/* a list has no name for its reader: as the member of an object */
	if (is_json(&f->r) &&
	    json_parse(arena_printf(f->x.a, "{\"a\":%.*s}", STR(body)), &doc, &f->e) < 0)
		stop(f, f->e.msg);
}

static void
ask(const struct world *w, const struct route *rt, struct str rest)
{
	struct fixture *f = w->f;
	struct str path = path_of(w, rt, &rest), query = line(&rest), condition = line(&rest);
	struct msg_field fields[] = {
	    {S("authorization"), arena_printf(f->x.a, "Bearer %.*s", STR(f->key))},
	    {S("origin"), f->conf.url}, {S("if-match"), condition},
	    {S("content-type"), rt->body == BODY_FORM ? S("application/x-www-form-urlencoded")
	                                              : S("application/json")},
	    {S("upload-metadata"), query}, {S("upload-length"), condition},
	    {S("tus-resumable"), S("1.0.0")}};
	struct msg_request m = {.method = str_c(rt->method),
	    .target = arena_printf(f->x.a, "%.*s?%.*s", STR(path), STR(query)),
	    .peer = S("192.0.2.7"),
	    .content_length = (int64_t)rest.n,
	    .body = rest,
	    .fields = fields,
	    .field_count = condition.n > 0 ? ARRAY_LEN(fields) : 2};

	f->x.now_us = time_now_us();
	if (api_request(&f->x, &m, &f->r, &f->e) < 0)
		__builtin_trap();
	fd_close(&f->r.part_fd);
	check(f);
}

static const struct route *
route_of(struct str *rest)
{
	unsigned char first = (unsigned char)rest->p[0];
	struct str pattern, method = str_cut(line(rest), ' ', &pattern);

	for (size_t i = 0; i < route_count; i++) {
		if (str_eq_c(method, routes[i].method) && str_eq_c(pattern, routes[i].pattern))
			return &routes[i];
	}
	return &routes[first % route_count];
}

int
LLVMFuzzerTestOneInput(const uint8_t *p, size_t n)
{
	struct str rest = {(const char *)p, n};
	static struct world w;
	static unsigned rounds;
	const struct route *rt;

	if (n == 0)
		return 0;
	rt = route_of(&rest);
	if (rt->lane == LANE_SLOW) /* passwords: a tenth of a second each */
		return 0;
	if (w.f != NULL && ++rounds % ROUNDS_MOST == 0)
		unmake(&w);
	if (w.f == NULL)
		make(&w);
	arena_reset(w.f->x.a);
	ask(&w, rt, rest);
	return 0;
}
