/* SPDX-License-Identifier: AGPL-3.0-or-later */
/* sizes: one server and one set of clients for all that a connection may do */
/*
 * net_conn_test - real TLS clients against a real server: framing, deadlines, cuts, counts
 *
 * The tick is 500 ms, so a deadline of T shows between T and T + 0.5 s; the
 * upper bounds leave room for a busy machine.
 */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/error.h"
#include "base/random.h"
#include "net/net_test_peer.h"

#define MS 1000
#define GET(path) "GET " path " HTTP/1.1\r\nHost: x\r\n\r\n"

static char space[4 << 20];

/* Every deadline short; a test that needs one long says so. */
static struct net_times
short_times(void)
{
	struct net_times t = net_times_default;

	t.handshake_us = t.head_us = t.body_window_us = 600 * MS;
	t.idle_us = t.answer_us = t.stall_us = 800 * MS;
	t.discard_silence_us = 300 * MS;
	t.body_window_bytes = 1000;
	t.stall_bytes = 20000;
	return t;
}

static void
start(struct server *s)
{
	server_start(s, &net_times_default);
}

static void
start_short(struct server *s)
{
	struct net_times t = short_times();

	server_start(s, &t);
}

static void
open_and_say(struct client *c, struct server *s, const char *text)
{
	client_open(c, s, 0);
	client_say(c, text);
}

/*
 * The same after one exchange: the handshake is over on both sides and the
 * session ticket read, which would turn this side's close() into a reset.
 */
static void
settle_and_say(struct client *c, struct server *s, const char *text)
{
	open_and_say(c, s, GET("/fast"));
	assert_int_equal(client_answer(c, space, sizeof space), 200);
	client_say(c, text);
}

/* ---- requests ---- */

static void
test_keep_alive_and_pipelining(void **state)
{
	struct server s;
	struct client c;

	start(&s);
	client_open(&c, &s, 0);
	for (int i = 0; i < 3; i++) {
		client_say(&c, i == 1 ? GET("/later") : GET("/fast"));
		assert_int_equal(client_answer(&c, space, sizeof space), 200);
		assert_string_equal(space, i == 1 ? "/later 127.0.0.1" : "/fast 127.0.0.1");
	}
	client_say(
	    &c, GET("/later") "POST /up HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\n\r\nabc" GET(
	            "/bytes/5") GET("/fast"));
	assert_int_equal(client_answer(&c, space, sizeof space), 200);
	assert_string_equal(space, "/later 127.0.0.1");
	assert_int_equal(client_answer(&c, space, sizeof space), 200);
	assert_memory_equal(space, "3 ", 2);
	assert_int_equal(client_answer(&c, space, sizeof space), 200);
	assert_int_equal(client_answer(&c, space, sizeof space), 200);
	assert_string_equal(space, "/fast 127.0.0.1");
	client_say(&c, "GET /fast HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n" GET("/fast"));
	assert_int_equal(client_answer(&c, space, sizeof space), 200);
	assert_int_equal(client_recv(&c, space, 10), 0);
	client_close(&c);
	server_stop(&s);
}

static void
test_head_in_pieces(void **state)
{
	static const char text[] = "POST /up HTTP/1.1\r\nHost: x\r\nContent-Length: 4\r\n\r\nabcd";
	struct server s;
	struct client c;

	start(&s);
	client_open(&c, &s, 0);
	for (size_t i = 0; i < sizeof text - 1; i++)
		client_send(&c, text + i, 1);
	assert_int_equal(client_answer(&c, space, sizeof space), 200);
	assert_memory_equal(space, "4 ", 2);
	client_close(&c);
	server_stop(&s);
}

static void
test_refused_heads(void **state)
{
	static const struct {
		const char *text;
		int status;
	} rows[] = {
	    {"GET / HTTP/1.1\nHost: x\n\n", 400},
	    {"GET / HTTP/1.0\r\nHost: x\r\n\r\n", 505},
	    {"POST /up HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: gzip\r\n\r\n", 501},
	    {"POST /up HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\nTransfer-Encoding: "
	     "chunked\r\n\r\n"
	     "0\r\n\r\n" GET("/fast"),
	        400},
	    {"POST /up HTTP/1.1\r\nHost: x\r\nExpect: x\r\n\r\n", 417},
	};
	struct server s;
	struct client c;

	start(&s);
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		open_and_say(&c, &s, rows[i].text);
		assert_int_equal(client_answer(&c, space, sizeof space), rows[i].status);
		assert_int_equal(client_recv(&c, space, 10), 0); /* one answer, then the end */
		client_close(&c);
	}
	server_stop(&s);
}

