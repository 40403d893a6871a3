/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * net - listeners, the list of connections, the tick, the certificate
 *
 * Listeners are switched off while max_conns is reached or descriptors are
 * out, so that a full server waits in the kernel's queue instead of spinning
 * on a socket it cannot accept from.
 */
#include "net/net.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netdb.h>
#include <netinet/tcp.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/arena.h"
#include "base/error.h"
#include "base/str.h"
#include "net/net_private.h"
#include "os/file.h"
#include "os/loop.h"

#define TICK_MS 500
#define BACKLOG 4096
#define ACCEPTS_PER_ROUND 64
#define NOT_SENT_BYTES (128 * 1024) /* so that a cut and a count are near what the client has */

const struct net_times net_times_default = {
    .handshake_us = 10000000,
    .head_us = 10000000,
    .idle_us = 60000000,
    .answer_us = 30000000,
    .stall_us = 60000000,
    .body_window_us = 30000000,
    .discard_silence_us = 2000000,
    .body_window_bytes = 30 * 1024,
    .stall_bytes = 8 * 1024,
    .discard_bytes = LIMIT_DISCARD_BYTES,
};

/* ---- who is to be run after this round ---- */

static void
run_kicked(void *arg)
{
	struct net *n = arg;
	struct net_conn *batch = n->kicked;

	n->is_deferred = false;
	n->kicked = NULL;
	if (batch != NULL)
		batch->kick_prev = &batch;
	while (batch != NULL) {
		struct net_conn *c = batch;

		net_unkick(c);
		conn_run(c);
	}
}

void
net_kick(struct net_conn *c)
{
	struct net *n = c->net;

	if (c->running || c->kick_prev != NULL)
		return;
	c->kick_next = n->kicked;
	if (c->kick_next != NULL)
		c->kick_next->kick_prev = &c->kick_next;
	c->kick_prev = &n->kicked;
	n->kicked = c;
	if (!n->is_deferred)
		loop_defer(n->loop, run_kicked, n);
	n->is_deferred = true;
}

void
net_unkick(struct net_conn *c)
{
	if (c->kick_prev == NULL)
		return;
	*c->kick_prev = c->kick_next;
	if (c->kick_next != NULL)
		c->kick_next->kick_prev = c->kick_prev;
	c->kick_next = NULL;
	c->kick_prev = NULL;
}

/* ---- who may be let go ---- */

void
net_unquiet(struct net_conn *c)
{
	if (c->quiet_prev == NULL)
		return;
	*c->quiet_prev = c->quiet_next;
	if (c->quiet_next != NULL)
		c->quiet_next->quiet_prev = c->quiet_prev;
	else
		c->net->quiet_end = c->quiet_prev;
	c->quiet_prev = NULL;
}

void
net_note_quiet(struct net_conn *c)
{
	struct net *n = c->net;

	net_unquiet(c);
	if (c->state != CONN_HANDSHAKE && c->state != CONN_HEAD && c->state != CONN_LINGER)
		return;
	c->quiet_next = NULL;
	c->quiet_prev = n->quiet_end;
	*n->quiet_end = c;
	n->quiet_end = &c->quiet_next;
}

/* Nobody waits for anything on the one that was silent longest: it makes room. */
static void
let_one_go(struct net *n)
{
	struct net_conn *c = n->quiet;

	if (c->state == CONN_HEAD)
		conn_shut(c);
	conn_close(c);
}

static bool
is_full(const struct net *n)
{
	return n->conn_count >= n->set.max_conns;
}

/* ---- accepting ---- */

static void
set_listening(struct net *n, bool on)
{
	n->is_deaf = !on;
	for (size_t i = 0; i < n->listener_count; i++)
		watch_set(n->listeners[i].watch, on ? LOOP_READ : 0);
}

/* Takes the socket in, for whose sake a quiet one may have to go. */
static void
welcome(struct net *n, int fd, const struct sockaddr_storage *peer)
{
	if (is_full(n))
		let_one_go(n);
	conn_accept(n, fd, peer);
}

static void
on_listener(void *arg, uint32_t events)
{
	struct net_listener *l = arg;
	struct net *n = l->net;

	(void)events;
	for (int i = 0; i < ACCEPTS_PER_ROUND && !n->is_deaf; i++) {
		struct sockaddr_storage peer = {0};
		socklen_t size = sizeof peer;
		int fd;

		if (is_full(n) && n->quiet == NULL) {
			set_listening(n, false);
			return;
		}
		fd = accept4(l->fd, (struct sockaddr *)&peer, &size, SOCK_NONBLOCK | SOCK_CLOEXEC);
		if (fd >= 0)
			welcome(n, fd, &peer);
		else if (errno == EAGAIN || errno == EWOULDBLOCK)
			return;
		else if (errno == EMFILE || errno == ENFILE || errno == ENOBUFS || errno == ENOMEM)
			set_listening(n, false);
	}
}

static void
on_tick(void *arg)
{
	struct net *n = arg;
	int64_t now = loop_now(n->loop);
	struct net_conn *next;

	for (struct net_conn *c = n->conns; c != NULL; c = next) {
		next = c->next; /* only c itself may go: all else is deferred */
		conn_tick(c, now);
	}
	tls_rotate_ticket_keys(n, now);
	if (n->is_deaf && (!is_full(n) || n->quiet != NULL))
		set_listening(n, true);
}

