/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * front_request - one request: its head and small body to an app, its answer back
 *
 * front decides nothing about objects.  It refuses what the transport can tell
 * (wrong host, a body too large to collect, a full queue), asks an app, and
 * writes down the head of the answer.  The head's framing fields are ours:
 * Content-Length, Date and Connection never come from an app.
 */
#include "roles/front.h"

#include <stdlib.h>

#include "api/api.h"
#include "base/arena.h"
#include "base/error.h"
#include "base/log.h"
#include "base/str.h"
#include "base/time.h"
#include "conf/conf.h"
#include "http/head.h"
#include "http/http.h"
#include "net/net.h"
#include "os/file.h"
#include "os/loop.h"
#include "roles/asks.h"

void
exchange_leave(struct exchange *x)
{
	x->client = NULL;
	x->conn = NULL;
	if (x->ask == 0 && (x->send == NULL || x->send->keys_ask == 0))
		exchange_free(&x);
}

/* Another answer begins on this connection: the last transfer ends as it stands. */
static void
before_answer(struct exchange *x)
{
	x->answered = true;
	if (x->client->transfer != NULL)
		transfer_end(x->client->transfer);
}

void
exchange_free(struct exchange **xp)
{
	struct exchange *x = *xp;

	if (x == NULL)
		return;
	front_forget_waiting(x);
	front_unhold(x);
	sources_leave(x->f->sources, &x->place);
	upload_unlist(x);
	sender_free(&x->send);
	upload_free(&x->up);
	buf_fini(&x->collected);
	arena_free(&x->arena);
	free(x);
	*xp = NULL;
}

/* Our own words: no app was needed, or none could be asked. */
void
exchange_refuse(struct exchange *x, int status, const char *key)
{
	bool is_api = str_starts(x->path, S("/api/"));
	struct str head;

	if (x->conn == NULL || x->answered)
		return;
	before_answer(x);
	x->bytes = is_api ? arena_printf(x->arena,
	                        "{\"type\":\"urn:geleit:problem:%s\",\"title\":\"%s\","
	                        "\"status\":%d,\"code\":\"%s\"}",
	                        key, http_reason(status), status, key)
	                  : arena_printf(x->arena, "%d %s\n", status, http_reason(status));
	x->bytes_at = 0;
	head = arena_printf(x->arena,
	    "HTTP/1.1 %d %s\r\nContent-Type: %s\r\nContent-Length: %zu\r\nDate: %.*s\r\n"
	    "Cache-Control: no-store\r\nX-Content-Type-Options: nosniff\r\n%s%s\r\n",
	    status, http_reason(status),
	    is_api ? "application/problem+json" : "text/plain; charset=utf-8", x->bytes.n,
	    STR(time_http(x->arena, time_now_us())),
	    status == 503 || status == 429 ? "Retry-After: 2\r\n" : "",
	    x->body_done && x->keep_alive ? "" : "Connection: close\r\n");
	net_answer(x->conn, head, x->is_head ? 0 : x->bytes.n, !(x->body_done && x->keep_alive));
}

static int
status_of_loss(const struct error *e, const char **key)
{
	*key = e->code == ERR_UNKNOWN_OUTCOME ? "outcome-unknown" : "busy";
	return 503;
}

/* ---- the way to an app ---- */

void
exchange_ask(struct exchange *x)
{
	struct str inline_body =
	    x->collected.n > LIMIT_REQUEST_BODY_INLINE ? (struct str){0} : buf_view(&x->collected);
	bool has_body = x->content_length > 0 || x->chunked;
	struct msg_request m = {.method = x->method,
	    .target = x->target,
	    .peer = ip_text(x->arena, &x->from.ip),
	    .content_length = x->content_length,
	    .chunked = x->chunked,
	    .body_waits = has_body && !x->body_done,
	    .body_in_fd = inline_body.n != x->collected.n,
	    .body = inline_body,
	    .fields = x->fields,
	    .field_count = x->field_count};
	struct ask q = {.type = MSG_REQUEST,
	    .lane = x->lane,
	    .fd = -1,
	    .repeatable = str_eq_c(x->method, "GET") || x->is_head,
	    .answered = exchange_answered,
	    .arg = x};
	struct buf b;
	struct error e;
	AUTO(fd_close) int fd = -1;

	buf_init_arena(&b, x->arena, LIMIT_MSG_BYTES - IPC_HEAD_BYTES);
	msg_request_put(&b, &m);
	if (b.full) {
		exchange_refuse(x, 431, "head-too-large");
		return;
	}
	if (m.body_in_fd && memfd_sealed("body", buf_view(&x->collected), &fd, &e) < 0) {
		exchange_refuse(x, 503, "busy");
		return;
	}
	if (!sources_enter(x->f->sources, &x->from, &x->place)) {
		exchange_refuse(x, 429, "too-many-requests");
		return;
	}
	q.body = buf_view(&b);
	q.fd = fd;
	q.source = x->place;
	x->asked_us = loop_now(x->f->loop);
	x->ask = ask_put(x->f->asks, &q, &e);
	if (x->ask == 0) {
		sources_leave(x->f->sources, &x->place);
		exchange_refuse(x, api_status(e.code), e.key);
	}
}

