/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * library_test - the library as the web application asks for it
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <unistd.h>

#include <cmocka.h>

#include "api/test_api.h"
#include "model/change.h"

static int
begin(void **state)
{
	*state = fixture_new(test_db(schema_main));
	return 0;
}

static int
end(void **state)
{
	fixture_free(*state);
	return 0;
}

static uint32_t
get(struct fixture *f, const char *target)
{
	return send_ask(f, (struct ask){.method = "GET", .target = str_c(target), .length = -2});
}

static uint32_t
send(struct fixture *f, const char *method, const char *target, const char *json)
{
	struct str body = str_c(json);

	return send_ask(f, (struct ask){.method = method,
	                       .target = arena_str(f->x.a, str_c(target)),
	                       .body = body,
	                       .length = (int64_t)body.n});
}

static bool
has(struct fixture *f, const char *want)
{
	return memmem(f->r.body.p, f->r.body.n, want, strlen(want)) != NULL;
}

static void
holds(struct fixture *f, const char *want)
{
	if (!has(f, want))
		fail_msg("no %s in %.*s", want, STR(buf_view(&f->r.body)));
}

/* A file, as an empty upload makes it: its id. */
static const char *
new_file(struct fixture *f)
{
	struct ask k = {.method = "POST",
	    .target = S("/api/v1/uploads"),
	    .fields = {"upload-length", "0", "upload-metadata", "filename YS50aWY=,folder QQ=="},
	    .length = -2};

	assert_int_equal(send_ask(f, k), 201);
	return arena_cstr(f->x.a, field(f, "Geleit-Asset"));
}

static const char *
say(struct fixture *f, const char *format, const char *a, const char *b)
{
	char text[1000];

#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral"
	snprintf(text, sizeof text, format, a, b);
#pragma GCC diagnostic pop
	return arena_cstr(f->x.a, str_c(text));
}

static void
a_layout_is_nine_bytes_a_file(void **state)
{
	static const uint8_t head[] = {'G', 'L', 'Y', '1', 1, 0, 0, 0};
	struct fixture *f = *state;
	const char *id = new_file(f);
	struct str etag;
	int64_t got;

	assert_int_equal(get(f, "/api/v1/assets/layout?folder=A"), 200);
	assert_int_equal(f->r.body.n, 32);
	assert_memory_equal(f->r.body.p, head, sizeof head);
	assert_int_equal((uint8_t)f->r.body.p[16], 128);
	memcpy(&got, f->r.body.p + 24, sizeof got);
	assert_string_equal(arena_printf(f->x.a, "%lld", (long long)got).p, id);
	etag = field(f, "ETag");
	assert_int_equal(send_ask(f, (struct ask){.method = "GET",
	                                 .target = S("/api/v1/assets/layout?folder=A"),
	                                 .fields = {"if-none-match", etag.p},
	                                 .length = -2}),
	    304);
	assert_int_equal(get(f, "/api/v1/assets/layout?q=tif&state=draft&class=public"), 200);
	assert_int_equal(f->r.body.n, 32);
	assert_int_equal(get(f, "/api/v1/assets/layout?state=sendable"), 200);
	assert_int_equal(f->r.body.n, 16);
	assert_int_equal(get(f, "/api/v1/assets/layout?state=open"), 400);
	assert_true(says(f, "bad-filter"));
	assert_int_equal(get(f, "/api/v1/assets/layout?sort=size"), 400);
	assert_int_equal(get(f, "/api/v1/assets/layout?trash=0"), 400);
}

static void
cards_come_in_the_order_asked_for(void **state)
{
	struct fixture *f = *state;
	const char *one = new_file(f), *two = new_file(f);

	assert_int_equal(send(f, "POST", "/api/v1/assets/cards",
	                     say(f, "{\"ids\":[\"%s\",\"7\",\"%s\"]}", two, one)),
	    200);
	holds(f, say(f, "{\"cards\":[{\"id\":\"%s\",\"title\":\"a.tif\",\"name\":\"a.tif\",%s", two,
	             "\"version\":"));
	holds(f, "\"verdict\":\"in_review\",\"reasons\":[{\"code\":\"release-draft\"}");
	holds(f,
	    "\"checks\":{\"release\":\"open\",\"licence\":\"unchecked\",\"people\":\"unchecked\","
	    "\"audience\":\"unchecked\",\"dates\":\"ok\"}");
	holds(f, "\"width\":null,\"height\":null,\"pages\":null,\"colour\":null,\"blurhash\":null,"
	         "\"preview\":\"none\",\"trashed\":null,\"duplicates\":[],\"stamp\":1");
	assert_int_equal(
	    send(f, "POST", "/api/v1/assets/cards", say(f, "{\"ids\":[\"%s\",\"%s\"]}", one, one)),
	    400);
	assert_int_equal(send(f, "POST", "/api/v1/assets/cards", "{\"ids\":[]}"), 400);
	assert_int_equal(send(f, "POST", "/api/v1/assets/cards", "{\"ids\":[\"x\"]}"), 400);
}

static void
folders_are_made_and_moved(void **state)
{
	struct fixture *f = *state;
	struct str id;

	new_file(f);
	assert_int_equal(send(f, "POST", "/api/v1/folders", "{\"path\":\"B/C\"}"), 201);
	holds(f, "\"path\":\"B/C\",\"count\":0}");
	id = str_head(str_from(buf_view(&f->r.body), 7), 30);
	id = str_cut(id, '"', &(struct str){0});
	assert_int_equal(send(f, "POST", "/api/v1/folders", "{\"path\":\"B/C\"}"), 409);
	assert_true(says(f, "folder-exists"));
	assert_int_equal(send(f, "POST", "/api/v1/folders", "{}"), 400);
	assert_int_equal(send(f, "PATCH", arena_printf(f->x.a, "/api/v1/folders/%.*s", STR(id)).p,
	                     "{\"path\":\"A/D\"}"),
	    200);
	holds(f, "\"path\":\"A/D\"");
	assert_int_equal(get(f, "/api/v1/folders"), 200);
	holds(f, "\"path\":\"A\",\"count\":1}");
	assert_false(has(f, "B/C"));
	assert_int_equal(events(f, "folder.changed"), 2);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, begin, end)

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    TEST(a_layout_is_nine_bytes_a_file),
	    TEST(cards_come_in_the_order_asked_for),
	    TEST(folders_are_made_and_moved),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
