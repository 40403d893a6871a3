/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * net_test_peer - a server in a child process and a TLS client, for net_conn_test
 *
 * The server's behaviour hangs on the path (see net_test_server.c).  It reports
 * what its handler saw, one line each, through a pipe.  The client is blocking
 * OpenSSL with a receive timeout; every helper fails the test when it cannot do
 * what it is named after.
 */
#pragma once

#include <openssl/ssl.h>
#include <sys/types.h>

#include "net/net.h"

#define PATTERN(i) ((unsigned char)((i)*7 + ((i) >> 9)))

struct server {
	pid_t pid;
	int commands, reports;
	char port[8], cert[64], key[64], dir[48];
};

void server_start(struct server *s, const struct net_times *times);
void server_start_small(struct server *s, size_t max_conns);
/* Ends it, and fails unless it ended by itself and without a sanitizer's complaint. */
void server_stop(struct server *s);
void server_tell(struct server *s, char command);
/* The next report, or "" after ms. */
const char *server_report(struct server *s, int ms);
/* Skips reports until one begins so; fails after 5 s. */
const char *server_expect(struct server *s, const char *start);
double server_cpu(const struct server *s); /* seconds used */
void write_certificate(const struct server *s, const char *name);
_Noreturn void server_main(struct server *s, const struct net_settings *set, int listener);

struct client {
	int fd;
	SSL *ssl;
};

int plain_connect(const struct server *s, int rcvbuf);
void client_open(struct client *c, const struct server *s, int rcvbuf);
void client_close(struct client *c);
void client_reset(struct client *c);
void client_send(struct client *c, const void *p, size_t n);
void client_say(struct client *c, const char *text);
/* > 0, 0 the server said goodbye, -1 reset or timeout. */
long client_recv(struct client *c, void *p, size_t n);
/* One answer with Content-Length: its status; the body into space, NUL-terminated. */
int client_answer(struct client *c, char *space, size_t size);
/* Seconds until the server ends the connection; what it sent first into space. */
double client_until_end(struct client *c, char *space, size_t size);
double seconds(void);
