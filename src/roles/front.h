/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * front - what the files of the front role share (private to src/roles)
 *
 *	front.c          the role: rights, peers, connections' callbacks
 *	front_request.c  a request: collect a small body, ask, answer
 *	front_hold.c     tries of a secret wait their turn
 *	front_upload.c   a body that becomes sealed parts
 *	front_send.c     a reply's plan, opened chunk by chunk
 *	front_sent.c     what arrived at the client, reported and judged
 *
 * Layer: roles.
 */
#pragma once

#include "base/base.h"
#include "base/buf.h"
#include "base/limits.h"
#include "crypto/hash.h"
#include "crypto/sealed.h"
#include "msg/msg.h"
#include "os/ipc.h"
#include "roles/sources.h"

struct arena;
struct asks;
struct conf;
struct error;
struct exchange;
struct loop;
struct net;
struct net_conn;
struct route;
struct sealed_writer;
struct store;
struct http_head;
struct transfer;
struct watch;

struct front {
	struct loop *loop;
	struct net *net;
	struct asks *asks;
	struct store *store; /* blobs, read-only */
	const struct conf *conf;
	struct arena *scratch; /* reset by whoever decodes a message */
	struct str hosts[3];   /* authorities we answer for */
	struct transfer *transfers;
	size_t transfer_count; /* running ones */
	uint32_t transfer_number;
	int64_t end_us;           /* the latest for ending; 0: nobody wants it */
	bool has_nowait;          /* preadv2(RWF_NOWAIT) works on the blobs' file system */
	struct exchange *waiting; /* sends that wait for the disk */
	int disk_timer;           /* armed only while there is one: an idle front never wakes */
	struct watch *disk_watch;
	struct exchange *uploads; /* bodies that become parts */
	struct sources *sources;  /* tries per network */
	struct sources *refused;  /* credentials that were none, per network */
	struct exchange *held;    /* requests that wait for their turn */
	size_t held_count;
	int hold_timer;
	struct watch *hold_watch;
	bool told_of_proxy; /* that its X-Forwarded-For is no use */
	uint8_t cipher[SEALED_STEP_BYTES];
	uint8_t plain[SEALED_CHUNK_BYTES];
};

/* The window of data keys a sender holds; each is wiped when its slot is over. */
#define KEY_WINDOW 16

struct sender {
	struct mapping map; /* of a plan that came as a memfd */
	const struct msg_plan *plan;
	struct arena *arena; /* where plan and literal bytes live */
	size_t segment;      /* the one at the cursor */
	uint64_t segment_at; /* offset inside it */
	uint64_t left;       /* of the window */
	struct str ticket;
	uint8_t keys[KEY_WINDOW][32];
	uint32_t key_first, key_count;
	uint32_t keys_ask; /* number of the running KEYS ask, 0: none */
	bool stopped;
	int fd; /* the blob at the cursor, -1: none */
	struct id128 blob;
	struct sealed *sealed;
	uint64_t blob_bytes; /* on disk */
	uint64_t ahead;      /* WILLNEED was posted up to here */
};

struct upload {
	struct str ticket; /* owned by the exchange's buffer */
	char ticket_space[LIMIT_TICKET_BYTES];
	struct id128 blob;
	int fd;
	struct sealed_writer *writer; /* NULL: no part is open */
	struct digest *digest;        /* NULL: nobody asked for one */
	uint64_t part_left, body_left;
	int64_t started_us; /* of the part */
	bool ended, broken, excess;
	int failed;    /* ERR_ of writing the part, 0: none */
	uint8_t *over; /* bytes that did not fit the part, at most one record */
	size_t over_bytes;
};

/* A connection with its present request and the transfer that may still be arriving. */
struct client {
	struct front *f;
	struct net_conn *conn;
	struct exchange *exchange;
	struct transfer *transfer;
};

/*
 * One request and its answer.  Lives from request() to done() or closed(); an
 * ask that is still out keeps it alive past that, with client NULL.
 */
