/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * worker - what the files of the worker role share (private to src/roles)
 *
 *	worker.c           the role: rights, peers, rounds
 *	worker_backfill.c  renditions for what has none
 *	worker_ingest.c    one pass over a finished upload
 *	worker_mail.c      mails to egress and what became of them
 *	worker_parts.c     the sealed parts of one file, for another process
 *	worker_render.c    files to geleit-media and what it made of them
 *	worker_scan.c      files to the scanner for malware and what it said
 *	worker_sweep.c     what has ended by itself or belongs to nobody
 *
 * Layer: roles.
 */
#pragma once

#include "base/base.h"
#include "base/error.h"
#include "model/job.h"
#include "model/keyring.h"
#include "model/mail.h"
#include "model/sweep.h"
#include "msg/msg.h"
#include "os/ipc.h"

struct arena;
struct conf;
struct db;
struct store;
struct version_part;

/* One job that geleit-media has. */
struct render_slot {
	struct job job; /* id 0: free */
	int64_t number; /* of the asking: a job may be asked for again before the first answer */
	int output;     /* the memfd it writes into */
	int64_t since_us;
};

/* What scan has, and what it may get next. */
struct scan_desk {
	int fd; /* our pair with it, -1: none now */
	struct watch *watch;
	struct job job; /* id 0: none */
	int64_t since_us, renewed_us;
	int64_t not_before_us, wait_us; /* nobody answered: when to try again */
	version_id looked_at;           /* by scan_backfill, since the start */
	bool backfill_is_done;
};

struct worker {
	const struct conf *conf;
	struct loop *loop;
	struct db *db;
	struct keyring keys;
	struct store *store;
	struct arena *a; /* of one piece of work */
	int egress;      /* our pair with it, -1: none now */
	struct watch *egress_watch;
	struct mail mail;         /* the one egress has; id 0: none */
	struct arena *mail_arena; /* where mail's strings live */
	int64_t mail_since_us, mail_renewed_us;
	const char *mail_state; /* what became of it and is not written yet; NULL: nothing known */
	struct str mail_reply;
	struct job failed; /* an ingest whose failure is not written yet; id 0: none */
	struct error failure;
	int media; /* our pair with it, -1: none now */
	struct watch *media_watch;
	struct render_slot renders[LIMIT_RENDER_JOBS];
	int64_t render_number; /* of the last asking */
	struct scan_desk scan;
	struct wrap_sweep wraps;
	version_id backfilled; /* looked at so far, since the start */
	bool backfill_is_done;
	int64_t seen_counter; /* of the database, when nothing was left to do */
	int64_t next_poll_us;
	int64_t rest_until_us; /* after a fault nothing is tried for a while */
	int64_t next_sweep_us;
	char space[LIMIT_MSG_BYTES];
};

/* worker_ingest.c */
NODISCARD int ingest_next(
    struct worker *w, struct error *e); /* 1 one was read, or failed; 0 nothing to do */

/* worker_mail.c */
NODISCARD int mail_next(
    struct worker *w, struct error *e); /* 1 one was handed to egress, 0 nothing to do */
void mail_delivered(struct worker *w, struct ipc_msg *m);
void mail_given_up(struct worker *w); /* egress died with it */
void mail_look(struct worker *w);     /* every 2 s: the lease, and is egress silent for too long? */
void mail_sweep(struct worker *w);    /* every 2 s: codes that a dead worker had */

/* worker_parts.c: onto m's descriptors, at most LIMIT_RENDER_PARTS of them; list: room for n */
NODISCARD int parts_open(struct worker *w, const struct version_part *parts, size_t n,
    struct msg_sealed_part *list, struct ipc_msg *m, struct error *e);

/* worker_render.c */
/* Can anything of this type be shown?  The name is asked only what to try. */
bool render_kind(struct str type, struct str name, enum media_kind *ret);
NODISCARD int render_next(
    struct worker *w, struct error *e); /* 1 one was handed to media, 0 nothing to do */
void rendered(struct worker *w, struct ipc_msg *m);
void renders_given_up(struct worker *w, int64_t before_us); /* those handed over before that */
void renders_look(struct worker *w);                        /* every 2 s: who is silent */

/* worker_backfill.c */
NODISCARD int backfill_next(struct worker *w, struct error *e); /* 1 looked, 0 nothing is left */

/* worker_scan.c; without clamd.socket there is nothing to do */
NODISCARD int scan_next(
    struct worker *w, struct error *e); /* 1 one was handed over, 0 nothing to do */
void scanned(struct worker *w, struct ipc_msg *m);
void scan_given_up(struct worker *w); /* its process ended */
void scan_look(struct worker *w);     /* every 2 s: the lease, and is it silent? */
/* Once after every start: versions nobody has scanned, or that may be scanned now. */
NODISCARD int scan_backfill(struct worker *w, struct error *e);

/* worker_sweep.c */
void sweep_often(struct worker *w); /* every 2 s: silent transfers */
/* Half a minute after the start and every 10 min then: expired uploads, orphans, old jobs. */
void sweep_seldom(struct worker *w);
