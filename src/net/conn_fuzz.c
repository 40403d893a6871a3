/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * conn_fuzz - a whole connection before any sign-in: TLS, heads, bodies, pipelining
 *
 * The first byte says how: even, the rest goes through a TLS client in records
 * of as many bytes as the second byte says; odd, it goes to the socket as it
 * is.  The handler stands for front: it takes bodies ("/take"), takes them with
 * a pause after each piece ("/pause"), cuts ("/cut") and refuses early (all
 * others).  What it is told must be what the parsers make of the same bytes in
 * one piece, however they came; before the handshake it is told nothing; and
 * every connection is closed exactly once.
 */
#include <fcntl.h>
#include <openssl/err.h>
#include <openssl/x509.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/error.h"
#include "base/str.h"
#include "net/net_private.h"
#include "os/loop.h"

#define ROUNDS_MOST 20000
#define QUIET_ROUNDS 4

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n);

/* Requests and their content as one number: equal for the same requests cut the same way. */
struct tale {
	uint64_t hash, requests;
};

struct world {
	struct loop *loop;
	struct net *net;
	SSL_CTX *client;
	struct tale told;
	uint64_t stirred; /* callbacks so far */
	unsigned closed;
	struct net_conn *paused;
};

static void
tell(struct tale *t, const void *p, size_t n)
{
	for (size_t i = 0; i < n; i++)
		t->hash = (t->hash ^ ((const uint8_t *)p)[i]) * 0x100000001b3u;
}

static void
tell_head(struct tale *t, const struct http_head *h)
{
	t->requests++;
	tell(t, "\n", 1);
	tell(t, h->method.p, h->method.n);
	tell(t, h->target.p, h->target.n);
}

static bool
has_body(const struct http_head *h)
{
	return h->chunked || h->content_length > 0;
}

static bool
takes(const struct http_head *h)
{
	return has_body(h) && (str_eq(h->path, S("/take")) || str_eq(h->path, S("/pause")));
}

/* ---- the handler ---- */

static void
answer(struct net_conn *c)
{
	net_answer(c, S("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n"), 2, false);
}

static void
on_request(void *arg, struct net_conn *c, const struct http_head *h)
{
	struct world *w = arg;

	w->stirred++;
	tell_head(&w->told, h);
	net_set_data(c, str_eq(h->path, S("/pause")) ? w : NULL);
	if (str_eq(h->path, S("/cut")))
		net_cut(c);
	else if (takes(h))
		net_take_body(c);
	else
		answer(c);
}

static void
on_body(void *arg, struct net_conn *c, const void *p, size_t n)
{
	struct world *w = arg;

	w->stirred++;
	tell(&w->told, p, n);
	if (net_data(c) == NULL)
		return;
	net_body_pause(c);
	w->paused = c;
}

static void
on_body_end(void *arg, struct net_conn *c, bool whole)
{
	struct world *w = arg;

	w->stirred++;
	w->paused = NULL;
	if (whole)
		answer(c);
}

static long
on_fill(void *arg, struct net_conn *c, void *p, size_t n)
{
	memcpy(p, "ok", n < 2 ? n : 2);
	return n < 2 ? (long)n : 2;
}

static void
on_done(void *arg, struct net_conn *c)
{
	((struct world *)arg)->stirred++;
}

static void
on_closed(void *arg, struct net_conn *c)
{
	struct world *w = arg;

	w->stirred++;
	w->closed++;
	w->paused = NULL;
}

static const struct net_handler handler = {
    on_request, on_body, on_body_end, on_fill, on_done, on_closed};

/* ---- what must be told ---- */

/* 1 whole, else 0: it ends, or is malformed. */
static int
expect_body(struct tale *t, const struct http_head *h, struct str *rest)
{
	struct http_body b;
	size_t skip, data;
	int r;

	http_body_init(&b, h->content_length, h->chunked);
	do {
		r = http_body_next(&b, *rest, &skip, &data);
		if (r < 0)
			return 0;
		tell(t, rest->p + skip, data);
		*rest = str_from(*rest, skip + data);
	} while (r == 0 && skip + data > 0);
	return r;
}

static struct tale
expected(struct str rest)
{
	struct tale t = {0};
	struct http_head h;
	size_t used;

	while (rest.n > 0 && http_head_parse(rest, &h, &used) == 1) {
		rest = str_from(rest, used);
		tell_head(&t, &h);
		if (has_body(&h) && (!takes(&h) || expect_body(&t, &h, &rest) == 0))
			break;
		if (!h.keep_alive || str_eq(h.path, S("/cut")))
			break;
	}
	return t;
}

/* ---- the world ---- */

static void
must(bool ok)
{
	if (!ok)
		abort();
}

