/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * str_test - what the readers of base/str accept and, above all, what they do
 * not: every string here that is refused was somebody's bug once.
 */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include "base/arena.h"
#include "base/random.h"
#include "base/str.h"

static const struct str nothing = {NULL, 0};

static void
compares(void **state)
{
	assert_true(str_eq(nothing, S("")));
	assert_true(str_eq(str_c(NULL), nothing));
	assert_false(str_eq(S("a"), S("b")));
	assert_false(str_eq(S("a"), S("a\0")));
	assert_true(str_ieq(S("Host"), S("hOST")));
	assert_false(str_ieq(S("["), S("{")));
	assert_true(str_starts(S("abc"), S("ab")));
	assert_true(str_starts(nothing, nothing));
	assert_false(str_starts(S("a"), S("ab")));
	assert_true(str_ends(S("abc"), S("bc")));
	assert_false(str_ends(S("c"), S("bc")));
	assert_int_equal(str_cmp(S("a"), S("ab")), -1);
	assert_int_equal(str_cmp(S("\xff"), S("a")), 1);
	assert_int_equal(str_cmp(nothing, S("")), 0);
}

static void
finds_a_name_in_a_table(void **state)
{
	static const char *const names[] = {"a", "ab", ""};

	(void)state;
	assert_int_equal(str_index(S("ab"), names, 3), 1);
	assert_int_equal(str_index(S("A"), names, 3), -1);
	assert_int_equal(str_index(nothing, names, 3), 2);
	assert_int_equal(str_index(S("a"), names, 0), -1);
}

static void
cuts(void **state)
{
	struct str rest = S("a,,b");

	assert_true(str_eq_c(str_cut(rest, ',', &rest), "a"));
	assert_true(str_eq_c(str_cut(rest, ',', &rest), ""));
	assert_non_null(rest.p);
	assert_true(str_eq_c(str_cut(rest, ',', &rest), "b"));
	assert_null(rest.p);
	assert_int_equal(rest.n, 0);
	(void)str_cut(S("a,"), ',', &rest);
	assert_non_null(rest.p);
	assert_int_equal(rest.n, 0);
	assert_int_equal(str_find(S("abc"), 'x'), 3);
	assert_true(str_eq_c(str_from(S("abc"), 9), ""));
	assert_true(str_eq_c(str_head(S("abc"), 9), "abc"));
	assert_true(str_eq_c(str_trim(S(" \ta b\t ")), "a b"));
	assert_true(str_eq_c(str_trim(S("\na")), "\na"));
	assert_int_equal(str_trim(S("  ")).n, 0);
}

static void
lowers_ascii_only(void **state)
{
	AUTO(arena_free) struct arena *a = arena_new();

	assert_true(str_eq_c(str_lower(a, S("AZ@[\xc3\x84")), "az@[\xc3\x84"));
}

static void
reads_numbers(void **state)
{
	static const char *const bad_u64[] = {"", " 1", "1 ", "+1", "-1", "0x1", "1.",
	    "18446744073709551616", "99999999999999999999999"};
	static const char *const bad_i64[] = {
	    "", "-", "--1", "+1", "9223372036854775808", "-9223372036854775809"};
	uint64_t u = 7;
	int64_t i = 7;

	for (size_t k = 0; k < ARRAY_LEN(bad_u64); k++)
		assert_false(str_u64(str_c(bad_u64[k]), &u));
	for (size_t k = 0; k < ARRAY_LEN(bad_i64); k++)
		assert_false(str_i64(str_c(bad_i64[k]), &i));
	assert_int_equal(u, 7);
	assert_int_equal(i, 7);
	assert_true(str_u64(S("18446744073709551615"), &u));
	assert_true(u == UINT64_MAX);
	assert_true(str_u64(S("007"), &u));
	assert_int_equal(u, 7);
	assert_true(str_i64(S("-9223372036854775808"), &i));
	assert_true(i == INT64_MIN);
	assert_true(str_i64(S("9223372036854775807"), &i));
	assert_true(i == INT64_MAX);
}

static void
ids_have_one_spelling(void **state)
{
	int64_t id = 7;

	assert_false(id_parse(S("0"), &id));
	assert_false(id_parse(S("01"), &id));
	assert_false(id_parse(S("-1"), &id));
	assert_false(id_parse(S("9223372036854775808"), &id));
	assert_int_equal(id, 7);
	assert_true(id_parse(S("9223372036854775807"), &id));
	assert_true(id == INT64_MAX);
}

static void
utf8_as_rfc3629(void **state)
{
	static const char *const good[] = {"", "a", "\x7f", "\xc2\x80", "\xdf\xbf", "\xe0\xa0\x80",
	    "\xed\x9f\xbf", "\xee\x80\x80", "\xef\xbf\xbf", "\xf0\x90\x80\x80", "\xf4\x8f\xbf\xbf"};
	static const char *const bad[] = {"\x80", "\xbf", "\xc0\x80", "\xc1\xbf", "\xc2", "\xc2z",
	    "\xe0\x9f\xbf", "\xed\xa0\x80", "\xe2\x82", "\xe2\x82z", "\xf0\x8f\xbf\xbf",
	    "\xf4\x90\x80\x80", "\xf5\x80\x80\x80", "\xf0\x90\x80", "\xff", "ok\xfe"};

	for (size_t k = 0; k < ARRAY_LEN(good); k++)
		assert_true(str_is_utf8(str_c(good[k])));
	for (size_t k = 0; k < ARRAY_LEN(bad); k++)
		assert_false(str_is_utf8(str_c(bad[k])));
	assert_false(str_is_utf8(S("a\0b")));
}

