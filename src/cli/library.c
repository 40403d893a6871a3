/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * library - status, jobs, key create, asset set, release, history, brand set
 */
#include <stdio.h>
#include <string.h>

#include "base/error.h"
#include "cli/cli.h"
#include "os/file.h"

#define LOGO_MOST (256 * 1024)

int
command_status(struct cli *c, int argc, char **argv)
{
	struct json_object *roles;
	struct answer a;
	int r;

	if (!args_parse(c, argc, argv, NULL, 0, NULL))
		return EXIT_USAGE;
	r = cli_simple(c, "GET", S("/api/v1/status"), NULL, &a);
	if (r == 0 && !c->json && json_object_object_get_ex(a.doc, "roles", &roles)) {
		printf("%s  %s\n", member(a.doc, "version"), member(a.doc, "url"));
		for (size_t i = 0; i < list_length(roles); i++) {
			struct json_object *o = json_object_array_get_idx(roles, i);

			printf("%-8s %s  %s\n", member(o, "role"), member(o, "index"),
			    member(o, "pid"));
		}
	}
	answer_free(&a);
	return r;
}

static int
start_again(struct cli *c, const char *id)
{
	struct answer a;
	int r = cli_simple(c, "POST",
	    arena_printf(c->a, "/api/v1/jobs/%.*s/again", STR(url_part(c, id))), NULL, &a);

	answer_free(&a);
	return r;
}

int
command_jobs(struct cli *c, int argc, char **argv)
{
	struct list operands = {0};
	struct answer a;
	int r;

	if (!args_parse(c, argc, argv, NULL, 0, &operands))
		return EXIT_USAGE;
	if (operands.n == 2 && strcmp(operands.v[0], "again") == 0)
		return start_again(c, operands.v[1]);
	if (operands.n != 0)
		return usage(c, "jobs | jobs again ID");
	r = cli_simple(c, "GET", S("/api/v1/jobs"), NULL, &a);
	for (size_t i = 0; r == 0 && !c->json && i < list_length(a.doc); i++) {
		struct json_object *o = json_object_array_get_idx(a.doc, i);

		printf("%s  %-7s %-30s %s\n", member(o, "id"), member(o, "kind"), member(o, "name"),
		    member(o, "error"));
	}
	answer_free(&a);
	return r;
}

int
command_key(struct cli *c, int argc, char **argv)
{
	const char *name = NULL, *scope = NULL, *expires = NULL;
	struct list operands = {0};
	const struct option_row rows[] = {{"--name", &name, NULL, NULL},
	    {"--scope", &scope, NULL, NULL}, {"--expires", &expires, NULL, NULL}};
	struct json_object *body, *scopes;
	struct answer a;
	int r;

	if (!args_parse(c, argc, argv, rows, ARRAY_LEN(rows), &operands))
		return EXIT_USAGE;
	if (operands.n != 1 || strcmp(operands.v[0], "create") != 0 || name == NULL ||
	    scope == NULL)
		return usage(c, "key create --name N --scope S[,S] [--expires D]");
	body = json_object_new_object();
	scopes = json_object_new_array();
	put_text(body, "name", name);
	put_text(body, "expires", expires);
	for (struct str rest = str_c(scope); rest.p != NULL;) {
		struct str one = str_cut(rest, ',', &rest);

		json_object_array_add(scopes, json_object_new_string_len(one.p, (int)one.n));
	}
	json_object_object_add(body, "scopes", scopes);
	r = cli_simple(c, "POST", S("/api/v1/keys"), body, &a);
	if (r == 0 && !c->json)
		printf("%s\n", member(a.doc, "key"));
	json_object_put(body);
	answer_free(&a);
	return r;
}

int
command_asset(struct cli *c, int argc, char **argv)
{
	const char *title = NULL, *class = NULL, *embargo = NULL, *expires = NULL, *note = NULL;
	struct list operands = {0}, keywords = {0};
	const struct option_row rows[] = {{"--title", &title, NULL, NULL},
	    {"--class", &class, NULL, NULL}, {"--embargo", &embargo, NULL, NULL},
	    {"--expires", &expires, NULL, NULL}, {"--keyword", NULL, &keywords, NULL},
	    {"--note", &note, NULL, NULL}};
	struct json_object *body;
	struct answer a;
	int r;

	if (!args_parse(c, argc, argv, rows, ARRAY_LEN(rows), &operands))
		return EXIT_USAGE;
	if (operands.n != 2 || strcmp(operands.v[0], "set") != 0)
		return usage(c,
		    "asset set ASSET [--title T] [--class public|internal|confidential] "
		    "[--embargo D] "
		    "[--expires D] [--keyword K]... [--note T]");
	body = json_object_new_object();
	put_text(body, "title", title);
	put_text(body, "class", class);
	put_text(body, "embargo", embargo);
	put_text(body, "expires", expires);
	put_text(body, "note", note);
	put_list(body, "keywords", &keywords);
	r = cli_simple(c, "PATCH",
	    arena_printf(c->a, "/api/v1/assets/%.*s", STR(url_part(c, operands.v[1]))), body, &a);
	if (r == 0 && !c->json)
		printf("%s  %s\n", member(a.doc, "asset"), member(a.doc, "title"));
	json_object_put(body);
	answer_free(&a);
	return r;
}

