/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * worker - what is done later: ingest, mail, previews, expiry, sweeping, the log
 *
 * May: the database, blobs and parts, keys by the keeper.
 * May not: accept connections, connect (but to a PostgreSQL server), execute.
 *
 * Work is rows: a killed worker loses nothing, its leases run out and the next
 * one goes on.  A round is short; long work (ingest) renews its lease itself.
 */
#include "roles/worker.h"

#include <stdlib.h>
#include <sys/stat.h>

#include "base/arena.h"
#include "base/error.h"
#include "base/log.h"
#include "base/str.h"
#include "base/time.h"
#include "conf/conf.h"
#include "db/db.h"
#include "model/event.h"
#include "model/job.h"
#include "os/file.h"
#include "os/loop.h"
#include "roles/keeper_client.h"
#include "roles/role.h"
#include "store/store.h"

#define POLL_ANYWAY_US (1 * US_PER_S)
#define ROUND_MS 50
#define ROUND_US (ROUND_MS * US_PER_S / 1000)
#define SEQUENCE_AT_ONCE 500
#define SWEEP_US (600 * US_PER_S)

/* ---- rounds ---- */

/* 1 something was done, 0 nothing is due. */
static int
sequence_round(struct worker *w, struct error *e)
{
	int moved = 0;

	if (event_sequence(w->db, SEQUENCE_AT_ONCE, &moved, e) < 0)
		return err_code(e);
	return moved > 0;
}

/* Small files come many at once: it goes on with them for as long as the next round is away. */
static int
ingest_round(struct worker *w, struct error *e)
{
	int64_t until_us = time_monotonic_us() + ROUND_US;
	int r, done = 0;

	while ((r = ingest_next(w, e)) > 0) {
		done = 1;
		if (time_monotonic_us() >= until_us)
			break;
	}
	return r < 0 ? r : done;
}

/* Negative: a fault that is there for a while, so nothing is tried for a second. */
static int
round_of(struct worker *w, const char *what, int (*step)(struct worker *, struct error *))
{
	struct error e;
	int r = step(w, &e);

	if (r >= 0 || e.code == ERR_RETRY || e.code == ERR_BUSY)
		return r != 0;
	log_warn("%s: %s", what, e.msg);
	w->rest_until_us = loop_now(w->loop) + US_PER_S;
	return e.code;
}

/* 1 something was done.  Where the database or the keeper is away the rest need not ask, too. */
static int
all_rounds(struct worker *w)
{
	static const struct {
		const char *what;
		int (*step)(struct worker *, struct error *);
	} rounds[] = {{"mail", mail_next}, {"log", sequence_round}, {"ingest", ingest_round},
	    {"preview", render_next}, {"backfill", backfill_next}, {"scan", scan_next},
	    {"scan backfill", scan_backfill}};
	int r = 0, busy = 0;

	for (size_t i = 0; i < ARRAY_LEN(rounds) && r != ERR_UNAVAILABLE; i++) {
		r = round_of(w, rounds[i].what, rounds[i].step);
		busy |= r != 0;
	}
	return busy;
}

/* Nothing is asked for while nobody committed, but for once a second. */
static void
on_round(void *arg)
{
	struct worker *w = arg;
	int64_t now = loop_now(w->loop);
	int64_t counter;

	if (now < w->rest_until_us)
		return;
	counter = db_change_counter(w->db);
	if (counter == w->seen_counter && now < w->next_poll_us)
		return;
	w->next_poll_us = now + POLL_ANYWAY_US;
	w->seen_counter = all_rounds(w) != 0 ? -1 : counter;
}

/* An answer has come: what is next in its line need not wait for the next round. */
static void
round_now(struct worker *w)
{
	w->seen_counter = -1;
	loop_defer(w->loop, on_round, w);
}

static void
on_two_seconds(void *arg)
{
	struct worker *w = arg;

	mail_look(w);
	renders_look(w);
	scan_look(w);
	sweep_often(w);
}

static void
on_half_minute(void *arg)
{
	struct worker *w = arg;

	db_checkpoint(w->db);
	db_checkpoint(w->keys.keys);
	if (loop_now(w->loop) < w->next_sweep_us)
		return;
	w->next_sweep_us = loop_now(w->loop) + SWEEP_US;
	sweep_seldom(w);
}

/* ---- peers ---- */

static void
egress_gone(struct worker *w)
{
	watch_free(&w->egress_watch);
	fd_close(&w->egress);
	if (w->mail.id.v != 0)
		mail_given_up(w);
}

