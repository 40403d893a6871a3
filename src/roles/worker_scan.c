/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * worker_scan - files to the scanner for malware and what it said
 *
 * One at a time: the job goes out with its parts' ciphertext and one key, and the
 * round goes on.  A scanner that answers nobody is no file's fault: the job waits
 * without its try being counted, and so do all behind it.  What fails at one file
 * is tried three times, and then stays unscanned and says why.
 */
#include "roles/worker.h"

#include "base/arena.h"
#include "base/buf.h"
#include "base/error.h"
#include "base/log.h"
#include "base/str.h"
#include "base/time.h"
#include "conf/conf.h"
#include "model/change.h"
#include "model/scan.h"
#include "model/version.h"
#include "os/file.h"
#include "os/loop.h"
#include "store/store.h"

#define LEASE_US (120 * US_PER_S)
#define RENEW_US (40 * US_PER_S)
#define SILENT_US (30 * 60 * US_PER_S) /* a large file, a slow machine, a long queue at clamd */
#define WAIT_FIRST_US (2 * US_PER_S)
#define WAIT_MOST_US (60 * US_PER_S)
#define TRIES_MOST 3
#define AT_ONCE 50

/* ---- the end of a job ---- */

static int
commit(struct worker *w, const struct job *j, const struct scan_result *r, struct error *e)
{
	AUTO(change_abort) struct change *c = NULL;

	if (change_begin(w->db, (struct actor){ACTOR_SYSTEM, 0}, EVENT_VERSION_SCANNED, &c, e) <
	        0 ||
	    scan_set(c, j->version, r, e) < 0 || job_done(c, j, e) < 0)
		return err_code(e);
	return change_commit(&c, e);
}

static int
settle(struct worker *w, const struct job *j, enum malware_state state, const char *detail,
    struct error *e)
{
	const struct scan_result result = {state, str_c(detail)};
	int r = ERR_RETRY;

	for (int i = 0; i < LIMIT_CHANGE_RETRIES && r == ERR_RETRY; i++)
		r = commit(w, j, &result, e);
	return r;
}

/* At this file: later again, a few times. */
static int
again(struct worker *w, const struct job *j, const char *why, struct error *e)
{
	log_warn("scan of version %lld: %s", (long long)j->version.v, why);
	return j->tries < TRIES_MOST ? job_failed(w->db, j, why, e)
	                             : settle(w, j, MALWARE_NOT_SCANNED, "scanner-failed", e);
}

/* At every file: nothing goes out for a while. */
static int
wait(struct worker *w, const struct job *j, const char *why, struct error *e)
{
	struct scan_desk *d = &w->scan;

	if (d->wait_us == 0)
		log_warn("scans wait: %s", why);
	d->wait_us = d->wait_us == 0 ? WAIT_FIRST_US : MIN(2 * d->wait_us, WAIT_MOST_US);
	d->not_before_us = loop_now(w->loop) + d->wait_us;
	return job_wait(w->db, j, why, 0, e);
}

static void
answers_again(struct worker *w)
{
	if (w->scan.wait_us != 0)
		log_info("clamd answers again");
	w->scan.wait_us = 0;
}

/* ---- going out ---- */

static int
hand_over(struct worker *w, const struct version_part *parts, size_t n, struct error *e)
{
	AUTO(ipc_msg_close) struct ipc_msg m = {.type = MSG_SCAN};
	struct msg_sealed_part list[LIMIT_RENDER_PARTS];
	struct msg_scan q = {.job = w->scan.job.id.v, .parts = list, .part_count = n};
	AUTO(data_key_wipe) struct data_key key = {0};
	struct buf b;
	int r;

	if (parts_open(w, parts, n, list, &m, e) < 0 ||
	    keyring_version_get(&w->keys, w->scan.job.version, &key, e) < 0)
		return err_code(e);
	memcpy(q.key, key.b, sizeof q.key);
	buf_init(&b, 4096);
	msg_scan_put(&b, &q);
	m.body = buf_view(&b);
	r = ipc_send_wait(w->scan.fd, &m, 1000, e);
	explicit_bzero(b.p, b.n);
	explicit_bzero(&q, sizeof q);
	buf_fini(&b);
	return r;
}

/* 1 it is on its way, 0 it needs nobody: settled. */
static int
begin(struct worker *w, struct error *e)
{
	const struct job *j = &w->scan.job;
	struct version_part *parts;
	struct version v;
	size_t n;

	if (version_get(w->db, w->a, j->version, &v, e) < 0 ||
	    version_parts(w->db, w->a, j->version, &parts, &n, e) < 0)
		return err_code(e);
	if (v.bytes == 0)
		return settle(w, j, MALWARE_CLEAN, "", e);
	if (v.bytes > w->conf->clamd_max_bytes || n > LIMIT_RENDER_PARTS)
		return settle(w, j, MALWARE_NOT_SCANNED, "too-large", e);
	return hand_over(w, parts, n, e) < 0 ? err_code(e) : 1;
}

