/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * net_test_peer - starting the server, and the client's side of a connection
 */
#include "net/net_test_peer.h"

#include <arpa/inet.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>
#include <poll.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/error.h"
#include "base/str.h"

double
seconds(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

/* ---- the server ---- */

static void
put_pem(const char *path, X509 *cert, EVP_PKEY *key)
{
	FILE *f = fopen(path, "w");

	assert_non_null(f);
	if (cert != NULL)
		assert_int_equal(PEM_write_X509(f, cert), 1);
	else
		assert_int_equal(PEM_write_PrivateKey(f, key, NULL, NULL, 0, NULL, NULL), 1);
	fclose(f);
}

void
write_certificate(const struct server *s, const char *name)
{
	EVP_PKEY *key = EVP_EC_gen("P-256");
	X509 *cert = X509_new();
	X509_NAME *subject = X509_get_subject_name(cert);

	X509_set_version(cert, 2);
	ASN1_INTEGER_set(X509_get_serialNumber(cert), 1);
	X509_gmtime_adj(X509_getm_notBefore(cert), -60);
	X509_gmtime_adj(X509_getm_notAfter(cert), 3600);
	X509_set_pubkey(cert, key);
	X509_NAME_add_entry_by_txt(
	    subject, "CN", MBSTRING_ASC, (const unsigned char *)name, -1, -1, 0);
	X509_set_issuer_name(cert, subject);
	assert_true(X509_sign(cert, key, EVP_sha256()) > 0);
	put_pem(s->cert, cert, NULL);
	put_pem(s->key, NULL, key);
	X509_free(cert);
	EVP_PKEY_free(key);
}

static void
note_port(struct server *s, int listener)
{
	struct sockaddr_in a;
	socklen_t n = sizeof a;

	assert_int_equal(getsockname(listener, (struct sockaddr *)&a, &n), 0);
	snprintf(s->port, sizeof s->port, "%u", ntohs(a.sin_port));
}

static void
start_with(struct server *s, const struct net_settings *set)
{
	int to[2], from[2], listener;
	struct error e;

	snprintf(s->dir, sizeof s->dir, "/tmp/net_test.XXXXXX");
	assert_non_null(mkdtemp(s->dir));
	snprintf(s->cert, sizeof s->cert, "%s/cert.pem", s->dir);
	snprintf(s->key, sizeof s->key, "%s/key.pem", s->dir);
	write_certificate(s, "first");
	assert_int_equal(net_listen("127.0.0.1", "0", &listener, &e), 0);
	note_port(s, listener);
	assert_int_equal(pipe(to), 0);
	assert_int_equal(pipe(from), 0);
	fflush(NULL);
	s->pid = fork();
	assert_true(s->pid >= 0);
	s->commands = s->pid == 0 ? to[0] : to[1];
	s->reports = s->pid == 0 ? from[1] : from[0];
	close(s->pid == 0 ? to[1] : to[0]);
	close(s->pid == 0 ? from[0] : from[1]);
	if (s->pid == 0)
		server_main(s, set, listener);
	close(listener);
}

void
server_start(struct server *s, const struct net_times *times)
{
	struct net_settings set = {.max_conns = 1000, .times = *times};

	start_with(s, &set);
}

void
server_start_small(struct server *s, size_t max_conns)
{
	struct net_settings set = {.max_conns = max_conns, .times = net_times_default};

	start_with(s, &set);
}

void
server_stop(struct server *s)
{
	int status = -1;

	server_tell(s, 'q');
	assert_int_equal(waitpid(s->pid, &status, 0), s->pid);
	close(s->commands);
	close(s->reports);
	unlink(s->cert);
	unlink(s->key);
	rmdir(s->dir);
	assert_int_equal(status, 0);
}

void
server_tell(struct server *s, char command)
{
	assert_int_equal(write(s->commands, &command, 1), 1);
}

const char *
server_report(struct server *s, int ms)
{
	static char line[256];
	size_t n = 0;

	while (n < sizeof line - 1) {
		struct pollfd p = {s->reports, POLLIN, 0};

		if (poll(&p, 1, ms) <= 0 || read(s->reports, line + n, 1) != 1 || line[n] == '\n')
			break;
		n++;
	}
	line[n] = '\0';
	return line;
}

const char *
server_expect(struct server *s, const char *start)
{
	double end = seconds() + 5;

	while (seconds() < end) {
		const char *line = server_report(s, 1000);

		if (strncmp(line, start, strlen(start)) == 0)
			return line;
	}
	fail_msg("no report \"%s\"", start);
	return "";
}

double
server_cpu(const struct server *s)
{
	struct timespec t;
	clockid_t id;

	assert_int_equal(clock_getcpuclockid(s->pid, &id), 0);
	clock_gettime(id, &t);
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

/* ---- the client ---- */

int
plain_connect(const struct server *s, int rcvbuf)
{
	struct sockaddr_in a = {.sin_family = AF_INET,
	    .sin_port = htons((uint16_t)atol(s->port)),
	    .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	struct timeval limit = {.tv_sec = 10};
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	if (rcvbuf > 0)
		setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &rcvbuf, sizeof rcvbuf);
	setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit);
	setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &limit, sizeof limit);
	assert_int_equal(connect(fd, (struct sockaddr *)&a, sizeof a), 0);
	return fd;
}

