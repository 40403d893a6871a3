/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * http_test - tables for the small parsers
 */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

#include "base/arena.h"
#include "base/ip.h"
#include "base/str.h"
#include "http/chars.h"
#include "http/head.h"
#include "http/http.h"

static bool
in(const char *set, int c)
{
	return c != 0 && strchr(set, c) != NULL;
}

static void
test_classes(void **state)
{
	for (int c = 0; c < 256; c++) {
		bool digit = c >= '0' && c <= '9';
		bool alnum = digit || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');

		assert_int_equal(http_is((char)c, HTTP_TCHAR), alnum || in("!#$%&'*+-.^_`|~", c));
		assert_int_equal(http_is((char)c, HTTP_UNRESERVED), alnum || in("-._~", c));
		assert_int_equal(http_is((char)c, HTTP_ATTR), alnum || in("!#$&+-.^_`|~", c));
		assert_int_equal(http_is((char)c, HTTP_HEX), digit || in("abcdefABCDEF", c));
		assert_int_equal(
		    http_is((char)c, HTTP_COOKIE), c > ' ' && c < 0x7f && !in("\",;\\", c));
	}
	assert_int_equal(http_hex('a'), 10);
	assert_int_equal(http_hex('F'), 15);
	assert_int_equal(http_hex('7'), 7);
}

static void
test_range(void **state)
{
	static const struct {
		struct str value;
		uint64_t n;
		int want;
		uint64_t from, to;
	} rows[] = {
	    {S("bytes=0-0"), 10, 1, 0, 1},
	    {S("bytes=0-"), 10, 1, 0, 10},
	    {S("Bytes=3-5"), 10, 1, 3, 6},
	    {S("bytes=3-99"), 10, 1, 3, 10},
	    {S("bytes= 3-5 "), 10, 1, 3, 6},
	    {S("bytes=9-9"), 10, 1, 9, 10},
	    {S("bytes=-3"), 10, 1, 7, 10},
	    {S("bytes=-30"), 10, 1, 0, 10},
	    {S("bytes=0-99999999999999999999999"), 10, 1, 0, 10},
	    {S("bytes=-99999999999999999999999"), 10, 1, 0, 10},
	    {S("bytes=10-"), 10, -416, 0, 0},
	    {S("bytes=99999999999999999999999-"), 10, -416, 0, 0},
	    {S("bytes=18446744073709551615-"), UINT64_MAX, -416, 0, 0},
	    {S("bytes=0-18446744073709551615"), UINT64_MAX, 1, 0, UINT64_MAX},
	    {S("bytes=-0"), 10, -416, 0, 0},
	    {S("bytes=0-"), 0, -416, 0, 0},
	    {S("bytes=-1"), 0, -416, 0, 0},
	    {S("bytes=5-3"), 10, 0, 0, 0},
	    {S("bytes=0-1,3-4"), 10, 0, 0, 0},
	    {S("bytes=-"), 10, 0, 0, 0},
	    {S("bytes="), 10, 0, 0, 0},
	    {S("bytes"), 10, 0, 0, 0},
	    {S(""), 10, 0, 0, 0},
	    {S("bytes=a-b"), 10, 0, 0, 0},
	    {S("bytes=1-b"), 10, 0, 0, 0},
	    {S("bytes=--1"), 10, 0, 0, 0},
	    {S("bytes=+1-2"), 10, 0, 0, 0},
	    {S("bytes=1 - 2"), 10, 0, 0, 0},
	    {S("bytes =1-2"), 10, 0, 0, 0},
	    {S("items=0-1"), 10, 0, 0, 0},
	};

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		uint64_t from = 0, to = 0;

		print_message("%.*s\n", STR(rows[i].value));
		assert_int_equal(http_range(rows[i].value, rows[i].n, &from, &to), rows[i].want);
		assert_true(from == rows[i].from && to == rows[i].to);
	}
}

