/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * name_test - hostile file names, paths, texts and addresses
 */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include "base/arena.h"
#include "base/error.h"
#include "base/limits.h"
#include "base/str.h"
#include "text/address.h"
#include "text/name.h"

struct pair {
	struct str in, want;
};

static void
cleans_names(void **state)
{
	static const struct pair cases[] = {
	    {{"Sofa.tif", 8}, {"Sofa.tif", 8}},
	    {{"", 0}, {"datei", 5}},
	    {{"   ", 3}, {"datei", 5}},
	    {{"../../etc/passwd", 16}, {"passwd", 6}},
	    {{"..", 2}, {"datei", 5}},
	    {{"a/", 2}, {"datei", 5}},
	    {{"C:\\dir\\a.txt", 12}, {"a.txt", 5}},
	    {{"a\r\nSet-Cookie: x", 16}, {"aSet-Cookie_ x", 14}},
	    {{"a\0b.txt", 7}, {"ab.txt", 6}},
	    {{"in\xe2\x80\xaegpj.exe", 12}, {"ingpj.exe", 9}}, /* U+202E */
	    {{"a\xe2\x80\xa8"
	      "b\xef\xbb\xbf",
	         8},
	        {"ab", 2}}, /* U+2028, U+FEFF */
	    {{"a\xc2\x85"
	      "b",
	         4},
	        {"ab", 2}},                              /* C1 */
	    {{"u\xcc\x88.txt", 7}, {"\xc3\xbc.txt", 6}}, /* NFC */
	    {{"\xf0\x9f\x9b\x8b.png", 8}, {"\xf0\x9f\x9b\x8b.png", 8}},
	    {{"CON.txt", 7}, {"_CON.txt", 8}},
	    {{"con", 3}, {"_con", 4}},
	    {{"Aux .a.b", 8}, {"_Aux .a.b", 9}},
	    {{"LPT1", 4}, {"_LPT1", 5}},
	    {{"COM\xc2\xb9.x", 7}, {"_COM\xc2\xb9.x", 8}},
	    {{"COM10", 5}, {"COM10", 5}},
	    {{"console.txt", 11}, {"console.txt", 11}},
	    {{"a.txt...", 8}, {"a.txt", 5}},
	    {{"a. . .", 6}, {"a", 1}},
	    {{"a<b>:\"|?*.txt", 13}, {"a_b______.txt", 13}},
	    {{".bashrc", 7}, {".bashrc", 7}},
	};
	AUTO(arena_free) struct arena *a = arena_new();

	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		struct error e;
		struct str got;
		assert_int_equal(name_clean(a, cases[i].in, &got, &e), 0);
		assert_string_equal(arena_cstr(a, got), arena_cstr(a, cases[i].want));
		struct str again;
		assert_int_equal(name_clean(a, got, &again, &e), 0);
		assert_true(str_eq(got, again)); /* cleaning twice changes nothing */
	}
}

static void
refuses_no_utf8(void **state)
{
	static const char *const bad[] = {
	    "\xff", "a\xc3", "\xed\xa0\x80", "\xc0\xaf", "\xf5\x80\x80\x80"};
	AUTO(arena_free) struct arena *a = arena_new();

	for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
		struct error e;
		struct str got;
		assert_int_equal(name_clean(a, str_c(bad[i]), &got, &e), ERR_INVALID);
		assert_string_equal(e.key, "bad-name");
	}
}

/* n times `what`, then `end`. */
static struct str
many(struct arena *a, const char *what, int n, const char *end)
{
	struct str s = str_c("");

	for (int i = 0; i < n; i++)
		s = arena_printf(a, "%.*s%s", STR(s), what);
	return arena_printf(a, "%.*s%s", STR(s), end);
}

static void
shortens(void **state)
{
	AUTO(arena_free) struct arena *a = arena_new();
	struct error e;
	struct str got;

	assert_int_equal(name_clean(a, many(a, "x", 300, ".tiff"), &got, &e), 0);
	assert_int_equal(got.n, LIMIT_NAME_BYTES);
	assert_true(str_ends(got, S(".tiff")));
	assert_int_equal(name_clean(a, many(a, "\xf0\x9f\x9b\x8b", 300, ".png"), &got, &e), 0);
	assert_true(got.n <= LIMIT_NAME_BYTES && got.n > LIMIT_NAME_BYTES - 4);
	assert_true(str_is_utf8(got));
	assert_true(str_ends(got, S(".png")));
	assert_int_equal(name_clean(a, many(a, "x", 9000, ".jpg"), &got, &e), 0);
	assert_true(got.n <= LIMIT_NAME_BYTES && str_ends(got, S(".jpg")));
	assert_int_equal(name_clean(a, many(a, ".", 300, "x"), &got, &e), 0);
	assert_true(got.n <= LIMIT_NAME_BYTES);
	assert_int_equal(name_clean(a, many(a, ".", 300, "xxxxxxxxxxxxxxxxxxxxxxxx"), &got, &e), 0);
	assert_true(str_eq(got, S("datei"))); /* found by fuzzing: nothing but dots was left */
	struct str long_name = many(a, "y", 196, ".pdf");
	got = name_numbered(a, long_name, 12);
	assert_true(got.n <= LIMIT_NAME_BYTES && str_ends(got, S(" (12).pdf")));
	assert_true(str_eq(name_numbered(a, S("a.pdf"), 1), S("a.pdf")));
	assert_true(str_eq(name_numbered(a, S("a.pdf"), 2), S("a (2).pdf")));
	assert_true(str_eq(name_numbered(a, S("README"), 3), S("README (3)")));
	assert_true(str_eq(name_folded(a, S("STRA\xc3\x9f"
	                                    "E")),
	    name_folded(a, S("strasse"))));
	assert_true(str_eq(name_folded(a, S("U\xcc\x88")), name_folded(a, S("\xc3\xbc"))));
	assert_false(str_eq(name_folded(a, S("a")), name_folded(a, S("b"))));
}