void
client_open(struct client *c, const struct server *s, int rcvbuf)
{
	SSL_CTX *ctx = SSL_CTX_new(TLS_client_method());

	signal(SIGPIPE, SIG_IGN);
	c->fd = plain_connect(s, rcvbuf);
	c->ssl = SSL_new(ctx);
	SSL_CTX_free(ctx);
	SSL_set_fd(c->ssl, c->fd);
	assert_int_equal(SSL_connect(c->ssl), 1);
}

void
client_close(struct client *c)
{
	SSL_free(c->ssl);
	close(c->fd);
}

void
client_reset(struct client *c)
{
	struct linger at_once = {1, 0};

	setsockopt(c->fd, SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once);
	client_close(c);
}

void
client_send(struct client *c, const void *p, size_t n)
{
	size_t done = 0;

	assert_int_equal(SSL_write_ex(c->ssl, p, n, &done), 1);
	assert_int_equal(done, n);
}

void
client_say(struct client *c, const char *text)
{
	client_send(c, text, strlen(text));
}

long
client_recv(struct client *c, void *p, size_t n)
{
	int r = SSL_read(c->ssl, p, (int)MIN(n, (size_t)1 << 30));

	if (r > 0)
		return r;
	return SSL_get_error(c->ssl, r) == SSL_ERROR_ZERO_RETURN ? 0 : -1;
}

/* Byte by byte up to the empty line, so that nothing of the next answer is taken. */
static void
recv_head(struct client *c, char *head, size_t size)
{
	size_t n = 0;

	while (n < 4 || memcmp(head + n - 4, "\r\n\r\n", 4) != 0) {
		assert_true(n < size - 1);
		assert_int_equal(client_recv(c, head + n, 1), 1);
		n++;
	}
	head[n] = '\0';
}

int
client_answer(struct client *c, char *space, size_t size)
{
	char head[1024];
	const char *length;
	size_t bytes, n = 0;

	recv_head(c, head, sizeof head);
	assert_memory_equal(head, "HTTP/1.1 ", 9);
	length = strstr(head, "Content-Length: ");
	bytes = length != NULL ? strtoul(length + 16, NULL, 10) : 0;
	assert_true(bytes < size);
	while (n < bytes) {
		long got = client_recv(c, space + n, bytes - n);

		assert_true(got > 0);
		n += (size_t)got;
	}
	space[n] = '\0';
	return (int)strtol(head + 9, NULL, 10);
}

double
client_until_end(struct client *c, char *space, size_t size)
{
	double start = seconds();
	size_t n = 0;
	long got = 1;

	while (got > 0 && n < size - 1) {
		got = client_recv(c, space + n, size - 1 - n);
		n += got > 0 ? (size_t)got : 0;
	}
	space[n] = '\0';
	return seconds() - start;
}