static void
put_certificate(const char *path, const char *key_path)
{
	EVP_PKEY *key = EVP_EC_gen("P-256");
	X509 *cert = X509_new();
	FILE *f = fopen(path, "w"), *k = fopen(key_path, "w");

	must(f != NULL && k != NULL);
	X509_gmtime_adj(X509_getm_notBefore(cert), -60);
	X509_gmtime_adj(X509_getm_notAfter(cert), 86400);
	X509_set_pubkey(cert, key);
	must(X509_sign(cert, key, EVP_sha256()) > 0);
	must(PEM_write_X509(f, cert) == 1);
	must(PEM_write_PrivateKey(k, key, NULL, NULL, 0, NULL, NULL) == 1);
	fclose(f);
	fclose(k);
	X509_free(cert);
	EVP_PKEY_free(key);
}

static void
make(struct world *w)
{
	char dir[] = "/tmp/conn_fuzz.XXXXXX", cert[64], key[64];
	struct net_settings set = {.cert_path = cert,
	    .key_path = key,
	    .max_conns = 8,
	    .times = net_times_default,
	    .handler = &handler,
	    .arg = w};
	struct error e;

	must(mkdtemp(dir) != NULL);
	snprintf(cert, sizeof cert, "%s/cert.pem", dir);
	snprintf(key, sizeof key, "%s/key.pem", dir);
	put_certificate(cert, key);
	must(loop_new(&w->loop, &e) == 0 && net_new(w->loop, &set, &w->net, &e) == 0);
	w->client = SSL_CTX_new(TLS_client_method());
	must(w->client != NULL);
	SSL_CTX_set_mode(w->client, SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
	unlink(cert);
	unlink(key);
	rmdir(dir);
}

static void
stop(void *arg)
{
	struct world *w = arg;

	if (w->paused != NULL)
		net_body_resume(w->paused);
	w->paused = NULL;
	loop_stop(w->loop);
}

static void
round_of(struct world *w)
{
	loop_defer(w->loop, stop, w);
	loop_run(w->loop);
}

/* Rounds until nothing stirs any more; ssl, if any, reads what it is sent. */
static void
settle(struct world *w, SSL *ssl)
{
	char away[4096];
	size_t got;
	unsigned quiet = 0;

	for (int i = 0; quiet < QUIET_ROUNDS; i++) {
		uint64_t before = w->stirred;

		must(i < ROUNDS_MOST);
		round_of(w);
		while (ssl != NULL && SSL_read_ex(ssl, away, sizeof away, &got) == 1)
			;
		ERR_clear_error();
		quiet = w->stirred == before && w->paused == NULL ? quiet + 1 : 0;
	}
}

static SSL *
shake_hands(struct world *w, int fd)
{
	SSL *ssl = SSL_new(w->client);

	must(ssl != NULL && SSL_set_fd(ssl, fd) == 1);
	SSL_set_connect_state(ssl);
	for (int i = 0; i < 100 && SSL_do_handshake(ssl) != 1; i++)
		round_of(w);
	must(SSL_is_init_finished(ssl) == 1);
	return ssl;
}

/* All of it, or until the server has gone. */
static void
say(struct world *w, SSL *ssl, struct str in, size_t piece)
{
	while (in.n > 0 && w->closed == 0) {
		size_t done = 0;

		if (SSL_write_ex(ssl, in.p, piece < in.n ? piece : in.n, &done) != 1 &&
		    SSL_get_error(ssl, 0) != SSL_ERROR_WANT_WRITE)
			return;
		in = str_from(in, done);
		round_of(w);
	}
}

static void
through_tls(struct world *w, int fd, struct str in, size_t piece)
{
	SSL *ssl = shake_hands(w, fd);
	struct tale want = expected(in);

	say(w, ssl, in, piece);
	settle(w, ssl);
	must(w->told.requests == want.requests && w->told.hash == want.hash);
	SSL_free(ssl);
}

static void
as_it_is(struct world *w, int fd, struct str in)
{
	must(send(fd, in.p, in.n, MSG_NOSIGNAL) >= 0 || in.n == 0);
	settle(w, NULL);
	must(w->told.requests == 0);
}

int
LLVMFuzzerTestOneInput(const uint8_t *p, size_t n)
{
	static struct world w;
	struct sockaddr_storage peer = {.ss_family = AF_INET};
	struct str in = {(const char *)p + 2, n - 2};
	int pair[2];

	if (n < 2 || n > LIMIT_HEAD_BYTES)
		return 0;
	if (w.loop == NULL)
		make(&w);
	w.told = (struct tale){0};
	w.closed = 0;
	must(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, pair) == 0);
	conn_accept(w.net, pair[0], &peer);
	if (p[0] % 2 == 0)
		through_tls(&w, pair[1], in, (size_t)p[1] + 1);
	else
		as_it_is(&w, pair[1], in);
	close(pair[1]);
	settle(&w, NULL);
	must(w.closed == 1 && w.net->conn_count == 0);
	return 0;
}