static void
test_large_heads(void **state)
{
	struct server s;
	struct client c;

	start(&s);
	memset(space, 'a', 40000);
	open_and_say(&c, &s, "GET /fast HTTP/1.1\r\nHost: x\r\nX: ");
	client_send(&c, space, 40000);
	assert_int_equal(client_answer(&c, space, sizeof space), 431);
	client_close(&c);
	memset(space, 'a', 40000);
	open_and_say(&c, &s, "GET /");
	client_send(&c, space, 40000);
	assert_int_equal(client_answer(&c, space, sizeof space), 414);
	client_close(&c);
	server_stop(&s);
}

/* ---- bodies ---- */

static void
fill_pattern(size_t n)
{
	for (size_t i = 0; i < n; i++)
		space[i] = (char)PATTERN(i);
}

static void
check_sum(size_t n)
{
	char want[64];
	uint64_t sum = 0;

	for (size_t i = 0; i < n; i++)
		sum = sum * 31 + PATTERN(i);
	snprintf(want, sizeof want, "%zu %llu", n, (unsigned long long)sum);
	assert_string_equal(space, want);
}

static void
upload(struct server *s, const char *path, size_t n, size_t chunk)
{
	struct client c;
	char line[128];

	fill_pattern(n);
	client_open(&c, s, 0);
	if (chunk == 0)
		snprintf(line, sizeof line,
		    "PUT %s HTTP/1.1\r\nHost: x\r\nContent-Length: %zu\r\n\r\n", path, n);
	else
		snprintf(line, sizeof line,
		    "PUT %s HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n", path);
	client_say(&c, line);
	for (size_t at = 0; at < n && chunk > 0; at += chunk) {
		snprintf(line, sizeof line, "%zx;x=y\r\n", MIN(chunk, n - at));
		client_say(&c, line);
		client_send(&c, space + at, MIN(chunk, n - at));
		client_say(&c, "\r\n");
	}
	if (chunk == 0)
		client_send(&c, space, n);
	else
		client_say(&c, "0\r\nTrailer: x\r\n\r\n");
	client_say(&c, GET("/fast"));
	assert_int_equal(client_answer(&c, space, sizeof space), 200);
	check_sum(n);
	assert_int_equal(client_answer(&c, space, sizeof space), 200);
	client_close(&c);
}

static void
test_uploads(void **state)
{
	struct server s;

	start(&s);
	upload(&s, "/up", 3000000, 0);
	upload(&s, "/up", 300000, 777);
	upload(&s, "/up", 300000, 100000);
	upload(&s, "/up", 20, 1);
	upload(&s, "/slow-sink", 1000000, 0);
	upload(&s, "/slow-sink", 500000, 5000);
	server_stop(&s);
}

static void
test_expect_continue(void **state)
{
	struct server s;
	struct client c;

	start(&s);
	open_and_say(&c, &s,
	    "PUT /up HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\nExpect: 100-continue\r\n\r\n");
	assert_int_equal(client_answer(&c, space, sizeof space), 100);
	client_say(&c, "abc");
	assert_int_equal(client_answer(&c, space, sizeof space), 200);
	client_close(&c);
	open_and_say(&c, &s,
	    "PUT /deny HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\nExpect: 100-continue\r\n\r\n");
	assert_int_equal(client_answer(&c, space, sizeof space), 413);
	assert_int_equal(client_recv(&c, space, 10), 0);
	client_close(&c);
	server_stop(&s);
}

static void
test_no_body_taken(void **state)
{
	struct server s;
	struct client c;

	start(&s);
	open_and_say(&c, &s, GET("/up") "PUT /up HTTP/1.1\r\nHost: x\r\nContent-Length: 0\r\n\r\n");
	assert_int_equal(client_answer(&c, space, sizeof space), 200);
	assert_string_equal(space, "0 0");
	assert_int_equal(client_answer(&c, space, sizeof space), 200);
	client_close(&c);
	server_stop(&s);
}

