/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * scan - one file after another to clamd, over its socket
 *
 * May: connect to Unix sockets, open what it was handed with the key that came
 * with it.  May not: the network, the database, any file, any other key.  It is
 * there when clamd.socket is set.
 *
 * The content goes through its memory a step at a time and nowhere else; the key
 * is wiped with the answer.  It blocks meanwhile, as there is nothing else to
 * do: SCANs wait in worker.
 */
#include <stdlib.h>

#include "base/arena.h"
#include "base/buf.h"
#include "base/error.h"
#include "base/log.h"
#include "base/str.h"
#include "crypto/sealed.h"
#include "crypto/wrap.h"
#include "os/file.h"
#include "os/ipc.h"
#include "os/loop.h"
#include "roles/clamd.h"
#include "roles/role.h"

#define STEP_BYTES (256 * 1024)
#define ANSWER_WAIT_MS 5000

struct scan {
	struct loop *loop;
	struct arena *a; /* of one message */
	struct clamd clamd;
	int worker; /* our pair with it, -1: none now */
	struct watch *watch;
	uint8_t *step;
	char space[LIMIT_MSG_BYTES];
};

/* ---- one file ---- */

/* 1 all of it went over, 0 clamd wants no more. */
static int
stream_part(struct scan *s, int fd, const struct msg_sealed_part *part, const struct data_key *key,
    struct error *e)
{
	AUTO(sealed_reader_free) struct sealed_reader *reader = NULL;
	uint8_t context[SEALED_CONTEXT_BYTES];
	size_t n = 1;
	int r = 1;

	sealed_context(part->blob, SEALED_ORIGINAL, context);
	if (sealed_reader_new(fd, key, context, &reader, e) < 0)
		return err_code(e);
	if (sealed_reader_bytes(reader) != part->bytes)
		return err_set(e, ERR_CORRUPT, "a blob is not as long as its row says");
	for (uint64_t at = 0; at < part->bytes && n > 0 && r > 0; at += n) {
		if (sealed_read(reader, at, s->step, STEP_BYTES, &n, e) < 0)
			return err_code(e);
		r = clamd_add(&s->clamd, s->step, n, e);
	}
	return r;
}

static int
stream(struct scan *s, const struct ipc_msg *in, const struct msg_scan *q, struct clamd_said *ret,
    struct error *e)
{
	AUTO(data_key_wipe) struct data_key key = {0};
	int r = 1;

	memcpy(key.b, q->key, sizeof key.b);
	if (clamd_begin(&s->clamd, e) < 0)
		r = e->code;
	for (size_t i = 0; i < q->part_count && r > 0; i++)
		r = stream_part(s, in->fds[i], &q->parts[i], &key, e);
	explicit_bzero(s->step, STEP_BYTES);
	if (r >= 0)
		r = clamd_end(&s->clamd, ret, e);
	clamd_close(&s->clamd);
	return r;
}

/* Whose fault is it?  A daemon that answers nobody is not the file's. */
static void
scan_one(struct scan *s, const struct ipc_msg *in, const struct msg_scan *q, struct clamd_said *ret)
{
	struct error e = {0};

	if (clamd_ping(&s->clamd, &e) < 0)
		clamd_say(ret, SCAN_UNAVAILABLE, str_c(e.msg));
	else if (stream(s, in, q, ret, &e) < 0)
		clamd_say(ret, SCAN_FAILED, str_c(e.msg));
}

static int
answer(struct scan *s, const struct msg_scanned *d, struct error *e)
{
	struct ipc_msg out = {.type = MSG_SCANNED};
	struct buf b;

	buf_init_arena(&b, s->a, LIMIT_MSG_BYTES - IPC_HEAD_BYTES);
	msg_scanned_put(&b, d);
	out.body = buf_view(&b);
	return ipc_send_wait(s->worker, &out, ANSWER_WAIT_MS, e);
}

static int
take(struct scan *s, struct ipc_msg *in, struct error *e)
{
	struct clamd_said said = {0};
	struct msg_scanned d;
	struct msg_scan q;

	if (in->type != MSG_SCAN)
		return err_set(e, ERR_PROTOCOL, "message %u from worker", in->type);
	if (msg_scan_get(in->body, s->a, &q, e) < 0)
		return err_code(e);
	if (in->fd_count != q.part_count)
		return err_set(e, ERR_PROTOCOL, "SCAN without its descriptors, or too many");
	scan_one(s, in, &q, &said);
	explicit_bzero(q.key, sizeof q.key);
	d = (struct msg_scanned){q.job, said.outcome, str_c(said.detail)};
	return answer(s, &d, e);
}

/* ---- peers ---- */

static void
worker_gone(struct scan *s)
{
	watch_free(&s->watch);
	fd_close(&s->worker);
}

static void
on_worker(void *arg, uint32_t events)
{
	struct scan *s = arg;
	AUTO(ipc_msg_close) struct ipc_msg in = {0};
	struct error e;
	int r = ipc_recv(s->worker, s->space, &in, &e);

	(void)events;
	if (r > 0)
		r = take(s, &in, &e);
	explicit_bzero(s->space, sizeof s->space); /* it held a key */
	arena_reset(s->a);
	if (r >= 0)
		return;
	if (e.code != ERR_UNAVAILABLE)
		log_warn("worker: %s", e.msg);
	worker_gone(s);
}

static int
on_peer(void *arg, const struct msg_peer *p, int fd, struct error *e)
{
	struct scan *s = arg;

	if (p->role != ROLE_WORKER) {
		fd_close(&fd);
		return err_set(e, ERR_PROTOCOL, "a peer the scanner has no business with");
	}
	worker_gone(s);
	s->worker = fd;
	return loop_watch(s->loop, fd, LOOP_READ, on_worker, s, &s->watch, e);
}

int
scan_run(struct role_env *env, struct error *e)
{
	struct scan *s = xcalloc(1, sizeof *s);

	s->a = arena_new();
	s->worker = -1;
	s->clamd = (struct clamd){.path = arena_cstr(arena_new(), env->conf->clamd_socket),
	    .end_fd = CONTROL_FD,
	    .fd = -1};
	s->step = xcalloc(1, STEP_BYTES);
	if (loop_new(&s->loop, e) < 0 || role_enter(env, s->loop, on_peer, s, e) < 0)
		return err_code(e);
	loop_run(s->loop);
	return 0;
}
