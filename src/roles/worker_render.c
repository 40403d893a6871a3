/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * worker_render - files to geleit-media and what it made of them
 *
 * A job goes out with its parts' ciphertext and one key, and the round goes on;
 * the answer comes on the pair.  What lies in the memfd was written by a process
 * that had parsed a stranger's file: record_read believes nothing of it.  The
 * pictures are sealed one after another into one blob under the version's key.
 *
 * Refused, damaged, timed out and killed are results, told to whoever looks at
 * the file; only what is our own fault is tried again.
 */
#include "roles/worker.h"

#include <fcntl.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/arena.h"
#include "base/buf.h"
#include "base/error.h"
#include "base/log.h"
#include "base/random.h"
#include "base/str.h"
#include "base/time.h"
#include "crypto/sealed.h"
#include "model/change.h"
#include "model/rendition.h"
#include "model/version.h"
#include "msg/record.h"
#include "os/file.h"
#include "os/loop.h"
#include "store/store.h"

#define LEASE_US (120 * US_PER_S)
#define SILENT_US (60 * US_PER_S)
#define TRIES_MOST 3
#define EXIT_OUTPUT 73 /* media/job.c: more than LIMIT_RENDER_BYTES */

bool
render_kind(struct str type, struct str name, enum media_kind *ret)
{
	/* the name says what to try, not what it is */
	if (str_eq_c(type, "application/gzip") && str_ends(name, S(".svgz"))) {
		*ret = MEDIA_SVG;
		return true;
	}
	return media_kind_of(type, ret);
}

/* ---- the end of a job ---- */

static int
commit(struct worker *w, const struct job *j, const struct media *m, const struct rendition *list,
    size_t n, struct error *e)
{
	AUTO(change_abort) struct change *c = NULL;

	if (change_begin(w->db, (struct actor){ACTOR_SYSTEM, 0}, CHANGE_HOUSEKEEPING, &c, e) < 0 ||
	    media_set(c, j->version, m, list, n, e) < 0 || job_done(c, j, e) < 0)
		return err_code(e);
	return change_commit(&c, e);
}

static int
settle(struct worker *w, const struct job *j, const struct media *m, const struct rendition *list,
    size_t n, struct error *e)
{
	int r = ERR_RETRY;

	for (int i = 0; i < LIMIT_CHANGE_RETRIES && r == ERR_RETRY; i++)
		r = commit(w, j, m, list, n, e);
	return r;
}

/* A result without a picture. */
static int
settle_without(struct worker *w, const struct job *j, enum media_state state, const char *reason,
    struct error *e)
{
	const struct media m = {.state = state, .reason = str_c(reason)};

	return settle(w, j, &m, NULL, 0, e);
}

/* Not the file's fault: later again, a few times. */
static void
again(struct worker *w, const struct job *j, const char *why)
{
	struct error e = {0};
	int r = j->tries < TRIES_MOST ? job_failed(w->db, j, why, &e)
	                              : settle_without(w, j, MEDIA_KILLED, "not-started", &e);

	log_warn("preview of version %lld: %s", (long long)j->version.v, why);
	if (r < 0)
		log_warn("job: %s", e.msg);
}

/* ---- going out ---- */

static struct render_slot *
slot_of(struct worker *w, int64_t number)
{
	for (size_t i = 0; i < LIMIT_RENDER_JOBS; i++) {
		if (w->renders[i].number == number)
			return &w->renders[i];
	}
	return NULL;
}

static void
slot_free(struct render_slot *s)
{
	fd_close(&s->output);
	s->job.id.v = 0;
	s->number = 0;
}

static int
send_render(struct worker *w, struct ipc_msg *m, const struct msg_render *q, struct error *e)
{
	struct buf b;
	int r;

	buf_init(&b, 4096);
	msg_render_put(&b, q);
	m->body = buf_view(&b);
	r = ipc_send_wait(w->media, m, 1000, e);
	explicit_bzero(b.p, b.n);
	buf_fini(&b);
	return r;
}