/* Send all, then look: clients that do not read while they send must see the refusal, too. */
static void
expect_refusal(struct server *s, const char *path, size_t n)
{
	struct client c;
	char head[128];

	snprintf(head, sizeof head, "PUT %s HTTP/1.1\r\nHost: x\r\nContent-Length: %zu\r\n\r\n",
	    path, n);
	client_open(&c, s, 0);
	client_say(&c, head);
	for (size_t at = 0; at < n; at += sizeof space)
		client_send(&c, space, MIN(sizeof space, n - at));
	assert_int_equal(client_answer(&c, space, sizeof space), 413);
	assert_int_equal(client_recv(&c, space, 10), 0);
	client_close(&c);
}

static void
test_refusals_are_seen(void **state)
{
	struct server s;

	start(&s);
	for (int i = 0; i < 20; i++)
		expect_refusal(&s, "/mid", 4000000);
	for (int i = 0; i < 20; i++)
		expect_refusal(&s, "/deny", 4000000);
	expect_refusal(&s, "/deny", 50000000);
	server_stop(&s);
}

static void
test_discard_has_an_end(void **state)
{
	struct net_times t = net_times_default;
	struct server s;
	struct client c;
	size_t done, sent = 0;

	t.discard_bytes = 1000000;
	server_start(&s, &t);
	open_and_say(&c, &s, "PUT /deny HTTP/1.1\r\nHost: x\r\nContent-Length: 90000000\r\n\r\n");
	while (sent < 90000000 && SSL_write_ex(c.ssl, space, 100000, &done) == 1)
		sent += done;
	assert_true(sent >= 900000 && sent < 30000000);
	client_close(&c);
	server_stop(&s);
}

static void
test_broken_bodies(void **state)
{
	struct server s;
	struct client c;

	start_short(&s);
	open_and_say(
	    &c, &s, "PUT /up HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabcX");
	server_expect(&s, "body_end 0 3");
	assert_int_equal(client_answer(&c, space, sizeof space), 400);
	client_close(&c);
	/* What came before the break is the handler's, with a reset as with a goodbye. */
	settle_and_say(&c, &s, "PUT /up HTTP/1.1\r\nHost: x\r\nContent-Length: 10\r\n\r\nabcde");
	client_close(&c);
	server_expect(&s, "body_end 0 5");
	server_expect(&s, "closed /up");
	settle_and_say(&c, &s, "PUT /up HTTP/1.1\r\nHost: x\r\nContent-Length: 10\r\n\r\nabcdef");
	client_reset(&c);
	server_expect(&s, "closed /up");
	/* Whole, and gone at once: still whole. */
	settle_and_say(&c, &s, "PUT /up HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\n\r\nabc");
	client_close(&c);
	server_expect(&s, "body_end 1 3");
	server_expect(&s, "closed /up");
	server_stop(&s);
}

/* The peer hangs up while the handler has paused: the bytes in the kernel still arrive. */
static void
test_hang_up_while_paused(void **state)
{
	struct server s;
	struct client c;
	double cpu;

	start(&s);
	open_and_say(
	    &c, &s, "PUT /slow-sink HTTP/1.1\r\nHost: x\r\nContent-Length: 900000\r\n\r\n");
	client_send(&c, space, 600000);
	/* Not close(): an unread session ticket would turn that into a reset. */
	assert_int_equal(shutdown(c.fd, SHUT_WR), 0);
	cpu = server_cpu(&s);
	server_expect(&s, "body_end 0 600000");
	server_expect(&s, "closed /slow-sink");
	assert_true(server_cpu(&s) - cpu < 0.2);
	client_close(&c);
	server_stop(&s);
}

/* ---- deadlines ---- */

/* That it ends, and not at once, is what a test can say; how soon after is the machine's. */
#define PATIENCE 20.0

static void
expect_end_after(struct client *c, double from)
{
	double t = client_until_end(c, space, sizeof space);

	print_message("ended after %.2f s\n", t);
	assert_true(t >= from && t <= PATIENCE);
	client_close(c);
}

