/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * front_send - the body of a reply: a plan, executed piece by piece
 *
 * fill() is asked for at most one TLS record at a time and gives what stands at
 * the cursor: literal bytes, or one opened chunk of a blob.  A chunk that is
 * wanted whole is opened straight into the caller's record.  Nothing leaves
 * before its tag is checked.  Data keys come in windows by KEYS, where the
 * verdict is asked again; each key is wiped when its slot is behind us.
 *
 * Reading never blocks on the disk: RWF_NOWAIT, and on a miss the kernel is
 * told to fetch and the send sleeps for a few milliseconds.
 */
#include "roles/front.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/timerfd.h>
#include <sys/uio.h>
#include <unistd.h>

#include "base/arena.h"
#include "base/error.h"
#include "base/log.h"
#include "base/str.h"
#include "net/net.h"
#include "os/file.h"
#include "os/loop.h"
#include "roles/asks.h"
#include "store/store.h"

#define DISK_WAIT_NS (4 * 1000 * 1000)
#define READ_AHEAD_BYTES (1024 * 1024)

enum { CUT = -1, LATER = 0 };

static void
blob_close(struct sender *s)
{
	sealed_free(&s->sealed);
	fd_close(&s->fd);
}

void
sender_free(struct sender **sp)
{
	struct sender *s = *sp;

	if (s == NULL)
		return;
	blob_close(s);
	explicit_bzero(s->keys, sizeof s->keys);
	mapping_free(&s->map);
	free(s);
	*sp = NULL;
}

/* Put the cursor at `from` of the whole plan. */
static void
seek(struct sender *s, uint64_t from)
{
	while (s->segment < s->plan->segment_count) {
		const struct msg_segment *g = &s->plan->segments[s->segment];
		uint64_t n = g->is_blob ? g->length : g->bytes.n;

		if (from < n)
			break;
		from -= n;
		s->segment++;
	}
	s->segment_at = from;
}

int
sender_new(struct exchange *x, struct msg_reply *reply, struct ipc_msg *m, struct error *e)
{
	struct sender *s = xcalloc(1, sizeof *s);
	struct msg_plan *plan = ARENA_NEW(x->arena, struct msg_plan);
	struct str text;

	s->fd = -1;
	s->arena = x->arena;
	s->plan = plan;
	x->send = s; /* freed with the exchange, whatever happens below */
	if (reply->kind == REPLY_PLAN_FD) {
		if (m->fd_count != 1)
			return err_set(e, ERR_PROTOCOL, "a plan without its descriptor");
		if (memfd_map(m->fds[0], LIMIT_PLAN_BYTES, &s->map, e) < 0)
			return err_code(e);
		text = (struct str){s->map.p, s->map.n};
	} else {
		text = arena_str(x->arena, reply->plan);
	}
	if (msg_plan_get(text, x->arena, plan, e) < 0)
		return err_code(e);
	if (reply->from > plan->bytes || reply->length > plan->bytes - reply->from)
		return err_set(e, ERR_PROTOCOL, "a window outside its plan");
	if (reply->key.n == sizeof s->keys[0]) {
		memcpy(s->keys[0], reply->key.p, sizeof s->keys[0]);
		s->key_count = 1;
	}
	s->ticket = arena_str(x->arena, reply->ticket);
	s->left = reply->length;
	seek(s, reply->from);
	return 0;
}

/* ---- keys ---- */

static void
keys_answered(void *arg, struct ipc_msg *m, const struct error *lost)
{
	struct exchange *x = arg;
	struct sender *s = x->send;
	struct msg_keys_are are;
	struct error e;

	s->keys_ask = 0;
	if (x->conn == NULL) {
		exchange_leave(x);
		return;
	}
	arena_reset(x->f->scratch);
	if (m == NULL || m->type != MSG_KEYS_ARE ||
	    msg_keys_are_get(m->body, x->f->scratch, &are, &e) < 0 || are.stop || are.count == 0 ||
	    are.count > KEY_WINDOW) {
		if (lost != NULL)
			log_warn("keys: %s", lost->msg);
		s->stopped = true;
	} else {
		s->key_first = are.first;
		s->key_count = are.count;
		memcpy(s->keys, are.keys, are.count * sizeof s->keys[0]);
	}
	net_wake(x->conn);
}

/* Slots from this one on that the rest of the window reaches, at most KEY_WINDOW. */
static uint32_t
slots_ahead(const struct sender *s, uint32_t slot)
{
	uint64_t end = s->segment_at + s->left, at = 0;
	uint32_t last = slot;

	for (size_t i = s->segment; i < s->plan->segment_count && at < end; i++) {
		const struct msg_segment *g = &s->plan->segments[i];

		if (g->is_blob && g->slot - slot >= KEY_WINDOW)
			break;
		if (g->is_blob)
			last = g->slot;
		at += g->is_blob ? g->length : g->bytes.n;
	}
	return last - slot + 1;
}

