/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * app - decisions: one request at a time, authorise, decide, render
 *
 * May: the database, new parts and their publishing, keys in passing.
 * May not: read the network or the blob tree, touch plaintext of files, make
 * connections (but to a PostgreSQL server), execute.
 *
 * An app reads the lanes of all fronts and takes whatever comes; it says TAKEN
 * and answers on its own pair with that front.  Between two messages it
 * remembers nothing: what must come back travels in tickets.  ERR_RETRY from
 * the database runs the whole handler again with a fresh arena.
 */
#include <stdlib.h>
#include <unistd.h>

#include "api/api.h"
#include "base/arena.h"
#include "base/error.h"
#include "base/log.h"
#include "base/random.h"
#include "base/str.h"
#include "base/time.h"
#include "conf/conf.h"
#include "db/db.h"
#include "model/setting.h"
#include "msg/msg.h"
#include "os/file.h"
#include "os/ipc.h"
#include "os/loop.h"
#include "roles/keeper_client.h"
#include "roles/role.h"
#include "store/store.h"

/* A body above this travels as a plan in a memfd. */
#define BODY_INLINE_BYTES 40000

struct app;

struct lane_in {
	struct app *app;
	uint32_t front;
	int fd;
	struct watch *w;
};

struct app {
	struct role_env *env;
	struct loop *loop;
	struct api api;
	struct conf conf; /* of the message at hand */
	struct keeper_client *keeper;
	struct lane_in lanes[LIMIT_FRONTS][LANE_COUNT];
	int fronts[LIMIT_FRONTS]; /* our pair with each */
	char space[LIMIT_MSG_BYTES];
};

/* ---- answers ---- */

static void
answer(struct app *app, uint32_t front, const struct ipc_msg *m)
{
	struct error e;

	if (ipc_send_wait(app->fronts[front], m, 2000, &e) < 0)
		log_warn("answer to front %u: %s", front, e.msg);
}

static void
answer_taken(struct app *app, uint32_t front, uint32_t id)
{
	answer(app, front, &(struct ipc_msg){.type = MSG_TAKEN, .id = id});
}

/* A plan as bytes in the message, or sealed in a memfd (*ret_fd). */
static int
encode_plan(
    struct app *app, const struct msg_plan *plan, struct msg_reply *m, int *ret_fd, struct error *e)
{
	struct buf b;

	buf_init_arena(&b, app->api.a, LIMIT_PLAN_BYTES);
	msg_plan_put(&b, plan);
	if (b.full)
		return err_set(e, ERR_TOO_LARGE, "plan");
	m->kind = REPLY_PLAN;
	m->plan = buf_view(&b);
	if (b.n <= LIMIT_PLAN_INLINE_BYTES)
		return 0;
	m->kind = REPLY_PLAN_FD;
	m->plan = (struct str){0};
	return memfd_sealed("plan", buf_view(&b), ret_fd, e);
}

static int
encode_body(
    struct app *app, const struct reply *r, struct msg_reply *m, int *ret_fd, struct error *e)
{
	struct msg_segment whole = {.bytes = buf_view(&r->body)};
	struct msg_plan plan = {.segments = &whole, .segment_count = 1, .bytes = r->body.n};

	if (r->body.full)
		return err_set(e, ERR_TOO_LARGE, "answer");
	if (r->plan != NULL) {
		m->from = r->from;
		m->length = r->length;
		return encode_plan(app, r->plan, m, ret_fd, e);
	}
	m->length = r->body.n;
	if (r->body.n > BODY_INLINE_BYTES)
		return encode_plan(app, &plan, m, ret_fd, e);
	m->kind = r->body.n > 0 ? REPLY_BYTES : REPLY_NONE;
	m->body = buf_view(&r->body);
	return 0;
}

static int
answer_reply(struct app *app, uint32_t front, uint32_t id, struct reply *r, struct error *e)
{
	struct msg_reply m = {.status = r->status,
	    .fields = r->fields,
	    .field_count = r->field_count,
	    .ticket = r->ticket,
	    .is_transfer = r->is_transfer,
	    .close = r->close};
	struct ipc_msg out = {.type = MSG_REPLY, .id = id};
	AUTO(fd_close) int fd = -1;
	struct buf b;

	if (r->has_key)
		m.key = (struct str){(const char *)r->key.b, sizeof r->key.b};
	if (encode_body(app, r, &m, &fd, e) < 0)
		return err_code(e);
	buf_init_arena(&b, app->api.a, LIMIT_MSG_BYTES - IPC_HEAD_BYTES);
	msg_reply_put(&b, &m);
	if (b.full)
		return err_set(e, ERR_TOO_LARGE, "reply");
	out.body = buf_view(&b);
	if (fd >= 0)
		out.fds[out.fd_count++] = fd;
	answer(app, front, &out);
	if (r->has_key)
		explicit_bzero(b.p, b.n);
	return 0;
}

