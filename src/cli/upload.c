/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * upload - geleit upload, and the uploads of check and send: tus with resumption
 *
 * A cut connection, a busy or a restarting server is waited for up to a minute
 * since the last progress; the server's offset decides where to go on.  On a
 * terminal a bar shows bytes, rate and the time left.  A file that changes while
 * it is read is never completed: its last bytes are held back until a look at
 * size and time of change says that it is still the one that was opened.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
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
#define STALL_S 30L
#define BAR_EVERY_US 200000
#define BAR_WIDTH 24

struct sending {
	struct cli *c;
	const char *path, *name;
	int fd;
	int64_t bytes, offset; /* of the file; where this PATCH stands */
	int64_t began_us, began_at, shown_us, progress_us;
	struct timespec written; /* the file's time of change when it was opened */
	bool changed;            /* it is another by now */
	int unread;              /* errno of reading it, 0: none */
	bool shown;              /* the bar stands on an unfinished line */
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
	s->shown = !last;
	fprintf(stderr, "\r%-30.30s [%.*s%.*s] %6.1f of %.1f MB  %6.1f MB/s  %4.0f s left %s",
	    s->name, full, "########################", BAR_WIDTH - full, "........................",
	    (double)at / 1e6, (double)s->bytes / 1e6, rate / 1e6,
	    rate > 0 ? (double)(s->bytes - at) / rate : 0.0, last ? "\n" : "");
}

/* An error starts on a line of its own. */
static void
end_bar(struct sending *s)
{
	if (s->shown)
		fputc('\n', stderr);
	s->shown = false;
}