struct exchange {
	struct front *f;
	struct client *client; /* NULL: nobody waits any more */
	struct net_conn *conn; /* its connection, NULL likewise */
	struct arena *arena;
	struct str method, target, path;
	struct source from; /* the client, which a proxy may have told */
	const struct msg_field *fields;
	size_t field_count;
	int64_t content_length;
	bool chunked, keep_alive, is_head;
	bool body_done; /* the body, if any, was read whole */
	enum lane lane;
	struct buf collected; /* a form or JSON body */
	size_t collect_limit;
	bool collecting;
	bool tries_secret; /* counted against its network */
	bool answers_late; /* always after the same time, so that it says nothing */
	int64_t asked_us;
	int64_t held_until_us;
	struct exchange *next_held, **prev_held; /* while it waits */
	struct late_answer *late;                /* what waits is an answer; NULL: a request */
	uint32_t ask;                            /* running REQUEST or BODY */
	uint32_t place;                          /* among its network's questions */
	bool answered;
	struct upload *up;   /* NULL: no upload */
	struct sender *send; /* NULL: nothing from a plan */
	struct str bytes;    /* a small body */
	size_t bytes_at;
	struct exchange *next_waiting;
	bool is_waiting;
	struct exchange *next_upload, **prev_upload; /* while up != NULL */
};

/* front_request.c */
void exchange_start(struct client *c, const struct http_head *h);
void exchange_body(struct exchange *x, const void *p, size_t n);
void exchange_body_end(struct exchange *x, bool whole);
long exchange_fill(struct exchange *x, void *p, size_t n);
/* Done or gone: free it, now or when its asks have come back. */
void exchange_leave(struct exchange *x);
void exchange_free(struct exchange **x);
/* A plain answer of front itself: a problem for /api/, else a short text. */
void exchange_refuse(struct exchange *x, int status, const char *key);
/* Take an app's REPLY or TAKE_BODY; also for BODY asks. */
void exchange_answered(void *arg, struct ipc_msg *m, const struct error *e);

/* Send the request to an app. */
void exchange_ask(struct exchange *x);

/* front_hold.c */
NODISCARD int front_hold_init(struct front *f, struct error *e);
bool route_tries_a_secret(const struct route *rt);
/* Asked by nobody we know, who is not to learn from the time whether something was done for him. */
bool route_answers_late(const struct route *rt);
/* Has this one to wait? Then exchange_ask is called when its turn has come. */
bool front_hold(struct exchange *x);
/* An answer that says 401 to a key or a cookie: has it to wait?  Then it goes when its turn has
 * come; head lives as long as the exchange. */
struct late_answer {
	struct str head;
	uint64_t bytes;
	bool is_last;
};
bool front_hold_refusal(struct exchange *x, struct late_answer late);
/* The same for one whose answers all take the same time. */
bool front_hold_even(struct exchange *x, struct late_answer late);
void front_unhold(struct exchange *x);

/* front_upload.c */
NODISCARD int upload_take(
    struct exchange *x, const struct msg_take_body *t, int *fd, struct error *e);
void upload_body(struct exchange *x, const void *p, size_t n);
void upload_body_end(struct exchange *x, bool whole);
void upload_tick(struct exchange *x, int64_t now_us);
void upload_unlist(struct exchange *x);
void upload_free(struct upload **u);

/* front_send.c */
NODISCARD int sender_new(
    struct exchange *x, struct msg_reply *reply, struct ipc_msg *m, struct error *e);
long sender_fill(struct exchange *x, void *p, size_t n);
void sender_free(struct sender **s);
NODISCARD int front_disk_init(struct front *f, struct error *e);
void front_forget_waiting(struct exchange *x);

/* front_sent.c */
struct transfer *transfer_new(
    struct exchange *x, struct str ticket, uint64_t from, uint64_t length);
/* The answer has left us; its last bytes are on their way. */
void transfer_sent(struct transfer *t);
/* The connection goes on to another answer or is gone: take the last count, report the end. */
void transfer_end(struct transfer *t);
void transfers_tick(struct front *f);
/* Cut all of them, tell what arrived, and stop the loop; nothing new begins. */
void transfers_finish(struct front *f);
/* Is there room for one more? */
bool transfers_has_room(const struct front *f);