static int
answer_take_body(struct app *app, uint32_t front, uint32_t id, struct reply *r, struct error *e)
{
	struct ipc_msg out = {.type = MSG_TAKE_BODY, .id = id, .fds = {r->part_fd}, .fd_count = 1};
	struct buf b;

	buf_init_arena(&b, app->api.a, LIMIT_MSG_BYTES - IPC_HEAD_BYTES);
	msg_take_body_put(&b, &r->take);
	if (b.full)
		return err_set(e, ERR_TOO_LARGE, "take body");
	out.body = buf_view(&b);
	answer(app, front, &out);
	explicit_bzero(b.p, b.n);
	return 0;
}

/* ---- questions ---- */

static int
on_request(struct app *app, struct ipc_msg *in, struct reply *r, struct error *e)
{
	struct mapping map = {0};
	struct msg_request m;
	int res;

	if (msg_request_get(in->body, app->api.a, &m, e) < 0)
		return err_code(e);
	if (m.body_in_fd) {
		if (in->fd_count != 1)
			return err_set(e, ERR_PROTOCOL, "a body without its descriptor");
		if (memfd_map(in->fds[0], LIMIT_JSON_BYTES, &map, e) < 0)
			return err_code(e);
		m.body = arena_str(app->api.a, (struct str){map.p, map.n});
		mapping_free(&map);
	}
	res = api_request(&app->api, &m, r, e);
	return res;
}

static int
on_body(struct app *app, struct ipc_msg *in, struct reply *r, struct error *e)
{
	struct msg_body m;

	if (msg_body_get(in->body, app->api.a, &m, e) < 0)
		return err_code(e);
	reply_init(r, app->api.a);
	return api_body(&app->api, &m, r, e);
}

/* REQUEST and BODY: a reply, or a part to fill. */
static int
serve(struct app *app, struct ipc_msg *in, uint32_t front, struct error *e)
{
	struct reply r;
	int res;

	reply_init(&r, app->api.a);
	res = in->type == MSG_REQUEST ? on_request(app, in, &r, e) : on_body(app, in, &r, e);
	if (res == 0)
		res = r.takes_body ? answer_take_body(app, front, in->id, &r, e)
		                   : answer_reply(app, front, in->id, &r, e);
	fd_close(&r.part_fd);
	explicit_bzero(&r.take, sizeof r.take);
	explicit_bzero(&r.key, sizeof r.key);
	return res;
}

static int
serve_keys(struct app *app, struct ipc_msg *in, uint32_t front, struct error *e)
{
	struct ipc_msg out = {.type = MSG_KEYS_ARE, .id = in->id};
	struct msg_keys_are are = {0};
	struct msg_keys m;
	struct buf b;

	if (msg_keys_get(in->body, app->api.a, &m, e) < 0 || api_keys(&app->api, &m, &are, e) < 0)
		return err_code(e);
	buf_init_arena(&b, app->api.a, LIMIT_MSG_BYTES - IPC_HEAD_BYTES);
	msg_keys_are_put(&b, &are);
	out.body = buf_view(&b);
	answer(app, front, &out);
	explicit_bzero(b.p, b.n);
	return 0;
}

static int
serve_sent(struct app *app, struct ipc_msg *in, uint32_t front, struct error *e)
{
	struct ipc_msg out = {.type = MSG_SENT_OK, .id = in->id};
	struct msg_sent_ok ok = {0};
	struct msg_sent m;
	struct buf b;

	if (msg_sent_get(in->body, app->api.a, &m, e) < 0 || api_sent(&app->api, &m, &ok, e) < 0)
		return err_code(e);
	buf_init_arena(&b, app->api.a, LIMIT_MSG_BYTES - IPC_HEAD_BYTES);
	msg_sent_ok_put(&b, &ok);
	out.body = buf_view(&b);
	answer(app, front, &out);
	return 0;
}

/* Rows that an older program let in do not stop the server: then the file counts. */
static int
take_settings(struct app *app, struct error *e)
{
	struct conf_value *list;
	size_t n;

	app->api.conf = app->api.file;
	if (setting_list(app->api.db, app->api.a, &list, &n, e) < 0)
		return err_code(e);
	if (conf_overlay(app->api.a, app->api.file, list, n, &app->conf, e) == 0)
		app->api.conf = &app->conf;
	else
		log_warn("settings of the app are left aside: %s", e->msg);
	return 0;
}

static int
serve_once(struct app *app, struct ipc_msg *in, uint32_t front, struct error *e)
{
	if (take_settings(app, e) < 0)
		return err_code(e);
	switch (in->type) {
	case MSG_REQUEST:
	case MSG_BODY:
		return serve(app, in, front, e);
	case MSG_KEYS:
		return serve_keys(app, in, front, e);
	case MSG_SENT:
		return serve_sent(app, in, front, e);
	default:
		return err_set(e, ERR_PROTOCOL, "message of type %u on a lane", in->type);
	}
}

static void
refuse(struct app *app, const struct ipc_msg *in, struct reply *r, const struct error *e)
{
	struct msg_request m;
	struct error unread;

	if (in->type == MSG_REQUEST && msg_request_get(in->body, app->api.a, &m, &unread) == 0)
		api_refuse(&app->api, &m, r, e);
	else
		api_problem(r, &app->api, e);
	r->close = true;
}

