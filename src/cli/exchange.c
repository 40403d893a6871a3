/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * exchange - check, send, delivery, deliveries, revoke, recipient link, outbox
 */
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/time.h"
#include "cli/cli.h"

#define LIMIT_USES 1000000
#define WAIT_MOST_S 86400

static struct str
delivery_path(struct cli *c, const char *number, const char *rest)
{
	return arena_printf(c->a, "/api/v1/deliveries/%.*s%s", STR(url_part(c, number)), rest);
}

/* ---- check ---- */

static void
show_line(struct cli *c, struct json_object *line)
{
	printf("%-10s  %s  %s  %.*s\n", member(line, "state"), member(line, "asset"),
	    member(line, "address"), STR(line_reasons(c, line)));
}

/* 0, or EXIT_REFUSED when a line is blocked or in review. */
static int
show_check(struct cli *c, struct json_object *doc)
{
	struct json_object *lines = member_list(doc, "lines");
	int r = lines != NULL ? 0 : EXIT_FAILED;

	for (size_t i = 0; i < list_length(lines); i++) {
		struct json_object *line = json_object_array_get_idx(lines, i);

		if (!line_may_go(line))
			r = EXIT_REFUSED;
		if (!c->json)
			show_line(c, line);
	}
	return r;
}

int
command_check(struct cli *c, int argc, char **argv)
{
	const char *method = NULL;
	struct list operands = {0}, to = {0};
	const struct option_row rows[] = {
	    {"--to", NULL, &to, NULL}, {"--method", &method, NULL, NULL}};
	struct json_object *body, *assets;
	struct answer a;
	int r;

	if (!args_parse(c, argc, argv, rows, ARRAY_LEN(rows), &operands))
		return EXIT_USAGE;
	if (operands.n == 0 || to.n == 0)
		return usage(c, "check FILE|ASSET... --to ADDR... [--method package]");
	if ((r = cli_connect(c)) != 0 ||
	    (r = operands_to_assets(c, &operands, false, &assets)) != 0)
		return r;
	body = json_object_new_object();
	json_object_object_add(body, "assets", assets);
	put_list(body, "to", &to);
	put_text(body, "method", method);
	r = cli_simple(c, "POST", S("/api/v1/check"), body, &a);
	if (r == 0)
		r = show_check(c, a.doc);
	json_object_put(body);
	answer_free(&a);
	return r;
}

/* ---- send ---- */

struct send_options {
	const char *release, *expires, *valid_from, *limit, *lang, *subject, *message;
	int64_t uses; /* limit as a number */
	struct list operands, to;
};

static struct json_object *
send_body(const struct send_options *o, struct json_object *assets)
{
	struct json_object *body = json_object_new_object();

	json_object_object_add(body, "assets", assets);
	put_list(body, "to", &o->to);
	put_text(body, "expires", o->expires);
	put_text(body, "valid_from", o->valid_from);
	if (o->limit != NULL)
		json_object_object_add(body, "limit", json_object_new_int64(o->uses));
	put_text(body, "lang", o->lang);
	put_text(body, "subject", o->subject);
	put_text(body, "message", o->message);
	return body;
}

static void
show_sent(struct json_object *doc)
{
	struct json_object *list = member_list(doc, "recipients");

	printf("%s\n", member(doc, "delivery"));
	for (size_t i = 0; i < list_length(list); i++) {
		struct json_object *o = json_object_array_get_idx(list, i);

		printf("%s  %s\n", member(o, "address"), member(o, "link"));
	}
}

int
command_send(struct cli *c, int argc, char **argv)
{
	struct send_options *o = ARENA_NEW(c->a, struct send_options);
	const struct option_row rows[] = {{"--to", NULL, &o->to, NULL},
	    {"--release", &o->release, NULL, NULL}, {"--expires", &o->expires, NULL, NULL},
	    {"--valid-from", &o->valid_from, NULL, NULL}, {"--limit", &o->limit, NULL, NULL},
	    {"--lang", &o->lang, NULL, NULL}, {"--subject", &o->subject, NULL, NULL},
	    {"--message", &o->message, NULL, NULL}};
	struct json_object *body, *assets;
	struct answer a;
	int r;

	if (!args_parse(c, argc, argv, rows, ARRAY_LEN(rows), &o->operands))
		return EXIT_USAGE;
	if (o->operands.n == 0 || o->to.n == 0 ||
	    (o->release != NULL && strcmp(o->release, "cleared") != 0) ||
	    (o->limit != NULL && !args_number(o->limit, LIMIT_USES, &o->uses)))
		return usage(c,
		    "send FILE|ASSET... --to ADDR... [--release cleared] [--expires 14d] "
		    "[--valid-from D] "
		    "[--limit N] [--lang de|en] [--subject T] [--message T]");
	if ((r = cli_connect(c)) != 0 ||
	    (r = operands_to_assets(c, &o->operands, o->release != NULL, &assets)) != 0)
		return r;
	body = send_body(o, assets);
	r = cli_ask_once(c, S("/api/v1/deliveries"), body, &a);
	if (r == 0)
		r = cli_finish(c, &a);
	if (r == 0 && !c->json)
		show_sent(a.doc);
	json_object_put(body);
	answer_free(&a);
	return r;
}

