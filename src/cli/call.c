/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * call - see call.h
 */
#include "cli/call.h"

#include <curl/curl.h>
#include <errno.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/error.h"
#include "base/str.h"
#include "os/file.h"
#include "text/json.h"

#define ANSWER_BYTES (64 * 1024 * 1024)
#define SECRET_BYTES 512
#define BUSY_TRIES 4
#define CONNECT_MS 10000L
#define SILENT_S 60L

/* Everything the callbacks of curl need. */
struct flight {
	const struct call *q;
	struct answer *answer;
	struct arena *a;
	struct buf body;
	int64_t read; /* bytes of the file handed to curl */
	bool file_failed;
};

static void
curl_end(CURL **h)
{
	if (*h != NULL)
		curl_easy_cleanup(*h);
	*h = NULL;
}

static void
list_end(struct curl_slist **l)
{
	curl_slist_free_all(*l);
	*l = NULL;
}

/* ---- whom to ask, and as whom ---- */

static struct str
first_line(struct str text)
{
	struct str rest;

	return str_trim(str_cut(text, '\n', &rest));
}

static int
setting(struct cli *c, const char *variable, const char *file, struct str *ret, struct error *e)
{
	const char *value = getenv(variable);
	struct str text;

	if (value != NULL && value[0] != '\0') {
		*ret = str_c(value);
		return 0;
	}
	if (file_read(c->a, arena_printf(c->a, "%s/%s", c->dir, file).p, SECRET_BYTES, &text, e) <
	    0)
		return e->code;
	*ret = first_line(text);
	return 0;
}

static int
server_url(struct cli *c, struct str *ret, struct error *e)
{
	if (setting(c, "GELEIT_URL", "run/url", ret, e) < 0)
		return err_set(e, ERR_UNAVAILABLE,
		    "no server is known: GELEIT_URL is not set and %s/run/url cannot be read",
		    c->dir);
	while (str_ends(*ret, S("/")))
		ret->n--;
	if (!str_starts(*ret, S("https://")))
		return err_set(e, ERR_INVALID, "the server's address must begin with https://");
	return 0;
}

static int
api_key(struct cli *c, struct str *ret, struct error *e)
{
	if (setting(c, "GELEIT_KEY", "admin.key", ret, e) < 0)
		return err_set(e, ERR_INVALID,
		    "no api key: GELEIT_KEY is not set and %s/admin.key cannot be read", c->dir);
	for (size_t i = 0; i < ret->n; i++) {
		if (ret->p[i] < 0x21 || ret->p[i] > 0x7e)
			return err_set(e, ERR_INVALID, "the api key is malformed");
	}
	return 0;
}

/* The certificate authority to trust; NULL: those of the system. */
static const char *
trusted(struct cli *c)
{
	const char *ca = getenv("GELEIT_CA");
	const char *own = arena_printf(c->a, "%s/tls/cert.pem", c->dir).p;

	if (ca != NULL && ca[0] != '\0')
		return ca;
	return access(own, R_OK) == 0 ? own : NULL;
}

/* ---- callbacks ---- */

static size_t
on_body(char *p, size_t size, size_t n, void *arg)
{
	struct flight *f = arg;

	buf_add(&f->body, p, size * n);
	return f->body.full ? 0 : size * n;
}

static size_t
on_field(char *p, size_t size, size_t n, void *arg)
{
	struct flight *f = arg;
	struct str value, name = str_cut((struct str){p, size * n}, ':', &value);

	if (str_starts(name, S("HTTP/")))
		return size * n;
	while (value.n > 0 && (value.p[value.n - 1] == '\n' || value.p[value.n - 1] == '\r'))
		value.n--;
	value = arena_str(f->a, str_trim(value));
	if (str_ieq(name, S("location")))
		f->answer->location = value;
	else if (str_ieq(name, S("geleit-asset")))
		f->answer->asset = value;
	else if (str_ieq(name, S("geleit-version")))
		f->answer->version = value;
	else if (str_ieq(name, S("upload-offset")) && !str_i64(value, &f->answer->offset))
		f->answer->offset = -1;
	return size * n;
}

