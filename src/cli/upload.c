/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * upload - geleit upload, and the uploads of check and send: tus with resumption
 *
 * A cut connection, a busy or a restarting server is waited for up to a minute
 * since the last progress; the server's offset decides where to go on.  On a
 * terminal a bar shows bytes, rate and the time left.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/error.h"
#include "base/time.h"
#include "cli/cli.h"
#include "cli/curl.h"
#include "os/file.h"

#define PATIENCE_US (60 * US_PER_S)
#define READY_WAIT_US (120 * US_PER_S)
#define BAR_EVERY_US 200000
#define BAR_WIDTH 24

struct sending {
	struct cli *c;
	const char *path, *name;
	int fd;
	int64_t bytes, offset; /* of the file; where this PATCH stands */
	int64_t began_us, began_at, shown_us, progress_us;
	bool changed; /* the file ended before it should */
};

/* ---- the bar ---- */

static void
show(struct sending *s, int64_t at, bool last)
{
	int64_t now = time_monotonic_us();
	double seconds = (double)(now - s->began_us) / 1e6;
	double rate = seconds > 0 ? (double)(at - s->began_at) / seconds : 0;
	int full = s->bytes > 0 ? (int)(at * BAR_WIDTH / s->bytes) : BAR_WIDTH;

	if (!isatty(STDERR_FILENO) || (!last && now - s->shown_us < BAR_EVERY_US))
		return;
	s->shown_us = now;
	fprintf(stderr, "\r%-30.30s [%.*s%.*s] %6.1f of %.1f MB  %6.1f MB/s  %4.0f s left %s",
	    s->name, full, "########################", BAR_WIDTH - full, "........................",
	    (double)at / 1e6, (double)s->bytes / 1e6, rate / 1e6,
	    rate > 0 ? (double)(s->bytes - at) / rate : 0.0, last ? "\n" : "");
}

static size_t
on_read(char *p, size_t size, size_t n, void *arg)
{
	struct sending *s = arg;
	size_t want = size * n;
	ssize_t got;

	if ((int64_t)want > s->bytes - s->offset)
		want = (size_t)(s->bytes - s->offset);
	if (want == 0)
		return 0;
	got = pread(s->fd, p, want, s->offset);
	if (got <= 0) {
		s->changed = true;
		return CURL_READFUNC_ABORT;
	}
	s->offset += got;
	show(s, s->offset, false);
	return (size_t)got;
}

/* ---- tus ---- */

static int
tus(struct sending *s, const char *method, struct str path, struct curl_slist *fields,
    bool with_body, struct answer *ret)
{
	CURL *h = curl_easy_init();
	int r;

	fields = curl_slist_append(fields, "Tus-Resumable: 1.0.0");
	if (with_body) {
		curl_easy_setopt(h, CURLOPT_UPLOAD, 1L);
		curl_easy_setopt(h, CURLOPT_READFUNCTION, on_read);
		curl_easy_setopt(h, CURLOPT_READDATA, s);
		curl_easy_setopt(h, CURLOPT_INFILESIZE_LARGE, (curl_off_t)(s->bytes - s->offset));
		curl_easy_setopt(h, CURLOPT_UPLOAD_BUFFERSIZE, 262144L);
		fields = curl_slist_append(fields, "Content-Type: application/offset+octet-stream");
		fields = curl_slist_append(fields, "Expect:");
	} else {
		curl_easy_setopt(h, CURLOPT_TIMEOUT, 60L);
	}
	if (strcmp(method, "HEAD") == 0)
		curl_easy_setopt(h, CURLOPT_NOBODY, 1L);
	curl_easy_setopt(h, CURLOPT_CUSTOMREQUEST, method);
	r = curl_run(s->c, h, fields, path, ret);
	curl_easy_cleanup(h);
	return r;
}

static struct str
metadata(struct sending *s, const char *folder, bool cleared)
{
	struct arena *a = s->c->a;
	struct str m = arena_printf(a, "filename %.*s", STR(str_b64(a, s->name, strlen(s->name))));

	if (folder != NULL)
		m = arena_printf(
		    a, "%.*s,folder %.*s", STR(m), STR(str_b64(a, folder, strlen(folder))));
	if (cleared)
		m = arena_printf(a, "%.*s,release %.*s", STR(m), STR(str_b64(a, "cleared", 7)));
	return m;
}

