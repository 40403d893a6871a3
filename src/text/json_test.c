/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * json_test - what is written reads back elsewhere, and what is read is JSON and nothing more
 */
#include <stdarg.h>
#include <stdio.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include "base/arena.h"
#include "base/buf.h"
#include "base/error.h"
#include "base/str.h"
#include "text/json.h"

static void
writes(void **state)
{
	AUTO(arena_free) struct arena *a = arena_new();
	struct buf b;
	struct js j;

	buf_init_arena(&b, a, 4096);
	js_begin(&j, &b);
	js_open(&j);
	js_kv_str(&j, "s", S("a\"\\\n\x01\x7f\xc3\xa9"));
	js_kv_str(&j, "bad", S("x\xff\xed\xa0\x80y"));
	js_kv_int(&j, "i", -5);
	js_kv_bool(&j, "t", true);
	js_kv_id(&j, "id", 42);
	js_kv_id(&j, "none", 0);
	js_kv_time(&j, "at", a, 1000000);
	js_kv_time(&j, "never", a, 0);
	js_key(&j, "l");
	js_list(&j);
	js_int(&j, 1);
	js_list(&j);
	js_list_end(&j);
	js_open(&j);
	js_close(&j);
	js_null(&j);
	js_list_end(&j);
	js_close(&j);
	struct str want =
	    S("{\"s\":\"a\\\"\\\\\\n\\u0001\\u007f\xc3\xa9\","
	      "\"bad\":\"x\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbdy\",\"i\":-5,\"t\":true,"
	      "\"id\":\"42\",\"none\":null,\"at\":\"1970-01-01T00:00:01Z\",\"never\":null,"
	      "\"l\":[1,[],{},null]}");
	assert_string_equal(arena_cstr(a, buf_view(&b)), arena_cstr(a, want));
}

static void
reads(void **state)
{
	AUTO(json_free) struct json_doc *d = NULL;
	struct error e;
	struct json *l = NULL, *o = NULL;
	struct str s;
	int64_t n = 0;
	bool t = false;

	assert_int_equal(
	    json_parse(S(" {\"s\":\"\\u00e9\",\"n\":9007199254740992,\"t\":true,\"z\":null,"
	                 "\"l\":[\"x\",2],\"o\":{\"in\":1}} \n"),
	        &d, &e),
	    0);
	struct json *r = json_root(d);
	assert_int_equal(json_get_str(r, "s", &s, &e), 1);
	assert_true(str_eq(s, S("\xc3\xa9")));
	assert_int_equal(json_get_int(r, "n", &n, &e), 1);
	assert_int_equal(n, (int64_t)1 << 53);
	assert_int_equal(json_get_bool(r, "t", &t, &e), 1);
	assert_true(t);
	assert_int_equal(json_get_str(r, "z", &s, &e), 0);
	assert_true(json_has(r, "z"));
	assert_int_equal(json_get_str(r, "absent", &s, &e), 0);
	assert_false(json_has(r, "absent"));
	assert_int_equal(json_get_list(r, "l", &l, &e), 1);
	assert_int_equal(json_list_size(l), 2);
	assert_int_equal(json_str(json_list_at(l, 0), &s, &e), 0);
	assert_true(str_eq(s, S("x")));
	assert_int_equal(json_str(json_list_at(l, 1), &s, &e), ERR_INVALID);
	assert_int_equal(json_done(r, &e), ERR_INVALID); /* o was not asked for */
	assert_int_equal(json_get_object(r, "o", &o, &e), 1);
	assert_int_equal(json_done(r, &e), 0);
	assert_int_equal(json_done(o, &e), ERR_INVALID);
	assert_int_equal(json_get_int(r, "s", &n, &e), ERR_INVALID);
	assert_int_equal(json_get_str(r, "n", &s, &e), ERR_INVALID);
	assert_int_equal(json_get_bool(r, "n", &t, &e), ERR_INVALID);
	assert_int_equal(json_get_list(r, "o", &l, &e), ERR_INVALID);
	assert_int_equal(json_get_object(r, "l", &o, &e), ERR_INVALID);
	assert_int_equal(json_get_int(l, "x", &n, &e), ERR_INVALID);
}

