/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * http - questions to the server, errors in the form that was asked for
 *
 * GELEIT_URL, GELEIT_KEY, GELEIT_CA win over DIR/run/url, DIR/admin.key and
 * DIR/tls/cert.pem.  The key is never printed.
 */
#include <curl/curl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/error.h"
#include "cli/cli.h"
#include "cli/curl.h"
#include "os/file.h"

#define BODY_MOST (64 * 1024 * 1024)

void
print_json(struct json_object *o)
{
	puts(json_object_to_json_string_ext(
	    o, JSON_C_TO_STRING_PLAIN | JSON_C_TO_STRING_NOSLASHESCAPE));
}

const char *
member(struct json_object *o, const char *name)
{
	struct json_object *v;

	return json_object_object_get_ex(o, name, &v) && v != NULL ? json_object_get_string(v) : "";
}

int
cli_error(struct cli *c, int exit_code, const char *code, const char *fmt, ...)
{
	struct json_object *o;
	char text[600];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(text, sizeof text, fmt, ap);
	va_end(ap);
	if (!c->json) {
		fprintf(stderr, "geleit: %s\n", text);
		return exit_code;
	}
	o = json_object_new_object();
	json_object_object_add(o, "type", json_object_new_string("about:blank"));
	json_object_object_add(o, "title", json_object_new_string(text));
	json_object_object_add(o, "status", json_object_new_int(0));
	json_object_object_add(o, "code", json_object_new_string(code));
	json_object_object_add(o, "detail", json_object_new_string(text));
	fprintf(stderr, "%s\n", json_object_to_json_string_ext(o, JSON_C_TO_STRING_PLAIN));
	json_object_put(o);
	return exit_code;
}

/* ---- where the server is ---- */

static const char *
first_line(struct cli *c, const char *name)
{
	struct str text;
	struct error e;

	if (file_read(c->a, arena_printf(c->a, "%s/%s", c->dir, name).p, 4096, &text, &e) < 0)
		return NULL;
	return arena_cstr(c->a, str_trim(str_head(text, str_find(text, '\n'))));
}

int
cli_connect(struct cli *c)
{
	const char *url = getenv("GELEIT_URL"), *key = getenv("GELEIT_KEY"),
	           *ca = getenv("GELEIT_CA");

	c->url = url != NULL ? url : first_line(c, "run/url");
	c->key = key != NULL ? key : first_line(c, "admin.key");
	c->ca = ca;
	if (ca == NULL) {
		c->ca = arena_printf(c->a, "%s/tls/cert.pem", c->dir).p;
		/* with an address given, the system's authorities may do */
		if (access(c->ca, R_OK) < 0)
			c->ca = NULL;
	}
	if (c->url == NULL || c->url[0] == '\0')
		return cli_error(
		    c, EXIT_UNREACHED, "no-server", "no server has run on %s yet", c->dir);
	if (c->key == NULL || c->key[0] == '\0')
		return cli_error(c, EXIT_FAILED, "no-key",
		    "%s/admin.key cannot be read and GELEIT_KEY is not set", c->dir);
	return 0;
}

/* ---- one question ---- */

struct receiving {
	struct cli *c;
	struct buf body;
	struct answer *r;
};

static size_t
on_body(char *p, size_t size, size_t n, void *arg)
{
	struct receiving *rx = arg;

	buf_add(&rx->body, p, size * n);
	return rx->body.full ? 0 : size * n;
}

static size_t
on_field(char *p, size_t size, size_t n, void *arg)
{
	struct receiving *rx = arg;
	struct str value, line = {p, size * n};
	struct str name = str_cut(line, ':', &value);
	struct {
		struct str name;
		struct str *place;
	} wanted[] = {{S("Geleit-Asset"), &rx->r->asset}, {S("Geleit-Version"), &rx->r->version},
	    {S("Location"), &rx->r->location}, {S("Upload-Offset"), &rx->r->offset}};

	while (value.n > 0 && (value.p[value.n - 1] == '\r' || value.p[value.n - 1] == '\n'))
		value.n--;
	for (size_t i = 0; i < ARRAY_LEN(wanted); i++) {
		if (str_ieq(name, wanted[i].name))
			*wanted[i].place = arena_str(rx->c->a, str_trim(value));
	}
	return size * n;
}

