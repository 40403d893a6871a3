/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * http_judge - how our parsers cut the connection on standard input into requests
 *
 * For the differential test.  Head and body are read as net/conn_step.c reads
 * them; printed is a line "request METHOD TARGET CONTENT" for each request, the
 * content in hex, and then one of
 *
 *	end refused STATUS   malformed; nothing behind it is looked at
 *	end more             the input ends within a request
 *	end idle             all bytes belong to a request
 *	end close            the client asked for the end; the rest is dropped
 *
 * Small inputs are read a second time byte by byte; the two must agree.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "http/body.h"
#include "http/head.h"

struct said {
	char *p;
	size_t n;
};

static void
put_request(FILE *out, const struct http_head *h)
{
	fprintf(out, "request %.*s %.*s ", STR(h->method), STR(h->target));
}

static void
put_content(FILE *out, const char *p, size_t n)
{
	for (size_t i = 0; i < n; i++)
		fprintf(out, "%02x", (unsigned char)p[i]);
}

/* As much of the input as has come: all of it, or one byte more with each look. */
struct reader {
	const char *p;
	size_t n, at, seen, step;
};

static bool
more(struct reader *r)
{
	if (r->seen == r->n)
		return false;
	r->seen = r->n - r->seen < r->step ? r->n : r->seen + r->step;
	return true;
}

static struct str
view(const struct reader *r)
{
	return (struct str){r->p + r->at, r->seen - r->at};
}

/* 1 whole, 0 the input ended, negative: -status. */
static int
read_head(struct reader *r, struct http_head *h)
{
	size_t used;
	int got;

	do
		got = r->seen == r->at ? 0 : http_head_parse(view(r), h, &used);
	while (got == 0 && more(r));
	if (got == 1)
		r->at += used;
	return got;
}

static int
read_body(struct reader *r, const struct http_head *h, FILE *out)
{
	struct http_body b;
	size_t skip, data;
	int got;

	http_body_init(&b, h->content_length, h->chunked);
	do {
		got = http_body_next(&b, view(r), &skip, &data);
		if (got < 0)
			return -400;
		put_content(out, r->p + r->at + skip, data);
		r->at += skip + data;
	} while (got == 0 && (skip + data > 0 || more(r)));
	return got;
}

/* One request into out.  1 go on, 0 the end was said. */
static int
one(struct reader *r, FILE *out)
{
	struct http_head h;
	struct said body = {0};
	FILE *into;
	int got;

	if (r->at == r->n)
		return fprintf(out, "end idle\n"), 0;
	got = read_head(r, &h);
	into = open_memstream(&body.p, &body.n);
	if (into == NULL)
		abort();
	if (got == 1) {
		put_request(into, &h);
		got = read_body(r, &h, into);
	}
	fclose(into);
	if (got == 1)
		fprintf(out, "%s\n", body.p);
	else if (got == 0)
		fprintf(out, "end more\n");
	else
		fprintf(out, "end refused %d\n", -got);
	free(body.p);
	if (got == 1 && !h.keep_alive)
		return fprintf(out, "end close\n"), 0;
	return got == 1;
}

static struct said
judge(const char *p, size_t n, size_t step)
{
	struct reader r = {.p = p, .n = n, .step = step};
	struct said s = {0};
	FILE *out = open_memstream(&s.p, &s.n);

	if (out == NULL)
		abort();
	while (one(&r, out) == 1)
		;
	fclose(out);
	return s;
}

int
main(void)
{
	static char in[1 << 20];
	size_t n = fread(in, 1, sizeof in, stdin);
	struct said whole = judge(in, n, n > 0 ? n : 1), pieces;

	fwrite(whole.p, 1, whole.n, stdout);
	if (n <= 2048) {
		pieces = judge(in, n, 1);
		if (strcmp(whole.p, pieces.p) != 0)
			printf("byte by byte it is another:\n%s", pieces.p);
		free(pieces.p);
	}
	free(whole.p);
	return 0;
}