static void
test_stalled_handshake(void **state)
{
	static const struct str hellos[] = {S(""), S("\x16\x03\x01\x02\x00\x01")};
	struct server s;

	start_short(&s);
	for (size_t i = 0; i < ARRAY_LEN(hellos); i++) {
		double begin = seconds(), t;
		int fd = plain_connect(&s, 0);

		assert_int_equal(send(fd, hellos[i].p, hellos[i].n, 0), hellos[i].n);
		assert_true(recv(fd, space, 10, 0) <= 0);
		t = seconds() - begin;
		assert_true(t > 0.5 && t < PATIENCE);
		server_expect(&s, "closed - acked 0 sent 0 head 0");
		close(fd);
	}
	server_stop(&s);
}

static void
test_plain_http_is_closed(void **state)
{
	struct server s;
	double begin;
	int fd;

	start(&s);
	begin = seconds();
	fd = plain_connect(&s, 0);
	assert_true(send(fd, S(GET("/fast")).p, 20, 0) > 0);
	while (recv(fd, space, 100, 0) > 0)
		assert_null(strstr(space, "HTTP/"));
	assert_true(seconds() - begin < PATIENCE);
	close(fd);
	server_stop(&s);
}

static void
test_idle(void **state)
{
	struct server s;
	struct client c;

	start_short(&s);
	client_open(&c, &s, 0);
	expect_end_after(&c, 0.7);
	open_and_say(&c, &s, GET("/fast"));
	assert_int_equal(client_answer(&c, space, sizeof space), 200);
	expect_end_after(&c, 0.7);
	assert_string_equal(space, "");
	server_stop(&s);
}

/* ---- places ---- */

#define PLACES 6

/* A plain socket is silent in its handshake, a client in keep-alive: both give way, oldest first.
 */
static void
test_the_longest_silent_gives_way(void **state)
{
	struct server s;
	struct client c[PLACES], one_more;

	server_start_small(&s, PLACES);
	for (size_t i = 0; i < PLACES; i++) {
		open_and_say(&c[i], &s, GET("/fast"));
		assert_int_equal(client_answer(&c[i], space, sizeof space), 200);
	}
	client_say(&c[0], GET("/fast")); /* not silent any more: c[1] is longest */
	assert_int_equal(client_answer(&c[0], space, sizeof space), 200);
	open_and_say(&one_more, &s, GET("/fast"));
	assert_int_equal(client_answer(&one_more, space, sizeof space), 200);
	assert_int_equal(client_recv(&c[1], space, sizeof space), 0);
	for (size_t i = 0; i < PLACES; i++) {
		if (i == 1)
			continue;
		client_say(&c[i], GET("/fast"));
		assert_int_equal(client_answer(&c[i], space, sizeof space), 200);
	}
	for (size_t i = 0; i < PLACES; i++)
		client_close(&c[i]);
	client_close(&one_more);
	server_stop(&s);
}

static void
test_a_crowd_without_requests_keeps_nobody_out(void **state)
{
	int crowd[PLACES * 20];
	struct server s;
	struct client c;

	server_start_small(&s, PLACES);
	for (size_t i = 0; i < ARRAY_LEN(crowd); i++)
		crowd[i] = plain_connect(&s, 0);
	open_and_say(&c, &s, GET("/fast"));
	assert_int_equal(client_answer(&c, space, sizeof space), 200);
	server_tell(&s, 'n');
	assert_string_equal(server_expect(&s, "count"), "count 6");
	for (size_t i = 0; i < ARRAY_LEN(crowd); i++)
		close(crowd[i]);
	client_close(&c);
	server_stop(&s);
}

/* Whoever has a request keeps the place; a new connection waits until one is done. */
static void
test_requests_keep_their_places(void **state)
{
	struct server s;
	struct client c[PLACES], one_more;
	int waits;

	server_start_small(&s, PLACES);
	for (size_t i = 0; i < PLACES; i++) {
		open_and_say(&c[i], &s, GET("/never"));
		server_expect(&s, "request /never");
	}
	waits = plain_connect(&s, 0); /* in the kernel's queue */
	server_tell(&s, 'n');
	assert_string_equal(server_report(&s, 1000), "count 6");
	client_close(&c[2]);
	server_expect(&s, "closed /never");
	open_and_say(&one_more, &s, GET("/fast"));
	assert_int_equal(client_answer(&one_more, space, sizeof space), 200);
	close(waits);
	for (size_t i = 0; i < PLACES; i++)
		if (i != 2)
			client_close(&c[i]);
	client_close(&one_more);
	server_stop(&s);
}

