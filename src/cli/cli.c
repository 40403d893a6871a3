/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * cli - see cli.h: telling what went wrong, once
 */
#include "cli/cli.h"

#include <stdarg.h>
#include <stdio.h>

#include "base/buf.h"
#include "base/error.h"
#include "base/str.h"
#include "cli/call.h"
#include "text/json.h"

#define PROBLEM_BYTES 65536

/* What a terminal may be shown: controls of strangers' texts become blanks. */
static void
tell_line(struct str s)
{
	fputs("geleit: ", stderr);
	for (size_t i = 0; i < s.n; i++)
		fputc((unsigned char)s.p[i] < 0x20 || s.p[i] == 0x7f ? ' ' : s.p[i], stderr);
	fputc('\n', stderr);
}

static void
tell_json(const struct cli *c, const char *code, struct str detail)
{
	struct buf b;
	struct js j;

	buf_init_arena(&b, c->a, PROBLEM_BYTES);
	js_begin(&j, &b);
	js_open(&j);
	js_kv_str(&j, "type", arena_printf(c->a, "urn:geleit:problem:%s", code));
	js_kv_str(&j, "title", S("The command was not done"));
	js_kv_int(&j, "status", 0);
	js_kv_str(&j, "code", str_c(code));
	js_kv_str(&j, "detail", detail);
	js_close(&j);
	fprintf(stderr, "%.*s\n", STR(buf_view(&b)));
}

static int
tell(const struct cli *c, int exit_code, const char *code, struct str detail)
{
	if (c->json)
		tell_json(c, code, detail);
	else
		tell_line(detail);
	return exit_code;
}

int
cli_fail(const struct cli *c, int exit_code, const char *code, const char *fmt, ...)
{
	char text[1024];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(text, sizeof text, fmt, ap);
	va_end(ap);
	return tell(c, exit_code, code, str_c(text));
}

int
cli_usage(const struct cli *c, const char *fmt, ...)
{
	char text[1024];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(text, sizeof text, fmt, ap);
	va_end(ap);
	return tell(c, CLI_USAGE, "usage", str_c(text));
}

int
cli_error(const struct cli *c, const struct error *e)
{
	bool unreached = e->code == ERR_UNAVAILABLE;

	return tell(c, unreached ? CLI_NO_SERVER : CLI_FAILED,
	    unreached ? "server-not-reached" : err_word(e->code), str_c(e->msg));
}

static int
exit_of(long status)
{
	if (status == 404)
		return CLI_NOT_FOUND;
	return status == 401 || status == 403 ? CLI_REFUSED : CLI_FAILED;
}

/* One line per file and address that may not go out. */
static void
tell_lines(const struct cli *c, struct json *problem)
{
	size_t n, reasons;
	struct json *lines = member_list(problem, "lines", &n);

	for (size_t i = 0; i < n; i++) {
		struct json *line = json_list_at(lines, i);
		struct json *list = member_list(line, "reasons", &reasons);
		struct str state = member(line, "state"), why = S("");

		if (!str_eq_c(state, "blocked") && !str_eq_c(state, "in_review"))
			continue;
		for (size_t k = 0; k < reasons; k++)
			why = arena_printf(c->a, "%.*s%s%.*s", STR(why), k > 0 ? ", " : "",
			    STR(member(json_list_at(list, k), "code")));
		tell_line(arena_printf(c->a, "%.*s may not go to %.*s: %.*s (%.*s)",
		    STR(member(line, "asset")), STR(member(line, "address")), STR(state),
		    STR(why)));
	}
}

int
cli_problem(const struct cli *c, const struct answer *r)
{
	AUTO(json_free) struct json_doc *doc = NULL;
	struct str detail;
	struct error e;

	if (json_parse(r->body, &doc, &e) < 0)
		return tell(c, exit_of(r->status), r->status == 404 ? "not-found" : "bad-answer",
		    arena_printf(c->a, "the server answered %ld", r->status));
	if (c->json) {
		fprintf(stderr, "%.*s\n", STR(r->body));
		return exit_of(r->status);
	}
	detail = member(json_root(doc), "detail");
	if (str_eq_c(member(json_root(doc), "code"), "not-cleared"))
		tell_lines(c, json_root(doc));
	else
		tell_line(detail.n > 0 ? detail : member(json_root(doc), "title"));
	return exit_of(r->status);
}

bool
cli_json(const struct cli *c, struct str body)
{
	if (!c->json)
		return false;
	fwrite(body.p, 1, body.n, stdout);
	if (!str_ends(body, S("\n")))
		putchar('\n');
	return true;
}