/* One of each length, the edges of the planes, and an escape beside it. */
static void
keeps_every_plane(void **state)
{
	static const char text[] =
	    "\xc2\xa1 \xc3\xa9 \xdf\xbf \xe0\xa0\x80 \xef\xbf\xbd "
	    "\xf0\x90\x80\x80 \xf0\x9f\x98\x80 \xf4\x8f\xbf\xbf \\\\ \\\\\xc3\xa9 \xc3\xa4";
	AUTO(json_free) struct json_doc *d = NULL;
	struct error e;
	struct str s;
	char doc[200];

	snprintf(doc, sizeof doc, "{\"\xc3\xa9\":\"%s\"}", text);
	assert_int_equal(json_parse(str_c(doc), &d, &e), 0);
	assert_int_equal(json_get_str(json_root(d), "\xc3\xa9", &s, &e), 1);
	assert_true(str_eq(
	    s, S("\xc2\xa1 \xc3\xa9 \xdf\xbf \xe0\xa0\x80 \xef\xbf\xbd "
	         "\xf0\x90\x80\x80 \xf0\x9f\x98\x80 \xf4\x8f\xbf\xbf \\ \\\xc3\xa9 \xc3\xa4")));
}

static void
refuses(void **state)
{
	static const char *const bad[] = {"", " ", "{", "}", "{}x", "{}{}", "{\"a\":1,\"a\":2}",
	    "{\"a\":1,\"\\u0061\":2}", "{\"x\":{\"a\":1,\"a\":1}}", "{a:1}", "{'a':1}",
	    "{\"a\":1,}", "[1,]", "[1 2]", "// x\n{}", "/* */{}", "{\"a\":NaN}", "{\"a\":Infinity}",
	    "{\"a\":nan}", "{\"a\":01}", "{\"a\":+1}", "{\"a\":\"\\x\"}", "{\"a\":\"\n\"}",
	    "{\"a\":\"\xff\"}", "{\"a\":\"\\\xc3\xa9\"}", "{\"a\":\"\xed\xa0\x80\"}",
	    "{\"a\":\"\xc3\"}", "{\"a\":\xc3\xa9}", "{\"a\\u0000b\":1}", "{\"a\":\"\\u0000\"}",
	    "{\"a\":tru}", "\"a", "{\"a\":TRUE}", "\f{}", "[[[[[[[[[[[[[[[[[[1]]]]]]]]]]]]]]]]]]"};

	for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
		struct json_doc *d = NULL;
		struct error e;
		if (json_parse(str_c(bad[i]), &d, &e) == 0)
			fail_msg("accepted: %s", bad[i]);
		assert_int_equal(e.code, ERR_INVALID);
		assert_null(d);
	}
}

static void
refuses_numbers(void **state)
{
	static const char *const bad[] = {"{\"n\":1.5}", "{\"n\":1e3}",
	    "{\"n\":99999999999999999999}", "{\"n\":-99999999999999999999}",
	    "{\"n\":9007199254740993}", "{\"n\":18446744073709551615}", "{\"n\":\"1\"}"};

	for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
		AUTO(json_free) struct json_doc *d = NULL;
		struct error e;
		int64_t n = 0;
		/* json-c 0.18 refuses what does not fit into 64 bits by itself */
		if (json_parse(str_c(bad[i]), &d, &e) == 0)
			assert_int_equal(json_get_int(json_root(d), "n", &n, &e), ERR_INVALID);
		assert_int_equal(e.code, ERR_INVALID);
	}
}

static void
takes_any_root(void **state)
{
	static const char *const good[] = {"1", "\"a:b\"", "true", "null", "[]", "[{\"a\":[]}]"};

	for (size_t i = 0; i < ARRAY_LEN(good); i++) {
		AUTO(json_free) struct json_doc *d = NULL;
		struct error e;
		int64_t n = 0;
		assert_int_equal(json_parse(str_c(good[i]), &d, &e), 0);
		assert_int_equal(json_get_int(json_root(d), "n", &n, &e), ERR_INVALID);
		assert_int_equal(json_done(json_root(d), &e), ERR_INVALID);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(writes),
	    cmocka_unit_test(reads),
	    cmocka_unit_test(keeps_every_plane),
	    cmocka_unit_test(refuses),
	    cmocka_unit_test(refuses_numbers),
	    cmocka_unit_test(takes_any_root),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