static void
test_slow_head(void **state)
{
	struct server s;
	struct client c;
	double begin;
	size_t done;

	start_short(&s);
	open_and_say(&c, &s, "GET /fast HTTP/1.1\r\nHost: x\r\nX: ");
	begin = seconds();
	/* One byte each 50 ms: never silent, never done. */
	while (seconds() - begin < PATIENCE && SSL_write_ex(c.ssl, "a", 1, &done) == 1)
		usleep(50000);
	begin = seconds() - begin;
	assert_true(begin > 0.5 && begin < PATIENCE);
	assert_int_equal(client_answer(&c, space, sizeof space), 408);
	client_close(&c);
	server_stop(&s);
}

static void
test_slow_body(void **state)
{
	struct server s;
	struct client c;
	double begin;
	size_t done;

	start_short(&s);
	open_and_say(&c, &s, "PUT /up HTTP/1.1\r\nHost: x\r\nContent-Length: 9000000\r\n\r\n");
	begin = seconds();
	while (seconds() - begin < 2) { /* about 20 kB/s: quick enough, for two seconds */
		client_send(&c, space, 1000);
		usleep(50000);
	}
	begin = seconds();
	while (seconds() - begin < PATIENCE && SSL_write_ex(c.ssl, "a", 1, &done) == 1)
		usleep(50000);
	begin = seconds() - begin;
	assert_true(begin > 0.1 && begin < PATIENCE);
	server_expect(&s, "body_end 0");
	assert_int_equal(client_answer(&c, space, sizeof space), 408);
	client_close(&c);
	server_stop(&s);
}

static void
test_handler_too_slow(void **state)
{
	struct server s;
	struct client c;

	start_short(&s);
	open_and_say(&c, &s, GET("/never"));
	assert_int_equal(client_answer(&c, space, sizeof space), 503);
	assert_int_equal(client_recv(&c, space, 10), 0);
	client_close(&c);
	server_expect(&s, "closed /never");
	open_and_say(&c, &s, GET("/stuck"));
	expect_end_after(&c, 0.7);
	server_expect(&s, "closed /stuck acked 1000 sent 1000 head 1");
	open_and_say(
	    &c, &s, "PUT /never-sink HTTP/1.1\r\nHost: x\r\nContent-Length: 300000\r\n\r\n");
	client_send(&c, space, 150000);
	expect_end_after(&c, 0.5);
	server_expect(&s, "closed /never-sink");
	server_stop(&s);
}

static void
test_stalled_reader(void **state)
{
	struct server s;
	struct client c;
	double begin;

	start_short(&s);
	client_open(&c, &s, 65536);
	begin = seconds();
	client_say(&c, GET("/bytes/100000000"));
	server_expect(&s, "closed /bytes/100000000");
	begin = seconds() - begin;
	print_message("cut after %.2f s\n", begin);
	assert_true(begin > 0.7 && begin < PATIENCE);
	client_close(&c);
	server_stop(&s);
}

/* What it takes is never nothing and never enough to be worth the place. */
static void
test_trickling_reader(void **state)
{
	struct server s;
	struct client c;
	ssize_t got = 1;

	start_short(&s);
	client_open(&c, &s, 4096);
	client_say(&c, GET("/bytes/100000000"));
	for (int i = 0; i < 200 && got > 0; i++) { /* 10 KB/s beneath TLS, for ten seconds */
		got = recv(c.fd, space, 500, 0);
		usleep(50000);
	}
	assert_true(got <= 0);
	server_expect(&s, "closed /bytes/100000000");
	client_close(&c);
	server_stop(&s);
}

static void
test_slow_reader_is_left_alone(void **state)
{
	struct server s;
	struct client c;
	size_t n = 0;

	start_short(&s);
	client_open(&c, &s, 32768);
	client_say(&c, GET("/bytes/2000000"));
	for (int i = 0; i < 40; i++) { /* four seconds, five times stall_us */
		long got = client_recv(&c, space, 16384);

		assert_true(got > 0);
		n += (size_t)got;
		usleep(100000);
	}
	while (n < 2000000) {
		long got = client_recv(&c, space, sizeof space);

		assert_true(got > 0);
		n += (size_t)got;
	}
	client_close(&c);
	server_stop(&s);
}

