/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * reply - filling what a handler gives back; the one place where an error
 * becomes an HTTP status
 *
 * Every answer carries common_fields of api.c; a page adds its content policy.
 * The words a client sees for an error are chosen here by code:
 * the message of struct error is for the log.
 */
#include "api/api.h"

#include "base/arena.h"
#include "base/error.h"
#include "base/limits.h"
#include "base/str.h"
#include "conf/conf.h"
#include "http/head.h"
#include "http/http.h"
#include "text/json.h"

static const struct {
	int code, status;
	const char *title;
} problems[] = {
    {ERR_INVALID, 400, "The request is not valid"},
    {ERR_UNAUTHENTICATED, 401, "Please say who you are"},
    {ERR_DENIED, 403, "This is not allowed"},
    {ERR_NOT_FOUND, 404, "There is no such thing"},
    {ERR_CONFLICT, 409, "This does not fit the present state"},
    {ERR_EXISTS, 409, "This exists already"},
    {ERR_GONE, 410, "This is no longer available"},
    {ERR_PRECONDITION, 412, "A condition of the request does not hold"},
    {ERR_TOO_LARGE, 413, "This is too large"},
    {ERR_UNSUPPORTED, 415, "This form of content is not supported"},
    {ERR_LIMIT, 429, "Too many requests"},
    {ERR_RETRY, 503, "The server is busy, please try again"},
    {ERR_BUSY, 503, "The server is busy, please try again"},
    {ERR_UNAVAILABLE, 503, "A part of the server is not available"},
    {ERR_TIMEOUT, 503, "The server did not answer in time"},
    {ERR_UNKNOWN_OUTCOME, 503, "The outcome is not known, please look before repeating"},
    {ERR_CHECKSUM, 460, "What arrived is not what its checksum says"},
    {ERR_NO_SPACE, 507, "The disk is full: nothing new can be stored"},
};

void
reply_init(struct reply *r, struct arena *a)
{
	*r = (struct reply){.status = 200, .part_fd = -1};
	buf_init_arena(&r->body, a, LIMIT_REPLY_BYTES);
}

void
reply_field(struct reply *r, const char *name, struct str value)
{
	struct str n = str_c(name);

	for (size_t i = 0; i < r->field_count; i++) {
		if (str_ieq(r->fields[i].name, n) && !str_eq_c(n, "Set-Cookie")) {
			r->fields[i].value = value;
			return;
		}
	}
	if (r->field_count < ARRAY_LEN(r->fields))
		r->fields[r->field_count++] = (struct msg_field){n, value};
}

void
reply_json(struct reply *r, struct js *ret)
{
	reply_field(r, "Content-Type", S("application/json"));
	reply_field(r, "Cache-Control", S("no-store"));
	js_begin(ret, &r->body);
}

void
reply_html_fields(struct reply *r, struct api *x)
{
	reply_field(r, "Content-Type", S("text/html; charset=utf-8"));
	reply_field(r, "Cache-Control", S("no-store"));
	reply_field(r, "Content-Security-Policy",
	    S("default-src 'none'; script-src 'self'; connect-src 'self'; style-src 'self'; "
	      "img-src 'self'; font-src 'self'; "
	      "form-action 'self'; base-uri 'none'; frame-ancestors 'none'; "
	      "require-trusted-types-for 'script'; trusted-types 'none'"));
	reply_field(r, "Cross-Origin-Opener-Policy", S("same-origin"));
	reply_field(
	    r, "Permissions-Policy", S("camera=(), microphone=(), geolocation=(), payment=()"));
	reply_field(r, "Vary", S("Accept-Language, Cookie"));
}

void
reply_redirect(struct reply *r, struct str location)
{
	r->status = 303;
	reply_field(r, "Location", location);
	reply_field(r, "Cache-Control", S("no-store"));
	buf_clear(&r->body);
}

int
api_status(int code)
{
	for (size_t i = 0; i < ARRAY_LEN(problems); i++) {
		if (problems[i].code == code)
			return problems[i].status;
	}
	return 500;
}

