/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * words_test - what is one word, what is the same word, what comes first
 */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include "base/arena.h"
#include "base/str.h"
#include "text/utf8.h"
#include "text/words.h"

static struct str
joined(struct arena *a, struct str text)
{
	struct str all = S("");
	size_t n;
	struct str *words = words_of(a, text, &n);

	for (size_t i = 0; i < n; i++)
		all = arena_printf(a, "%.*s%s%.*s", STR(all), i > 0 ? " " : "", STR(words[i]));
	return all;
}

static void
texts_become_words(void **state)
{
	static const struct {
		const char *text, *words;
	} cases[] = {
	    {"", ""},
	    {" -- ", ""},
	    {"IMG_2041.tif", "img 2041 tif"},
	    {"Möbel MÖBEL mobel", "mobel"},
	    {"Straße", "strasse"},
	    {"u\xcc\x88"
	     "ber Ｗide ﬁx",
	        "uber wide fix"},
	    {"Ελλάδα", "ελλαδα"},
	    {"東京 塔", "東京 塔"},
	    {"a b a c", "a b c"},
	};
	AUTO(arena_free) struct arena *a = arena_new();

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(cases); i++)
		assert_string_equal(joined(a, str_c(cases[i].text)).p, cases[i].words);
}

static void
a_long_word_is_cut_between_characters(void **state)
{
	AUTO(arena_free) struct arena *a = arena_new();
	struct str text = S(""), *words;
	size_t n;

	(void)state;
	for (int i = 0; i < 40; i++)
		text = arena_printf(a, "%.*s東", STR(text));
	words = words_of(a, text, &n);
	assert_int_equal(n, 1);
	assert_int_equal(words[0].n, 63);
	assert_true(str_is_utf8(words[0]));
}

static void
names_are_ordered_as_people_do(void **state)
{
	static const char *const order[] = {
	    "Abend", "ärger", "Azur", "Bild 2", "Bild 10", "bild 10a", "Öl", "Zebra"};
	AUTO(arena_free) struct arena *a = arena_new();

	(void)state;
	for (size_t i = 1; i < ARRAY_LEN(order); i++) {
		struct str one = sort_key_of(a, str_c(order[i - 1]));

		assert_true(str_cmp(one, sort_key_of(a, str_c(order[i]))) < 0);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(texts_become_words),
	    cmocka_unit_test(a_long_word_is_cut_between_characters),
	    cmocka_unit_test(names_are_ordered_as_people_do),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