/* Every kind of stall at once, deadlines long: the server must sleep. */
static void
test_stalls_cost_nothing(void **state)
{
	struct server s;
	struct client c[6];
	int fd;
	double cpu;

	start(&s);
	fd = plain_connect(&s, 0);
	assert_int_equal(send(fd, "\x16\x03\x01\x02\x00\x01", 6, 0), 6);
	open_and_say(&c[0], &s, "GET /fast HTTP/1.1\r\n");
	open_and_say(&c[1], &s, "PUT /up HTTP/1.1\r\nHost: x\r\nContent-Length: 100\r\n\r\nabc");
	client_open(&c[2], &s, 65536);
	client_say(&c[2], GET("/bytes/100000000"));
	open_and_say(&c[3], &s, GET("/never") GET("/never") "more");
	open_and_say(&c[4], &s, GET("/stuck") GET("/never"));
	open_and_say(
	    &c[5], &s, "PUT /never-sink HTTP/1.1\r\nHost: x\r\nContent-Length: 3000000\r\n\r\n");
	client_send(&c[5], space, 200000);
	usleep(300000);
	cpu = server_cpu(&s);
	usleep(1500000);
	cpu = server_cpu(&s) - cpu;
	print_message("%.1f ms of CPU in 1.5 s\n", cpu * 1000);
	assert_true(cpu < 0.04); /* the test's own tick every 20 ms is most of it */
	for (size_t i = 0; i < ARRAY_LEN(c); i++)
		client_close(&c[i]);
	close(fd);
	server_stop(&s);
}

/* ---- cuts and counts ---- */

static void
test_cut(void **state)
{
	struct server s;
	struct client c;
	double begin;

	start(&s);
	client_open(&c, &s, 65536);
	client_say(&c, GET("/cut"));
	for (size_t n = 0; n < 1000000;) {
		long got = client_recv(&c, space, 16384);

		assert_true(got > 0);
		n += (size_t)got;
	}
	begin = seconds();
	server_tell(&s, 'x');
	while (client_recv(&c, space, sizeof space) > 0)
		;
	begin = seconds() - begin;
	print_message("cut seen after %.3f s\n", begin);
	assert_true(begin < PATIENCE);
	server_expect(&s, "closed /cut");
	client_close(&c);
	server_stop(&s);
}

static void
test_bytes_are_right(void **state)
{
	static const char *const paths[] = {
	    GET("/bytes/1"), GET("/bytes/16384"), GET("/bytes/3000000"), GET("/trickle/9999")};
	static const size_t sizes[] = {1, 16384, 3000000, 9999};
	struct server s;
	struct client c;

	start(&s);
	client_open(&c, &s, 0);
	for (size_t i = 0; i < ARRAY_LEN(paths); i++) {
		client_say(&c, paths[i]);
		assert_int_equal(client_answer(&c, space, sizeof space), 200);
		for (size_t k = 0; k < sizes[i]; k++)
			assert_true((unsigned char)space[k] == PATTERN(k));
	}
	client_close(&c);
	server_stop(&s);
}

static uint64_t
number_after(const char *line, const char *word)
{
	const char *at = strstr(line, word);

	assert_non_null(at);
	return strtoull(at + strlen(word), NULL, 10);
}

/* All of it read: all of it acknowledged, whether the client says goodbye or goes on. */
static void
test_acked_whole(void **state)
{
	struct server s;
	struct client c;

	start(&s);
	open_and_say(&c, &s, GET("/bytes/3000000"));
	assert_int_equal(client_answer(&c, space, sizeof space), 200);
	client_close(&c);
	assert_int_equal(number_after(server_expect(&s, "closed"), "acked "), 3000000);
	open_and_say(&c, &s, GET("/bytes/100000"));
	assert_int_equal(client_answer(&c, space, sizeof space), 200);
	client_say(&c, GET("/bytes/0"));
	assert_int_equal(client_answer(&c, space, sizeof space), 200);
	client_close(&c); /* a reset could overtake the delayed acknowledgement */
	server_expect(&s, "closed /bytes/0 acked 0 sent 0 head 1");
	server_stop(&s);
}

