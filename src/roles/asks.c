/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * asks - see asks.h
 *
 * Asks live in a table of slots; a number is generation and slot, so that a
 * late answer to a question that was offered again finds nothing.  Whether an offer was
 * read is told by SIOCOUTQ of the lane: zero means that every message on it has
 * been received, so one that is not taken then belongs to an app that died.
 */
#include "roles/asks.h"

#include <linux/sockios.h>
#include <poll.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "base/arena.h"
#include "base/error.h"
#include "base/log.h"
#include "base/time.h"
#include "os/file.h"
#include "os/loop.h"

#define SLOTS 8192
#define APPS_MAX (LIMIT_APPS + 1) /* the last is for passwords */
#define QUEUE_LIFE_US (5 * US_PER_S)
#define TAKEN_WITHIN_US (1 * US_PER_S) /* after an app has died */
#define TAKEN_LATE_US (10 * US_PER_S)  /* none has: it is stopped, or the machine is busy */

enum state { FREE, QUEUED, OFFERED, TAKEN };

struct item {
	enum state state;
	uint16_t generation;
	uint16_t app; /* TAKEN: by whom */
	bool repeated;
	int64_t since_us; /* in this state */
	struct ask q;
	char *body;    /* what q.body points to */
	uint32_t next; /* in the lane's queue, slot + 1 */
};

struct lane_out {
	int fd;
	struct watch *w;
	uint32_t head, tail; /* slot + 1 */
	int waiting;
	int64_t read_us; /* since when nothing unread lies on it, 0: something does */
};

struct app_in {
	struct asks *owner;
	uint32_t index;
	int fd;
	struct watch *w;
};

struct asks {
	struct loop *loop;
	struct item items[SLOTS];
	uint32_t free_hint;
	uint32_t top; /* slots below have been used */
	struct lane_out lanes[LANE_COUNT];
	struct app_in apps[APPS_MAX];
	int64_t died_us; /* when the last app was gone */
	char space[LIMIT_MSG_BYTES];
};

static const int queue_limit[LANE_COUNT] = {
    [LANE_INTERACTIVE] = 256, [LANE_HEAVY] = 64, [LANE_SLOW] = 32};

static uint32_t
number_of(const struct asks *a, const struct item *it)
{
	return (uint32_t)it->generation << 16 | (uint32_t)(it - a->items);
}

static struct item *
item_of(struct asks *a, uint32_t number)
{
	uint32_t slot = number & 0xffff;

	if (slot >= SLOTS || a->items[slot].state == FREE ||
	    a->items[slot].generation != number >> 16)
		return NULL;
	return &a->items[slot];
}

static void
release(struct item *it)
{
	uint16_t generation = (uint16_t)(it->generation + 1);

	fd_close(&it->q.fd);
	free(it->body);
	*it = (struct item){.generation = generation != 0 ? generation : 1, .q.fd = -1};
}

/* The end of an ask: tell the one who waits.  The slot is free before the call. */
static void
finish(struct item *it, struct ipc_msg *m, const struct error *e)
{
	ask_answered answered = it->q.answered;
	void *arg = it->q.arg;

	release(it);
	answered(arg, m, e);
	if (m != NULL)
		ipc_msg_close(m);
}

static void
lose(struct item *it, int code, const char *why)
{
	struct error e;

	err_put(&e, code, "", "%s", why);
	finish(it, NULL, &e);
}

/* True when it is on its way; false when the socket is full or there is none. */
static bool
offer(struct asks *a, struct item *it)
{
	struct lane_out *lane = &a->lanes[it->q.lane];
	struct ipc_msg m = {
	    .type = it->q.type, .id = number_of(a, it), .body = it->q.body, .fd_count = 0};
	struct error e;

	if (lane->fd < 0)
		return false;
	if (it->q.fd >= 0)
		m.fds[m.fd_count++] = it->q.fd;
	if (ipc_send(lane->fd, &m, &e) < 0)
		return false;
	it->state = OFFERED;
	it->since_us = loop_now(a->loop);
	return true;
}

static void
enqueue(struct asks *a, struct item *it)
{
	struct lane_out *lane = &a->lanes[it->q.lane];
	uint32_t slot = (uint32_t)(it - a->items) + 1;

	it->state = QUEUED;
	it->since_us = loop_now(a->loop);
	it->next = 0;
	if (lane->tail != 0)
		a->items[lane->tail - 1].next = slot;
	else
		lane->head = slot;
	lane->tail = slot;
	lane->waiting++;
	if (lane->w != NULL)
		watch_set(lane->w, LOOP_WRITE);
}

static struct item *
dequeue(struct asks *a, struct lane_out *lane)
{
	struct item *it = &a->items[lane->head - 1];

	lane->head = it->next;
	if (lane->head == 0)
		lane->tail = 0;
	lane->waiting--;
	return it;
}