static int
create(struct sending *s, const char *folder, bool cleared, struct answer *ret)
{
	struct arena *a = s->c->a;
	struct curl_slist *fields = NULL;
	int r;

	fields = curl_slist_append(
	    fields, arena_printf(a, "Upload-Length: %lld", (long long)s->bytes).p);
	fields = curl_slist_append(
	    fields, arena_printf(a, "Upload-Metadata: %.*s", STR(metadata(s, folder, cleared))).p);
	fields = curl_slist_append(fields, "Content-Length: 0");
	r = tus(s, "POST", S("/api/v1/uploads"), fields, false, ret);
	if (ret->status == 0)
		return cli_error(s->c, EXIT_UNREACHED, "unreached", "%s cannot be reached: %s",
		    s->c->url, curl_easy_strerror((CURLcode)r));
	return is_success(ret) ? 0 : cli_fail(s->c, ret);
}

/* May this refusal pass by itself? */
static bool
may_pass(long status)
{
	return status == 0 || status == 409 || status == 429 || status == 503;
}

static int
ask_offset(struct sending *s, struct str location, struct answer *ret)
{
	int64_t at;

	tus(s, "HEAD", location, NULL, false, ret);
	if (is_success(ret) && str_i64(ret->offset, &at)) {
		if (at > s->offset || s->progress_us == 0)
			s->progress_us = time_monotonic_us();
		s->offset = at;
	}
	return 0;
}

static int
patch(struct sending *s, struct str location, struct answer *ret)
{
	struct curl_slist *fields = NULL;

	fields = curl_slist_append(
	    fields, arena_printf(s->c->a, "Upload-Offset: %lld", (long long)s->offset).p);
	tus(s, "PATCH", location, fields, true, ret);
	return 0;
}

/* Until all bytes are committed; answers 0 with asset and version in *ret. */
static int
send_all(struct sending *s, struct str location, struct answer *ret)
{
	int64_t before;

	s->began_us = s->progress_us = time_monotonic_us();
	for (unsigned wait_ms = 100;; wait_ms = MIN(wait_ms * 2, 3000)) {
		answer_free(ret);
		before = s->offset;
		patch(s, location, ret);
		if (s->changed)
			return cli_error(s->c, EXIT_FAILED, "file-changed",
			    "%s became shorter while it was read", s->path);
		if (is_success(ret) && ret->asset.n > 0)
			return 0;
		if (!is_success(ret) && !may_pass(ret->status))
			return cli_fail(s->c, ret);
		usleep(wait_ms * 1000);
		answer_free(ret);
		s->offset = before;
		ask_offset(s, location, ret);
		if (is_success(ret) && ret->asset.n > 0)
			return 0;
		if (!is_success(ret) && !may_pass(ret->status))
			return cli_fail(s->c, ret);
		if (s->offset > before)
			wait_ms = 50;
		if (time_monotonic_us() - s->progress_us > PATIENCE_US)
			return cli_error(s->c, EXIT_FAILED, "upload-stalled",
			    "%s: no progress for a minute; %lld bytes are safe", s->path,
			    (long long)s->offset);
	}
}

/* ---- ready ---- */

static int
ask_quietly(struct sending *s, struct str path, struct answer *ret)
{
	CURL *h = curl_easy_init();
	int r;

	curl_easy_setopt(h, CURLOPT_TIMEOUT, 60L);
	r = curl_run(s->c, h, NULL, path, ret);
	curl_easy_cleanup(h);
	return r;
}

static int
wait_ready(struct sending *s, struct str asset, struct uploaded *ret)
{
	struct str path = arena_printf(s->c->a, "/api/v1/assets/%.*s", STR(asset));
	int64_t until = time_monotonic_us() + READY_WAIT_US + s->bytes / 20;
	int r;

	for (;;) {
		struct json_object *v;
		struct answer a;

		/* the server may be restarting: only the deadline below ends the patience */
		r = ask_quietly(s, path, &a);
		if (!is_success(&a) && a.status != 0 && a.status != 503)
			return cli_fail(s->c, &a);
		if (a.doc != NULL && json_object_object_get_ex(a.doc, "version", &v)) {
			if (strcmp(member(v, "state"), "damaged") == 0)
				return cli_error(
				    s->c, EXIT_FAILED, "damaged", "%s arrived damaged", s->path);
			if (strcmp(member(v, "state"), "ready") == 0) {
				ret->sha256 = arena_cstr(s->c->a, str_c(member(v, "sha256")));
				ret->version = arena_cstr(s->c->a, str_c(member(v, "version")));
				ret->name = arena_cstr(s->c->a, str_c(member(v, "name")));
				answer_free(&a);
				return 0;
			}
		}
		answer_free(&a);
		if (time_monotonic_us() > until)
			return r != 0 ? cli_error(s->c, EXIT_UNREACHED, "unreached",
			                    "%s was stored, but the server is gone", s->path)
			              : cli_error(s->c, EXIT_FAILED, "ingest-slow",
			                    "%s is stored, but not ready yet", s->path);
		usleep(50000);
	}
}

