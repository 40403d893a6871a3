/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * head_test - every refusal of a head, and that each also comes from a cut-off head or never
 *
 * Each row is tried whole and byte by byte: a head that is accepted whole must
 * say "more" for every prefix, and no refusal may turn into an acceptance when
 * bytes arrive one at a time.
 */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>
#include <stdlib.h>

#include "base/arena.h"
#include "base/buf.h"
#include "base/str.h"
#include "http/head.h"

#define H "Host: x\r\n"

static const struct {
	struct str in;
	int want;
} rows[] = {
    {S("GET / HTTP/1.1\r\n" H "\r\n"), 1},
    {S("GET /a?b=c&d HTTP/1.1\r\n" H "\r\n"), 1},
    {S("M-SEARCH / HTTP/1.1\r\n" H "\r\n"), 1},
    {S("GET / HTTP/1.1\r\nhOST:x\r\n\r\n"), 1},
    {S("GET / HTTP/1.1\r\nHost: [::1]:8443\r\n\r\n"), 1},
    {S("GET / HTTP/1.1\r\n" H "X:\r\n\r\n"), 1},
    {S("GET / HTTP/1.1\r\n" H "X: a\tb \xc3\xa4\r\n\r\n"), 1},
    {S("POST / HTTP/1.1\r\n" H "Content-Length: 0\r\n\r\n"), 1},
    {S("POST / HTTP/1.1\r\n" H "Content-Length: 9223372036854775807\r\n\r\n"), 1},
    {S("POST / HTTP/1.1\r\n" H "Transfer-Encoding: Chunked\r\n\r\n"), 1},
    {S("POST / HTTP/1.1\r\n" H "Expect: 100-Continue\r\n\r\n"), 1},
    /* line ends and controls */
    {S("GET / HTTP/1.1\nHost: x\n\n"), -400},
    {S("GET / HTTP/1.1\r\nHost: x\n\r\n"), -400},
    {S("GET / HTTP/1.1\r\n" H "X: a\rb\r\n\r\n"), -400},
    {S("GET / HTTP/1.1\r\n" H "X: a\0b\r\n\r\n"), -400},
    {S("GET / HTTP/1.1\r\n" H "X: a\x01\r\n\r\n"), -400},
    {S("GET / HTTP/1.1\r\n" H "X: a\x7f\r\n\r\n"), -400},
    {S("GET /\0 HTTP/1.1\r\n" H "\r\n"), -400},
    {S("\r\nGET / HTTP/1.1\r\n" H "\r\n"), -400},
    {S("\r\n\r\n"), -400},
    /* the request line */
    {S("G@T / HTTP/1.1\r\n" H "\r\n"), -400},
    {S(" GET / HTTP/1.1\r\n" H "\r\n"), -400},
    {S("GET  / HTTP/1.1\r\n" H "\r\n"), -400},
    {S("GET / HTTP/1.1 \r\n" H "\r\n"), -400},
    {S("GET\t/ HTTP/1.1\r\n" H "\r\n"), -400},
    {S("GET / http/1.1\r\n" H "\r\n"), -400},
    {S("GET /\r\n" H "\r\n"), -400},
    {S("GET\r\n" H "\r\n"), -400},
    {S("GET / HTTP/1.1x\r\n" H "\r\n"), -400},
    {S("GET / HTTP/1.10\r\n" H "\r\n"), -400},
    {S("GET / HTTP/1.0\r\n" H "\r\n"), -505},
    {S("GET / HTTP/9.9\r\n" H "\r\n"), -505},
    {S("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"), -505},
    {S("GET http://evil/ HTTP/1.1\r\n" H "\r\n"), -400},
    {S("GET * HTTP/1.1\r\n" H "\r\n"), -400},
    {S("OPTIONS * HTTP/1.1\r\n" H "\r\n"), -400},
    {S("CONNECT x:443 HTTP/1.1\r\n" H "\r\n"), -501},
    {S("CONNECT / HTTP/1.1\r\n" H "\r\n"), -501},
    {S("TRACE / HTTP/1.1\r\n" H "\r\n"), -501},
    {S("get / HTTP/1.1\r\n" H "\r\n"), -400},
    {S("G!T / HTTP/1.1\r\n" H "\r\n"), -400},
    {S("abcGET / HTTP/1.1\r\n" H "\r\n"), -400},
    {S("GET /% HTTP/1.1\r\n" H "\r\n"), -400},
    {S("GET /a%4 HTTP/1.1\r\n" H "\r\n"), -400},
    {S("GET /%zz HTTP/1.1\r\n" H "\r\n"), -400},
    {S("GET /a%00 HTTP/1.1\r\n" H "\r\n"), -400},
    {S("GET /. HTTP/1.1\r\n" H "\r\n"), -400},
    {S("GET /a/.. HTTP/1.1\r\n" H "\r\n"), -400},
    {S("GET /a/../b?c HTTP/1.1\r\n" H "\r\n"), -400},
    {S("GET /a/./b HTTP/1.1\r\n" H "\r\n"), -400},
    {S("GET /%2e%2E/b HTTP/1.1\r\n" H "\r\n"), -400},
    {S("GET /a%2f.%2e%2Fb HTTP/1.1\r\n" H "\r\n"), -400},
    {S("GET /... HTTP/1.1\r\n" H "\r\n"), 1},
    {S("GET /.a/b../c?/../%zz HTTP/1.1\r\n" H "\r\n"), 1},
    {S("GET /%2F%41 HTTP/1.1\r\n" H "\r\n"), 1},
    {S("GET a HTTP/1.1\r\n" H "\r\n"), -400},
    {S("GET /\xc3\xa4 HTTP/1.1\r\n" H "\r\n"), -400},
    {S("GET /#a HTTP/1.1\r\n" H "\r\n"), -400},
    {S("GET /\"<> HTTP/1.1\r\n" H "\r\n"), -400},
    {S("AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA / HTTP/1.1\r\n" H "\r\n"), -501},
    /* fields */
    {S("GET / HTTP/1.1\r\n" H "X: a\r\n b\r\n\r\n"), -400},
    {S("GET / HTTP/1.1\r\n X: a\r\n" H "\r\n"), -400},
    {S("GET / HTTP/1.1\r\n" H "X : a\r\n\r\n"), -400},
    {S("GET / HTTP/1.1\r\n" H "X\r\n\r\n"), -400},
    {S("GET / HTTP/1.1\r\n" H ": a\r\n\r\n"), -400},
    {S("GET / HTTP/1.1\r\n" H "X(): a\r\n\r\n"), -400},
    {S("GET / HTTP/1.1\r\n" H "X\xc3: a\r\n\r\n"), -400},
    /* Host */
    {S("GET / HTTP/1.1\r\n\r\n"), -400},
    {S("GET / HTTP/1.1\r\n" H "Host: x\r\n\r\n"), -400},
    {S("GET / HTTP/1.1\r\n" H "host: y\r\n\r\n"), -400},
    {S("GET / HTTP/1.1\r\nHost:\r\n\r\n"), -400},
    {S("GET / HTTP/1.1\r\nHost: a b\r\n\r\n"), -400},
    {S("GET / HTTP/1.1\r\nHost: a/b\r\n\r\n"), -400},
    {S("GET / HTTP/1.1\r\nHost: a@b\r\n\r\n"), -400},
    {S("GET / HTTP/1.1\r\nHost: a,b\r\n\r\n"), -400},
    {S("GET / HTTP/1.1\r\nHost: a:99999\r\n\r\n"), -400},
    {S("GET / HTTP/1.1\r\nHost: a..b\r\n\r\n"), -400},
    {S("GET / HTTP/1.1\r\nHost: .\r\n\r\n"), -400},
    {S("GET / HTTP/1.1\r\nHost: a.\r\n\r\n"), 1},
    {S("GET / HTTP/1.1\r\nHost:\tx\r\n\r\n"), -400},
    /* framing */
    {S("POST / HTTP/1.1\r\n" H "Content-Length: 3\r\nContent-Length: 3\r\n\r\nabc"), -400},
    {S("POST / HTTP/1.1\r\n" H "Content-Length: 3\r\nContent-Length: 5\r\n\r\nabc"), -400},
    {S("POST / HTTP/1.1\r\n" H "Content-Length: 3, 3\r\n\r\n"), -400},
    {S("POST / HTTP/1.1\r\n" H "Content-Length: +3\r\n\r\n"), -400},
    {S("POST / HTTP/1.1\r\n" H "Content-Length: -3\r\n\r\n"), -400},
    {S("POST / HTTP/1.1\r\n" H "Content-Length: 3abc\r\n\r\n"), -400},
    {S("POST / HTTP/1.1\r\n" H "Content-Length: 0x3\r\n\r\n"), -400},
    {S("POST / HTTP/1.1\r\n" H "Content-Length:\r\n\r\n"), -400},
    {S("POST / HTTP/1.1\r\n" H "Content-Length: 9223372036854775808\r\n\r\n"), -400},
    {S("POST / HTTP/1.1\r\n" H "Content-Length: 18446744073709551617\r\n\r\n"), -400},
    {S("POST / HTTP/1.1\r\n" H "Content-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n"), -400},
    {S("POST / HTTP/1.1\r\n" H "Transfer-Encoding: chunked\r\nContent-Length: 3\r\n\r\n"), -400},
    {S("POST / HTTP/1.1\r\n" H "Transfer-Encoding: gzip\r\nContent-Length: 3\r\n\r\n"), -400},
    {S("POST / HTTP/1.1\r\n" H "Transfer-Encoding : chunked\r\n\r\n"), -400},
    {S("POST / HTTP/1.1\r\n" H "Transfer-Encoding: xchunked\r\n\r\n"), -501},
    {S("POST / HTTP/1.1\r\n" H "Transfer-Encoding: gzip, chunked\r\n\r\n"), -501},
    {S("POST / HTTP/1.1\r\n" H "Transfer-Encoding: chunked, chunked\r\n\r\n"), -501},
    {S("POST / HTTP/1.1\r\n" H "Transfer-Encoding: identity\r\n\r\n"), -501},
    {S("POST / HTTP/1.1\r\n" H "Transfer-Encoding:\r\n\r\n"), -501},
    {S("POST / HTTP/1.1\r\n" H "Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n"),
        -501},
    {S("POST / HTTP/1.1\r\n" H "Content-Length: 3\t\r\n\r\nabc"), -400},
    {S("POST / HTTP/1.1\r\n" H "Transfer-Encoding:\tchunked\r\n\r\n"), -501},
    {S("GET / HTTP/1.1\r\n" H "Range: bytes=0-0\r\nRange: bytes=5-9\r\n\r\n"), -400},
    {S("GET / HTTP/1.1\r\n" H "Authorization: a\r\nAUTHORIZATION: b\r\n\r\n"), -400},
    {S("GET / HTTP/1.1\r\n" H "Origin: a\r\nRange: b\r\nIf-Range: c\r\n\r\n"), 1},
    {S("GET / HTTP/1.1\r\n" H "Cookie: a=b\r\nCookie: c=d\r\nA: b\r\nA: b\r\n\r\n"), 1},
    {S("POST / HTTP/1.1\r\n" H "Expect: 200-ok\r\n\r\n"), -417},
    {S("POST / HTTP/1.1\r\n" H "Expect: 100-continue\r\nExpect: 100-continue\r\n\r\n"), -400},
};