int
scan_next(struct worker *w, struct error *e)
{
	struct scan_desk *d = &w->scan;
	struct error failure, second;
	int r;

	if (d->fd < 0 || d->job.id.v != 0 || loop_now(w->loop) < d->not_before_us)
		return 0;
	arena_reset(w->a);
	r = job_claim(w->db, "scan", LEASE_US, &d->job, e);
	if (r <= 0) {
		d->job.id.v = 0;
		return r;
	}
	d->since_us = d->renewed_us = loop_now(w->loop);
	r = begin(w, &failure);
	if (r < 0 && again(w, &d->job, failure.msg, &second) < 0)
		log_warn("job: %s", second.msg);
	if (r <= 0)
		d->job.id.v = 0;
	return 1;
}

/* ---- coming back ---- */

static int
take(struct worker *w, const struct msg_scanned *d, struct error *e)
{
	const struct job *j = &w->scan.job;
	const char *detail = arena_cstr(w->a, d->detail);

	switch (d->outcome) {
	case SCAN_CLEAN:
		return settle(w, j, MALWARE_CLEAN, "", e);
	case SCAN_INFECTED:
		log_warn("version %lld holds malware: %s", (long long)j->version.v, detail);
		return settle(w, j, MALWARE_INFECTED, detail, e);
	case SCAN_TOO_LARGE:
		return settle(w, j, MALWARE_NOT_SCANNED, "too-large", e);
	case SCAN_ENCRYPTED:
		return settle(w, j, MALWARE_NOT_SCANNED, "encrypted", e);
	case SCAN_FAILED:
		return again(w, j, detail, e);
	default:
		return wait(w, j, detail, e);
	}
}

void
scanned(struct worker *w, struct ipc_msg *m)
{
	struct scan_desk *desk = &w->scan;
	struct msg_scanned d;
	struct error e;

	arena_reset(w->a);
	if (m->type != MSG_SCANNED || msg_scanned_get(m->body, w->a, &d, &e) < 0 || d.job == 0 ||
	    d.job != desk->job.id.v) {
		log_warn("scan answers what was not asked");
		return;
	}
	if (d.outcome != SCAN_UNAVAILABLE)
		answers_again(w);
	if (take(w, &d, &e) < 0)
		log_warn("scan of version %lld: %s", (long long)desk->job.version.v, e.msg);
	desk->job.id.v = 0;
	w->seen_counter = -1; /* there may be a next one */
}

void
scan_given_up(struct worker *w)
{
	struct scan_desk *d = &w->scan;
	struct error e;

	if (d->job.id.v == 0)
		return;
	arena_reset(w->a);
	if (again(w, &d->job, "the scanner's process ended, or is silent", &e) < 0)
		log_warn("job: %s", e.msg);
	d->job.id.v = 0;
}

void
scan_look(struct worker *w)
{
	struct scan_desk *d = &w->scan;
	int64_t now = loop_now(w->loop);
	struct error e;

	if (d->job.id.v == 0)
		return;
	if (now - d->since_us > SILENT_US) {
		scan_given_up(w);
	} else if (now - d->renewed_us > RENEW_US) {
		d->renewed_us = now;
		if (job_renew(w->db, &d->job, LEASE_US, &e) < 0)
			log_warn("scan: %s", e.msg);
	}
}

/* ---- what came before there was a scanner ---- */

static int
put_jobs(struct worker *w, const version_id *list, size_t n, struct error *e)
{
	AUTO(change_abort) struct change *c = NULL;

	if (change_begin(w->db, (struct actor){ACTOR_SYSTEM, 0}, CHANGE_HOUSEKEEPING, &c, e) < 0)
		return err_code(e);
	for (size_t i = 0; i < n; i++) {
		if (scan_expect(c, list[i], e) < 0)
			return err_code(e);
	}
	return change_commit(&c, e);
}

int
scan_backfill(struct worker *w, struct error *e)
{
	struct scan_desk *d = &w->scan;
	version_id list[AT_ONCE];
	size_t n = AT_ONCE;

	if (d->backfill_is_done || w->conf->clamd_socket.n == 0)
		return 0;
	if (scan_missed(w->db, w->conf->clamd_max_bytes, d->looked_at, list, &n, e) < 0 ||
	    (n > 0 && put_jobs(w, list, n, e) < 0))
		return err_code(e);
	if (n > 0)
		log_info("scan: %zu older files get one", n);
	d->backfill_is_done = n < AT_ONCE;
	if (n > 0)
		d->looked_at = list[n - 1];
	return 1;
}