static int
hand_over(struct worker *w, struct render_slot *s, enum media_kind kind,
    const struct version_part *parts, size_t n, struct error *e)
{
	AUTO(ipc_msg_close) struct ipc_msg m = {.type = MSG_RENDER};
	struct msg_sealed_part list[LIMIT_RENDER_PARTS];
	struct msg_render q = {.job = s->number,
	    .kind = kind,
	    .pages = LIMIT_RENDER_PAGES,
	    .parts = list,
	    .part_count = n};
	AUTO(data_key_wipe) struct data_key key = {0};
	int r;

	s->output = memfd_create("renditions", MFD_CLOEXEC);
	if (s->output < 0)
		return err_errno(e, "memfd");
	m.fds[m.fd_count++] = fcntl(s->output, F_DUPFD_CLOEXEC, 0);
	if (parts_open(w, parts, n, list, &m, e) < 0 ||
	    keyring_version_get(&w->keys, s->job.version, &key, e) < 0)
		return err_code(e);
	memcpy(q.key, key.b, sizeof q.key);
	r = send_render(w, &m, &q, e);
	explicit_bzero(&q, sizeof q);
	return r;
}

/* 1 it is on its way, 0 it needs nobody: settled. */
static int
begin(struct worker *w, struct render_slot *s, struct error *e)
{
	struct version_part *parts;
	enum media_kind kind;
	struct version v;
	size_t n;

	if (version_get(w->db, w->a, s->job.version, &v, e) < 0 ||
	    version_parts(w->db, w->a, s->job.version, &parts, &n, e) < 0)
		return err_code(e);
	if (v.damaged || !render_kind(v.media_type, v.name, &kind))
		return settle_without(w, &s->job, MEDIA_REFUSED, "other-kind", e);
	if (v.bytes == 0)
		return settle_without(w, &s->job, MEDIA_REFUSED, "empty", e);
	if (n > LIMIT_RENDER_PARTS)
		return settle_without(w, &s->job, MEDIA_REFUSED, "too-large", e);
	return hand_over(w, s, kind, parts, n, e) < 0 ? err_code(e) : 1;
}

int
render_next(struct worker *w, struct error *e)
{
	struct render_slot *s = slot_of(w, 0);
	struct error failure;
	int r;

	if (w->media < 0 || s == NULL)
		return 0;
	arena_reset(w->a);
	r = job_claim(w->db, "render", LEASE_US, &s->job, e);
	if (r <= 0) {
		s->job.id.v = 0;
		return r;
	}
	s->since_us = loop_now(w->loop);
	s->number = ++w->render_number;
	r = begin(w, s, &failure);
	if (r < 0)
		again(w, &s->job, failure.msg);
	if (r <= 0)
		slot_free(s);
	return 1;
}

/* ---- coming back ---- */

static int
seal_pictures(struct worker *w, const struct render_result *r, const struct data_key *key,
    struct id128 blob, struct error *e)
{
	AUTO(fd_close) int fd = -1;
	AUTO(sealed_writer_free) struct sealed_writer *writer = NULL;
	uint8_t context[SEALED_CONTEXT_BYTES];
	uint64_t bytes;

	sealed_context(blob, SEALED_RENDITION, context);
	if (store_part_create(w->store, blob, &fd, e) < 0 ||
	    sealed_writer_new(fd, key, context, &writer, e) < 0)
		return err_code(e);
	for (size_t i = 0; i < r->picture_count; i++) {
		struct str p = r->pictures[i].bytes;

		if (sealed_write(writer, p.p, p.n, e) < 0)
			return err_code(e);
	}
	if (sealed_writer_end(writer, &bytes, e) < 0)
		return err_code(e);
	return store_part_publish(w->store, blob, sealed_size(bytes), e);
}

static struct rendition *
rows_of(struct worker *w, const struct render_result *r)
{
	struct rendition *list = ARENA_ARRAY(w->a, struct rendition, r->picture_count);
	int64_t at = 0;

	for (size_t i = 0; i < r->picture_count; i++) {
		const struct render_picture *p = &r->pictures[i];

		list[i] = (struct rendition){.page = p->page,
		    .size = p->size,
		    .width = p->width,
		    .height = p->height,
		    .format = p->format == PICTURE_JPEG ? S("jpeg") : S("webp"),
		    .at = at,
		    .bytes = (int64_t)p->bytes.n};
		at += list[i].bytes;
	}
	return list;
}