static void
test_rows(void **state)
{
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct http_head h;
		size_t used = 0;
		int r = 0;

		print_message("%.*s\n", (int)str_find(rows[i].in, '\r'), rows[i].in.p);
		assert_int_equal(http_head_parse(rows[i].in, &h, &used), rows[i].want);
		for (size_t n = 0; n <= rows[i].in.n && r == 0; n++) {
			/* Exactly n bytes on the heap, so that ASan sees a read past them. */
			char *copy = memcpy(malloc(n + 1), rows[i].in.p, n);
			char *exact = realloc(copy, n ? n : 1);

			r = http_head_parse((struct str){exact, n}, &h, &used);
			free(exact);
		}
		assert_int_equal(r, rows[i].want);
	}
}

static void
test_what_it_says(void **state)
{
	static const struct str in =
	    S("PATCH /u/1?x=%20 HTTP/1.1\r\nHost: Example.org:8443\r\nContent-Length:  12 \r\n"
	      "Expect: 100-continue\r\nConnection: foo, Close\r\nX-Y:\t a b \t\r\nx-y: "
	      "2\r\n\r\nrest");
	struct http_head h;
	size_t used;

	assert_int_equal(http_head_parse(in, &h, &used), 1);
	assert_int_equal(used, in.n - 4);
	assert_true(str_eq(h.method, S("PATCH")));
	assert_true(str_eq(h.target, S("/u/1?x=%20")));
	assert_true(str_eq(h.path, S("/u/1")));
	assert_true(str_eq(h.query, S("x=%20")));
	assert_true(str_eq(h.host, S("Example.org:8443")));
	assert_int_equal(h.content_length, 12);
	assert_false(h.chunked);
	assert_false(h.keep_alive);
	assert_true(h.expect_continue);
	assert_int_equal(h.field_count, 6);
	assert_true(str_eq(http_field(&h, "x-Y"), S("a b")));
	assert_null(http_field(&h, "X-Z").p);
	assert_int_equal(http_head_parse(S("GET / HTTP/1.1\r\nHost: x\r\n\r\n"), &h, &used), 1);
	assert_true(h.keep_alive);
	assert_int_equal(h.content_length, -1);
	assert_int_equal(h.query.n, 0);
}