/* Stop at a random point, let things settle, compare with what this side has, reset. */
static void
stop_and_compare(struct server *s, size_t stop)
{
	struct client c;
	size_t n = 0;
	uint64_t here, acked;
	int in_kernel = 0;

	client_open(&c, s, 65536);
	client_say(&c, GET("/bytes/50000000"));
	assert_true(client_recv(&c, space, 1024) > 0); /* the head is a record of its own */
	while (n < stop) {
		long got = client_recv(&c, space, MIN(sizeof space, stop - n));

		assert_true(got > 0);
		n += (size_t)got;
	}
	usleep(120000);
	assert_int_equal(ioctl(c.fd, FIONREAD, &in_kernel), 0);
	here = BIO_number_read(SSL_get_rbio(c.ssl)) + (uint64_t)in_kernel;
	client_reset(&c);
	acked = number_after(server_expect(s, "closed"), "acked ");
	print_message("read %zu, on this machine %llu, acknowledged %llu\n", n,
	    (unsigned long long)here, (unsigned long long)acked);
	assert_true(acked <= here);
	assert_true(acked + 16384 >= n);
}

static void
test_acked_after_reset(void **state)
{
	struct server s;

	start(&s);
	for (int i = 0; i < 20; i++)
		stop_and_compare(&s, 1 + random_below(2000000));
	server_stop(&s);
}

/* ---- TLS ---- */

static void
expect_name(struct server *s, const char *name)
{
	struct client c;
	char got[32];
	X509 *cert;

	client_open(&c, s, 0);
	cert = SSL_get1_peer_certificate(c.ssl);
	assert_non_null(cert);
	X509_NAME_get_text_by_NID(X509_get_subject_name(cert), NID_commonName, got, sizeof got);
	assert_string_equal(got, name);
	X509_free(cert);
	client_say(&c, GET("/fast"));
	assert_int_equal(client_answer(&c, space, sizeof space), 200);
	client_close(&c);
}

static void
test_reload(void **state)
{
	struct server s;
	struct client old;

	start(&s);
	expect_name(&s, "first");
	client_open(&old, &s, 0);
	write_certificate(&s, "second");
	expect_name(&s, "first");
	server_tell(&s, 'r');
	server_expect(&s, "reload 0");
	expect_name(&s, "second");
	assert_int_equal(truncate(s.key, 0), 0); /* broken: the good one stays */
	server_tell(&s, 'r');
	server_expect(&s, "reload -1");
	expect_name(&s, "second");
	client_say(&old, GET("/fast")); /* a connection from before goes on */
	assert_int_equal(client_answer(&old, space, sizeof space), 200);
	client_close(&old);
	server_stop(&s);
}

/* Handshake with these limits; the ALPN list in wire form, NULL for none. */
static bool
can_connect(struct server *s, int version, const char *alpn)
{
	SSL_CTX *ctx = SSL_CTX_new(TLS_client_method());
	int fd = plain_connect(s, 0);
	SSL *ssl;
	bool ok;

	SSL_CTX_set_security_level(ctx, 0);
	SSL_CTX_set_min_proto_version(ctx, version);
	SSL_CTX_set_max_proto_version(ctx, version);
	if (alpn != NULL)
		SSL_CTX_set_alpn_protos(ctx, (const unsigned char *)alpn, (unsigned)strlen(alpn));
	ssl = SSL_new(ctx);
	SSL_CTX_free(ctx);
	SSL_set_fd(ssl, fd);
	ok = SSL_connect(ssl) == 1;
	SSL_free(ssl);
	close(fd);
	return ok;
}

static void
test_versions_and_alpn(void **state)
{
	struct server s;

	start(&s);
	assert_false(can_connect(&s, TLS1_VERSION, NULL));
	assert_false(can_connect(&s, TLS1_1_VERSION, NULL));
	assert_true(can_connect(&s, TLS1_2_VERSION, NULL));
	assert_true(can_connect(&s, TLS1_3_VERSION, NULL));
	assert_true(can_connect(&s, TLS1_3_VERSION, "\x02h2\x08http/1.1"));
	assert_false(can_connect(&s, TLS1_3_VERSION, "\x02h2"));
	server_stop(&s);
}