/* Nothing could be decided: say so in the form that was asked for. Fails closed. */
static void
answer_failure(struct app *app, const struct ipc_msg *in, uint32_t front, const struct error *e)
{
	struct ipc_msg out = {.id = in->id};
	struct error second;
	struct reply r;
	struct buf b;

	log_warn("message %u: %s: %s", in->type, err_word(e->code), e->msg);
	arena_reset(app->api.a);
	buf_init_arena(&b, app->api.a, LIMIT_MSG_BYTES - IPC_HEAD_BYTES);
	switch (in->type) {
	case MSG_KEYS:
		out.type = MSG_KEYS_ARE;
		msg_keys_are_put(&b, &(struct msg_keys_are){.stop = true});
		break;
	case MSG_SENT:
		/* no word: front asks again, and cuts after three seconds without one */
		out.type = MSG_SENT_OK;
		msg_sent_ok_put(&b, &(struct msg_sent_ok){0});
		break;
	default:
		refuse(app, in, &r, e);
		if (answer_reply(app, front, in->id, &r, &second) < 0)
			log_error("reply: %s", second.msg);
		return;
	}
	out.body = buf_view(&b);
	answer(app, front, &out);
}

static void
pause_with_jitter(int attempt)
{
	usleep((useconds_t)(1000u * (1u << MIN(attempt, 6)) / 2 + random_below(2000)));
}

static void
handle(struct app *app, struct ipc_msg *in, uint32_t front)
{
	struct error e;
	int r = ERR_RETRY;

	answer_taken(app, front, in->id);
	for (int i = 0; i < LIMIT_CHANGE_RETRIES && r == ERR_RETRY; i++) {
		if (i > 0)
			pause_with_jitter(i);
		arena_reset(app->api.a);
		app->api.now_us = time_now_us();
		r = serve_once(app, in, front, &e);
	}
	if (r < 0)
		answer_failure(app, in, front, &e);
	arena_reset(app->api.a);
}

/* ---- peers ---- */

static void
on_lane(void *arg, uint32_t events)
{
	struct lane_in *lane = arg;
	struct app *app = lane->app;
	struct ipc_msg m;
	struct error e;
	int r = ipc_recv(lane->fd, app->space, &m, &e);

	(void)events;
	if (r == 0)
		return; /* another app was faster */
	if (r < 0) {
		watch_free(&lane->w);
		fd_close(&lane->fd);
		return;
	}
	handle(app, &m, lane->front);
	ipc_msg_close(&m);
}

static int
set_lane(struct app *app, const struct msg_peer *p, int fd, struct error *e)
{
	struct lane_in *lane = &app->lanes[p->index][p->lane];

	watch_free(&lane->w);
	fd_close(&lane->fd);
	*lane = (struct lane_in){.app = app, .front = p->index, .fd = fd};
	return loop_watch(app->loop, fd, LOOP_READ | LOOP_ALONE, on_lane, lane, &lane->w, e);
}

static int
on_peer(void *arg, const struct msg_peer *p, int fd, struct error *e)
{
	struct app *app = arg;

	if (p->role == ROLE_KEEPER)
		return keeper_client_set(app->keeper, fd, e);
	if (p->role != ROLE_FRONT || p->index >= LIMIT_FRONTS || p->lane > LANE_COUNT) {
		fd_close(&fd);
		return err_set(e, ERR_PROTOCOL, "a peer an app has no business with");
	}
	if (p->lane < LANE_COUNT)
		return set_lane(app, p, fd, e);
	fd_close(&app->fronts[p->index]);
	app->fronts[p->index] = fd;
	return 0;
}

static int
open_all(struct app *app, struct error *e)
{
	const struct conf *conf = app->env->conf;

	app->api.conf = app->api.file = conf;
	app->api.a = arena_new();
	if (role_database(app->env, false, &app->api.db, e) < 0 ||
	    role_database(app->env, true, &app->api.keys.keys, e) < 0 ||
	    store_fs_open(conf->dir.p, &app->api.store, e) < 0)
		return err_code(e);
	app->api.keys.keeper = keeper_client_iface(app->keeper);
	return 0;
}

int
app_run(struct role_env *env, struct error *e)
{
	struct app *app = xcalloc(1, sizeof *app);

	app->env = env;
	for (int i = 0; i < LIMIT_FRONTS; i++) {
		app->fronts[i] = -1;
		for (int k = 0; k < LANE_COUNT; k++)
			app->lanes[i][k].fd = -1;
	}
	if (loop_new(&app->loop, e) < 0 || keeper_client_new(env, &app->keeper, e) < 0 ||
	    open_all(app, e) < 0 || role_enter(env, app->loop, on_peer, app, e) < 0 ||
	    keeper_client_ticket_key(app->keeper, &app->api.ticket_key, e) < 0)
		return err_code(e);
	loop_run(app->loop);
	return 0;
}