static void
hex(void **state)
{
	AUTO(arena_free) struct arena *a = arena_new();
	uint8_t b[3] = {9, 9, 9};

	assert_true(str_eq_c(str_hex(a, "\x00\xab\xff", 3), "00abff"));
	assert_false(str_unhex(S("00abf"), b, 3));
	assert_false(str_unhex(S("00abff00"), b, 3));
	assert_false(str_unhex(S("00abfg"), b, 3));
	assert_memory_equal(b, "\x09\x09\x09", 3);
	assert_true(str_unhex(S("00aBFf"), b, 3));
	assert_memory_equal(b, "\x00\xab\xff", 3);
}

/* The vectors of RFC 4648 section 10. */
static void
base64_vectors(void **state)
{
	static const char *const vectors[][2] = {{"", ""}, {"f", "Zg=="}, {"fo", "Zm8="},
	    {"foo", "Zm9v"}, {"foob", "Zm9vYg=="}, {"fooba", "Zm9vYmE="}, {"foobar", "Zm9vYmFy"}};
	AUTO(arena_free) struct arena *a = arena_new();

	for (size_t k = 0; k < ARRAY_LEN(vectors); k++) {
		struct str plain = str_c(vectors[k][0]), coded = str_c(vectors[k][1]), back;

		assert_true(str_eq(str_b64(a, plain.p, plain.n), coded));
		assert_true(str_unb64(a, coded, &back));
		assert_true(str_eq(back, plain));
	}
	assert_true(str_eq_c(str_b64url(a, "\xfb\xff\xfe", 3), "-__-"));
	assert_true(str_eq_c(str_b64(a, "\xfb\xff\xfe", 3), "+//+"));
	assert_true(str_eq_c(str_b64url(a, "fo", 2), "Zm8"));
}

static void
base64_refuses(void **state)
{
	static const char *const bad[] = {"Zg", "Zg=", "Zg===", "Z===", "====", "=",
	    "Zh==", "Zm9=", "Zg==Zg==", "Zm9v\n", "Zm9 ", "-__-", "Z=g="};
	static const char *const bad_url[] = {"Zg", "Zm8=", "Zm9v", "Zm9", "Z+8", ""};
	AUTO(arena_free) struct arena *a = arena_new();
	struct str out = S("kept");
	uint8_t two[2];

	for (size_t k = 0; k < ARRAY_LEN(bad); k++)
		assert_false(str_unb64(a, str_c(bad[k]), &out));
	assert_true(str_eq_c(out, "kept"));
	for (size_t k = 0; k < ARRAY_LEN(bad_url); k++)
		assert_false(str_unb64url(str_c(bad_url[k]), two, sizeof two));
	assert_true(str_unb64url(S("Zm8"), two, sizeof two));
	assert_memory_equal(two, "fo", 2);
}

static void
base64_round_trip(void **state)
{
	AUTO(arena_free) struct arena *a = arena_new();
	uint8_t in[100], out[100];

	random_bytes(in, sizeof in);
	for (size_t n = 0; n <= sizeof in; n++) {
		struct str back;

		assert_true(str_unb64url(str_b64url(a, in, n), out, n));
		assert_memory_equal(in, out, n);
		assert_true(str_unb64(a, str_b64(a, in, n), &back));
		assert_true(str_eq(back, (struct str){(const char *)in, n}));
	}
}

static void
memory_compares(void **state)
{
	assert_true(mem_eq("abc", "abd", 2));
	assert_false(mem_eq("abc", "abd", 3));
	assert_false(mem_eq("\x01", "\x81", 1));
	assert_true(mem_eq(NULL, NULL, 0));
}

static void
id128_round_trip(void **state)
{
	AUTO(arena_free) struct arena *a = arena_new();
	struct id128 id = random_id128(), back = {0};

	assert_int_equal(id128_hex(a, id).n, 32);
	assert_false(id128_eq(id, back));
	assert_true(id128_parse(id128_hex(a, id), &back));
	assert_true(id128_eq(id, back));
	assert_false(id128_parse(S("00"), &back));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(compares),
	    cmocka_unit_test(finds_a_name_in_a_table),
	    cmocka_unit_test(cuts),
	    cmocka_unit_test(lowers_ascii_only),
	    cmocka_unit_test(reads_numbers),
	    cmocka_unit_test(ids_have_one_spelling),
	    cmocka_unit_test(utf8_as_rfc3629),
	    cmocka_unit_test(hex),
	    cmocka_unit_test(base64_vectors),
	    cmocka_unit_test(base64_refuses),
	    cmocka_unit_test(base64_round_trip),
	    cmocka_unit_test(memory_compares),
	    cmocka_unit_test(id128_round_trip),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