static int
keep(struct worker *w, const struct job *j, const struct render_result *r, struct error *e)
{
	static const enum media_state states[] = {
	    [RENDER_READY] = MEDIA_READY,
	    [RENDER_REFUSED] = MEDIA_REFUSED,
	    [RENDER_DAMAGED] = MEDIA_DAMAGED,
	};
	struct media m = {.state = states[r->state],
	    .reason = r->reason,
	    .width = r->width,
	    .height = r->height,
	    .pages = r->pages,
	    .colour = r->colour,
	    .blurhash = r->blurhash,
	    .camera = r->camera,
	    .taken = r->taken,
	    .space = r->space};
	AUTO(data_key_wipe) struct data_key key = {0};
	int done = 0;

	if (r->picture_count > 0) {
		m.blob = random_id128();
		if (keyring_version_get(&w->keys, j->version, &key, e) < 0)
			return err_code(e);
		done = seal_pictures(w, r, &key, m.blob, e);
	}
	return done < 0 ? done : settle(w, j, &m, rows_of(w, r), r->picture_count, e);
}

/* Into memory of ours first: whoever wrote it may still hold the memfd. */
static int
take_result(struct worker *w, struct render_slot *s, struct error *e)
{
	struct render_result r;
	struct str text;
	struct stat st;

	if (fstat(s->output, &st) < 0 || lseek(s->output, 0, SEEK_SET) < 0)
		return err_errno(e, "memfd");
	if (st.st_size > LIMIT_RENDER_BYTES)
		return settle_without(w, &s->job, MEDIA_KILLED, "nonsense", e);
	if (fd_read_all(w->a, s->output, LIMIT_RENDER_BYTES, &text, e) < 0)
		return err_code(e);
	if (record_read(text, w->a, &r, e) < 0) {
		log_warn("preview of version %lld: %s", (long long)s->job.version.v, e->msg);
		return settle_without(w, &s->job, MEDIA_KILLED, "nonsense", e);
	}
	return keep(w, &s->job, &r, e);
}

static int
take_end(struct worker *w, struct render_slot *s, const struct msg_rendered *d, struct error *e)
{
	if (d->outcome == RENDER_TIMED_OUT)
		return settle_without(w, &s->job, MEDIA_TIMED_OUT, "time", e);
	if (d->outcome == RENDER_ENDED && d->detail == EXIT_OUTPUT)
		return settle_without(w, &s->job, MEDIA_REFUSED, "too-large", e);
	if (d->outcome == RENDER_ENDED && d->detail != 0)
		return err_set(e, ERR_INTERNAL, "the job ended with %u before it read", d->detail);
	if (d->outcome == RENDER_ENDED)
		return take_result(w, s, e);
	if (d->detail == 0)
		return err_set(e, ERR_INTERNAL, "the job was not started");
	log_warn("preview of version %lld: its process was ended by signal %u after %u ms, %u KiB",
	    (long long)s->job.version.v, d->detail, d->cpu_ms, d->peak_kib);
	return settle_without(
	    w, &s->job, MEDIA_KILLED, d->detail == SIGSYS ? "forbidden-call" : "crash", e);
}

void
rendered(struct worker *w, struct ipc_msg *m)
{
	struct msg_rendered d;
	struct render_slot *s = NULL;
	struct error e;

	arena_reset(w->a);
	if (m->type == MSG_RENDERED && msg_rendered_get(m->body, w->a, &d, &e) == 0 && d.job != 0)
		s = slot_of(w, d.job);
	if (s == NULL) {
		log_warn("media answers what was not asked");
		return;
	}
	if (take_end(w, s, &d, &e) < 0)
		again(w, &s->job, e.msg);
	slot_free(s);
	w->seen_counter = -1; /* there may be a next one */
}

void
renders_given_up(struct worker *w, int64_t before_us)
{
	for (size_t i = 0; i < LIMIT_RENDER_JOBS; i++) {
		struct render_slot *s = &w->renders[i];

		if (s->job.id.v == 0 || s->since_us > before_us)
			continue;
		again(w, &s->job, "geleit-media ended, or is silent");
		slot_free(s);
	}
}

void
renders_look(struct worker *w)
{
	renders_given_up(w, loop_now(w->loop) - SILENT_US);
}
