/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * tus - see tus.h
 */
#include "cli/tus.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/error.h"
#include "base/str.h"
#include "base/time.h"
#include "cli/call.h"
#include "cli/progress.h"
#include "os/file.h"
#include "text/json.h"

#define GIVE_UP_US (60 * US_PER_S)
#define PAUSE_FIRST_US 250000
#define PAUSE_MOST_US 5000000
#define POLL_FIRST_US 50000
#define POLL_MOST_US 1000000

struct transfer {
	struct cli *c;
	const char *path;
	const struct tus_options *options;
	int fd;
	int64_t bytes;
	struct str name, address; /* address: path of the upload on the server */
	struct str asset, version;
	int64_t offset;
	int64_t moved_us; /* when the server last had more than before */
	int64_t pause_us;
	struct progress progress;
};

/* ---- patience ---- */

static void
begin_waiting(struct transfer *t, int64_t pause_us)
{
	t->moved_us = time_monotonic_us();
	t->pause_us = pause_us;
}

/* False when a minute went by without anything moving. */
static bool
wait_a_little(struct transfer *t)
{
	if (time_monotonic_us() - t->moved_us > GIVE_UP_US)
		return false;
	usleep((useconds_t)t->pause_us);
	t->pause_us = MIN(t->pause_us * 2, PAUSE_MOST_US);
	return true;
}

/* Worth asking again: nobody there, or a server that says "later". */
static bool
is_passing(int r, const struct answer *an, const struct error *e)
{
	if (r < 0)
		return e->code == ERR_UNAVAILABLE;
	return an->status == 429 || an->status == 500 || an->status == 502 || an->status == 503 ||
	       an->status == 504;
}

static bool
is_ok(const struct answer *an)
{
	return an->status >= 200 && an->status < 300;
}

static int
tell(struct transfer *t, int r, const struct answer *an, const struct error *e)
{
	progress_end(&t->progress);
	return r < 0 ? cli_error(t->c, e) : cli_problem(t->c, an);
}

/* Ask until there is an answer that will not change by waiting. */
static int
ask(struct transfer *t, const struct call *q, struct answer *ret)
{
	struct error e;

	begin_waiting(t, PAUSE_FIRST_US);
	for (;;) {
		int r = call_server(t->c, q, ret, &e);

		if (r == 0 && is_ok(ret))
			return 0;
		if (!is_passing(r, ret, &e) || !wait_a_little(t))
			return tell(t, r, ret, &e);
	}
}

/* ---- creation ---- */

static struct str
pair(struct transfer *t, const char *key, const char *value)
{
	struct arena *a = t->c->a;

	if (value == NULL)
		return S("");
	return arena_printf(a, ",%s %.*s", key, STR(str_b64(a, value, strlen(value))));
}

static struct str
metadata(struct transfer *t)
{
	struct arena *a = t->c->a;

	return arena_printf(a, "Upload-Metadata: filename %.*s%.*s%.*s%.*s",
	    STR(str_b64(a, t->name.p, t->name.n)), STR(pair(t, "folder", t->options->folder)),
	    STR(pair(t, "asset", t->options->asset)),
	    STR(pair(t, "release", t->options->cleared ? "cleared" : NULL)));
}

/* The path of a Location, which may be a whole URL. */
static struct str
path_of(struct str location)
{
	const char *p;

	if (!str_starts(location, S("https://")))
		return location;
	location = str_from(location, sizeof "https://" - 1);
	p = memchr(location.p, '/', location.n);
	return p != NULL ? str_from(location, (size_t)(p - location.p)) : S("");
}

static void
take_result(struct transfer *t, const struct answer *an)
{
	if (an->asset.n > 0) {
		t->asset = an->asset;
		t->version = an->version;
	}
}

static int
create(struct transfer *t)
{
	struct arena *a = t->c->a;
	const struct str fields[] = {S("Tus-Resumable: 1.0.0"),
	    arena_printf(a, "Upload-Length: %lld", (long long)t->bytes), metadata(t)};
	const struct call q = {.method = "POST",
	    .path = S("/api/v1/uploads"),
	    .fields = fields,
	    .field_count = ARRAY_LEN(fields)};
	struct answer an;
	int r = ask(t, &q, &an);

	if (r != 0)
		return r;
	t->address = path_of(an.location);
	take_result(t, &an);
	if (str_starts(t->address, S("/")))
		return 0;
	return cli_fail(t->c, CLI_FAILED, "bad-answer", "the server gave no address to upload to");
}

/* ---- bytes ---- */

static void
on_sent(void *arg, int64_t sent)
{
	struct transfer *t = arg;

	progress_set(&t->progress, t->offset + sent);
}

static int
patch(struct transfer *t, struct answer *an, struct error *e)
{
	const struct str fields[] = {S("Tus-Resumable: 1.0.0"),
	    arena_printf(t->c->a, "Upload-Offset: %lld", (long long)t->offset),
	    S("Content-Type: application/offset+octet-stream")};
	const struct call q = {.method = "PATCH",
	    .path = t->address,
	    .fd = t->fd,
	    .offset = t->offset,
	    .length = t->bytes - t->offset,
	    .progress = on_sent,
	    .progress_arg = t,
	    .fields = fields,
	    .field_count = ARRAY_LEN(fields)};

	return call_server(t->c, &q, an, e);
}

