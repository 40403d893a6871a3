/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * egress - the only role that connects outwards
 *
 * May: connect, read name service and certificate files.  May not: listen,
 * write any file, execute, reach the database or the blobs.  It gets mails from
 * worker, ready and rendered, one at a time, and tells what became of each.
 * It keeps nothing: a mail whose answer was lost is worker's to settle.
 *
 * Descriptor 3 is the control socket of master.  Sending blocks; messages wait
 * in their sockets meanwhile, and every wait in smtp.c has an end, the first one
 * being that of master or of the worker who asked.
 */
#include <stdlib.h>
#include <unistd.h>

#include "base/arena.h"
#include "base/buf.h"
#include "base/error.h"
#include "base/limits.h"
#include "base/log.h"
#include "base/str.h"
#include "conf/conf.h"
#include "egress/compose.h"
#include "egress/smtp.h"
#include "msg/msg.h"
#include "os/file.h"
#include "os/ipc.h"
#include "os/loop.h"
#include "os/sandbox.h"

#define CONTROL_FD 3
#define START_WAIT_MS 10000
#define ANSWER_WAIT_MS 5000
#define WORKERS 16
#define DELIVER_BYTES (2 * LIMIT_MAIL_BYTES + LIMIT_LOGO_BYTES)

struct egress;

/* The pair with one worker. */
struct worker_pair {
	struct egress *g;
	int fd;
	uint32_t index;
	struct watch *watch;
};

struct egress {
	struct loop *loop;
	struct arena *request; /* reset after each mail */
	struct conf conf;
	struct smtp_relay relay;
	struct watch *control;
	struct worker_pair workers[WORKERS];
	char space[LIMIT_MSG_BYTES];
};

/* ---- one mail ---- */

/* A mail that cannot be composed never will be: failed, and said why. */
static void
handle(struct egress *g, int asker, const struct msg_deliver *m, struct msg_delivered *ret,
    int *ret_fd)
{
	struct smtp_result result;
	struct error e = {0};
	struct str text;

	*ret = (struct msg_delivered){.mail = m->mail, .outcome = MAIL_IS_FAILED};
	if (compose(g->request, m, &text, &e) < 0) {
		ret->reply = arena_str(g->request, str_c(e.msg));
		return;
	}
	if (m->compose_only) {
		if (memfd_sealed("mail", text, ret_fd, &e) == 0)
			ret->outcome = MAIL_IS_COMPOSED;
		else
			*ret = (struct msg_delivered){.mail = m->mail, .outcome = MAIL_IS_DEFERRED};
		return;
	}
	if (g->relay.url.n == 0) {
		ret->outcome = MAIL_IS_DEFERRED;
		ret->reply = S("no relay is set (smtp.url)");
		return;
	}
	g->relay.askers[0] = CONTROL_FD;
	g->relay.askers[1] = asker;
	smtp_send(g->request, &g->relay, m->address, text, &result);
	ret->outcome = result.outcome;
	ret->reply = result.reply;
	/* The relay's words may hold an address: they go to the mail's row, not to the log. */
	log_info("mail %lld: outcome %d", (long long)m->mail, (int)result.outcome);
}

static int
answer(struct egress *g, int fd, uint32_t id, const struct msg_delivered *d, int mail_fd)
{
	struct ipc_msg out = {.type = MSG_DELIVERED, .id = id};
	struct error e = {0};
	struct buf b;

	buf_init_arena(&b, g->request, LIMIT_MSG_BYTES - IPC_HEAD_BYTES);
	msg_delivered_put(&b, d);
	out.body = buf_view(&b);
	if (mail_fd >= 0)
		out.fds[out.fd_count++] = mail_fd;
	int r = ipc_send_wait(fd, &out, ANSWER_WAIT_MS, &e);
	if (r < 0)
		log_warn("answer to worker: %s", e.msg);
	return r;
}

static int
deliver(struct egress *g, int fd, struct ipc_msg *in, struct error *e)
{
	AUTO(mapping_free) struct mapping map = {0};
	AUTO(fd_close) int mail_fd = -1;
	struct msg_delivered done;
	struct msg_deliver m;
	int r = 0;

	if (in->type != MSG_DELIVER || in->fd_count != 1)
		return err_set(e, ERR_PROTOCOL, "not DELIVER with one descriptor");
	if ((r = memfd_map(in->fds[0], DELIVER_BYTES, &map, e)) < 0 ||
	    (r = msg_deliver_get((struct str){map.p, map.n}, g->request, &m, e)) < 0)
		return r;
	handle(g, fd, &m, &done, &mail_fd);
	return answer(g, fd, in->id, &done, mail_fd);
}

/* ---- pairs ---- */

static void
pair_close(struct worker_pair *p)
{
	watch_free(&p->watch);
	fd_close(&p->fd);
}

/* One message a round, so that master is heard between two mails. */
static void
on_worker(void *arg, uint32_t events)
{
	struct worker_pair *p = arg;
	struct egress *g = p->g;
	struct ipc_msg in = {0};
	struct error e = {0};
	int r = ipc_recv(p->fd, g->space, &in, &e);

	if (r > 0)
		r = deliver(g, p->fd, &in, &e);
	ipc_msg_close(&in);
	arena_reset(g->request);
	if (r < 0) {
		if (e.code != ERR_UNAVAILABLE)
			log_warn("worker %u: %s", p->index, e.msg);
		pair_close(p);
	}
}

static int
add_worker(struct egress *g, const struct msg_peer *peer, int *fd, struct error *e)
{
	struct worker_pair *p = &g->workers[peer->index];

	pair_close(p);
	*p = (struct worker_pair){.g = g, .fd = TAKE_FD(*fd), .index = peer->index};
	return loop_watch(g->loop, p->fd, LOOP_READ, on_worker, p, &p->watch, e);
}