static bool
is_our_host(const struct front *f, struct arena *a, struct str host)
{
	struct str authority;

	if (!http_authority(a, host, &authority))
		return false;
	for (size_t i = 0; i < ARRAY_LEN(f->hosts); i++) {
		if (f->hosts[i].n > 0 && str_eq(f->hosts[i], authority))
			return true;
	}
	return false;
}

/*
 * The one place that says who asks: what is logged, written into events and limited by is x->from.
 * A peer that could not be read (there is none on a listener of ours) would be ::, and counted.
 */
static void
know_client(struct exchange *x, const struct http_head *h)
{
	(void)ip_parse(net_peer(x->conn), &x->from.ip);
	if (http_client(h, &x->f->conf->proxies, &x->from.ip) != CLIENT_UNKNOWN)
		return;
	x->from.is_proxy = true;
	if (!x->f->told_of_proxy)
		log_warn("the proxy %.*s sends an X-Forwarded-For that names no client: its own "
		         "address counts (told once)",
		    STR(ip_text(x->arena, &x->from.ip)));
	x->f->told_of_proxy = true;
}

/* The head lives in the connection's buffer only during request(): copy what is needed. */
static struct exchange *
exchange_new(struct client *c, const struct http_head *h)
{
	struct exchange *x = xcalloc(1, sizeof *x);
	struct msg_field *fields;

	x->f = c->f;
	x->client = c;
	x->conn = c->conn;
	x->arena = arena_new();
	x->method = arena_str(x->arena, h->method);
	x->target = arena_str(x->arena, h->target);
	x->path = arena_str(x->arena, h->path);
	fields = ARENA_ARRAY(x->arena, struct msg_field, h->field_count);
	for (size_t i = 0; i < h->field_count; i++)
		fields[i] = (struct msg_field){arena_str(x->arena, h->fields[i].name),
		    arena_str(x->arena, h->fields[i].value)};
	x->fields = fields;
	x->field_count = h->field_count;
	x->content_length = h->content_length;
	x->chunked = h->chunked;
	x->keep_alive = h->keep_alive;
	x->is_head = str_eq_c(h->method, "HEAD");
	x->body_done = h->content_length <= 0 && !h->chunked;
	x->lane = LANE_INTERACTIVE;
	know_client(x, h);
	return x;
}

/* Forms and JSON are read before an app is troubled. */
static void
collect(struct exchange *x, size_t limit)
{
	if (x->chunked) {
		exchange_refuse(x, 411, "length-required");
		return;
	}
	if ((uint64_t)x->content_length > limit) {
		exchange_refuse(x, 413, "too-large");
		return;
	}
	x->collecting = true;
	buf_init(&x->collected, limit);
	net_take_body(x->conn);
}

void
exchange_start(struct client *c, const struct http_head *h)
{
	struct exchange *x = exchange_new(c, h);
	const struct route *rt;
	struct str allow;
	size_t limit;

	c->exchange = x;
	if (!is_our_host(x->f, x->arena, h->host)) {
		exchange_refuse(x, 421, "misdirected");
		return;
	}
	route_find(x->arena, x->method, x->path, &rt, NULL, &allow);
	if (rt != NULL)
		x->lane = rt->lane;
	limit = rt != NULL ? route_body_limit(rt) : 0;
	x->tries_secret = rt != NULL && route_tries_a_secret(rt);
	x->answers_late = rt != NULL && route_answers_late(rt);
	if (limit > 0 && !x->body_done)
		collect(x, limit);
	else
		exchange_ask(x);
}

void
exchange_body(struct exchange *x, const void *p, size_t n)
{
	if (x->collecting)
		buf_add(&x->collected, p, n);
	else if (x->up != NULL)
		upload_body(x, p, n);
}

void
exchange_body_end(struct exchange *x, bool whole)
{
	x->body_done = whole;
	if (x->up != NULL) {
		upload_body_end(x, whole);
	} else if (x->collecting && whole) { /* else net says why: 408, 400 */
		x->collecting = false;
		if (x->collected.full)
			exchange_refuse(x, 400, "malformed-body");
		else if (!x->tries_secret || !front_hold(x))
			exchange_ask(x);
	}
}

/* ---- the way back ---- */

