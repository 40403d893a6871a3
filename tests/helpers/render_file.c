/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * render_file - drive geleit-media as master and worker do, one file after another
 *
 *	render_file GELEIT_MEDIA OUTPUT-FOLDER|- FILE...
 *
 * Prints one line of JSON for each: what came of it, time, memory, measures.
 * Pictures go to OUTPUT-FOLDER/NAME.PAGE.SIZE.jpg|webp.
 */
#include <fcntl.h>
#include <libgen.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/arena.h"
#include "base/buf.h"
#include "base/error.h"
#include "base/random.h"
#include "base/str.h"
#include "base/time.h"
#include "crypto/sealed.h"
#include "msg/msg.h"
#include "msg/record.h"
#include "os/file.h"
#include "os/ipc.h"
#include "os/spawn.h"
#include "text/json.h"
#include "text/media_type.h"

#define WAIT_MS 60000
#define FILE_BYTES (512 * 1024 * 1024)

static char space[LIMIT_MSG_BYTES];

static NORETURN void
give_up(const char *what, const struct error *e)
{
	fprintf(stderr, "render_file: %s: %s\n", what, e->msg);
	exit(1);
}

static void
send_text(int fd, uint32_t type, const struct buf *b, int extra)
{
	struct ipc_msg m = {.type = type, .body = buf_view(b), .fds = {extra}, .fd_count = 1};
	struct error e;

	if (ipc_send_wait(fd, &m, 5000, &e) < 0)
		give_up("send", &e);
}

/* START, READY, PEER: our end of the pair with it. */
static int
start_media(const char *program)
{
	const char *const argv[] = {"geleit-media", NULL};
	struct spawn s = {.path = program, .argv = argv, .extra_fd = -1, .die_with_parent = true};
	struct msg_start start = {.role = ROLE_MEDIA};
	struct msg_peer peer = {.role = ROLE_WORKER, .lane = LANE_COUNT};
	int control[2], pair[2], conf;
	struct ipc_msg ready;
	struct error e;
	struct buf b;
	pid_t pid;

	buf_init(&b, 1024);
	if (ipc_pair(control, &e) < 0 || ipc_pair(pair, &e) < 0 ||
	    memfd_sealed("conf", S(""), &conf, &e) < 0)
		give_up("start", &e);
	s.control_fd = control[1];
	if (spawn(&s, &pid, &e) < 0)
		give_up(program, &e);
	msg_start_put(&b, &start);
	send_text(control[0], MSG_START, &b, conf);
	if (ipc_recv_wait(control[0], space, 10000, &ready, &e) < 0)
		give_up("READY", &e);
	buf_clear(&b);
	msg_peer_put(&b, &peer);
	send_text(control[0], MSG_PEER, &b, pair[1]);
	close(pair[1]);
	buf_fini(&b);
	return pair[0];
}

struct ask {
	struct msg_render m;
	struct msg_sealed_part parts[LIMIT_RENDER_PARTS];
	int fds[LIMIT_RENDER_PARTS + 1];
	struct data_key key;
};

/* As the store opens a blob; fd is gone. */
static int
read_only(int fd)
{
	char path[64];
	int r;

	snprintf(path, sizeof path, "/proc/self/fd/%d", fd);
	r = open(path, O_RDONLY | O_CLOEXEC);
	close(fd);
	return r;
}

static void
seal_part(struct ask *q, struct str bytes)
{
	struct msg_sealed_part *p = &q->parts[q->m.part_count];
	AUTO(sealed_writer_free) struct sealed_writer *w = NULL;
	uint8_t context[SEALED_CONTEXT_BYTES];
	int fd = memfd_create("part", MFD_CLOEXEC);
	uint64_t n;
	struct error e;

	p->blob = random_id128();
	p->bytes = bytes.n;
	sealed_context(p->blob, SEALED_ORIGINAL, context);
	if (fd < 0 || sealed_writer_new(fd, &q->key, context, &w, &e) < 0 ||
	    sealed_write(w, bytes.p, bytes.n, &e) < 0 || sealed_writer_end(w, &n, &e) < 0)
		give_up("seal", &e);
	q->fds[1 + q->m.part_count++] = read_only(fd);
}

static void
seal_file(struct ask *q, struct str text, uint64_t part_bytes)
{
	q->m.parts = q->parts;
	q->m.pages = LIMIT_RENDER_PAGES;
	random_bytes(&q->key, sizeof q->key);
	memcpy(q->m.key, q->key.b, sizeof q->m.key);
	q->fds[0] = memfd_create("result", MFD_CLOEXEC);
	while (text.n > 0 && q->m.part_count < LIMIT_RENDER_PARTS) {
		struct str part = str_head(text, part_bytes);

		seal_part(q, part);
		text = str_from(text, part.n);
	}
}

static void
ask(int fd, struct ask *q, struct arena *a, struct msg_rendered *ret)
{
	struct ipc_msg m = {.type = MSG_RENDER, .fd_count = 1 + q->m.part_count};
	struct error e;
	struct buf b;

	buf_init(&b, LIMIT_MSG_BYTES);
	msg_render_put(&b, &q->m);
	m.body = buf_view(&b);
	memcpy(m.fds, q->fds, m.fd_count * sizeof m.fds[0]);
	if (ipc_send_wait(fd, &m, 5000, &e) < 0)
		give_up("RENDER", &e);
	ipc_msg_close(&m);
	buf_fini(&b);
}