static int
handle_control(struct egress *g, struct ipc_msg *in, struct error *e)
{
	struct msg_peer peer;
	int r = 0;

	if (in->type != MSG_PEER || in->fd_count != 1)
		return err_set(e, ERR_PROTOCOL, "message %u from master", in->type);
	if ((r = msg_peer_get(in->body, g->request, &peer, e)) < 0)
		return r;
	if (peer.role != ROLE_WORKER || peer.index >= WORKERS)
		return 0; /* nobody else has business here; the descriptor is closed */
	return add_worker(g, &peer, &in->fds[0], e);
}

/* Without master there is no reason to live. */
static void
on_control(void *arg, uint32_t events)
{
	struct egress *g = arg;
	struct ipc_msg in = {0};
	struct error e = {0};
	int r = ipc_recv(CONTROL_FD, g->space, &in, &e);

	if (r > 0)
		r = handle_control(g, &in, &e);
	ipc_msg_close(&in);
	if (r < 0) {
		if (e.code != ERR_UNAVAILABLE)
			log_error("control: %s", e.msg);
		loop_stop(g->loop);
	}
}

/* ---- start ---- */

static int
read_start(struct egress *g, struct arena *forever, struct error *e)
{
	AUTO(mapping_free) struct mapping map = {0};
	AUTO(ipc_msg_close) struct ipc_msg in = {0};
	struct msg_start start;
	int r = ipc_recv_wait(CONTROL_FD, g->space, START_WAIT_MS, &in, e);

	if (r < 0)
		return r;
	if (in.type != MSG_START || in.fd_count != 1)
		return err_set(e, ERR_PROTOCOL, "not START");
	if ((r = msg_start_get(in.body, forever, &start, e)) < 0 ||
	    (r = memfd_map(in.fds[0], LIMIT_CONF_BYTES, &map, e)) < 0)
		return r;
	if (start.role != ROLE_EGRESS)
		return err_set(e, ERR_PROTOCOL, "START for another role");
	struct str text = arena_str(forever, (struct str){map.p, map.n});
	return conf_parse(forever, S(""), text, &g->conf, e);
}

/* The whole privilege story. */
static int
enter_sandbox(const struct conf *c, struct error *e)
{
	const uint16_t port = smtp_port(c->smtp_url.n > 0 ? c->smtp_url.p : "");
	const struct sandbox_path paths[] = {
	    {"/etc", SANDBOX_READ}, /* hosts, resolv.conf, ssl */
	    {"/usr/share/ca-certificates", SANDBOX_READ},
	    {"/usr/share/zoneinfo", SANDBOX_READ},
	    {"/usr/lib", SANDBOX_READ}, /* name service modules */
	    {"/lib", SANDBOX_READ},
	    {"/run/systemd/resolve", SANDBOX_READ},
	    {c->smtp_ca.n > 0 ? c->smtp_ca.p : "/etc", SANDBOX_READ_FILE},
	};
	struct sandbox s = {
	    .user = getuid() == 0 ? "geleit-egress" : NULL,
	    .paths = paths,
	    .path_count = ARRAY_LEN(paths),
	    .may = SANDBOX_MAY_CONNECT | SANDBOX_MAY_THREAD | SANDBOX_MAY_LOAD,
	    .ports = &port,
	    .port_count = port != 0,
	};
	unsigned missing = 0;
	int r = sandbox_enter(&s, &missing, e);

	if (r == 0 && missing != 0)
		log_warn("sandbox: not offered by this kernel: %s%s",
		    missing & SANDBOX_MISSING_LANDLOCK ? "landlock " : "",
		    missing & SANDBOX_MISSING_SECCOMP ? "seccomp" : "");
	return r;
}

static int
start(struct egress *g, struct arena *forever, struct error *e)
{
	struct ipc_msg ready = {.type = MSG_READY};
	int r = read_start(g, forever, e);

	if (r < 0)
		return r;
	log_init("egress", (enum log_level)g->conf.log_level);
	g->relay = (struct smtp_relay){.url = g->conf.smtp_url,
	    .ca = g->conf.smtp_ca,
	    .from = g->conf.smtp_from,
	    .insecure = g->conf.smtp_insecure};
	compose_init();
	smtp_init();
	if ((r = enter_sandbox(&g->conf, e)) < 0 || (r = loop_new(&g->loop, e)) < 0 ||
	    (r = loop_signals(g->loop, NULL, NULL, e)) < 0)
		return r;
	r = loop_watch(g->loop, CONTROL_FD, LOOP_READ, on_control, g, &g->control, e);
	return r < 0 ? r : ipc_send_wait(CONTROL_FD, &ready, ANSWER_WAIT_MS, e);
}

static void
stop(struct egress *g)
{
	for (size_t i = 0; i < WORKERS; i++)
		pair_close(&g->workers[i]);
	watch_free(&g->control);
	loop_free(&g->loop);
	arena_free(&g->request);
}

int
main(void)
{
	AUTO(arena_free) struct arena *forever = arena_new();
	struct egress *g = ARENA_NEW(forever, struct egress);
	struct error e = {0};

	log_init("egress", LOG_INFO);
	g->request = arena_new();
	for (size_t i = 0; i < WORKERS; i++)
		g->workers[i].fd = -1;
	int r = start(g, forever, &e);
	if (r < 0)
		log_error("start: %s", e.msg);
	else
		loop_run(g->loop);
	stop(g);
	return r < 0 ? 1 : 0;
}
