/* SPDX-License-Identifier: AGPL-3.0-or-later */
/* arena_test - zeroing, alignment, reset and growth of the arena. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include "base/arena.h"

static void
memory_is_zero_after_reset(void **state)
{
	AUTO(arena_free) struct arena *a = arena_new();
	char *p = arena_alloc(a, 100);

	memset(p, 0xff, 100);
	assert_int_equal(arena_used(a), 112);
	arena_reset(a);
	assert_int_equal(arena_used(a), 0);
	p = arena_alloc(a, 100);
	for (int i = 0; i < 100; i++)
		assert_int_equal(p[i], 0);
}

static void
every_piece_is_aligned_and_apart(void **state)
{
	AUTO(arena_free) struct arena *a = arena_new();
	char *last = NULL;

	for (size_t n = 0; n < 3000; n++) {
		char *p = arena_alloc(a, n);

		assert_int_equal((uintptr_t)p % _Alignof(max_align_t), 0);
		memset(p, 'x', n);
		if (last != NULL && n > 1)
			assert_int_equal(last[n - 2], 'x');
		last = p;
	}
	assert_non_null(memset(arena_alloc(a, 5 << 20), 1, 5 << 20));
	arena_reset(a);
	assert_non_null(arena_alloc(a, 1));
}

static void
copies_end_in_nul(void **state)
{
	AUTO(arena_free) struct arena *a = arena_new();
	struct str s = arena_str(a, (struct str){"abcdef", 3});

	assert_int_equal(s.n, 3);
	assert_string_equal(s.p, "abc");
	assert_string_equal(arena_cstr(a, (struct str){NULL, 0}), "");
	s = arena_printf(a, "%d-%s", 42, "x");
	assert_int_equal(s.n, 4);
	assert_string_equal(s.p, "42-x");
}

static void
free_sets_null_and_takes_null(void **state)
{
	struct arena *a = arena_new();

	arena_free(&a);
	assert_null(a);
	arena_free(&a);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(memory_is_zero_after_reset),
	    cmocka_unit_test(every_piece_is_aligned_and_apart),
	    cmocka_unit_test(copies_end_in_nul),
	    cmocka_unit_test(free_sets_null_and_takes_null),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
