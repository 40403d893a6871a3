/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * net_private - what the files of net share
 *
 * Everything a handler asks for only changes the connection's state and kicks
 * it; the work is done from the loop.  So no net_ function ever frees the
 * connection under its caller.
 *
 * Layer: net.
 */
#pragma once

#include <netinet/in.h>
#include <openssl/ssl.h>

#include "http/body.h"
#include "net/acked.h"
#include "net/net.h"

#define NET_RECORD_BYTES 16384 /* the largest TLS record's content */

enum conn_state {
	CONN_HANDSHAKE,
	CONN_HEAD,   /* idle, or a head is coming */
	CONN_WAIT,   /* the handler has the request */
	CONN_BODY,   /* a body is coming, the handler wants it */
	CONN_SEND,   /* an answer is going out */
	CONN_LINGER, /* our side is shut; what still comes is discarded */
};

/* A record OpenSSL could not hand over entirely: tried again with the same bytes. */
struct conn_pending {
	uint32_t n, body; /* bytes of the record; how many of them are answer body */
	char p[];
};

struct net_conn {
	struct net *net;
	struct net_conn *next, **prev; /* all connections */
	struct net_conn *kick_next,
	    **kick_prev; /* to be run after this round; kick_prev NULL: not */
	struct net_conn *quiet_next, **quiet_prev; /* without a request; quiet_prev NULL: has one */
	SSL *ssl;
	struct watch *watch;
	void *data;
	char *in;   /* read and not yet used: a partial head, a pipelined request */
	char *head; /* of an answer, until it has left */
	struct conn_pending *pending;
	uint32_t in_n, head_n;
	int fd;
	uint8_t state; /* enum conn_state */
	uint8_t want;  /* LOOP_ bits we act upon */
	uint8_t armed; /* LOOP_ bits the loop watches; bits we do not want are taken off when they
	                  fire */
	bool running : 1;
	bool cut : 1;            /* end with a reset */
	bool hung : 1;           /* the peer closed its side */
	bool broken : 1;         /* TLS failed: no close_notify */
	bool has_body : 1;       /* of the request */
	bool is_taken : 1;       /* net_take_body was called */
	bool needs_continue : 1; /* 100 Continue is owed */
	bool paused : 1;
	bool is_last : 1;    /* close after this answer */
	bool doomed : 1;     /* answered while the body was coming: raw input is thrown away */
	bool is_ours : 1;    /* the answer is net's own: no done() */
	bool is_filling : 1; /* fill() said "not now" */
	int64_t deadline;    /* 0: none */
	int64_t since;       /* of the body window, or of the reader's last stall_bytes */
	uint64_t window;     /* body bytes in the window, or the wire position at `since` */
	uint64_t discarded;
	struct http_body body;
	uint64_t answer_left; /* body bytes still to come from fill() */
	uint64_t sent;        /* body bytes handed to TLS, over the connection's life */
	uint64_t answer_from; /* value of sent when this answer began */
	uint64_t head_wire;   /* wire position behind this answer's head; 0: not gone yet */
	struct acked acked;
	uint8_t peer[16]; /* IPv6, or IPv4 mapped into it */
};

struct net_listener {
	struct net *net;
	struct watch *watch;
	int fd;
};

struct net {
	struct loop *loop;
	struct net_settings set;
	char *cert_path, *key_path, *ciphersuites;
	SSL_CTX *ctx;
	int64_t ticket_keys_us; /* when the ticket keys were made */
	struct net_conn *conns, *kicked;
	struct net_conn *quiet,
	    **quiet_end; /* longest silent first: they go when places are short */
	size_t conn_count, listener_count;
	struct net_listener listeners[8];
	bool is_deferred; /* the loop will call us for the kicked ones */
	bool is_deaf;     /* listeners are off until there is room or descriptors */
	char peer_text[INET6_ADDRSTRLEN];
	char in[NET_RECORD_BYTES], out[NET_RECORD_BYTES]; /* one of each for all connections */
};

/* tls.c */
NODISCARD int tls_context(const struct net *n, SSL_CTX **ret, struct error *e);
int64_t tls_certificate_end(const SSL_CTX *ctx);
void tls_rotate_ticket_keys(struct net *n, int64_t now);

/* conn.c */
void conn_accept(struct net *n, int fd, const struct sockaddr_storage *peer);
void conn_run(struct net_conn *c);
void conn_tick(struct net_conn *c, int64_t now);
void conn_close(struct net_conn *c);

/* conn_step.c */
enum step {
	STEP_AGAIN, /* the state may have changed */
	STEP_REST,  /* until one of c->want happens, or a kick */
	STEP_YIELD, /* let others have a turn, there is more to do */
	STEP_GONE,
};
enum step conn_step(struct net_conn *c);
void conn_refuse(struct net_conn *c, int status); /* in our own words, then close */
void conn_body_fail(struct net_conn *c, int status);

/* conn_io.c */
enum { CONN_IO_WAIT = -1, CONN_IO_END = -2 };
/* Bytes read into the process's buffer behind the first `have`, or CONN_IO_; sets c->want when
 * waiting. */
long conn_read(struct net_conn *c, size_t have);
/* A record; what did not leave stays in c->pending.  0 gone, or CONN_IO_. */
int conn_write(struct net_conn *c, const void *p, size_t n, size_t body);
int conn_flush(struct net_conn *c);
/* Throw away what comes on the socket beneath TLS.  CONN_IO_WAIT or CONN_IO_END. */
int conn_discard(struct net_conn *c);
void conn_keep_input(struct net_conn *c, const char *p, size_t n);
void conn_shut(struct net_conn *c);

/* net.c */
void net_kick(struct net_conn *c);
void net_unkick(struct net_conn *c);
/* After each turn of c: with a request off the list of the quiet ones, without one to its end. */
void net_note_quiet(struct net_conn *c);
void net_unquiet(struct net_conn *c);