/* A KeyUpdate that asks for one in return, in the middle of a long answer. */
static void
test_key_update_during_answer(void **state)
{
	struct server s;
	struct client c;
	size_t n = 0;

	start(&s);
	client_open(&c, &s, 65536);
	client_say(&c, GET("/bytes/30000000"));
	usleep(100000);
	assert_int_equal(SSL_key_update(c.ssl, SSL_KEY_UPDATE_REQUESTED), 1);
	client_say(&c, GET("/fast"));
	assert_true(client_recv(&c, space, 1024) > 0);
	while (n < 30000000) {
		long got = client_recv(&c, space, MIN(sizeof space, 30000000 - n));

		assert_true(got > 0);
		n += (size_t)got;
	}
	assert_int_equal(client_answer(&c, space, sizeof space), 200);
	client_close(&c);
	server_stop(&s);
}

static void
test_resumption(void **state)
{
	struct server s;
	struct client c;
	SSL_SESSION *session;
	SSL_CTX *ctx = SSL_CTX_new(TLS_client_method());
	SSL *again;
	int fd;

	start(&s);
	open_and_say(&c, &s, GET("/fast"));
	assert_int_equal(client_answer(&c, space, sizeof space), 200);
	session = SSL_get1_session(c.ssl);
	assert_true(SSL_SESSION_is_resumable(session));
	assert_true(SSL_shutdown(c.ssl) >= 0); /* or OpenSSL throws the session away */
	client_close(&c);
	fd = plain_connect(&s, 0);
	again = SSL_new(ctx);
	SSL_set_fd(again, fd);
	SSL_set_session(again, session);
	assert_int_equal(SSL_connect(again), 1);
	assert_true(SSL_session_reused(again));
	SSL_free(again);
	close(fd);
	SSL_SESSION_free(session);
	SSL_CTX_free(ctx);
	server_stop(&s);
}

static void
test_listen_on_a_taken_port(void **state)
{
	struct server s;
	struct error e;
	int fd;

	start(&s);
	assert_int_equal(net_listen("127.0.0.1", s.port, &fd, &e), ERR_EXISTS);
	assert_string_equal(e.key, "port-taken");
	server_stop(&s);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_keep_alive_and_pipelining),
	    cmocka_unit_test(test_head_in_pieces),
	    cmocka_unit_test(test_refused_heads),
	    cmocka_unit_test(test_large_heads),
	    cmocka_unit_test(test_uploads),
	    cmocka_unit_test(test_expect_continue),
	    cmocka_unit_test(test_no_body_taken),
	    cmocka_unit_test(test_refusals_are_seen),
	    cmocka_unit_test(test_discard_has_an_end),
	    cmocka_unit_test(test_broken_bodies),
	    cmocka_unit_test(test_hang_up_while_paused),
	    cmocka_unit_test(test_stalled_handshake),
	    cmocka_unit_test(test_plain_http_is_closed),
	    cmocka_unit_test(test_idle),
	    cmocka_unit_test(test_the_longest_silent_gives_way),
	    cmocka_unit_test(test_a_crowd_without_requests_keeps_nobody_out),
	    cmocka_unit_test(test_requests_keep_their_places),
	    cmocka_unit_test(test_slow_head),
	    cmocka_unit_test(test_slow_body),
	    cmocka_unit_test(test_handler_too_slow),
	    cmocka_unit_test(test_stalled_reader),
	    cmocka_unit_test(test_trickling_reader),
	    cmocka_unit_test(test_slow_reader_is_left_alone),
	    cmocka_unit_test(test_stalls_cost_nothing),
	    cmocka_unit_test(test_cut),
	    cmocka_unit_test(test_bytes_are_right),
	    cmocka_unit_test(test_acked_whole),
	    cmocka_unit_test(test_acked_after_reset),
	    cmocka_unit_test(test_reload),
	    cmocka_unit_test(test_versions_and_alpn),
	    cmocka_unit_test(test_key_update_during_answer),
	    cmocka_unit_test(test_resumption),
	    cmocka_unit_test(test_listen_on_a_taken_port),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