/* ---- deliveries ---- */

/* Each file, or where those of all recipients are too many to be told their sum. */
static void
show_progress(struct json_object *recipient)
{
	struct json_object *files = member_list(recipient, "files"), *sum;

	if (files == NULL && json_object_object_get_ex(recipient, "progress", &sum))
		printf(
		    "  %s of %s files complete\n", member(sum, "complete"), member(sum, "files"));
	for (size_t i = 0; i < list_length(files); i++) {
		struct json_object *f = json_object_array_get_idx(files, i);

		printf("  %-11s %12s  %s\n", member(f, "state"), member(f, "sent_bytes"),
		    member(f, "name"));
	}
}

static void
show_delivery(struct json_object *doc)
{
	struct json_object *list = member_list(doc, "recipients");
	const char *before = member(doc, "events_before");

	printf("%s  %s\n", member(doc, "delivery"), member(doc, "state"));
	for (size_t i = 0; i < list_length(list); i++) {
		struct json_object *o = json_object_array_get_idx(list, i);

		printf("%s  %s\n", member(o, "address"), member(o, "state"));
		show_progress(o);
	}
	if (strcmp(before, "0") != 0)
		printf("%s earlier events: --until %s\n", before, before);
	list = member_list(doc, "events");
	for (size_t i = 0; i < list_length(list); i++) {
		struct json_object *o = json_object_array_get_idx(list, i);

		printf("%-28s %-22s %s %s\n", member(o, "at"), member(o, "kind"),
		    member(o, "recipient"), member(o, "bytes"));
	}
}

int
command_delivery(struct cli *c, int argc, char **argv)
{
	const char *recipient = NULL, *until = NULL, *query;
	const struct option_row rows[] = {
	    {"--recipient", &recipient, NULL, NULL}, {"--until", &until, NULL, NULL}};
	struct list operands = {0};
	struct answer a;
	int64_t n = 0;
	int r;

	if (!args_parse(c, argc, argv, rows, ARRAY_LEN(rows), &operands))
		return EXIT_USAGE;
	if (operands.n != 1 || (until != NULL && !args_number(until, INT64_MAX, &n)))
		return usage(c, "delivery NUMBER [--recipient ADDR] [--until N]");
	query = arena_printf(c->a, "?events_until=%.*s%s%.*s",
	    STR(str_c(until != NULL ? until : "")), recipient != NULL ? "&recipient=" : "",
	    STR(url_part(c, recipient != NULL ? recipient : "")))
	            .p;
	r = cli_simple(c, "GET", delivery_path(c, operands.v[0], query), NULL, &a);
	if (r == 0 && !c->json)
		show_delivery(a.doc);
	answer_free(&a);
	return r;
}

int
command_deliveries(struct cli *c, int argc, char **argv)
{
	struct answer a;
	int r;

	if (!args_parse(c, argc, argv, NULL, 0, NULL))
		return EXIT_USAGE;
	r = cli_simple(c, "GET", S("/api/v1/deliveries"), NULL, &a);
	for (size_t i = 0; r == 0 && !c->json && i < list_length(a.doc); i++) {
		struct json_object *o = json_object_array_get_idx(a.doc, i);

		printf("%s  %-9s  %-28s  %s\n", member(o, "delivery"), member(o, "state"),
		    member(o, "expires"), member(o, "subject"));
	}
	answer_free(&a);
	return r;
}