static void
on_egress(void *arg, uint32_t events)
{
	struct worker *w = arg;
	AUTO(ipc_msg_close) struct ipc_msg m = {0};
	struct error e;
	int r = ipc_recv(w->egress, w->space, &m, &e);

	(void)events;
	if (r > 0)
		mail_delivered(w, &m);
	else if (r < 0)
		egress_gone(w);
	round_now(w);
}

static void
media_gone(struct worker *w)
{
	watch_free(&w->media_watch);
	fd_close(&w->media);
	renders_given_up(w, INT64_MAX);
}

static void
on_media(void *arg, uint32_t events)
{
	struct worker *w = arg;
	AUTO(ipc_msg_close) struct ipc_msg m = {0};
	struct error e;
	int r = ipc_recv(w->media, w->space, &m, &e);

	(void)events;
	if (r > 0)
		rendered(w, &m);
	else if (r < 0)
		media_gone(w);
	round_now(w);
}

static int
take_media(struct worker *w, int fd, struct error *e)
{
	media_gone(w);
	w->media = fd;
	w->seen_counter = -1;
	return loop_watch(w->loop, fd, LOOP_READ, on_media, w, &w->media_watch, e);
}

static void
scan_gone(struct worker *w)
{
	watch_free(&w->scan.watch);
	fd_close(&w->scan.fd);
	scan_given_up(w);
}

static void
on_scan(void *arg, uint32_t events)
{
	struct worker *w = arg;
	AUTO(ipc_msg_close) struct ipc_msg m = {0};
	struct error e;
	int r = ipc_recv(w->scan.fd, w->space, &m, &e);

	(void)events;
	if (r > 0)
		scanned(w, &m);
	else if (r < 0)
		scan_gone(w);
	round_now(w);
}

static int
take_scan(struct worker *w, int fd, struct error *e)
{
	scan_gone(w);
	w->scan.fd = fd;
	w->seen_counter = -1;
	return loop_watch(w->loop, fd, LOOP_READ, on_scan, w, &w->scan.watch, e);
}

static int
on_peer(void *arg, const struct msg_peer *p, int fd, struct error *e)
{
	struct worker *w = arg;

	if (p->role == ROLE_KEEPER)
		return keeper_client_set(w->keys.keeper.arg, fd, e);
	if (p->role == ROLE_MEDIA)
		return take_media(w, fd, e);
	if (p->role == ROLE_SCAN)
		return take_scan(w, fd, e);
	if (p->role != ROLE_EGRESS) {
		fd_close(&fd);
		return err_set(e, ERR_PROTOCOL, "a peer a worker has no business with");
	}
	if (w->egress >= 0)
		egress_gone(w);
	w->egress = fd;
	return loop_watch(w->loop, fd, LOOP_READ, on_egress, w, &w->egress_watch, e);
}

static int
open_all(struct worker *w, struct role_env *env, struct error *e)
{
	if (role_database(env, false, &w->db, e) < 0 ||
	    role_database(env, true, &w->keys.keys, e) < 0)
		return err_code(e);
	return store_fs_open(w->conf->dir.p, &w->store, e);
}

static int
start_rounds(struct worker *w, struct error *e)
{
	if (loop_every(w->loop, ROUND_MS, on_round, w, e) < 0 ||
	    loop_every(w->loop, 2000, on_two_seconds, w, e) < 0)
		return err_code(e);
	return loop_every(w->loop, 30000, on_half_minute, w, e);
}

int
worker_run(struct role_env *env, struct error *e)
{
	struct worker *w = xcalloc(1, sizeof *w);
	struct keeper_client *keeper;

	w->conf = env->conf;
	w->a = arena_new();
	w->mail_arena = arena_new();
	w->egress = w->media = w->scan.fd = -1;
	for (size_t i = 0; i < LIMIT_RENDER_JOBS; i++)
		w->renders[i].output = -1;
	w->seen_counter = -1;
	umask(007);
	if (loop_new(&w->loop, e) < 0 || keeper_client_new(env, &keeper, e) < 0 ||
	    open_all(w, env, e) < 0)
		return err_code(e);
	w->keys.keeper = keeper_client_iface(keeper);
	if (role_enter(env, w->loop, on_peer, w, e) < 0 || start_rounds(w, e) < 0)
		return err_code(e);
	loop_run(w->loop);
	return 0;
}
