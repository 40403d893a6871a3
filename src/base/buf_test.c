/* SPDX-License-Identifier: AGPL-3.0-or-later */
/* buf_test - growth, the ceiling, and both homes of a buffer. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include "base/arena.h"
#include "base/buf.h"
#include "base/str.h"

static void
writers_append(void **state)
{
	AUTO(buf_fini) struct buf b;

	buf_init(&b, 100);
	assert_int_equal(buf_view(&b).n, 0);
	buf_lit(&b, "ab");
	buf_char(&b, 'c');
	buf_str(&b, S("de"));
	buf_str(&b, (struct str){NULL, 0});
	buf_printf(&b, "-%03d", 7);
	assert_true(str_eq_c(buf_view(&b), "abcde-007"));
	assert_false(b.full);
}

static void
growth_keeps_content(void **state)
{
	AUTO(arena_free) struct arena *a = arena_new();
	struct buf heap, in_arena;

	buf_init(&heap, 1 << 20);
	buf_init_arena(&in_arena, a, 1 << 20);
	for (int i = 0; i < 20000; i++) {
		buf_printf(&heap, "%d,", i);
		buf_printf(&in_arena, "%d,", i);
	}
	assert_false(heap.full);
	assert_int_equal(heap.n, 10 * 2 + 90 * 3 + 900 * 4 + 9000 * 5 + 10000 * 6);
	assert_true(str_eq(buf_view(&heap), buf_view(&in_arena)));
	assert_true(str_starts(buf_view(&heap), S("0,1,2,")));
	assert_true(str_ends(buf_view(&heap), S(",19998,19999,")));
	buf_fini(&heap);
	assert_null(heap.p);
	buf_fini(&heap);
}

static void
past_the_ceiling_is_full(void **state)
{
	AUTO(buf_fini) struct buf b;

	buf_init(&b, 10);
	buf_lit(&b, "0123456789");
	assert_false(b.full);
	buf_char(&b, 'x');
	assert_true(b.full);
	assert_true(str_eq_c(buf_view(&b), "0123456789"));
	buf_add(&b, "", SIZE_MAX);
	assert_int_equal(b.n, 10);
	buf_clear(&b);
	assert_false(b.full);
	buf_lit(&b, "ok");
	assert_true(str_eq_c(buf_view(&b), "ok"));
}

static void
printf_needs_no_room_for_its_nul(void **state)
{
	AUTO(buf_fini) struct buf b;

	buf_init(&b, 4);
	buf_printf(&b, "%s", "");
	assert_int_equal(b.n, 0);
	buf_printf(&b, "%s", "1234");
	assert_false(b.full);
	assert_true(str_eq_c(buf_view(&b), "1234"));
	buf_printf(&b, "%s", "5");
	assert_true(b.full);
	assert_int_equal(b.n, 4);
}

static void
drop_takes_from_the_front(void **state)
{
	AUTO(buf_fini) struct buf b;

	buf_init(&b, 10);
	buf_drop(&b, 3);
	buf_lit(&b, "abcdef");
	buf_drop(&b, 2);
	assert_true(str_eq_c(buf_view(&b), "cdef"));
	buf_drop(&b, 100);
	assert_int_equal(b.n, 0);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(writers_append),
	    cmocka_unit_test(growth_keeps_content),
	    cmocka_unit_test(past_the_ceiling_is_full),
	    cmocka_unit_test(printf_needs_no_room_for_its_nul),
	    cmocka_unit_test(drop_takes_from_the_front),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
