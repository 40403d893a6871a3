/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * output - documents and errors in the form that was asked for
 *
 * With --json one document on stdout, a problem document on stderr.  Without it
 * short text, one line per error; a refused send has one line per file and
 * address that may not go, with the reasons in words.
 */
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "cli/cli.h"

#define ERROR_MOST 4096
#define JSON_FLAGS (JSON_C_TO_STRING_PLAIN | JSON_C_TO_STRING_NOSLASHESCAPE)

void
print_json(struct json_object *o)
{
	puts(json_object_to_json_string_ext(o, JSON_FLAGS));
}

const char *
member(struct json_object *o, const char *name)
{
	struct json_object *v;

	return json_object_object_get_ex(o, name, &v) && v != NULL ? json_object_get_string(v) : "";
}

struct json_object *
member_list(struct json_object *o, const char *name)
{
	struct json_object *v;

	if (!json_object_object_get_ex(o, name, &v) || !json_object_is_type(v, json_type_array))
		return NULL;
	return v;
}

size_t
list_length(struct json_object *list)
{
	return json_object_is_type(list, json_type_array) ? json_object_array_length(list) : 0;
}

void
put_text(struct json_object *o, const char *name, const char *value)
{
	if (value != NULL)
		json_object_object_add(o, name, json_object_new_string(value));
}

void
put_list(struct json_object *o, const char *name, const struct list *l)
{
	struct json_object *list;

	if (l->n == 0)
		return;
	list = json_object_new_array();
	for (size_t i = 0; i < l->n; i++)
		json_object_array_add(list, json_object_new_string(l->v[i]));
	json_object_object_add(o, name, list);
}

/* ---- errors ---- */

int
cli_error(struct cli *c, int exit_code, const char *code, const char *fmt, ...)
{
	struct json_object *o;
	char text[ERROR_MOST];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(text, sizeof text, fmt, ap);
	va_end(ap);
	if (!c->json) {
		fprintf(stderr, "%s%s\n",
		    str_starts(str_c(text), S("usage: ")) ? "" : "geleit: ", text);
		return exit_code;
	}
	o = json_object_new_object();
	put_text(o, "type", arena_printf(c->a, "urn:geleit:problem:%s", code).p);
	put_text(o, "title", text);
	json_object_object_add(o, "status", json_object_new_int(0));
	put_text(o, "code", code);
	put_text(o, "detail", text);
	fprintf(stderr, "%s\n", json_object_to_json_string_ext(o, JSON_FLAGS));
	json_object_put(o);
	return exit_code;
}

/* ---- lines of check ---- */

static const struct {
	const char *code, *words;
} reason_words[] = {
    {"release-draft", "is a draft"},
    {"release-in-review", "is in review"},
    {"release-blocked", "is blocked"},
    {"release-expired", "its release has ended"},
    {"release-conditions", "goes with conditions"},
    {"embargo", "is under embargo"},
    {"expired", "is past its last day"},
    {"malware-unscanned", "was not scanned for malware"},
    {"malware-infected", "holds malware"},
    {"damaged", "arrived damaged"},
    {"trashed", "is in the trash"},
    {"identity-level", "asks for more proof of who receives it"},
    {"classification", "its class forbids it"},
    {"method", "may not go out this way"},
    {"recipient-blocked", "the recipient is blocked"},
    {"sender-role", "you may not send it"},
    {"ingest-pending", "is still being read"},
};

/* A code this program does not know yet speaks for itself. */
static struct str
reason_text(struct cli *c, struct json_object *reason)
{
	const char *code = member(reason, "code"), *date = member(reason, "date");

	for (size_t i = 0; i < ARRAY_LEN(reason_words); i++) {
		if (strcmp(code, reason_words[i].code) == 0)
			return arena_printf(c->a, "%s (%s%s%s)", reason_words[i].words, code,
			    date[0] != '\0' ? ", " : "", date);
	}
	return arena_str(c->a, str_c(code));
}

bool
line_may_go(struct json_object *line)
{
	const char *state = member(line, "state");

	return strcmp(state, "cleared") == 0 || strcmp(state, "conditions") == 0;
}

struct str
line_reasons(struct cli *c, struct json_object *line)
{
	struct json_object *reasons = member_list(line, "reasons");
	struct str text = S("");

	for (size_t i = 0; i < list_length(reasons); i++)
		text = arena_printf(c->a, "%.*s%s%.*s", STR(text), i > 0 ? ", " : "",
		    STR(reason_text(c, json_object_array_get_idx(reasons, i))));
	return text;
}

static void
print_refused(struct cli *c, struct json_object *lines)
{
	for (size_t i = 0; i < list_length(lines); i++) {
		struct json_object *line = json_object_array_get_idx(lines, i);

		if (line_may_go(line))
			continue;
		fprintf(stderr, "geleit: %s to %s: %s: %.*s\n", member(line, "asset"),
		    member(line, "address"), member(line, "state"), STR(line_reasons(c, line)));
	}
}

static int
exit_of(long status)
{
	if (status == 401 || status == 403)
		return EXIT_REFUSED;
	return status == 404 ? EXIT_NOT_FOUND : EXIT_FAILED;
}

int
cli_fail(struct cli *c, const struct answer *r)
{
	int code = exit_of(r->status);
	const char *detail;

	if (!json_object_is_type(r->doc, json_type_object))
		return cli_error(c, code, "http", "the server answered %ld", r->status);
	if (c->json) {
		fprintf(stderr, "%s\n", json_object_to_json_string_ext(r->doc, JSON_FLAGS));
		return code;
	}
	if (list_length(member_list(r->doc, "lines")) > 0) {
		print_refused(c, member_list(r->doc, "lines"));
		return code;
	}
	detail = member(r->doc, "detail");
	fprintf(stderr, "geleit: %s%s%s\n", member(r->doc, "title"), detail[0] != '\0' ? ": " : "",
	    detail);
	return code;
}