static void
ask_keys(struct exchange *x, uint32_t slot)
{
	struct sender *s = x->send;
	uint32_t count = slots_ahead(s, slot);
	struct msg_keys k = {.ticket = s->ticket, .first = slot, .count = count};
	struct ask q = {.type = MSG_KEYS,
	    .lane = LANE_INTERACTIVE,
	    .fd = -1,
	    .repeatable = true,
	    .urgent = true,
	    .answered = keys_answered,
	    .arg = x};
	struct buf b;
	struct error e;

	buf_init(&b, LIMIT_MSG_BYTES - IPC_HEAD_BYTES);
	msg_keys_put(&b, &k);
	q.body = buf_view(&b);
	s->keys_ask = ask_put(x->f->asks, &q, &e);
	if (s->keys_ask == 0)
		s->stopped = true;
	buf_fini(&b);
}

static const uint8_t *
key_of(struct sender *s, uint32_t slot)
{
	if (slot < s->key_first || slot - s->key_first >= s->key_count)
		return NULL;
	return s->keys[slot - s->key_first];
}

/* Slots only grow: what is behind the cursor is never needed again. */
static void
forget_keys_before(struct sender *s, uint32_t slot)
{
	for (uint32_t i = 0; i < s->key_count && s->key_first + i < slot; i++)
		explicit_bzero(s->keys[i], sizeof s->keys[i]);
}

/* ---- blobs ---- */

static int
blob_open(struct front *f, struct sender *s, const struct msg_segment *g, const uint8_t *key,
    struct error *e)
{
	uint8_t head[SEALED_HEAD_BYTES], context[SEALED_CONTEXT_BYTES];
	AUTO(data_key_wipe) struct data_key k = {0};
	struct stat st;

	blob_close(s);
	if (store_blob_open(f->store, g->blob, &s->fd, e) < 0)
		return err_code(e);
	if (fstat(s->fd, &st) < 0)
		return err_errno(e, "blob");
	s->blob_bytes = (uint64_t)st.st_size;
	s->blob = g->blob;
	s->ahead = 0;
	/* 56 bytes: the one read that may wait for the disk */
	if (pread(s->fd, head, sizeof head, 0) != (ssize_t)sizeof head)
		return err_set(e, ERR_CORRUPT, "blob is shorter than its head");
	sealed_context(g->blob, g->purpose, context);
	memcpy(k.b, key, sizeof k.b);
	return sealed_open(&k, context, head, &s->sealed, e);
}

static void
wait_for_disk(struct exchange *x)
{
	const struct itimerspec once = {.it_value = {.tv_nsec = DISK_WAIT_NS}};

	if (x->is_waiting)
		return;
	if (x->f->waiting == NULL)
		timerfd_settime(x->f->disk_timer, 0, &once, NULL);
	x->is_waiting = true;
	x->next_waiting = x->f->waiting;
	x->f->waiting = x;
}

void
front_forget_waiting(struct exchange *x)
{
	struct exchange **at = &x->f->waiting;

	while (x->is_waiting && *at != NULL) {
		if (*at == x) {
			*at = x->next_waiting;
			x->is_waiting = false;
			return;
		}
		at = &(*at)->next_waiting;
	}
}

/* The disk may have what was asked for; who still finds nothing waits again. */
static void
on_disk_timer(void *arg, uint32_t events)
{
	struct front *f = arg;
	uint64_t expired;
	struct exchange *x = f->waiting;

	(void)events;
	if (read(f->disk_timer, &expired, sizeof expired) < 0 && errno == EAGAIN)
		return;
	f->waiting = NULL;
	while (x != NULL) {
		struct exchange *next = x->next_waiting;

		x->is_waiting = false;
		x->next_waiting = NULL;
		if (x->conn != NULL)
			net_wake(x->conn);
		x = next;
	}
}

int
front_disk_init(struct front *f, struct error *e)
{
	f->disk_timer = timerfd_create(CLOCK_MONOTONIC, TFD_NONBLOCK | TFD_CLOEXEC);
	if (f->disk_timer < 0)
		return err_errno(e, "timerfd");
	return loop_watch(f->loop, f->disk_timer, LOOP_READ, on_disk_timer, f, &f->disk_watch, e);
}