int
command_revoke(struct cli *c, int argc, char **argv)
{
	const char *recipient = NULL, *reason = NULL;
	struct list operands = {0};
	const struct option_row rows[] = {
	    {"--recipient", &recipient, NULL, NULL}, {"--reason", &reason, NULL, NULL}};
	struct json_object *body;
	struct answer a;
	int r;

	if (!args_parse(c, argc, argv, rows, ARRAY_LEN(rows), &operands))
		return EXIT_USAGE;
	if (operands.n != 1)
		return usage(c, "revoke NUMBER [--recipient ADDR] [--reason T]");
	body = json_object_new_object();
	put_text(body, "recipient", recipient);
	put_text(body, "reason", reason);
	r = cli_simple(c, "POST", delivery_path(c, operands.v[0], "/revoke"), body, &a);
	if (r == 0 && !c->json)
		printf("%s  %s\n", member(a.doc, "delivery"), member(a.doc, "state"));
	json_object_put(body);
	answer_free(&a);
	return r;
}

int
command_recipient(struct cli *c, int argc, char **argv)
{
	struct list operands = {0};
	struct json_object *body;
	struct answer a;
	int r;

	if (!args_parse(c, argc, argv, NULL, 0, &operands))
		return EXIT_USAGE;
	if (operands.n != 3 || strcmp(operands.v[0], "link") != 0)
		return usage(c, "recipient link NUMBER ADDR");
	body = json_object_new_object();
	put_text(body, "address", operands.v[2]);
	r = cli_simple(c, "POST", delivery_path(c, operands.v[1], "/link"), body, &a);
	if (r == 0 && !c->json)
		printf("%s  %s\n", member(a.doc, "address"), member(a.doc, "link"));
	json_object_put(body);
	answer_free(&a);
	return r;
}

/* ---- outbox ---- */

static bool
is_settled(struct json_object *doc)
{
	for (size_t i = 0; i < list_length(doc); i++) {
		if (strcmp(member(json_object_array_get_idx(doc, i), "state"), "queued") != 0)
			return true;
	}
	return false;
}

static int
show_mail(struct cli *c, const char *id)
{
	struct answer a = {0};
	int r;

	if ((r = cli_connect(c)) != 0 ||
	    (r = cli_ask(c, "GET", arena_printf(c->a, "/api/v1/outbox/%.*s", STR(url_part(c, id))),
	         NULL, &a)) != 0)
		return r;
	if (is_success(&a))
		fwrite(a.body.p, 1, a.body.n, stdout);
	else
		r = cli_fail(c, &a);
	answer_free(&a);
	return r;
}

int
command_outbox(struct cli *c, int argc, char **argv)
{
	const char *to = NULL, *wait = NULL;
	struct list operands = {0};
	const struct option_row rows[] = {{"--to", &to, NULL, NULL}, {"--wait", &wait, NULL, NULL}};
	struct str path = S("/api/v1/outbox");
	struct answer a = {0};
	int64_t seconds = 0, until;
	int r;

	if (!args_parse(c, argc, argv, rows, ARRAY_LEN(rows), &operands))
		return EXIT_USAGE;
	if (operands.n == 2 && strcmp(operands.v[0], "show") == 0)
		return show_mail(c, operands.v[1]);
	if (operands.n != 0 || (wait != NULL && !args_number(wait, WAIT_MOST_S, &seconds)))
		return usage(c, "outbox [--to ADDR] [--wait SECONDS] | outbox show ID");
	if (to != NULL)
		path = arena_printf(c->a, "/api/v1/outbox?to=%.*s", STR(url_part(c, to)));
	if ((r = cli_connect(c)) != 0)
		return r;
	until = time_monotonic_us() + seconds * US_PER_S;
	while ((r = cli_ask(c, "GET", path, NULL, &a)) == 0 && is_success(&a) && wait != NULL &&
	       !is_settled(a.doc)) {
		answer_free(&a);
		if (time_monotonic_us() >= until)
			return cli_error(c, EXIT_FAILED, "wait-over",
			    "no such mail has left the queue within %s s", wait);
		usleep(100000);
	}
	if (r != 0)
		return r;
	r = cli_finish(c, &a);
	for (size_t i = 0; r == 0 && !c->json && i < list_length(a.doc); i++) {
		struct json_object *o = json_object_array_get_idx(a.doc, i);

		printf("%s  %-9s %-30s %s  %s\n", member(o, "id"), member(o, "state"),
		    member(o, "to"), member(o, "subject"), member(o, "reply"));
	}
	answer_free(&a);
	return r;
}