static void
save(const char *dir, const char *name, const struct render_picture *p)
{
	char path[4096];
	struct error e;

	snprintf(path, sizeof path, "%s/%s.%u.%u.%s", dir, name, p->page, p->size,
	    p->format == PICTURE_JPEG ? "jpg" : "webp");
	(void)unlink(path);
	if (file_create(path, p->bytes, 0644, &e) < 0)
		give_up(path, &e);
}

static void
put_result(struct js *j, const struct render_result *r)
{
	static const char *const states[] = {"ready", "refused", "damaged"};

	js_kv_str(j, "state", str_c(states[r->state]));
	js_kv_str(j, "reason", r->reason);
	js_kv_int(j, "width", r->width);
	js_kv_int(j, "height", r->height);
	js_kv_int(j, "pages", r->pages);
	js_kv_str(j, "colour", r->colour);
	js_kv_str(j, "blurhash", r->blurhash);
	js_kv_str(j, "camera", r->camera);
	js_kv_str(j, "taken", r->taken);
	js_kv_str(j, "space", r->space);
	js_key(j, "pictures");
	js_list(j);
	for (size_t i = 0; i < r->picture_count; i++) {
		const struct render_picture *p = &r->pictures[i];

		js_open(j);
		js_kv_int(j, "page", p->page);
		js_kv_int(j, "size", p->size);
		js_kv_int(j, "width", p->width);
		js_kv_int(j, "height", p->height);
		js_kv_int(j, "bytes", (int64_t)p->bytes.n);
		js_close(j);
	}
	js_list_end(j);
}

static void
put_outcome(struct js *j, struct arena *a, int output, const struct msg_rendered *d,
    const char *dir, const char *name)
{
	struct render_result r;
	struct str text;
	struct error e;

	js_kv_int(j, "detail", d->detail);
	js_kv_int(j, "cpu_ms", d->cpu_ms);
	js_kv_int(j, "peak_kib", d->peak_kib);
	if (d->outcome != RENDER_ENDED || d->detail != 0) {
		js_kv_str(
		    j, "state", d->outcome == RENDER_TIMED_OUT ? S("timed_out") : S("killed"));
		return;
	}
	if (lseek(output, 0, SEEK_SET) < 0 ||
	    fd_read_all(a, output, LIMIT_RENDER_BYTES, &text, &e) < 0 ||
	    record_read(text, a, &r, &e) < 0) {
		js_kv_str(j, "state", S("nonsense"));
		js_kv_str(j, "reason", str_c(e.msg));
		return;
	}
	put_result(j, &r);
	for (size_t i = 0; strcmp(dir, "-") != 0 && i < r.picture_count; i++)
		save(dir, name, &r.pictures[i]);
}

static void
render_one(int media, const char *dir, char *path)
{
	static struct ask q;
	AUTO(arena_free) struct arena *a = arena_new();
	int64_t start = time_monotonic_us();
	struct msg_rendered d;
	struct ipc_msg m = {0};
	struct str text, type;
	struct error e;
	struct js j;
	struct buf b;

	memset(&q, 0, sizeof q);
	buf_init_arena(&b, a, 1 << 20);
	js_begin(&j, &b);
	js_open(&j);
	js_kv_str(&j, "file", str_c(basename(path)));
	if (file_read(a, path, FILE_BYTES, &text, &e) < 0)
		give_up(path, &e);
	type = media_type(str_head(text, MEDIA_TYPE_BYTES), str_c(path));
	js_kv_str(&j, "type", type);
	if (str_eq_c(type, "application/gzip") && str_ends(str_c(path), S(".svgz")))
		type = S("image/svg+xml"); /* as worker_render.c tries it */
	if (text.n == 0 || !media_kind_of(type, &q.m.kind)) {
		js_kv_str(&j, "state", S("none"));
	} else {
		int output;

		seal_file(&q, text,
		    getenv("PART_BYTES") != NULL ? strtoull(getenv("PART_BYTES"), NULL, 10)
		                                 : LIMIT_PART_BYTES);
		output = fcntl(q.fds[0], F_DUPFD_CLOEXEC, 3);
		start = time_monotonic_us();
		ask(media, &q, a, &d);
		if (ipc_recv_wait(media, space, WAIT_MS, &m, &e) < 0 ||
		    msg_rendered_get(m.body, a, &d, &e) < 0)
			give_up("RENDERED", &e);
		put_outcome(&j, a, output, &d, dir, basename(path));
		close(output);
	}
	js_kv_int(&j, "wall_ms", (time_monotonic_us() - start) / 1000);
	js_close(&j);
	printf("%.*s\n", STR(buf_view(&b)));
	fflush(stdout);
}

int
main(int argc, char **argv)
{
	int media;

	if (argc < 4) {
		fprintf(stderr, "usage: render_file GELEIT_MEDIA OUTPUT-FOLDER|- FILE...\n");
		return 2;
	}
	media = start_media(argv[1]);
	for (int i = 3; i < argc; i++)
		render_one(media, argv[2], argv[i]);
	return 0;
}