int
curl_run(struct cli *c, CURL *h, struct curl_slist *fields, struct str path, struct answer *ret)
{
	struct receiving rx = {.c = c, .r = ret};
	CURLcode r;

	*ret = (struct answer){0};
	buf_init(&rx.body, BODY_MOST);
	fields =
	    curl_slist_append(fields, arena_printf(c->a, "Authorization: Bearer %s", c->key).p);
	curl_easy_setopt(h, CURLOPT_URL, arena_printf(c->a, "%s%.*s", c->url, STR(path)).p);
	curl_easy_setopt(h, CURLOPT_HTTPHEADER, fields);
	curl_easy_setopt(h, CURLOPT_WRITEFUNCTION, on_body);
	curl_easy_setopt(h, CURLOPT_WRITEDATA, &rx);
	curl_easy_setopt(h, CURLOPT_HEADERFUNCTION, on_field);
	curl_easy_setopt(h, CURLOPT_HEADERDATA, &rx);
	curl_easy_setopt(h, CURLOPT_HTTP_VERSION, (long)CURL_HTTP_VERSION_1_1);
	/* a proxy of the environment is for other machines */
	curl_easy_setopt(h, CURLOPT_NOPROXY, "localhost,127.0.0.1,::1");
	curl_easy_setopt(h, CURLOPT_NOSIGNAL, 1L);
	curl_easy_setopt(h, CURLOPT_CONNECTTIMEOUT, 10L);
	if (c->ca != NULL)
		curl_easy_setopt(h, CURLOPT_CAINFO, c->ca);
	r = curl_easy_perform(h);
	curl_easy_getinfo(h, CURLINFO_RESPONSE_CODE, &ret->status);
	curl_slist_free_all(fields);
	if (r != CURLE_OK && r != CURLE_SEND_ERROR)
		ret->status = 0;
	ret->body = arena_str(c->a, buf_view(&rx.body));
	buf_fini(&rx.body);
	if (ret->body.n > 0 && (ret->body.p[0] == '{' || ret->body.p[0] == '['))
		ret->doc = json_tokener_parse(ret->body.p);
	return (int)r;
}

void
answer_free(struct answer *r)
{
	if (r->doc != NULL)
		json_object_put(r->doc);
	r->doc = NULL;
}

int
cli_ask(struct cli *c, const char *method, struct str path, struct json_object *body,
    struct answer *ret)
{
	struct curl_slist *fields = NULL;
	CURL *h = curl_easy_init();
	int r;

	curl_easy_setopt(h, CURLOPT_CUSTOMREQUEST, method);
	curl_easy_setopt(h, CURLOPT_TIMEOUT, 120L);
	if (body != NULL) {
		fields = curl_slist_append(fields, "Content-Type: application/json");
		curl_easy_setopt(h, CURLOPT_COPYPOSTFIELDS,
		    json_object_to_json_string_ext(body, JSON_C_TO_STRING_PLAIN));
	}
	r = curl_run(c, h, fields, path, ret);
	curl_easy_cleanup(h);
	if (ret->status != 0)
		return 0;
	return cli_error(c, EXIT_UNREACHED, "unreached", "%s cannot be reached: %s", c->url,
	    curl_easy_strerror((CURLcode)r));
}

/* ---- refusals ---- */

static void
print_reasons(struct json_object *line)
{
	struct json_object *reasons;

	if (!json_object_object_get_ex(line, "reasons", &reasons))
		return;
	for (size_t i = 0; i < json_object_array_length(reasons); i++)
		fprintf(stderr, "%s%s", i > 0 ? ", " : "",
		    member(json_object_array_get_idx(reasons, i), "code"));
}

static void
print_lines(struct json_object *doc)
{
	struct json_object *lines;

	if (!json_object_object_get_ex(doc, "lines", &lines))
		return;
	for (size_t i = 0; i < json_object_array_length(lines); i++) {
		struct json_object *line = json_object_array_get_idx(lines, i);

		if (strcmp(member(line, "state"), "cleared") == 0 ||
		    strcmp(member(line, "state"), "conditions") == 0)
			continue;
		fprintf(stderr, "geleit: %s to %s: %s: ", member(line, "asset"),
		    member(line, "address"), member(line, "state"));
		print_reasons(line);
		fputc('\n', stderr);
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

	if (r->doc == NULL)
		return cli_error(c, code, "http", "the server answered %ld", r->status);
	if (c->json) {
		fprintf(
		    stderr, "%s\n", json_object_to_json_string_ext(r->doc, JSON_C_TO_STRING_PLAIN));
		return code;
	}
	if (strcmp(member(r->doc, "code"), "not-cleared") == 0) {
		print_lines(r->doc);
		return code;
	}
	fprintf(stderr, "geleit: %s: %s\n", member(r->doc, "title"), member(r->doc, "detail"));
	return code;
}

int
cli_simple(struct cli *c, const char *method, struct str path, struct json_object *body,
    struct answer *ret)
{
	int r;

	*ret = (struct answer){0};
	if ((r = cli_connect(c)) != 0 || (r = cli_ask(c, method, path, body, ret)) != 0)
		return r;
	if (!is_success(ret))
		return cli_fail(c, ret);
	if (c->json && ret->doc != NULL)
		print_json(ret->doc);
	return 0;
}

struct str
url_part(struct cli *c, const char *text)
{
	char *p = curl_easy_escape(NULL, text, 0);
	struct str s = arena_str(c->a, str_c(p != NULL ? p : ""));

	curl_free(p);
	return s;
}
