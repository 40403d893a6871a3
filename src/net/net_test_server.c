/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * net_test_server - the handler behind net_conn_test
 *
 *	/fast        answered within request()
 *	/later       answered 100 ms later
 *	/never       not answered
 *	/bytes/N     N bytes of the pattern
 *	/trickle/N   the same, "not now" before every piece, pieces of 1,000 bytes
 *	/stuck       promises 100,000 bytes, has 1,000
 *	/up          takes the body, answers "bytes sum"
 *	/slow-sink   the same, pausing 60 ms every 100,000 bytes
 *	/never-sink  pauses and never goes on
 *	/deny        413 at once, without taking the body
 *	/mid         413 after 1,000,000 bytes of body
 *	/cut         as /bytes/1000000000, cut by the command 'x'
 */
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/arena.h"
#include "base/error.h"
#include "base/str.h"
#include "net/net_private.h"
#include "net/net_test_peer.h"
#include "os/loop.h"

struct exchange {
	struct net_conn *conn;
	struct exchange *next, **prev;
	char path[64], reply[64];
	bool reply_is_text, trickle, has_now, is_stuck;
	uint64_t bytes, at, got, sum, limit, pause_at;
	int due; /* ticks of 20 ms until act() */
};

struct world {
	struct loop *loop;
	struct net *net;
	struct exchange *all;
	int reports, commands;
};

static void
report(struct world *w, const char *fmt, ...)
{
	char line[256];
	va_list ap;
	int n;

	va_start(ap, fmt);
	n = vsnprintf(line, sizeof line, fmt, ap);
	va_end(ap);
	if (write(w->reports, line, (size_t)n) != n)
		_exit(9);
}

static struct exchange *
exchange_of(struct world *w, struct net_conn *c)
{
	struct exchange *x = net_data(c);

	if (x != NULL)
		return x;
	x = xcalloc(1, sizeof *x);
	x->conn = c;
	x->next = w->all;
	if (x->next != NULL)
		x->next->prev = &x->next;
	x->prev = &w->all;
	w->all = x;
	net_set_data(c, x);
	return x;
}

static void
answer(struct exchange *x, int status, uint64_t bytes, bool is_last)
{
	char head[128];
	int n = snprintf(head, sizeof head, "HTTP/1.1 %d %s\r\nContent-Length: %llu\r\n\r\n",
	    status, http_reason(status), (unsigned long long)bytes);

	x->bytes = bytes;
	x->at = 0;
	net_answer(x->conn, (struct str){head, (size_t)n}, bytes, is_last);
}

static void
answer_text(struct exchange *x, int status, bool is_last)
{
	x->reply_is_text = true;
	answer(x, status, strlen(x->reply), is_last);
}

static bool
is(const struct exchange *x, const char *path)
{
	return strncmp(x->path, path, strlen(path)) == 0;
}

static void
on_request(void *arg, struct net_conn *c, const struct http_head *h)
{
	struct exchange *x = exchange_of(arg, c);
	struct exchange fresh = {.conn = c,
	    .next = x->next,
	    .prev = x->prev,
	    .limit = UINT64_MAX,
	    .pause_at = UINT64_MAX};

	*x = fresh;
	snprintf(x->path, sizeof x->path, "%.*s", STR(h->path));
	snprintf(x->reply, sizeof x->reply, "%.*s %.*s", STR(h->path), STR(net_peer(c)));
	if (is(x, "/fast"))
		answer_text(x, 200, false);
	else if (is(x, "/later"))
		x->due = 5;
	else if (is(x, "/deny"))
		answer_text(x, 413, true);
	else if (is(x, "/bytes/") || is(x, "/trickle/"))
		answer(x, 200, strtoull(strchr(x->path + 1, '/') + 1, NULL, 10), false);
	else if (is(x, "/cut"))
		answer(x, 200, 1000000000, false);
	else if (is(x, "/stuck"))
		answer(x, 200, 100000, false);
	else if (is(x, "/never") && !is(x, "/never-sink"))
		report(arg, "request %s\n", x->path);
	else
		net_take_body(c);
	x->trickle = is(x, "/trickle/");
	x->is_stuck = is(x, "/stuck");
	if (is(x, "/mid"))
		x->limit = 1000000;
	if (is(x, "/slow-sink") || is(x, "/never-sink"))
		x->pause_at = 100000;
}