static void
offer_or_enqueue(struct asks *a, struct item *it)
{
	if (a->lanes[it->q.lane].head != 0 || !offer(a, it))
		enqueue(a, it);
}

static void
drain(struct asks *a, struct lane_out *lane)
{
	while (lane->head != 0) {
		if (!offer(a, &a->items[lane->head - 1]))
			return;
		dequeue(a, lane);
	}
	if (lane->w != NULL)
		watch_set(lane->w, 0);
}

static void
on_lane(void *arg, uint32_t events)
{
	struct asks *a = arg;

	for (int i = 0; i < LANE_COUNT; i++) {
		struct lane_out *lane = &a->lanes[i];

		if ((events & LOOP_HANGUP) != 0 && lane->fd >= 0) {
			struct pollfd p = {.fd = lane->fd};

			/* all readers are gone: master brings a new pair */
			if (poll(&p, 1, 0) > 0 && (p.revents & (POLLHUP | POLLERR)) != 0) {
				watch_free(&lane->w);
				fd_close(&lane->fd);
				continue;
			}
		}
		drain(a, lane);
	}
}

static struct item *
slot_take(struct asks *a)
{
	for (uint32_t i = 0; i < SLOTS; i++) {
		uint32_t slot = (a->free_hint + i) % SLOTS;

		if (a->items[slot].state != FREE)
			continue;
		a->free_hint = slot + 1;
		a->top = MAX(a->top, slot + 1);
		return &a->items[slot];
	}
	return NULL;
}

/*
 * Its one reader takes a quarter of a second each: what lies in the socket waits, too.
 * So that a burst of one network does not keep all others waiting, it has a share.
 */
static int
check_slow_lane(const struct asks *a, uint32_t source, struct error *e)
{
	int all = 0, same = 0;

	for (uint32_t i = 0; i < a->top; i++) {
		const struct item *it = &a->items[i];
		bool waits =
		    it->q.lane == LANE_SLOW && (it->state == QUEUED || it->state == OFFERED);

		all += waits;
		same += waits && source != 0 && it->q.source == source;
	}
	if (all < queue_limit[LANE_SLOW] && same < ASKS_SLOW_EACH)
		return 0;
	return err_key(e, ERR_LIMIT, "too-many-tries", "too many passwords at once");
}

static int
check_room(const struct asks *a, const struct ask *q, struct error *e)
{
	if (q->lane == LANE_SLOW)
		return check_slow_lane(a, q->source, e);
	if (q->urgent || a->lanes[q->lane].waiting < queue_limit[q->lane])
		return 0;
	return err_key(e, ERR_BUSY, "busy", "the queue to the apps is full");
}

uint32_t
ask_put(struct asks *a, const struct ask *q, struct error *e)
{
	struct item *it;

	if (check_room(a, q, e) < 0)
		return 0;
	it = slot_take(a);
	if (it == NULL) {
		err_put(e, ERR_BUSY, "busy", "too many questions at once");
		return 0;
	}
	it->q = *q;
	it->body = xcalloc(1, q->body.n);
	memcpy(it->body, q->body.p, q->body.n);
	it->q.body.p = it->body;
	it->q.fd = q->fd >= 0 ? dup(q->fd) : -1;
	offer_or_enqueue(a, it);
	return number_of(a, it);
}

/* Its app is gone, or nobody took it though it was read. */
static void
again(struct asks *a, struct item *it)
{
	if (!it->q.repeatable || it->repeated) {
		lose(it, ERR_UNKNOWN_OUTCOME, "the app ended before it answered");
		return;
	}
	it->repeated = true;
	offer_or_enqueue(a, it);
}

static void
app_gone(struct asks *a, struct app_in *app)
{
	watch_free(&app->w);
	fd_close(&app->fd);
	a->died_us = loop_now(a->loop);
	for (uint32_t i = 0; i < a->top; i++) {
		if (a->items[i].state == TAKEN && a->items[i].app == app->index)
			again(a, &a->items[i]);
	}
}

static void
take_message(struct asks *a, struct app_in *app, struct ipc_msg *m)
{
	struct item *it = item_of(a, m->id);

	if (it == NULL) {
		ipc_msg_close(m);
		return;
	}
	if (m->type == MSG_TAKEN) {
		it->state = TAKEN;
		it->app = (uint16_t)app->index;
		it->since_us = loop_now(a->loop);
		ipc_msg_close(m);
		return;
	}
	/* only the app that took it may answer it */
	if (it->state != TAKEN || it->app != app->index) {
		ipc_msg_close(m);
		return;
	}
	finish(it, m, NULL);
}