static void
test_etag(void **state)
{
	static const struct {
		struct str list, etag;
		bool strong, weak;
	} rows[] = {
	    {S("*"), S("\"a\""), true, true},
	    {S("\"a\""), S("\"a\""), true, true},
	    {S("W/\"a\""), S("\"a\""), false, true},
	    {S("\"a\""), S("W/\"a\""), false, true},
	    {S("\"b\", \"a\""), S("\"a\""), true, true},
	    {S("\"b\",,\"a\" ,"), S("\"a\""), true, true},
	    {S("\"a,b\""), S("\"a,b\""), true, true},
	    {S("\"a\""), S("\"A\""), false, false},
	    {S("w/\"a\""), S("\"a\""), false, false},
	    {S("a"), S("\"a\""), false, false},
	    {S("\"a"), S("\"a\""), false, false},
	    {S("\"a\" \"b\""), S("\"a\""), false, false},
	    {S("\"a\", junk"), S("\"a\""), false, false},
	    {S("*, \"a\""), S("\"a\""), false, false},
	    {S("\"a b\""), S("\"a b\""), false, false},
	    {S("Wed, 25 Nov 2026 09:38:49 GMT"), S("\"a\""), false, false},
	    {S(""), S("\"a\""), false, false},
	};

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		print_message("%.*s\n", STR(rows[i].list));
		assert_int_equal(
		    http_etag_strong_match(rows[i].list, rows[i].etag), rows[i].strong);
		assert_int_equal(http_etag_weak_match(rows[i].list, rows[i].etag), rows[i].weak);
	}
}

static void
test_cookie(void **state)
{
	static const struct {
		struct str field;
		const char *want;
	} rows[] = {
	    {S("s=1"), "1"},
	    {S("a=b; s=1; c=d"), "1"},
	    {S("s="), ""},
	    {S("s=a=b"), "a=b"},
	    {S("ss=1; s=2"), "2"},
	    {S("junk; s=2;;"), "2"},
	    {S("s=1; s=1"), NULL},
	    {S("s=1; s=2"), NULL},
	    {S("S=1"), NULL},
	    {S("s"), NULL},
	    {S(""), NULL},
	    {S("s=a b"), NULL},
	    {S("s=\"a\""), NULL},
	    {S("s=a,b"), NULL},
	    {S("s =1"), NULL},
	};

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct str got = http_cookie(rows[i].field, "s");

		print_message("%.*s\n", STR(rows[i].field));
		if (rows[i].want == NULL)
			assert_null(got.p);
		else
			assert_true(got.p != NULL && str_eq_c(got, rows[i].want));
	}
}

static void
test_percent(void **state)
{
	AUTO(arena_free) struct arena *a = arena_new();
	struct str ret;

	assert_true(http_percent_decode(a, S("a%20b+%C3%a4"), false, &ret));
	assert_true(str_eq(ret, S("a b+\xc3\xa4")));
	assert_true(http_percent_decode(a, S("a%20b+"), true, &ret));
	assert_true(str_eq(ret, S("a b ")));
	assert_true(http_percent_decode(a, S(""), true, &ret));
	assert_int_equal(ret.n, 0);
	assert_false(http_percent_decode(a, S("%"), false, &ret));
	assert_false(http_percent_decode(a, S("%2"), false, &ret));
	assert_false(http_percent_decode(a, S("%2g"), false, &ret));
	assert_false(http_percent_decode(a, S("a%00"), false, &ret));
	assert_false(http_percent_decode(a, S("%c0%af"), false, &ret));
	assert_false(http_percent_decode(a, S("%ff"), false, &ret));
	http_percent_encode(a, S("a~-._Z9/ \xc3\xa4+%"), &ret);
	assert_true(str_eq(ret, S("a~-._Z9%2F%20%C3%A4%2B%25")));
}

static void
test_form(void **state)
{
	AUTO(arena_free) struct arena *a = arena_new();
	struct str ret = S("untouched");

	assert_int_equal(http_form_get(a, S("a=1&b=2+3%21&c"), "b", &ret), 1);
	assert_true(str_eq(ret, S("2 3!")));
	assert_int_equal(http_form_get(a, S("a=1&&b=2&c"), "c", &ret), 1);
	assert_int_equal(ret.n, 0);
	assert_int_equal(http_form_get(a, S("%62=2"), "b", &ret), 1);
	assert_int_equal(http_form_get(a, S("a=1"), "b", &ret), 0);
	assert_int_equal(http_form_get(a, S(""), "b", &ret), 0);
	assert_int_equal(http_form_get(a, S("b=1&b=2"), "b", &ret), -1);
	assert_int_equal(http_form_get(a, S("a=%&b=2"), "b", &ret), -1);
	assert_int_equal(http_form_get(a, S("b=%00"), "b", &ret), -1);
}

