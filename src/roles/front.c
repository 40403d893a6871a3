/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * front - bytes flow here: client connections, TLS, HTTP, sealing and opening
 *
 * May: accept on the listeners it was handed, open blobs by id read-only below
 * the Landlock tree, write to descriptors it was handed, read tls/ for a reload.
 * May not: reach the database, make connections, bind, execute, open anything
 * else.  It holds data keys only of transfers in flight and decides nothing:
 * who may have what is an app's answer.
 */
#include "roles/front.h"

#include <stdlib.h>

#include "base/arena.h"
#include "base/buf.h"
#include "base/error.h"
#include "base/log.h"
#include "base/str.h"
#include "base/time.h"
#include "conf/conf.h"
#include "http/head.h"
#include "http/http.h"
#include "net/net.h"
#include "os/file.h"
#include "os/loop.h"
#include "roles/asks.h"
#include "roles/role.h"
#include "store/store.h"

/* ---- what net calls ---- */

static void
on_request(void *arg, struct net_conn *c, const struct http_head *h)
{
	struct client *client = net_data(c);

	if (client == NULL) {
		client = xcalloc(1, sizeof *client);
		client->f = arg;
		client->conn = c;
		net_set_data(c, client);
	}
	exchange_start(client, h);
}

static void
on_body(void *arg, struct net_conn *c, const void *p, size_t n)
{
	struct client *client = net_data(c);

	(void)arg;
	if (client != NULL && client->exchange != NULL)
		exchange_body(client->exchange, p, n);
}

static void
on_body_end(void *arg, struct net_conn *c, bool whole)
{
	struct client *client = net_data(c);

	(void)arg;
	if (client != NULL && client->exchange != NULL)
		exchange_body_end(client->exchange, whole);
}

static long
on_fill(void *arg, struct net_conn *c, void *p, size_t n)
{
	struct client *client = net_data(c);

	(void)arg;
	return exchange_fill(client->exchange, p, n);
}

static void
leave(struct client *client)
{
	struct exchange *x = client->exchange;

	client->exchange = NULL;
	if (x != NULL)
		exchange_leave(x);
}

static void
on_done(void *arg, struct net_conn *c)
{
	struct client *client = net_data(c);

	(void)arg;
	if (client->transfer != NULL)
		transfer_sent(client->transfer);
	leave(client);
}

static void
on_closed(void *arg, struct net_conn *c)
{
	struct client *client = net_data(c);

	(void)arg;
	if (client == NULL)
		return;
	if (client->transfer != NULL)
		transfer_end(client->transfer);
	leave(client);
	net_set_data(c, NULL);
	free(client);
}

static const struct net_handler handler = {
    .request = on_request,
    .body = on_body,
    .body_end = on_body_end,
    .fill = on_fill,
    .done = on_done,
    .closed = on_closed,
};

/* ---- time ---- */

static void
on_half_second(void *arg)
{
	struct front *f = arg;

	transfers_tick(f);
	for (struct exchange *x = f->uploads; x != NULL; x = x->next_upload)
		upload_tick(x, loop_now(f->loop));
}

/* ---- master ---- */

static int
on_peer(void *arg, const struct msg_peer *p, int fd, struct error *e)
{
	struct front *f = arg;

	if (p->role == ROLE_FRONT && p->lane < LANE_COUNT)
		return asks_set_lane(f->asks, (enum lane)p->lane, fd, e);
	if (p->role == ROLE_APP && p->lane == LANE_COUNT)
		return asks_set_app(f->asks, p->index, fd, e);
	fd_close(&fd);
	return err_set(e, ERR_PROTOCOL, "a peer a front has no business with");
}

static int
tell_certificate(const struct front *f, struct error *e)
{
	struct msg_certificate c = {.ends_us = net_certificate_end(f->net)};
	struct ipc_msg m = {.type = MSG_CERTIFICATE};
	struct buf b;
	int r;

	buf_init(&b, 64);
	msg_certificate_put(&b, &c);
	m.body = buf_view(&b);
	r = ipc_send_wait(CONTROL_FD, &m, CONTROL_WAIT_MS, e);
	buf_fini(&b);
	return r;
}

static void
on_reload(void *arg)
{
	struct front *f = arg;
	struct error e;

	if (net_reload(f->net, &e) < 0)
		log_error("the old certificate stays: %s", e.msg);
	else if (tell_certificate(f, &e) < 0)
		log_warn("the new certificate: %s", e.msg);
	else
		log_info("certificate read again");
}

/* The configured authority, and the two names our own certificate always has. */
static void
set_hosts(struct front *f, struct arena *a)
{
	const struct conf *c = f->conf;

	/* as a request's is: in lower case, without the port that https has anyway */
	if (!http_authority(a, c->authority, &f->hosts[0]))
		log_warn("server.url names no host that a request could name");
	if (!http_authority(
	        a, arena_printf(a, "localhost:%.*s", STR(c->listen_port)), &f->hosts[1]) ||
	    !http_authority(
	        a, arena_printf(a, "127.0.0.1:%.*s", STR(c->listen_port)), &f->hosts[2]))
		log_warn("listen port is odd: only the configured host is answered");
}

static void
on_end(void *arg)
{
	transfers_finish(arg);
}

static int
open_net(struct front *f, struct role_env *env, struct arena *a, struct error *e)
{
	struct str dir = f->conf->dir;
	struct net_settings s = {
	    .cert_path = arena_printf(a, "%.*s/tls/cert.pem", STR(dir)).p,
	    .key_path = arena_printf(a, "%.*s/tls/key.pem", STR(dir)).p,
	    .ciphersuites =
	        f->conf->tls_ciphersuites.n > 0 ? arena_cstr(a, f->conf->tls_ciphersuites) : NULL,
	    .max_conns = (size_t)f->conf->connections,
	    .times = net_times_default,
	    .handler = &handler,
	    .arg = f,
	};

	s.times.stall_us = f->conf->reader_seconds * US_PER_S;
	if (net_new(f->loop, &s, &f->net, e) < 0)
		return err_code(e);
	for (size_t i = 0; i < env->listener_count; i++) {
		if (net_add_listener(f->net, env->listeners[i], e) < 0)
			return err_code(e);
	}
	return 0;
}

int
front_run(struct role_env *env, struct error *e)
{
	struct front *f = xcalloc(1, sizeof *f);
	struct arena *a = arena_new(); /* lives as long as the process */

	f->conf = env->conf;
	f->scratch = arena_new();
	f->has_nowait = true;
	set_hosts(f, a);
	env->on_reload = on_reload;
	env->on_end = on_end;
	if (loop_new(&f->loop, e) < 0 || front_disk_init(f, e) < 0 || front_hold_init(f, e) < 0 ||
	    asks_new(f->loop, &f->asks, e) < 0 || store_fs_open(f->conf->dir.p, &f->store, e) < 0 ||
	    open_net(f, env, a, e) < 0 || role_enter(env, f->loop, on_peer, f, e) < 0 ||
	    tell_certificate(f, e) < 0 || loop_every(f->loop, 500, on_half_second, f, e) < 0)
		return err_code(e);
	loop_run(f->loop);
	return 0;
}