static void
on_app(void *arg, uint32_t events)
{
	struct app_in *app = arg;
	struct asks *a = app->owner;
	struct ipc_msg m;
	struct error e;
	int r;

	(void)events;
	while (app->fd >= 0 && (r = ipc_recv(app->fd, a->space, &m, &e)) != 0) {
		if (r < 0) {
			if (r != ERR_UNAVAILABLE)
				log_warn("app %u: %s", app->index, e.msg);
			app_gone(a, app);
			return;
		}
		take_message(a, app, &m);
	}
}

/* Has every message on the lane been received by somebody? */
static bool
lane_is_read(const struct lane_out *lane)
{
	int bytes = 0;

	return lane->fd < 0 || ioctl(lane->fd, SIOCOUTQ, &bytes) < 0 || bytes == 0;
}

/*
 * Read long ago and not taken: what was offered long before may be read just now.  Who
 * read it may have died since; if nobody has, it may only be slow, and to give up a
 * question that is no GET is to refuse it.
 */
static bool
is_forsaken(const struct asks *a, const struct item *it, int64_t now)
{
	int64_t read_us = a->lanes[it->q.lane].read_us;
	int64_t most = a->died_us >= it->since_us ? TAKEN_WITHIN_US : TAKEN_LATE_US;

	return it->state == OFFERED && read_us != 0 && now - MAX(it->since_us, read_us) > most;
}

static void
look_at_lanes(struct asks *a, int64_t now)
{
	for (int i = 0; i < LANE_COUNT; i++) {
		struct lane_out *lane = &a->lanes[i];

		if (!lane_is_read(lane))
			lane->read_us = 0;
		else if (lane->read_us == 0)
			lane->read_us = now;
	}
}

static void
on_tick(void *arg)
{
	struct asks *a = arg;
	int64_t now = loop_now(a->loop);

	look_at_lanes(a, now);
	for (uint32_t i = 0; i < a->top; i++) {
		struct item *it = &a->items[i];

		if (is_forsaken(a, it, now))
			again(a, it);
	}
	for (int i = 0; i < LANE_COUNT; i++) {
		struct lane_out *lane = &a->lanes[i];

		while (lane->head != 0 && now - a->items[lane->head - 1].since_us > QUEUE_LIFE_US)
			lose(dequeue(a, lane), ERR_BUSY, "no app was free within 5 s");
		drain(a, lane);
	}
}

int
asks_new(struct loop *l, struct asks **ret, struct error *e)
{
	struct asks *a = xcalloc(1, sizeof *a);

	a->loop = l;
	for (uint32_t i = 0; i < SLOTS; i++)
		a->items[i] = (struct item){.generation = 1, .q.fd = -1};
	for (int i = 0; i < LANE_COUNT; i++)
		a->lanes[i].fd = -1;
	for (uint32_t i = 0; i < APPS_MAX; i++)
		a->apps[i] = (struct app_in){.owner = a, .index = i, .fd = -1};
	if (loop_every(l, 200, on_tick, a, e) < 0) {
		free(a);
		return err_code(e);
	}
	*ret = a;
	return 0;
}

void
asks_free(struct asks **ap)
{
	struct asks *a = *ap;

	if (a == NULL)
		return;
	for (int i = 0; i < LANE_COUNT; i++) {
		watch_free(&a->lanes[i].w);
		fd_close(&a->lanes[i].fd);
	}
	for (int i = 0; i < APPS_MAX; i++) {
		watch_free(&a->apps[i].w);
		fd_close(&a->apps[i].fd);
	}
	for (uint32_t i = 0; i < SLOTS; i++)
		release(&a->items[i]);
	free(a);
	*ap = NULL;
}

int
asks_set_lane(struct asks *a, enum lane lane, int fd, struct error *e)
{
	struct lane_out *out = &a->lanes[lane];

	watch_free(&out->w);
	fd_close(&out->fd);
	/* ours from here on: one that cannot be watched is closed when the next one comes */
	out->fd = fd;
	if (loop_watch(a->loop, fd, 0, on_lane, a, &out->w, e) < 0)
		return err_code(e);
	drain(a, out);
	return 0;
}

int
asks_set_app(struct asks *a, uint32_t index, int fd, struct error *e)
{
	struct app_in *app;

	if (index >= APPS_MAX) {
		fd_close(&fd);
		return err_set(e, ERR_PROTOCOL, "app index %u", index);
	}
	app = &a->apps[index];
	if (app->fd >= 0)
		app_gone(a, app);
	app->fd = fd;
	if (loop_watch(a->loop, fd, LOOP_READ, on_app, app, &app->w, e) < 0) {
		fd_close(&app->fd);
		return err_code(e);
	}
	return 0;
}