static void
on_body(void *arg, struct net_conn *c, const void *p, size_t n)
{
	struct exchange *x = net_data(c);
	const unsigned char *bytes = p;

	for (size_t i = 0; i < n; i++)
		x->sum = x->sum * 31 + bytes[i];
	x->got += n;
	if (x->got >= x->limit) {
		x->limit = UINT64_MAX;
		answer_text(x, 413, true);
	} else if (x->got >= x->pause_at) {
		x->pause_at = x->got + 100000;
		x->due = is(x, "/slow-sink") ? 3 : 0;
		net_body_pause(c);
	}
}

static void
on_body_end(void *arg, struct net_conn *c, bool whole)
{
	struct exchange *x = net_data(c);

	report(arg, "body_end %d %llu\n", whole, (unsigned long long)x->got);
	snprintf(x->reply, sizeof x->reply, "%llu %llu", (unsigned long long)x->got,
	    (unsigned long long)x->sum);
	if (whole)
		answer_text(x, 200, false);
}

static long
on_fill(void *arg, struct net_conn *c, void *p, size_t n)
{
	struct exchange *x = net_data(c);
	unsigned char *to = p;

	if (x->is_stuck && x->at == 1000)
		return 0;
	if (x->is_stuck || x->trickle)
		n = MIN(n, (size_t)1000);
	if (x->trickle && !x->has_now) {
		x->due = 1;
		return 0;
	}
	x->has_now = false;
	for (size_t i = 0; i < n; i++, x->at++)
		to[i] = x->reply_is_text ? (unsigned char)x->reply[x->at] : PATTERN(x->at);
	return (long)n;
}

static void
on_done(void *arg, struct net_conn *c)
{
	struct exchange *x = net_data(c);

	report(arg, "done %s %llu\n", x->path, (unsigned long long)net_sent(c));
}

static void
on_closed(void *arg, struct net_conn *c)
{
	struct exchange *x = net_data(c);

	report(arg, "closed %s acked %llu sent %llu head %d\n", x != NULL ? x->path : "-",
	    (unsigned long long)net_acked(c), (unsigned long long)net_sent(c),
	    net_is_head_acked(c));
	if (x == NULL)
		return;
	*x->prev = x->next;
	if (x->next != NULL)
		x->next->prev = x->prev;
	free(x);
}

static const struct net_handler handler = {
    on_request, on_body, on_body_end, on_fill, on_done, on_closed};

static void
act(struct exchange *x)
{
	if (is(x, "/later"))
		answer_text(x, 200, false);
	else if (is(x, "/slow-sink"))
		net_body_resume(x->conn);
	else if (x->trickle) {
		x->has_now = true;
		net_wake(x->conn);
	}
}

static void
on_tick(void *arg)
{
	struct world *w = arg;

	for (struct exchange *x = w->all; x != NULL; x = x->next)
		if (x->due > 0 && --x->due == 0)
			act(x);
}

static void
on_command(void *arg, uint32_t events)
{
	struct world *w = arg;
	struct error e;
	char c = 'q';

	if (read(w->commands, &c, 1) != 1 || c == 'q') {
		loop_stop(w->loop);
	} else if (c == 'r') {
		int r = net_reload(w->net, &e);

		report(w, "reload %d\n", r);
	} else if (c == 'n') {
		report(w, "count %zu\n", w->net->conn_count);
	} else if (c == 'x') {
		for (struct exchange *x = w->all; x != NULL; x = x->next)
			net_cut(x->conn);
	}
}

void
server_main(struct server *s, const struct net_settings *wanted, int listener)
{
	struct world w = {.reports = s->reports, .commands = s->commands};
	struct net_settings set = *wanted;
	struct watch *watch;
	struct error e;

	set.cert_path = s->cert;
	set.key_path = s->key;
	set.handler = &handler;
	set.arg = &w;
	if (loop_new(&w.loop, &e) < 0 || net_new(w.loop, &set, &w.net, &e) < 0 ||
	    net_add_listener(w.net, listener, &e) < 0 ||
	    loop_watch(w.loop, s->commands, LOOP_READ, on_command, &w, &watch, &e) < 0 ||
	    loop_every(w.loop, 20, on_tick, &w, &e) < 0) {
		fprintf(stderr, "%s\n", e.msg);
		exit(8);
	}
	loop_run(w.loop);
	watch_free(&watch);
	net_free(&w.net);
	loop_free(&w.loop);
	exit(0);
}