static size_t
on_read(char *p, size_t size, size_t n, void *arg)
{
	struct flight *f = arg;
	size_t room = size * n;
	ssize_t got;

	room = (size_t)MIN((int64_t)room, f->q->length - f->read);
	if (room == 0)
		return 0;
	do {
		got = pread(f->q->fd, p, room, f->q->offset + f->read);
	} while (got < 0 && errno == EINTR);
	if (got <= 0) {
		f->file_failed = true;
		return CURL_READFUNC_ABORT;
	}
	f->read += got;
	return (size_t)got;
}

static int
on_progress(void *arg, curl_off_t to_get, curl_off_t got, curl_off_t to_send, curl_off_t sent)
{
	struct flight *f = arg;

	(void)to_get, (void)got, (void)to_send;
	if (f->q->progress != NULL)
		f->q->progress(f->q->progress_arg, sent);
	return 0;
}

/* ---- one request ---- */

static void
add_field(struct curl_slist **list, struct str field)
{
	struct curl_slist *longer = curl_slist_append(*list, field.p);

	if (longer == NULL)
		abort();
	*list = longer;
}

static struct curl_slist *
all_fields(struct cli *c, const struct call *q, struct str key)
{
	struct curl_slist *list = NULL;

	add_field(&list, arena_printf(c->a, "Authorization: Bearer %.*s", STR(key)));
	add_field(&list, S("Expect:"));
	add_field(&list, S("Accept-Language: en"));
	if (q->json.n > 0)
		add_field(&list, S("Content-Type: application/json"));
	else if (q->fd <= 0)
		add_field(&list, S("Content-Type:")); /* or curl calls an empty POST a form */
	for (size_t i = 0; i < q->field_count; i++)
		add_field(&list, arena_str(c->a, q->fields[i]));
	return list;
}

/* A loopback server is never asked through a proxy. */
static struct str
no_proxy(struct cli *c)
{
	const char *more = getenv("no_proxy") != NULL ? getenv("no_proxy") : getenv("NO_PROXY");

	return arena_printf(c->a, "localhost,127.0.0.1,[::1]%s%s", more != NULL ? "," : "",
	    more != NULL ? more : "");
}

static void
set_body(CURL *h, struct flight *f)
{
	const struct call *q = f->q;

	if (q->fd > 0) {
		curl_easy_setopt(h, CURLOPT_UPLOAD, 1L);
		curl_easy_setopt(h, CURLOPT_INFILESIZE_LARGE, (curl_off_t)q->length);
		curl_easy_setopt(h, CURLOPT_READFUNCTION, on_read);
		curl_easy_setopt(h, CURLOPT_READDATA, f);
		curl_easy_setopt(h, CURLOPT_UPLOAD_BUFFERSIZE, 512L * 1024);
	} else if (q->json.n > 0 || strcmp(q->method, "POST") == 0) {
		curl_easy_setopt(h, CURLOPT_POSTFIELDS, q->json.n > 0 ? q->json.p : "");
		curl_easy_setopt(h, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)q->json.n);
	}
	if (strcmp(q->method, "HEAD") == 0)
		curl_easy_setopt(h, CURLOPT_NOBODY, 1L);
	else
		curl_easy_setopt(h, CURLOPT_CUSTOMREQUEST, q->method);
}

static void
set_rest(CURL *h, struct cli *c, struct flight *f)
{
	const char *ca = trusted(c);

	if (ca != NULL)
		curl_easy_setopt(h, CURLOPT_CAINFO, ca);
	curl_easy_setopt(h, CURLOPT_NOPROXY, no_proxy(c).p);
	curl_easy_setopt(h, CURLOPT_PROTOCOLS_STR, "https");
	curl_easy_setopt(h, CURLOPT_HTTP_VERSION, (long)CURL_HTTP_VERSION_1_1);
	curl_easy_setopt(h, CURLOPT_NOSIGNAL, 1L);
	curl_easy_setopt(h, CURLOPT_CONNECTTIMEOUT_MS, CONNECT_MS);
	curl_easy_setopt(h, CURLOPT_LOW_SPEED_LIMIT, 1L);
	curl_easy_setopt(h, CURLOPT_LOW_SPEED_TIME, SILENT_S);
	curl_easy_setopt(h, CURLOPT_WRITEFUNCTION, on_body);
	curl_easy_setopt(h, CURLOPT_WRITEDATA, f);
	curl_easy_setopt(h, CURLOPT_HEADERFUNCTION, on_field);
	curl_easy_setopt(h, CURLOPT_HEADERDATA, f);
	curl_easy_setopt(h, CURLOPT_NOPROGRESS, 0L);
	curl_easy_setopt(h, CURLOPT_XFERINFOFUNCTION, on_progress);
	curl_easy_setopt(h, CURLOPT_XFERINFODATA, f);
}