static bool
is_same_file(struct sending *s)
{
	struct stat st;

	return fstat(s->fd, &st) == 0 && st.st_size == s->bytes &&
	       st.st_mtim.tv_sec == s->written.tv_sec && st.st_mtim.tv_nsec == s->written.tv_nsec;
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
	/* looked at after the last read: an earlier look could miss a change */
	if (got < 0)
		s->unread = errno;
	if (got <= 0 || (s->offset + got == s->bytes && !is_same_file(s))) {
		s->changed = got >= 0;
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
		/* a peer that went silent is a cut, too */
		curl_easy_setopt(h, CURLOPT_LOW_SPEED_LIMIT, 1L);
		curl_easy_setopt(h, CURLOPT_LOW_SPEED_TIME, STALL_S);
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

static void
ask_offset(struct sending *s, struct str location, struct answer *ret)
{
	int64_t at;

	tus(s, "HEAD", location, NULL, false, ret);
	if (is_success(ret) && str_i64(ret->offset, &at)) {
		if (at > s->offset)
			s->progress_us = time_monotonic_us();
		s->offset = at;
	}
}

static void
patch(struct sending *s, struct str location, struct answer *ret)
{
	struct curl_slist *fields = NULL;

	fields = curl_slist_append(
	    fields, arena_printf(s->c->a, "Upload-Offset: %lld", (long long)s->offset).p);
	tus(s, "PATCH", location, fields, true, ret);
}

/* What has arrived of a file that changed is of no use; never mind the answer. */
static int
give_up_changed(struct sending *s, struct str location, struct answer *ret)
{
	answer_free(ret);
	tus(s, "DELETE", location, NULL, false, ret);
	end_bar(s);
	return cli_error(s->c, EXIT_FAILED, "file-changed",
	    "%s changed while it was read; nothing was kept of it", s->path);
}

static int
refused(struct sending *s, const struct answer *r)
{
	end_bar(s);
	return cli_fail(s->c, r);
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
			return give_up_changed(s, location, ret);
		if (s->unread != 0) {
			end_bar(s);
			return cli_error(s->c, EXIT_FAILED, "file", "%s cannot be read: %s",
			    s->path, strerror(s->unread));
		}
		if (is_success(ret) && ret->asset.n > 0)
			return 0;
		if (!is_success(ret) && !may_pass(ret->status))
			return refused(s, ret);
		usleep(wait_ms * 1000);
		answer_free(ret);
		s->offset = before;
		ask_offset(s, location, ret);
		if (is_success(ret) && ret->asset.n > 0)
			return 0;
		if (!is_success(ret) && !may_pass(ret->status))
			return refused(s, ret);
		if (s->offset > before)
			wait_ms = 50;
		if (time_monotonic_us() - s->progress_us > PATIENCE_US) {
			end_bar(s);
			return cli_error(s->c, EXIT_FAILED, "upload-stalled",
			    "%s: no progress for a minute; %lld bytes are safe", s->path,
			    (long long)s->offset);
		}
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

/* Not blocking: a FIFO would wait for its writer. */
static int
open_file(struct sending *s)
{
	struct stat st;

	s->fd = open(s->path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	if (s->fd < 0 || fstat(s->fd, &st) < 0)
		return cli_error(s->c, EXIT_FAILED, "file", "%s: %s", s->path, strerror(errno));
	if (!S_ISREG(st.st_mode))
		return cli_error(s->c, EXIT_FAILED, "file", "%s is not a file", s->path);
	s->bytes = st.st_size;
	s->written = st.st_mtim;
	s->name = strrchr(s->path, '/') != NULL ? strrchr(s->path, '/') + 1 : s->path;
	return 0;
}

bool
is_path(const char *operand)
{
	return operand[strspn(operand, "0123456789")] != '\0' || access(operand, F_OK) == 0 ||
	       errno == EACCES;
}

int
upload_probe(struct cli *c, const char *path)
{
	struct sending s = {.c = c, .path = path, .fd = -1};
	int r = open_file(&s);

	fd_close(&s.fd);
	return r;
}

int
upload_file(struct cli *c, const char *path, const char *folder, bool cleared, struct uploaded *ret)
{
	struct sending s = {.c = c, .path = path, .name = path, .fd = -1};
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
	struct json_object *ids;
	int r = 0;

	for (size_t i = 0; i < operands->n && r == 0; i++)
		r = is_path(operands->v[i]) ? upload_probe(c, operands->v[i]) : 0;
	if (r != 0)
		return r;
	ids = json_object_new_array();
	for (size_t i = 0; i < operands->n; i++) {
		struct uploaded u = {.asset = operands->v[i]};

		if (is_path(operands->v[i]))
			r = upload_file(c, operands->v[i], NULL, cleared, &u);
		if (r != 0) {
			json_object_put(ids);
			return r;
		}
		json_object_array_add(ids, json_object_new_string(u.asset));
	}
	*ret = ids;
	return 0;
}

/* ---- geleit upload ---- */

static struct json_object *
uploaded_json(const struct uploaded *u)
{
	struct json_object *o = json_object_new_object();

	put_text(o, "asset", u->asset);
	put_text(o, "version", u->version);
	put_text(o, "name", u->name);
	json_object_object_add(o, "bytes", json_object_new_int64(u->bytes));
	put_text(o, "sha256", u->sha256);
	return o;
}

static int
upload_all(struct cli *c, const struct list *files, const char *folder, struct json_object *told)
{
	int r = 0;

	for (size_t i = 0; i < files->n && r == 0; i++)
		r = upload_probe(c, files->v[i]);
	for (size_t i = 0; i < files->n && r == 0; i++) {
		struct uploaded u = {0};

		r = upload_file(c, files->v[i], folder, false, &u);
		if (r == 0 && !c->json)
			printf("%-20s %14lld  %s\n", u.asset, (long long)u.bytes, u.name);
		if (r == 0)
			json_object_array_add(told, uploaded_json(&u));
	}
	return r;
}

/* When a file fails, those before it are told all the same: they are in the library. */
int
command_upload(struct cli *c, int argc, char **argv)
{
	const char *folder = NULL;
	struct list files = {0};
	const struct option_row rows[] = {{"--folder", &folder, NULL, NULL}};
	struct json_object *doc, *told;
	int r;

	if (!args_parse(c, argc, argv, rows, ARRAY_LEN(rows), &files))
		return EXIT_USAGE;
	if (files.n == 0)
		return usage(c, "upload FILE... [--folder PATH]");
	if ((r = cli_connect(c)) != 0)
		return r;
	doc = json_object_new_object();
	told = json_object_new_array();
	json_object_object_add(doc, "files", told);
	r = upload_all(c, &files, folder, told);
	if (c->json && (r == 0 || list_length(told) > 0))
		print_json(doc);
	json_object_put(doc);
	return r;
}