/*
 * 400: not the request this address takes, or a value that is none.  422 (RFC 9110
 * 15.5.21): every value is one, and yet it cannot be what was meant.
 */
static const char *const unprocessable[] = {"bad-address", "idempotency-mismatch"};

static uint32_t
status_of(const struct error *e)
{
	if (str_index(str_c(e->key), unprocessable, ARRAY_LEN(unprocessable)) >= 0)
		return 422;
	return (uint32_t)api_status(e->code);
}

static const char *
title_of(int code)
{
	for (size_t i = 0; i < ARRAY_LEN(problems); i++) {
		if (problems[i].code == code)
			return problems[i].title;
	}
	return "Something went wrong on the server";
}

/* Input errors explain themselves, faults of ours do not. */
static bool
may_tell(const struct error *e, uint32_t status)
{
	return status < 500 && status != 401 && !e->is_fault;
}

void
api_problem(struct reply *r, struct api *x, const struct error *e)
{
	const char *key = e->key[0] != '\0' ? e->key : err_word(e->code);
	struct js j;

	reply_init(r, x->a);
	r->status = status_of(e);
	reply_json(r, &j);
	reply_field(r, "Content-Type", S("application/problem+json"));
	if (r->status == 401)
		reply_field(r, "WWW-Authenticate", S("Bearer realm=\"geleit\""));
	if (r->status == 429 || r->status == 503)
		reply_field(r, "Retry-After", S("2"));
	js_open(&j);
	js_kv_str(&j, "type", arena_printf(x->a, "urn:geleit:problem:%s", key));
	js_kv_str(&j, "title", str_c(title_of(e->code)));
	js_kv_int(&j, "status", r->status);
	js_kv_str(&j, "code", str_c(key));
	js_kv_str(&j, "detail", may_tell(e, r->status) ? str_c(e->msg) : str_c(title_of(e->code)));
	js_close(&j);
}

static void
whole(struct reply *r, const struct msg_plan *plan)
{
	r->plan = plan;
	r->from = 0;
	r->length = plan->bytes;
}

static void
no_body(struct reply *r, uint32_t status)
{
	r->status = status;
	r->plan = NULL;
	r->length = 0;
}

/* "bytes=N-", and not the end of something or a piece from its middle. */
static bool
is_open_range(struct str range)
{
	range = str_trim(range);
	return range.n > 0 && range.p[range.n - 1] == '-';
}

/* RFC 9110 section 13.2.2: If-Match, If-None-Match, then Range with If-Range. */
void
reply_plan(struct reply *r, struct api *x, const struct request *q, const struct msg_plan *plan,
    struct str etag)
{
	struct str if_match = request_field(q, "if-match"), range = request_field(q, "range");
	struct str if_none = request_field(q, "if-none-match"),
	           if_range = request_field(q, "if-range");
	uint64_t from, to;
	int n;

	reply_field(r, "ETag", etag);
	reply_field(r, "Accept-Ranges", S("bytes"));
	whole(r, plan);
	if (if_match.p != NULL && !http_etag_strong_match(if_match, etag)) {
		no_body(r, 412);
		return;
	}
	if (if_none.p != NULL && http_etag_weak_match(if_none, etag)) {
		no_body(r, 304);
		return;
	}
	if (range.p == NULL || q->is_head ||
	    (if_range.p != NULL && !str_eq(str_trim(if_range), etag))) /* one tag; ours is strong */
		return;
	n = http_range(range, plan->bytes, &from, &to);
	if (n == 0)
		return;
	if (n < 0) {
		no_body(r, 416);
		reply_field(r, "Content-Range",
		    arena_printf(x->a, "bytes */%llu", (unsigned long long)plan->bytes));
		return;
	}
	r->status = 206;
	r->from = from;
	r->length = to - from;
	r->resumes = if_range.p != NULL && from > 0 && is_open_range(range);
	reply_field(r, "Content-Range",
	    arena_printf(x->a, "bytes %llu-%llu/%llu", (unsigned long long)from,
	        (unsigned long long)to - 1, (unsigned long long)plan->bytes));
}