static int
once(struct cli *c, struct flight *f, struct error *e)
{
	AUTO(list_end) struct curl_slist *fields = NULL;
	AUTO(curl_end) CURL *h = curl_easy_init();
	char text[CURL_ERROR_SIZE] = "";
	struct str url, key;
	CURLcode r;

	if (h == NULL)
		return err_set(e, ERR_INTERNAL, "curl does not start");
	if (server_url(c, &url, e) < 0 || api_key(c, &key, e) < 0)
		return e->code;
	fields = all_fields(c, f->q, key);
	curl_easy_setopt(
	    h, CURLOPT_URL, arena_printf(c->a, "%.*s%.*s", STR(url), STR(f->q->path)).p);
	curl_easy_setopt(h, CURLOPT_HTTPHEADER, fields);
	curl_easy_setopt(h, CURLOPT_ERRORBUFFER, text);
	set_body(h, f);
	set_rest(h, c, f);
	r = curl_easy_perform(h);
	curl_easy_getinfo(h, CURLINFO_RESPONSE_CODE, &f->answer->status);
	if (f->file_failed)
		return err_set(e, ERR_IO, "the file became shorter or cannot be read to its end");
	/* an answer that came before the body was sent whole is an answer all the same */
	if (r != CURLE_OK && (f->answer->status < 400 || f->body.n == 0))
		return err_set(e, ERR_UNAVAILABLE, "%.*s: %s", STR(url),
		    text[0] != '\0' ? text : curl_easy_strerror(r));
	return 0;
}

int
call_server(struct cli *c, const struct call *q, struct answer *ret, struct error *e)
{
	int tries = strcmp(q->method, "GET") == 0 ? BUSY_TRIES : 1;
	struct flight f = {.q = q, .answer = ret, .a = c->a};

	for (int i = 0; i < tries; i++) {
		*ret = (struct answer){.offset = -1};
		buf_init_arena(&f.body, c->a, ANSWER_BYTES);
		if (i > 0)
			usleep(500000);
		if (once(c, &f, e) < 0)
			return e->code;
		if (ret->status != 503)
			break;
	}
	ret->body = buf_view(&f.body);
	return 0;
}

int
call_or_tell(struct cli *c, const struct call *q, struct answer *ret)
{
	struct error e;

	if (call_server(c, q, ret, &e) < 0)
		return cli_error(c, &e);
	return ret->status >= 200 && ret->status < 300 ? 0 : cli_problem(c, ret);
}

int
call_json(struct cli *c, const struct call *q, struct answer *ret, struct json_doc **ret_doc)
{
	struct error e;
	int r = call_or_tell(c, q, ret);

	if (r != 0)
		return r;
	if (json_parse(ret->body, ret_doc, &e) < 0)
		return cli_fail(c, CLI_FAILED, "bad-answer", "the server's answer is not JSON");
	return 0;
}

/* ---- reading answers ---- */

struct str
member(struct json *o, const char *name)
{
	struct str s = S("");
	struct error e;

	return o != NULL && json_get_str(o, name, &s, &e) > 0 ? s : S("");
}

int64_t
member_int(struct json *o, const char *name)
{
	int64_t n = 0;
	struct error e;

	return o != NULL && json_get_int(o, name, &n, &e) > 0 ? n : 0;
}

struct json *
member_list(struct json *o, const char *name, size_t *ret_n)
{
	struct json *list = NULL;
	struct error e;

	*ret_n = 0;
	if (o == NULL || json_get_list(o, name, &list, &e) <= 0)
		return NULL;
	*ret_n = json_list_size(list);
	return list;
}

struct json *
member_object(struct json *o, const char *name)
{
	struct json *v = NULL;
	struct error e;

	return o != NULL && json_get_object(o, name, &v, &e) > 0 ? v : NULL;
}

struct json *
root_list(struct json_doc *doc, size_t *ret_n)
{
	*ret_n = json_list_size(json_root(doc));
	return json_root(doc);
}