int
command_release(struct cli *c, int argc, char **argv)
{
	const char *until = NULL, *reason = NULL, *credit = NULL;
	struct list operands = {0};
	bool view_only = false;
	const struct option_row rows[] = {{"--until", &until, NULL, NULL},
	    {"--reason", &reason, NULL, NULL}, {"--credit", &credit, NULL, NULL},
	    {"--view-only", NULL, NULL, &view_only}};
	struct json_object *body;
	struct answer a;
	int r;

	if (!args_parse(c, argc, argv, rows, ARRAY_LEN(rows), &operands))
		return EXIT_USAGE;
	if (operands.n != 2)
		return usage(c, "release ASSET draft|review|cleared|conditions|blocked [--until D] "
		                "[--reason T] "
		                "[--credit T] [--view-only]");
	body = json_object_new_object();
	put_text(body, "state", operands.v[1]);
	put_text(body, "until", until);
	put_text(body, "reason", reason);
	put_text(body, "credit", credit);
	if (view_only)
		json_object_object_add(body, "view_only", json_object_new_boolean(1));
	r = cli_simple(c, "PUT",
	    arena_printf(c->a, "/api/v1/assets/%.*s/release", STR(url_part(c, operands.v[0]))),
	    body, &a);
	if (r == 0 && !c->json)
		printf("%s  %s\n", member(a.doc, "asset"), member(a.doc, "state"));
	json_object_put(body);
	answer_free(&a);
	return r;
}

int
command_history(struct cli *c, int argc, char **argv)
{
	struct list operands = {0};
	struct json_object *events;
	struct answer a;
	int r;

	if (!args_parse(c, argc, argv, NULL, 0, &operands))
		return EXIT_USAGE;
	if (operands.n != 1)
		return usage(c, "history ASSET");
	r = cli_simple(c, "GET",
	    arena_printf(c->a, "/api/v1/assets/%.*s/history", STR(url_part(c, operands.v[0]))),
	    NULL, &a);
	if (r == 0 && !c->json && json_object_object_get_ex(a.doc, "events", &events)) {
		for (size_t i = 0; i < list_length(events); i++) {
			struct json_object *o = json_object_array_get_idx(events, i);

			printf("%-28s %s\n", member(o, "at"), member(o, "kind"));
		}
	}
	answer_free(&a);
	return r;
}

int
command_brand(struct cli *c, int argc, char **argv)
{
	const char *name = NULL, *colour = NULL, *logo = NULL, *imprint = NULL, *privacy = NULL;
	struct list operands = {0};
	const struct option_row rows[] = {{"--name", &name, NULL, NULL},
	    {"--colour", &colour, NULL, NULL}, {"--logo", &logo, NULL, NULL},
	    {"--imprint", &imprint, NULL, NULL}, {"--privacy", &privacy, NULL, NULL}};
	struct json_object *body;
	struct answer a;
	struct error e;
	struct str png;
	int r;

	if (!args_parse(c, argc, argv, rows, ARRAY_LEN(rows), &operands))
		return EXIT_USAGE;
	if (operands.n != 1 || strcmp(operands.v[0], "set") != 0)
		return usage(c,
		    "brand set [--name T] [--colour #RRGGBB] [--logo FILE] [--imprint T] "
		    "[--privacy URL]");
	body = json_object_new_object();
	put_text(body, "name", name);
	put_text(body, "colour", colour);
	put_text(body, "imprint", imprint);
	put_text(body, "privacy", privacy);
	if (logo != NULL) {
		if (file_read(c->a, logo, LOGO_MOST, &png, &e) < 0)
			return cli_error(c, EXIT_FAILED, "file", "%s", e.msg);
		put_text(body, "logo", arena_cstr(c->a, str_b64(c->a, png.p, png.n)));
	}
	r = cli_simple(c, "PATCH", S("/api/v1/brand"), body, &a);
	if (r == 0 && !c->json)
		printf("%s  %s\n", member(a.doc, "name"), member(a.doc, "colour"));
	json_object_put(body);
	answer_free(&a);
	return r;
}