/* Where the server stands; it may have the whole file by now. */
static int
look(struct transfer *t)
{
	static const struct str fields[] = {S("Tus-Resumable: 1.0.0")};
	const struct call q = {
	    .method = "HEAD", .path = t->address, .fields = fields, .field_count = 1};
	int64_t moved_us = t->moved_us, pause_us = t->pause_us;
	struct answer an;
	int r = ask(t, &q, &an);

	t->moved_us = moved_us;
	t->pause_us = pause_us;
	if (r != 0)
		return r;
	take_result(t, &an);
	if (an.offset < t->offset || an.offset > t->bytes)
		return cli_fail(
		    t->c, CLI_FAILED, "bad-answer", "the server lost bytes it had confirmed");
	if (an.offset > t->offset)
		begin_waiting(t, PAUSE_FIRST_US);
	t->offset = an.offset;
	return 0;
}

static int
send_all(struct transfer *t)
{
	struct answer an;
	struct error e;
	int r;

	begin_waiting(t, PAUSE_FIRST_US);
	while (t->asset.n == 0) {
		r = patch(t, &an, &e);
		if (r == 0 && is_ok(&an))
			take_result(t, &an);
		/* 409: the server stands elsewhere, which HEAD will tell */
		else if (!(r == 0 && an.status == 409) && !is_passing(r, &an, &e))
			return tell(t, r, &an, &e);
		if (t->asset.n > 0)
			break;
		progress_say(&t->progress, "connection lost, resuming");
		if (!wait_a_little(t))
			return tell(t, r, &an, &e);
		r = look(t);
		if (r != 0)
			return r;
	}
	return 0;
}

/* ---- ingest ---- */

/* 1 ingested, 0 not yet, negative: told, the exit code negated. */
static int
read_version(struct transfer *t, const struct answer *an, struct uploaded *ret)
{
	AUTO(json_free) struct json_doc *doc = NULL;
	struct json *v;
	struct str state;
	struct error e;

	if (json_parse(an->body, &doc, &e) < 0)
		return -cli_error(t->c, &e);
	v = member_object(json_root(doc), "version");
	state = member(v, "state");
	if (!str_eq(member(v, "version"), t->version))
		return -cli_fail(t->c, CLI_FAILED, "superseded",
		    "%s: another version became current meanwhile", t->path);
	if (str_eq_c(state, "damaged"))
		return -cli_fail(
		    t->c, CLI_FAILED, "damaged", "%s: arrived damaged, upload it again", t->path);
	if (!str_eq_c(state, "ready"))
		return 0;
	*ret = (struct uploaded){.asset = t->asset,
	    .version = t->version,
	    .name = arena_str(t->c->a, member(v, "name")),
	    .sha256 = arena_str(t->c->a, member(v, "sha256")),
	    .bytes = member_int(v, "bytes")};
	return 1;
}

static int
wait_for_ingest(struct transfer *t, struct uploaded *ret)
{
	const struct call q = {
	    .method = "GET", .path = arena_printf(t->c->a, "/api/v1/assets/%.*s", STR(t->asset))};
	int64_t pause_us = POLL_FIRST_US;
	struct answer an;

	progress_say(&t->progress, "being checked in");
	for (;;) {
		int r = ask(t, &q, &an);

		if (r != 0)
			return r;
		r = read_version(t, &an, ret);
		if (r != 0)
			return r > 0 ? 0 : -r;
		usleep((useconds_t)pause_us);
		pause_us = MIN(pause_us * 2, POLL_MOST_US);
	}
}

/* ---- the file ---- */

static int
open_file(struct transfer *t)
{
	struct stat st;

	t->fd = open(t->path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	if (t->fd < 0 || fstat(t->fd, &st) < 0)
		return cli_fail(t->c, CLI_FAILED, "unreadable", "%s: %s", t->path, strerror(errno));
	if (!S_ISREG(st.st_mode))
		return cli_fail(t->c, CLI_FAILED, "unreadable", "%s: is not a file", t->path);
	t->bytes = st.st_size;
	return 0;
}

static struct str
last_component(const char *path)
{
	const char *slash = strrchr(path, '/');

	return str_c(slash != NULL ? slash + 1 : path);
}

int
tus_upload(struct cli *c, const char *path, const struct tus_options *o, struct uploaded *ret)
{
	AUTO(fd_close) int fd = -1;
	struct transfer t = {
	    .c = c, .path = path, .options = o, .name = last_component(path), .fd = -1};
	int r = open_file(&t);

	fd = t.fd;
	progress_begin(&t.progress, t.name, t.bytes, 0);
	if (r == 0)
		r = create(&t);
	if (r == 0)
		r = send_all(&t);
	if (r == 0)
		r = wait_for_ingest(&t, ret);
	progress_end(&t.progress);
	return r;
}