/* Ciphertext of one chunk into f->cipher: its length, LATER, or CUT. */
static long
read_cipher(struct exchange *x, uint64_t k)
{
	struct front *f = x->f;
	struct sender *s = x->send;
	uint64_t at = SEALED_HEAD_BYTES + k * SEALED_STEP_BYTES;
	struct iovec io = {f->cipher, sizeof f->cipher};
	ssize_t n;

	if (at >= s->blob_bytes)
		return CUT;
	io.iov_len = (size_t)MIN((uint64_t)sizeof f->cipher, s->blob_bytes - at);
	if (at + READ_AHEAD_BYTES / 2 > s->ahead) {
		posix_fadvise(s->fd, (off_t)at, READ_AHEAD_BYTES, POSIX_FADV_WILLNEED);
		s->ahead = at + READ_AHEAD_BYTES;
	}
	n = preadv2(s->fd, &io, 1, (off_t)at, f->has_nowait ? RWF_NOWAIT : 0);
	if (n < 0 && errno == EOPNOTSUPP && f->has_nowait) {
		f->has_nowait = false;
		n = preadv2(s->fd, &io, 1, (off_t)at, 0);
	}
	if ((n < 0 && errno == EAGAIN) || (n >= 0 && (size_t)n < io.iov_len && f->has_nowait)) {
		posix_fadvise(s->fd, (off_t)at, READ_AHEAD_BYTES, POSIX_FADV_WILLNEED);
		wait_for_disk(x);
		return LATER;
	}
	if (n == (ssize_t)io.iov_len)
		return (long)n;
	log_error(
	    "a blob cannot be read to its end: %s", n < 0 ? strerror(errno) : "it is too short");
	return CUT;
}

/* One chunk, or the part of it that is wanted, to p. */
static long
fill_blob(struct exchange *x, const struct msg_segment *g, void *p, size_t n)
{
	struct sender *s = x->send;
	uint64_t at = g->offset + s->segment_at;
	uint64_t k = at / SEALED_CHUNK_BYTES;
	size_t skip = (size_t)(at % SEALED_CHUNK_BYTES);
	size_t want = MIN(n, (size_t)SEALED_CHUNK_BYTES - skip);
	long cipher = read_cipher(x, k);
	struct error e;
	bool direct;
	void *out;

	if (cipher <= 0)
		return cipher;
	want = (size_t)MIN((uint64_t)want, g->length - s->segment_at);
	direct = skip == 0 && (size_t)cipher == want + SEALED_TAG_BYTES;
	out = direct ? p : x->f->plain;
	if (cipher < SEALED_TAG_BYTES || skip + want > (size_t)cipher - SEALED_TAG_BYTES)
		return CUT;
	if (sealed_chunk_open(s->sealed, k, x->f->cipher, (size_t)cipher, out, &e) < 0) {
		log_error("a blob does not authenticate: %s", e.msg);
		return CUT;
	}
	if (!direct)
		memcpy(p, x->f->plain + skip, want);
	return (long)want;
}

static long
fill_sealed(struct exchange *x, const struct msg_segment *g, void *p, size_t n)
{
	struct sender *s = x->send;
	const uint8_t *key = key_of(s, g->slot);
	struct error e;

	if (key == NULL) {
		if (s->keys_ask == 0)
			ask_keys(x, g->slot);
		return s->stopped ? CUT : LATER;
	}
	forget_keys_before(s, g->slot);
	if ((s->fd < 0 || !id128_eq(s->blob, g->blob)) && blob_open(x->f, s, g, key, &e) < 0) {
		log_error("blob: %s", e.msg);
		return CUT;
	}
	return fill_blob(x, g, p, n);
}

static long
fill_literal(const struct sender *s, const struct msg_segment *g, void *p, size_t n)
{
	n = MIN(n, g->bytes.n - (size_t)s->segment_at);
	memcpy(p, g->bytes.p + s->segment_at, n);
	return (long)n;
}

long
sender_fill(struct exchange *x, void *p, size_t n)
{
	struct sender *s = x->send;
	const struct msg_segment *g;
	uint64_t size;
	long got;

	if (s->stopped || s->segment >= s->plan->segment_count)
		return CUT;
	n = (size_t)MIN((uint64_t)n, s->left);
	g = &s->plan->segments[s->segment];
	got = g->is_blob ? fill_sealed(x, g, p, n) : fill_literal(s, g, p, n);
	if (got <= 0)
		return got;
	s->left -= (uint64_t)got;
	s->segment_at += (uint64_t)got;
	size = g->is_blob ? g->length : g->bytes.n;
	while (s->segment_at >= size && ++s->segment < s->plan->segment_count) {
		s->segment_at = 0;
		g = &s->plan->segments[s->segment];
		size = g->is_blob ? g->length : g->bytes.n;
	}
	return got;
}
