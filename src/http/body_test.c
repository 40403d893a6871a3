/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * body_test - chunked bodies whole, byte by byte, and every way to spoil them
 */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>
#include <stdlib.h>

#include "base/buf.h"
#include "base/str.h"
#include "http/body.h"

/* Feed in pieces of step bytes; 1 whole with *used bytes taken, 0 unfinished, -1 refused. */
static int
feed(struct str in, size_t step, int64_t length, bool chunked, struct buf *got, size_t *used)
{
	struct http_body b;

	http_body_init(&b, length, chunked);
	*used = 0;
	for (;;) {
		struct str piece = str_head(str_from(in, *used), step);
		char *exact = malloc(piece.n ? piece.n : 1);
		size_t skip, data;
		int r;

		memcpy(exact, piece.p, piece.n);
		r = http_body_next(&b, (struct str){exact, piece.n}, &skip, &data);
		if (r >= 0) {
			assert_true(skip + data <= piece.n);
			buf_add(got, exact + skip, data);
			*used += skip + data;
		}
		free(exact);
		if (r != 0)
			return r;
		if (skip + data == 0)
			return 0;
	}
}

static void
expect(struct str in, int want, const char *content, size_t left_over)
{
	for (size_t step = 1; step <= in.n + 1; step++) {
		struct buf got;
		size_t used;

		buf_init(&got, 1 << 20);
		assert_int_equal(feed(in, step, -1, true, &got, &used), want);
		if (want == 1) {
			assert_true(str_eq_c(buf_view(&got), content));
			assert_int_equal(in.n - used, left_over);
		}
		buf_fini(&got);
	}
}

static void
test_chunked(void **state)
{
	expect(S("0\r\n\r\n"), 1, "", 0);
	expect(S("5\r\nhello\r\n0\r\n\r\nGET"), 1, "hello", 3);
	expect(S("5\r\nhello\r\n00A\r\n0123456789\r\n000\r\n\r\n"), 1, "hello0123456789", 0);
	expect(S("1;a=b\r\nx\r\n1; c=\"d\"\r\ny\r\n0;e\r\n\r\n"), 1, "xy", 0);
	expect(S("1\r\nx\r\n0\r\nA: b\r\nC:\r\n\r\n"), 1, "x", 0);
	expect(S("5\r\nhel"), 0, "", 0);
	expect(S("1\r\nx\r\n0\r\n"), 0, "", 0);
	expect(S("fffffffffffffff\r\nx"), 0, "", 0);
}

static void
test_refused(void **state)
{
	static const struct str bad[] = {
	    S("\r\n"),
	    S("g\r\n"),
	    S("-1\r\n"),
	    S("+1\r\n"),
	    S("0x1\r\n"),
	    S(" 1\r\n"),
	    S("1 \r\n"),
	    S("1\nx"),
	    S("1\r\r\n"),
	    S("1\r\nxy"),
	    S("1\r\nx\n"),
	    S("1\r\nx\rY"),
	    S(";a\r\n"),
	    S("1 a\r\n"),
	    S("1 ;a\r\n"),
	    S("1\t;a\r\n"),
	    S("1;\n"),
	    S("1;\0\r\n"),
	    S("10000000000000001\r\n"),
	    S("0000000000000000\r\n"),
	    S("0\r\nA\r\n"),
	    S("0\r\n b\r\n"),
	    S("0\r\nA : b\r\n"),
	    S("0\r\nA: b\n"),
	    S("0\r\nA: \0\r\n"),
	    S("0\r\n\rx"),
	    S("0\r\n\n"),
	    S("0\r\n: x\r\n"),
	};

	for (size_t i = 0; i < ARRAY_LEN(bad); i++)
		expect(bad[i], -1, "", 0);
}

static void
test_bounds(void **state)
{
	struct buf in, got;
	size_t used;

	buf_init(&in, 1 << 20);
	buf_init(&got, 1 << 20);
	buf_lit(&in, "1;");
	for (int i = 0; i < 255; i++)
		buf_char(&in, 'e');
	assert_int_equal(feed(buf_view(&in), 7, -1, true, &got, &used), 0);
	buf_lit(&in, "ee");
	assert_int_equal(feed(buf_view(&in), 7, -1, true, &got, &used), -1);
	buf_clear(&in);
	buf_lit(&in, "0\r\n");
	for (int i = 0; i < 4096 / 8; i++)
		buf_lit(&in, "A: 456\r\n");
	assert_int_equal(feed(buf_view(&in), 100, -1, true, &got, &used), 0);
	buf_lit(&in, "\r\n");
	assert_int_equal(feed(buf_view(&in), 100, -1, true, &got, &used), -1);
	buf_fini(&in);
	buf_fini(&got);
}

static void
test_length(void **state)
{
	struct buf got;
	size_t used;

	buf_init(&got, 100);
	assert_int_equal(feed(S("hello GET"), 2, 5, false, &got, &used), 1);
	assert_true(str_eq(buf_view(&got), S("hello")));
	assert_int_equal(used, 5);
	assert_int_equal(feed(S("hell"), 3, 5, false, &got, &used), 0);
	assert_int_equal(feed(S("GET"), 3, 0, false, &got, &used), 1);
	assert_int_equal(used, 0);
	assert_int_equal(feed(S("GET"), 3, -1, false, &got, &used), 1);
	buf_fini(&got);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_chunked),
	    cmocka_unit_test(test_refused),
	    cmocka_unit_test(test_bounds),
	    cmocka_unit_test(test_length),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