/* A head with a target of so many bytes, so many fields, and a last field of so many bytes. */
static int
sized(size_t target, unsigned fields, size_t value, bool is_ended)
{
	struct http_head h;
	struct buf b;
	size_t used;
	int r;

	buf_init(&b, 1 << 20);
	buf_lit(&b, "GET /");
	for (size_t i = 1; i < target; i++)
		buf_char(&b, 'a');
	buf_lit(&b, " HTTP/1.1\r\nHost: x\r\n");
	for (unsigned i = 1; i < fields; i++)
		buf_lit(&b, "A: b\r\n");
	if (value > 0) {
		buf_lit(&b, "V: ");
		for (size_t i = 0; i < value; i++)
			buf_char(&b, 'v');
	}
	if (is_ended)
		buf_lit(&b, value > 0 ? "\r\n\r\n" : "\r\n");
	r = http_head_parse(buf_view(&b), &h, &used);
	buf_fini(&b);
	return r;
}

static void
test_sizes(void **state)
{
	assert_int_equal(sized(4096, 1, 0, true), 1);
	assert_int_equal(sized(4097, 1, 0, true), -414);
	assert_int_equal(sized(20000, 1, 0, true), -414);
	assert_int_equal(sized(20000, 1, 0, false), -414);
	assert_int_equal(sized(10, 100, 0, true), 1);
	assert_int_equal(sized(10, 101, 0, true), -431);
	assert_int_equal(sized(1, 1, 16384 - 32, true), 1);
	assert_int_equal(sized(1, 1, 16384 - 31, true), -431);
	assert_int_equal(sized(1, 1, 16384, true), -431);
	assert_int_equal(sized(1, 1, 16384, false), -431);
	assert_int_equal(sized(1, 1, 16000, false), 0);
}

static void
test_reason(void **state)
{
	assert_string_equal(http_reason(404), "Not Found");
	assert_string_equal(http_reason(999), "");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_rows),
	    cmocka_unit_test(test_what_it_says),
	    cmocka_unit_test(test_sizes),
	    cmocka_unit_test(test_reason),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
