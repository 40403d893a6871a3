/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * http - questions to the server, errors in the form that was asked for
 *
 * GELEIT_URL, GELEIT_KEY, GELEIT_CA win over DIR/run/url, DIR/admin.key and
 * DIR/tls/cert.pem; libcurl trusts the system's authorities beside it.  The key is never printed.
 */
#include <curl/curl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/error.h"
#include "base/random.h"
#include "base/time.h"
#include "cli/cli.h"
#include "cli/curl.h"
#include "os/file.h"

#define BODY_MOST (64 * 1024 * 1024)
#define AGAIN_US (20 * US_PER_S)
#define AGAIN_EVERY_US 300000

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

static const char *
without_slash(struct cli *c, const char *url)
{
	struct str s = str_c(url);

	while (s.n > 0 && s.p[s.n - 1] == '/')
		s.n--;
	return url != NULL ? arena_cstr(c->a, s) : NULL;
}

int
cli_connect(struct cli *c)
{
	const char *url = getenv("GELEIT_URL"), *key = getenv("GELEIT_KEY"),
	           *ca = getenv("GELEIT_CA");

	c->url = without_slash(c, url != NULL ? url : first_line(c, "run/url"));
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
	curl_easy_setopt(h, CURLOPT_PATH_AS_IS, 1L);
	curl_easy_setopt(h, CURLOPT_PROTOCOLS_STR, "https,http");
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

/* May the same request fare better later? Not where nobody vouches for the certificate. */
static bool
is_passing(CURLcode r)
{
	return r != CURLE_PEER_FAILED_VERIFICATION && r != CURLE_SSL_CACERT_BADFILE &&
	       r != CURLE_UNSUPPORTED_PROTOCOL && r != CURLE_URL_MALFORMAT;
}

static CURLcode
ask(struct cli *c, const char *method, struct str path, struct json_object *body,
    const char *more_field, struct answer *ret)
{
	struct curl_slist *fields = NULL;
	CURL *h = curl_easy_init();
	int r;

	curl_easy_setopt(h, CURLOPT_CUSTOMREQUEST, method);
	curl_easy_setopt(h, CURLOPT_TIMEOUT, 120L);
	if (more_field != NULL)
		fields = curl_slist_append(fields, more_field);
	if (body != NULL) {
		fields = curl_slist_append(fields, "Content-Type: application/json");
		curl_easy_setopt(h, CURLOPT_COPYPOSTFIELDS,
		    json_object_to_json_string_ext(body, JSON_C_TO_STRING_PLAIN));
	}
	r = curl_run(c, h, fields, path, ret);
	curl_easy_cleanup(h);
	return (CURLcode)r;
}

static int
unreached(struct cli *c, CURLcode r)
{
	return cli_error(c, EXIT_UNREACHED, "unreached", "%s cannot be reached: %s", c->url,
	    curl_easy_strerror(r));
}

int
cli_ask(struct cli *c, const char *method, struct str path, struct json_object *body,
    struct answer *ret)
{
	CURLcode r = ask(c, method, path, body, NULL, ret);

	return ret->status != 0 ? 0 : unreached(c, r);
}

int
cli_ask_once(struct cli *c, struct str path, struct json_object *body, struct answer *ret)
{
	struct id128 id = random_id128();
	const char *field =
	    arena_printf(c->a, "Idempotency-Key: %.*s", STR(str_hex(c->a, id.b, sizeof id.b))).p;
	int64_t until = time_monotonic_us() + AGAIN_US;
	CURLcode r = ask(c, "POST", path, body, field, ret);

	/* a server that was never there is told at once */
	if (r == CURLE_COULDNT_CONNECT || r == CURLE_COULDNT_RESOLVE_HOST)
		return unreached(c, r);
	while ((ret->status == 0 || ret->status == 503) && is_passing(r) &&
	       time_monotonic_us() < until) {
		usleep(AGAIN_EVERY_US);
		answer_free(ret);
		r = ask(c, "POST", path, body, field, ret);
	}
	return ret->status != 0 ? 0 : unreached(c, r);
}

int
cli_finish(struct cli *c, const struct answer *r)
{
	if (!is_success(r))
		return cli_fail(c, r);
	if (r->doc == NULL)
		return cli_error(c, EXIT_FAILED, "no-document", "the server's answer is no JSON");
	if (c->json)
		print_json(r->doc);
	return 0;
}

int
cli_simple(struct cli *c, const char *method, struct str path, struct json_object *body,
    struct answer *ret)
{
	int r;

	*ret = (struct answer){0};
	if ((r = cli_connect(c)) != 0 || (r = cli_ask(c, method, path, body, ret)) != 0)
		return r;
	return cli_finish(c, ret);
}

struct str
url_part(struct cli *c, const char *text)
{
	char *p = curl_easy_escape(NULL, text, 0);
	struct str s = arena_str(c->a, str_c(p != NULL ? p : ""));

	curl_free(p);
	return s;
}