static void
cleans_paths(void **state)
{
	static const char *const bad[] = {"..", "a/../b", "a/./b", "a/.../b", "a\\..\\b", "a/\xff",
	    "1/2/3/4/5/6/7/8/9/10/11/12/13/14/15/16/17/18/19/20/21/22/23/24/25/26/27/28/29/30/31/"
	    "32/33"};
	AUTO(arena_free) struct arena *a = arena_new();
	struct error e;
	struct str got;

	assert_int_equal(path_clean(a, S("/Katalog 2027//Sofas/"), &got, &e), 0);
	assert_true(str_eq(got, S("Katalog 2027/Sofas")));
	assert_int_equal(path_clean(a, S(""), &got, &e), 0);
	assert_int_equal(got.n, 0);
	for (size_t i = 0; i < ARRAY_LEN(bad); i++)
		assert_int_equal(path_clean(a, str_c(bad[i]), &got, &e), ERR_INVALID);
	assert_int_equal(path_clean(a, many(a, "abcdefgh/", 130, ""), &got, &e), ERR_INVALID);
}

static void
cleans_text(void **state)
{
	AUTO(arena_free) struct arena *a = arena_new();
	struct error e;
	struct str got;

	assert_int_equal(text_clean(a, S(" a\r\nb\tc "), 100, true, &got, &e), 0);
	assert_true(str_eq(got, S("a\nb\tc")));
	assert_int_equal(text_clean(a, S("a\r\nBcc: x"), 100, false, &got, &e), ERR_INVALID);
	assert_int_equal(text_clean(a, S("a\nb"), 100, false, &got, &e), ERR_INVALID);
	assert_int_equal(text_clean(a, S("a\rb"), 100, true, &got, &e), ERR_INVALID);
	assert_int_equal(text_clean(a, S("a\0b"), 100, true, &got, &e), ERR_INVALID);
	assert_int_equal(text_clean(a, S("a\xe2\x80\xa8"), 100, true, &got, &e), ERR_INVALID);
	assert_int_equal(text_clean(a, S("\xff"), 100, true, &got, &e), ERR_INVALID);
	assert_int_equal(text_clean(a, S("12345"), 4, false, &got, &e), ERR_INVALID);
	assert_string_equal(e.key, "too-long");
	assert_int_equal(text_clean(a, S("u\xcc\x88\xe2\x80\xae"), 10, false, &got, &e), 0);
	assert_true(str_eq(got, S("\xc3\xbc")));
}

static void
cleans_addresses(void **state)
{
	static const char *const bad[] = {"", "a", "@", "a@", "@b", "a@b@c", "a b@c", ".a@b",
	    "a.@b", "a..b@c", "a@-b", "a@b-", "a@b..c", "a@.b", "a@b.", "a@b_c", "\"a\"@b",
	    "a@[127.0.0.1]", "a\r\nBcc: x@b", "a@b\r\nBcc: x", "a@b\n", "\xc3\xa9@b", "a@\xc3\xa9",
	    "<a@b>", "a@b,c@d", "a@b c", "a;b@c"};
	AUTO(arena_free) struct arena *a = arena_new();
	struct error e;
	struct str got;

	for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
		if (address_clean(a, str_c(bad[i]), &got, &e) == 0)
			fail_msg("accepted: %s", bad[i]);
		assert_string_equal(e.key, "bad-address");
	}
	assert_int_equal(address_clean(a, S("a\0@b"), &got, &e), ERR_INVALID);
	assert_int_equal(address_clean(a, many(a, "x", 65, "@b.de"), &got, &e), ERR_INVALID);
	assert_int_equal(address_clean(a, S(" J.Behrens+x@Hafenkontor.Example "), &got, &e), 0);
	assert_true(str_eq(got, S("J.Behrens+x@hafenkontor.example")));
	assert_int_equal(address_clean(a, S("root@localhost"), &got, &e), 0);
	assert_true(address_is_valid(S("A@B")) && !address_is_valid(S(" a@b")));
}

static void
numbers(void **state)
{
	AUTO(arena_free) struct arena *a = arena_new();
	struct str got, n = number_new(a);

	assert_int_equal(n.n, 9);
	assert_true(number_parse(a, n, &got));
	assert_true(str_eq(n, got));
	assert_false(str_eq(n, number_new(a)));
	assert_true(number_parse(a, S(" 7f3k92qd "), &got));
	assert_true(str_eq(got, S("7F3K-92QD")));
	assert_true(number_parse(a, S("olI1-0000"), &got));
	assert_true(str_eq(got, S("0111-0000")));
	assert_false(number_parse(a, S("7F3K-92QU"), &got));
	assert_false(number_parse(a, S("7F3-K92QD"), &got));
	assert_false(number_parse(a, S("7F3K-92Q"), &got));
	assert_false(number_parse(a, S("7F3K-92Q\0"), &got));
	assert_false(number_parse(a, S(""), &got));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(cleans_names),
	    cmocka_unit_test(refuses_no_utf8),
	    cmocka_unit_test(shortens),
	    cmocka_unit_test(cleans_paths),
	    cmocka_unit_test(cleans_text),
	    cmocka_unit_test(cleans_addresses),
	    cmocka_unit_test(numbers),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