static void
test_language(void **state)
{
	static const struct {
		struct str value, want;
	} rows[] = {
	    {S("de"), S("de")},
	    {S("en-GB,en;q=0.9,de;q=0.8"), S("en")},
	    {S("fr,de-AT;q=0.5"), S("de")},
	    {S("en;q=0.3, de;q=0.7"), S("de")},
	    {S("DE"), S("de")},
	    {S("en;q=0"), S("xx")},
	    {S("en;q=0, de;q=0.001"), S("de")},
	    {S("en;q=1.5, de;q=0.2"), S("de")},
	    {S("en;q=a, de;q=0.2"), S("de")},
	    {S("den"), S("xx")},
	    {S("*"), S("xx")},
	    {S(""), S("xx")},
	};

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		print_message("%.*s\n", STR(rows[i].value));
		assert_true(str_eq(http_language(rows[i].value, S("xx")), rows[i].want));
	}
}

static void
test_attachment(void **state)
{
	static const struct {
		struct str name;
		const char *want;
	} rows[] = {
	    {S("a.pdf"), "attachment; filename=\"a.pdf\"; filename*=UTF-8''a.pdf"},
	    {S("\xc3\x9c \xe2\x80\x9e"
	       "f\xe2\x80\x9c 100%.pdf"),
	        "attachment; filename=\"_ _f_ 100_.pdf\"; "
	        "filename*=UTF-8''%C3%9C%20%E2%80%9Ef%E2%80%9C%20100%25.pdf"},
	    {S("a\r\nSet-Cookie: x"), "attachment; filename=\"a__Set-Cookie: x\"; "
	                              "filename*=UTF-8''a__Set-Cookie%3A%20x"},
	    {S("../a\\b"), "attachment; filename=\".._a_b\"; filename*=UTF-8''.._a_b"},
	    {S("a\"b"), "attachment; filename=\"a_b\"; filename*=UTF-8''a%22b"},
	    {S("\xf0\x9f\x98\x80"), "attachment; filename=\"_\"; filename*=UTF-8''%F0%9F%98%80"},
	    {S("a\xe2\x80\xae"
	       "fdp.exe"),
	        "attachment; filename=\"a_fdp.exe\"; filename*=UTF-8''a_fdp.exe"},
	    {S("a\xff\x00z"), "attachment; filename=\"a__z\"; filename*=UTF-8''a__z"},
	    {S(""), "attachment; filename=\"download\"; filename*=UTF-8''download"},
	};
	AUTO(arena_free) struct arena *a = arena_new();

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct str got = http_attachment(a, rows[i].name);

		print_message("%.*s\n", STR(got));
		assert_true(str_eq_c(got, rows[i].want));
	}
}

static void
test_authority(void **state)
{
	static const struct {
		struct str in;
		const char *want;
	} rows[] = {
	    {S("Example.ORG"), "example.org"},
	    {S("example.org:443"), "example.org"},
	    {S("example.org:8443"), "example.org:8443"},
	    {S("127.0.0.1:1"), "127.0.0.1:1"},
	    {S("[2001:DB8::1]"), "[2001:db8::1]"},
	    {S("[::1]:8443"), "[::1]:8443"},
	    {S(""), NULL},
	    {S(":443"), NULL},
	    {S("a:"), NULL},
	    {S("a:0"), NULL},
	    {S("a:65536"), NULL},
	    {S("a:+1"), NULL},
	    {S("::1"), NULL},
	    {S("[::1"), NULL},
	    {S("[]"), NULL},
	    {S("[::1]x"), NULL},
	    {S("a b"), NULL},
	    {S("a/b"), NULL},
	    {S("u@a"), NULL},
	    {S("a,b"), NULL},
	};
	AUTO(arena_free) struct arena *a = arena_new();

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct str got;

		print_message("%.*s\n", STR(rows[i].in));
		assert_int_equal(http_authority(a, rows[i].in, &got), rows[i].want != NULL);
		if (rows[i].want != NULL)
			assert_true(str_eq_c(got, rows[i].want));
	}
}