static void
put_head(struct exchange *x, struct buf *b, const struct msg_reply *m, uint64_t bytes, bool is_last)
{
	buf_printf(b, "HTTP/1.1 %u %s\r\n", m->status, http_reason((int)m->status));
	for (size_t i = 0; i < m->field_count; i++) {
		buf_str(b, m->fields[i].name);
		buf_lit(b, ": ");
		buf_str(b, m->fields[i].value);
		buf_lit(b, "\r\n");
	}
	buf_printf(b, "Date: %.*s\r\n", STR(time_http(x->arena, time_now_us())));
	if (m->status != 304 && m->status != 204)
		buf_printf(b, "Content-Length: %llu\r\n", (unsigned long long)bytes);
	if (is_last)
		buf_lit(b, "Connection: close\r\n");
	buf_lit(b, "\r\n");
}

/* A field that could split our head never leaves, whatever an app was made to say. */
static bool
fields_are_safe(const struct msg_reply *m)
{
	for (size_t i = 0; i < m->field_count; i++) {
		struct str n = m->fields[i].name, v = m->fields[i].value;

		if (n.n == 0)
			return false;
		for (size_t k = 0; k < n.n; k++) {
			if ((unsigned char)n.p[k] <= ' ' || n.p[k] == ':' ||
			    (unsigned char)n.p[k] >= 127)
				return false;
		}
		for (size_t k = 0; k < v.n; k++) {
			if ((unsigned char)v.p[k] < ' ' || v.p[k] == 127)
				return false;
		}
	}
	return true;
}

static uint64_t
reply_bytes(const struct msg_reply *m)
{
	if (m->kind == REPLY_BYTES)
		return m->body.n;
	return m->kind == REPLY_NONE ? 0 : m->length;
}

static void
start_answer(struct exchange *x, const struct msg_reply *m)
{
	uint64_t bytes = reply_bytes(m);
	struct late_answer late = {.is_last = m->close || !x->keep_alive || !x->body_done};
	struct buf head;

	buf_init_arena(&head, x->arena, LIMIT_REPLY_HEAD_BYTES);
	put_head(x, &head, m, bytes, late.is_last);
	if (head.full || !fields_are_safe(m)) {
		exchange_refuse(x, 500, "internal");
		return;
	}
	before_answer(x);
	if (m->is_transfer && !x->is_head)
		transfer_new(x, m->ticket, m->from, bytes);
	late.head = buf_view(&head);
	late.bytes = x->is_head ? 0 : bytes;
	if (m->status == 401 ? !front_hold_refusal(x, late) : !front_hold_even(x, late))
		net_answer(x->conn, late.head, late.bytes, late.is_last);
}

static int
take_reply(struct exchange *x, struct ipc_msg *m, struct error *e)
{
	struct msg_reply reply;

	if (msg_reply_get(m->body, x->arena, &reply, e) < 0)
		return err_code(e);
	if (reply.is_transfer && !x->is_head && !transfers_has_room(x->f)) {
		exchange_refuse(x, 503, "busy");
		return 0;
	}
	if (reply.kind == REPLY_BYTES)
		x->bytes = arena_str(x->arena, reply.body);
	else if (reply.kind != REPLY_NONE && !x->is_head && sender_new(x, &reply, m, e) < 0)
		return err_code(e);
	start_answer(x, &reply);
	return 0;
}

static int
take_body(struct exchange *x, struct ipc_msg *m, struct error *e)
{
	struct msg_take_body t;

	if (m->fd_count != 1)
		return err_set(e, ERR_PROTOCOL, "TAKE_BODY without a part");
	if (msg_take_body_get(m->body, x->arena, &t, e) < 0)
		return err_code(e);
	return upload_take(x, &t, &m->fds[0], e);
}

void
exchange_answered(void *arg, struct ipc_msg *m, const struct error *lost)
{
	struct exchange *x = arg;
	struct error e;
	const char *key;
	int r;

	x->ask = 0;
	sources_leave(x->f->sources, &x->place);
	if (x->conn == NULL) {
		exchange_leave(x); /* nobody reads the answer, no further part is wanted */
		return;
	}
	if (m == NULL) {
		r = status_of_loss(lost, &key);
		exchange_refuse(x, r, key);
		return;
	}
	if (m->type == MSG_REPLY)
		r = take_reply(x, m, &e);
	else if (m->type == MSG_TAKE_BODY)
		r = take_body(x, m, &e);
	else
		r = err_set(&e, ERR_PROTOCOL, "answer of type %u", m->type);
	if (r < 0) {
		log_warn("an app's answer is no use: %s", e.msg);
		exchange_refuse(x, 500, "internal");
	}
}

long
exchange_fill(struct exchange *x, void *p, size_t n)
{
	if (x->send != NULL)
		return sender_fill(x, p, n);
	n = MIN(n, x->bytes.n - x->bytes_at);
	memcpy(p, x->bytes.p + x->bytes_at, n);
	x->bytes_at += n;
	return (long)n;
}