/* ---- life ---- */

int
net_new(struct loop *l, const struct net_settings *s, struct net **ret, struct error *e)
{
	AUTO(net_free) struct net *n = xcalloc(1, sizeof *n);

	n->loop = l;
	n->quiet_end = &n->quiet;
	n->set = *s;
	n->cert_path = strdup(s->cert_path);
	n->key_path = strdup(s->key_path);
	n->ciphersuites = s->ciphersuites != NULL ? strdup(s->ciphersuites) : NULL;
	n->set.cert_path = n->set.key_path = n->set.ciphersuites = NULL; /* the copies count */
	n->ticket_keys_us = loop_now(l);
	if (n->cert_path == NULL || n->key_path == NULL)
		abort();
	if (tls_context(n, &n->ctx, e) < 0)
		return err_code(e);
	if (loop_every(l, TICK_MS, on_tick, n, e) < 0)
		return err_code(e);
	signal(SIGPIPE, SIG_IGN);
	*ret = TAKE(n);
	return 0;
}

void
net_free(struct net **n)
{
	if (*n == NULL)
		return;
	free((*n)->cert_path);
	free((*n)->key_path);
	free((*n)->ciphersuites);
	for (size_t i = 0; i < (*n)->listener_count; i++)
		watch_free(&(*n)->listeners[i].watch);
	while ((*n)->conns != NULL)
		conn_close((*n)->conns);
	SSL_CTX_free((*n)->ctx);
	free(*n);
	*n = NULL;
}

int
net_add_listener(struct net *n, int fd, struct error *e)
{
	struct net_listener *l = &n->listeners[n->listener_count];

	if (n->listener_count == ARRAY_LEN(n->listeners))
		return err_set(e, ERR_LIMIT, "more than %zu listeners", ARRAY_LEN(n->listeners));
	l->net = n;
	l->fd = fd;
	if (loop_watch(n->loop, fd, LOOP_READ, on_listener, l, &l->watch, e) < 0)
		return err_code(e);
	n->listener_count++;
	return 0;
}

static int
bind_to(const struct addrinfo *ai, const char *host, const char *port, int *ret_fd, struct error *e)
{
	int one = 1, not_sent = NOT_SENT_BYTES;
	AUTO(fd_close)
	int fd = socket(ai->ai_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);

	if (fd < 0)
		return err_errno(e, "socket");
	/* Accepted sockets inherit all but the first. */
	if (setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof one) < 0 ||
	    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one) < 0 ||
	    setsockopt(fd, IPPROTO_TCP, TCP_NOTSENT_LOWAT, &not_sent, sizeof not_sent) < 0)
		return err_errno(e, "socket options");
	if (bind(fd, ai->ai_addr, ai->ai_addrlen) < 0 || listen(fd, BACKLOG) < 0) {
		if (errno == EADDRINUSE)
			return err_key(e, ERR_EXISTS, "port-taken",
			    "%s:%s is taken by another program", host, port);
		return err_errno(e, "listen on %s:%s", host, port);
	}
	*ret_fd = TAKE_FD(fd);
	return 0;
}

int
net_listen(const char *host, const char *port, int *ret_fd, struct error *e)
{
	struct addrinfo hints = {.ai_socktype = SOCK_STREAM, .ai_flags = AI_PASSIVE};
	struct addrinfo *found = NULL;
	int r = getaddrinfo(host, port, &hints, &found);

	if (r != 0)
		return err_set(e, ERR_INVALID, "address %s:%s: %s", host, port, gai_strerror(r));
	r = bind_to(found, host, port, ret_fd, e);
	freeaddrinfo(found);
	return r;
}

int
net_reload(struct net *n, struct error *e)
{
	SSL_CTX *ctx;

	if (tls_context(n, &ctx, e) < 0)
		return err_code(e);
	SSL_CTX_free(n->ctx); /* running connections hold their own reference */
	n->ctx = ctx;
	n->ticket_keys_us = loop_now(n->loop);
	return 0;
}

int64_t
net_certificate_end(const struct net *n)
{
	return tls_certificate_end(n->ctx);
}

/* ---- what a handler asks about a connection ---- */

void
net_set_data(struct net_conn *c, void *data)
{
	c->data = data;
}

void *
net_data(const struct net_conn *c)
{
	return c->data;
}

struct str
net_peer(const struct net_conn *c)
{
	struct net *n = c->net;
	const struct in6_addr *v6 = (const struct in6_addr *)c->peer;
	bool is_v4 = IN6_IS_ADDR_V4MAPPED(v6);

	if (inet_ntop(is_v4 ? AF_INET : AF_INET6, is_v4 ? c->peer + 12 : c->peer, n->peer_text,
	        sizeof n->peer_text) == NULL)
		return S("");
	return str_c(n->peer_text);
}

uint64_t
net_acked(struct net_conn *c)
{
	uint64_t plain = acked_read(&c->acked, c->fd);

	return plain > c->answer_from ? plain - c->answer_from : 0;
}

uint64_t
net_sent(const struct net_conn *c)
{
	return c->sent > c->answer_from ? c->sent - c->answer_from : 0;
}

bool
net_is_head_acked(struct net_conn *c)
{
	return c->head_wire != 0 && acked_wire(c->fd) >= c->head_wire;
}