/* NULL ends the fields of a request; "!" before the answer: unknown, so the peer. */
static void
test_client(void **state)
{
	static const struct {
		const char *peer, *fields[3], *want;
	} rows[] = {
	    {"192.0.2.7", {NULL}, "192.0.2.7"},
	    {"192.0.2.7", {"203.0.113.9"},
	        "192.0.2.7"}, /* not a proxy of ours: its word is nothing */
	    {"192.0.2.7", {"127.0.0.1"}, "192.0.2.7"},
	    {"10.1.0.1", {NULL}, "10.1.0.1"},
	    {"10.1.0.1", {"203.0.113.9"}, "203.0.113.9"},
	    {"::ffff:10.1.0.1", {"203.0.113.9"}, "203.0.113.9"},
	    {"127.0.0.1", {" 2001:db8::9\t"}, "2001:db8::9"},
	    {"10.1.0.1", {"198.51.100.1, 203.0.113.9"}, "203.0.113.9"},
	    {"10.1.0.1", {"198.51.100.1,203.0.113.9 , 10.2.0.2"}, "203.0.113.9"},
	    {"10.1.0.1", {"198.51.100.1", "203.0.113.9"}, "203.0.113.9"},
	    {"10.1.0.1", {"198.51.100.1", "10.2.0.2"}, "198.51.100.1"},
	    {"10.1.0.1", {"unknown, <script>, 203.0.113.9"}, "203.0.113.9"},
	    {"10.1.0.1", {", 203.0.113.9"}, "203.0.113.9"},
	    {"10.1.0.1", {"::ffff:203.0.113.9"}, "203.0.113.9"},
	    {"10.1.0.1", {"127.0.0.2"}, "127.0.0.2"},
	    {"10.1.0.1", {""}, "!10.1.0.1"},
	    {"10.1.0.1", {"203.0.113.9,"}, "!10.1.0.1"},
	    {"10.1.0.1", {"203.0.113.9, 10.2.0.2,"}, "!10.1.0.1"},
	    {"10.1.0.1", {"203.0.113.9", ""}, "!10.1.0.1"},
	    {"10.1.0.1", {"203.0.113.9, unknown"}, "!10.1.0.1"},
	    {"10.1.0.1", {"203.0.113.9:1234"}, "!10.1.0.1"},
	    {"10.1.0.1", {"[2001:db8::9]"}, "!10.1.0.1"},
	    {"10.1.0.1", {"203.0.113.9 198.51.100.1"}, "!10.1.0.1"},
	    {"10.1.0.1", {"203.0.113.256"}, "!10.1.0.1"},
	    {"10.1.0.1", {"127.0.0.1"}, "!10.1.0.1"}, /* all of them are proxies */
	    {"10.1.0.1", {"10.3.0.1, 10.2.0.2"}, "!10.1.0.1"},
	};
	AUTO(arena_free) struct arena *a = arena_new();
	struct ip_nets trusted;
	struct str bad;

	assert_true(ip_nets_parse(a, S("10.0.0.0/8, 127.0.0.1, ::1"), &trusted, &bad));
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct http_head h = {.fields = {{S("Forwarded"), S("for=198.51.100.77")},
		                          {S("X-Real-IP"), S("198.51.100.78")}},
		    .field_count = 2};
		bool unknown = rows[i].want[0] == '!';
		struct ip ip, want;

		for (size_t k = 0; k < ARRAY_LEN(rows[i].fields) && rows[i].fields[k] != NULL; k++)
			h.fields[h.field_count++] = (struct http_field){
			    k == 0 ? S("X-Forwarded-For") : S("x-forwarded-FOR"),
			    str_c(rows[i].fields[k])};
		assert_true(ip_parse(str_c(rows[i].peer), &ip));
		assert_true(ip_parse(str_c(rows[i].want + unknown), &want));
		if ((http_client(&h, &trusted, &ip) == CLIENT_UNKNOWN) != unknown ||
		    memcmp(&ip, &want, sizeof ip) != 0)
			fail_msg(
			    "row %zu, %s: %s", i, rows[i].want, arena_cstr(a, ip_text(a, &ip)));
	}
}

static void
test_nobody_is_trusted_at_first(void **state)
{
	struct http_head h = {
	    .fields = {{S("X-Forwarded-For"), S("203.0.113.9")}}, .field_count = 1};
	struct ip_nets nobody = {0};
	struct ip ip, peer;

	assert_true(ip_parse(S("127.0.0.1"), &peer));
	ip = peer;
	assert_int_equal(http_client(&h, &nobody, &ip), CLIENT_IS_PEER);
	assert_memory_equal(&ip, &peer, sizeof ip);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_classes),
	    cmocka_unit_test(test_range),
	    cmocka_unit_test(test_etag),
	    cmocka_unit_test(test_cookie),
	    cmocka_unit_test(test_percent),
	    cmocka_unit_test(test_form),
	    cmocka_unit_test(test_language),
	    cmocka_unit_test(test_attachment),
	    cmocka_unit_test(test_authority),
	    cmocka_unit_test(test_client),
	    cmocka_unit_test(test_nobody_is_trusted_at_first),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