static int
open_file(struct sending *s)
{
	struct stat st;

	s->fd = open(s->path, O_RDONLY | O_CLOEXEC);
	if (s->fd < 0 || fstat(s->fd, &st) < 0)
		return cli_error(s->c, EXIT_FAILED, "file", "%s: %s", s->path, strerror(errno));
	if (!S_ISREG(st.st_mode))
		return cli_error(s->c, EXIT_FAILED, "file", "%s is not a file", s->path);
	s->bytes = st.st_size;
	s->name = strrchr(s->path, '/') != NULL ? strrchr(s->path, '/') + 1 : s->path;
	return 0;
}

int
upload_file(struct cli *c, const char *path, const char *folder, bool cleared, struct uploaded *ret)
{
	struct sending s = {.c = c, .path = path, .fd = -1};
	struct answer a = {0};
	struct str asset;
	int r;

	if ((r = open_file(&s)) == 0 && (r = create(&s, folder, cleared, &a)) == 0 &&
	    a.asset.n == 0)
		r = send_all(&s, a.location, &a);
	if (r == 0) {
		asset = a.asset;
		show(&s, s.bytes, true);
		ret->asset = arena_cstr(c->a, asset);
		ret->bytes = s.bytes;
		r = wait_ready(&s, asset, ret);
	}
	answer_free(&a);
	fd_close(&s.fd);
	return r;
}

int
operands_to_assets(
    struct cli *c, const struct list *operands, bool cleared, struct json_object **ret)
{
	struct json_object *ids = json_object_new_array();

	for (size_t i = 0; i < operands->n; i++) {
		struct uploaded u = {.asset = operands->v[i]};
		int r = access(operands->v[i], F_OK) == 0
		            ? upload_file(c, operands->v[i], NULL, cleared, &u)
		            : 0;

		if (r != 0) {
			json_object_put(ids);
			return r;
		}
		json_object_array_add(ids, json_object_new_string(u.asset));
	}
	*ret = ids;
	return 0;
}

static struct json_object *
uploaded_json(const struct uploaded *u)
{
	struct json_object *o = json_object_new_object();

	json_object_object_add(o, "asset", json_object_new_string(u->asset));
	json_object_object_add(o, "version", json_object_new_string(u->version));
	json_object_object_add(o, "name", json_object_new_string(u->name));
	json_object_object_add(o, "bytes", json_object_new_int64(u->bytes));
	json_object_object_add(o, "sha256", json_object_new_string(u->sha256));
	return o;
}

int
command_upload(struct cli *c, int argc, char **argv)
{
	const char *folder = NULL;
	struct list files = {0};
	const struct option_row rows[] = {{"--folder", &folder, NULL, NULL}};
	struct json_object *doc, *list;
	int r;

	if (!args_parse(argc, argv, rows, ARRAY_LEN(rows), &files) || files.n == 0)
		return usage("upload FILE... [--folder PATH]");
	if ((r = cli_connect(c)) != 0)
		return r;
	doc = json_object_new_object();
	list = json_object_new_array();
	json_object_object_add(doc, "files", list);
	for (size_t i = 0; i < files.n && r == 0; i++) {
		struct uploaded u;

		r = upload_file(c, files.v[i], folder, false, &u);
		if (r == 0 && c->json)
			json_object_array_add(list, uploaded_json(&u));
		else if (r == 0)
			printf("%s  %12lld  %s\n", u.asset, (long long)u.bytes, u.name);
	}
	if (r == 0 && c->json)
		print_json(doc);
	json_object_put(doc);
	return r;
}
