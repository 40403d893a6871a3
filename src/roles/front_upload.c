/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * front_upload - a request body becomes sealed parts
 *
 * An app hands out an empty part and its key; front seals into it and reports
 * BODY when the part is full, five seconds old, or the body ended or broke off; one
 * with a checksum is one part and waits for its end.
 * Then input is paused until the app has made the part durable and either hands
 * out the next one or replies.  Only the app's committed offset is ever
 * reported to the client; front never fsyncs.
 */
#include "roles/front.h"

#include <stdlib.h>

#include "base/arena.h"
#include "base/error.h"
#include "base/log.h"
#include "net/net.h"
#include "os/file.h"
#include "os/loop.h"
#include "roles/asks.h"

#define RECORD_BYTES 16384

void
upload_free(struct upload **up)
{
	struct upload *u = *up;

	if (u == NULL)
		return;
	sealed_writer_free(&u->writer);
	digest_free(&u->digest);
	fd_close(&u->fd);
	if (u->over != NULL)
		explicit_bzero(u->over, u->over_bytes);
	free(u->over);
	free(u);
	*up = NULL;
}

/* Close the part and tell an app; input waits for the answer. */
static void
hand_in(struct exchange *x)
{
	struct upload *u = x->up;
	struct msg_body m = {.ticket = u->ticket,
	    .blob = u->blob,
	    .ended = u->ended,
	    .broken = u->broken,
	    .excess = u->excess};
	struct ask q = {.type = MSG_BODY,
	    .lane = LANE_HEAVY,
	    .fd = -1,
	    .urgent = true,
	    .answered = exchange_answered,
	    .arg = x};
	struct buf b;
	struct error e;

	if (u->failed == 0 && sealed_writer_end(u->writer, &m.bytes, &e) < 0) {
		log_warn("part: %s", e.msg);
		u->failed = err_code(&e);
	}
	m.failed = u->failed;
	if (u->digest != NULL)
		digest_end(u->digest, m.digest);
	digest_free(&u->digest);
	sealed_writer_free(&u->writer);
	fd_close(&u->fd);
	buf_init_arena(&b, x->arena, LIMIT_MSG_BYTES - IPC_HEAD_BYTES);
	msg_body_put(&b, &m);
	q.body = buf_view(&b);
	if (x->conn != NULL && !u->ended && !u->broken)
		net_body_pause(x->conn);
	x->ask = ask_put(x->f->asks, &q, &e);
	if (x->ask == 0)
		exchange_refuse(x, 503, "busy");
}

/* Seal what fits the part; the rest waits for the next one. */
static void
put(struct exchange *x, const uint8_t *p, size_t n)
{
	struct upload *u = x->up;
	size_t now = (size_t)MIN((uint64_t)n, u->part_left);
	struct error e;

	if (now > 0 && sealed_write(u->writer, p, now, &e) < 0) {
		log_warn("part: %s", e.msg);
		u->failed = err_code(&e);
		u->ended = true;
		hand_in(x);
		return;
	}
	if (u->digest != NULL)
		digest_add(u->digest, p, now);
	u->part_left -= now;
	if (n > now) {
		u->over_bytes = n - now;
		memcpy(u->over, p + now, u->over_bytes);
	}
	if (u->part_left == 0 && !u->ended)
		hand_in(x);
}

void
upload_body(struct exchange *x, const void *p, size_t n)
{
	struct upload *u = x->up;

	/* after a failure or an excess the rest is only discarded */
	if (u->writer == NULL || u->ended)
		return;
	if (n > u->body_left) {
		n = (size_t)u->body_left;
		u->excess = true;
		u->ended = true;
	}
	u->body_left -= n;
	put(x, p, n);
	if (u->excess && u->writer != NULL)
		hand_in(x);
}

void
upload_body_end(struct exchange *x, bool whole)
{
	struct upload *u = x->up;

	if (u->ended)
		return;
	u->ended = whole;
	u->broken = !whole;
	/* between parts: the answer to the last BODY brings the writer that hands this in */
	if (u->writer != NULL)
		hand_in(x);
}

void
upload_tick(struct exchange *x, int64_t now_us)
{
	struct upload *u = x->up;

	/* with a checksum it is all or nothing */
	if (u->writer != NULL && u->digest == NULL && sealed_written(u->writer) > 0 &&
	    now_us - u->started_us >= LIMIT_PART_AGE_US)
		hand_in(x);
}

static struct upload *
upload_new(void)
{
	struct upload *u = xcalloc(1, sizeof *u);

	u->fd = -1;
	u->over = xcalloc(1, RECORD_BYTES * 2);
	return u;
}

static void
list_upload(struct exchange *x)
{
	x->next_upload = x->f->uploads;
	if (x->next_upload != NULL)
		x->next_upload->prev_upload = &x->next_upload;
	x->prev_upload = &x->f->uploads;
	x->f->uploads = x;
}

void
upload_unlist(struct exchange *x)
{
	if (x->prev_upload == NULL)
		return;
	*x->prev_upload = x->next_upload;
	if (x->next_upload != NULL)
		x->next_upload->prev_upload = x->prev_upload;
	x->prev_upload = NULL;
}

int
upload_take(struct exchange *x, const struct msg_take_body *t, int *fd, struct error *e)
{
	bool is_first = x->up == NULL;
	uint8_t context[SEALED_CONTEXT_BYTES];
	AUTO(data_key_wipe) struct data_key key = {0};
	struct upload *u;
	int r;

	if (t->ticket.n > LIMIT_TICKET_BYTES || x->answered)
		return err_set(e, ERR_PROTOCOL, "TAKE_BODY not expected");
	if (is_first) {
		x->up = upload_new();
		list_upload(x);
	}
	u = x->up;
	memcpy(u->ticket_space, t->ticket.p, t->ticket.n);
	u->ticket = (struct str){u->ticket_space, t->ticket.n};
	u->blob = t->blob;
	u->fd = TAKE_FD(*fd);
	u->part_left = t->part_bytes;
	u->body_left = t->body_bytes;
	u->started_us = loop_now(x->f->loop);
	memcpy(key.b, t->key, sizeof key.b);
	sealed_context(t->blob, t->purpose, context);
	if (t->digest != DIGEST_NONE)
		u->digest = digest_new((enum digest_kind)t->digest);
	r = sealed_writer_new(u->fd, &key, context, &u->writer, e);
	if (r < 0)
		return r;
	if (is_first) {
		net_take_body(x->conn);
		return 0;
	}
	if (u->over_bytes > 0) {
		size_t n = u->over_bytes;

		u->over_bytes = 0;
		put(x, u->over, n);
	}
	if (u->writer != NULL && (u->ended || u->broken || u->excess))
		hand_in(x);
	else if (u->writer != NULL)
		net_body_resume(x->conn);
	return 0;
}
