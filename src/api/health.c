/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * health - GET /api/v1/health: what an administrator should look after
 *
 * Each check is a code with a sentence; ok of the whole is ok of all of them.
 */
#include "api/routes.h"
#include "api/status.h"
#include "base/arena.h"
#include "base/error.h"
#include "base/limits.h"
#include "base/str.h"
#include "base/time.h"
#include "conf/conf.h"
#include "model/overview.h"
#include "model/scan.h"
#include "os/sandbox.h"
#include "store/store.h"
#include "text/json.h"

#define DISK_LOW_BYTES (10ULL * LIMIT_DISK_RESERVE_BYTES)

#define SCAN_LATE_US (5 * 60 * US_PER_S)
#define CERTIFICATE_SOON_US (14 * US_PER_DAY)

struct health {
	struct scan_queue scan;
	struct queue queue;
	uint64_t free, total;
	int64_t certificate_ends_us;
	const char *sandbox;
};

struct check {
	const char *code;
	bool ok;
	const char *good, *bad;
};

static void
put_check(struct js *j, const struct check *c)
{
	js_open(j);
	js_kv_str(j, "code", str_c(c->code));
	js_kv_bool(j, "ok", c->ok);
	js_kv_str(j, "detail", str_c(c->ok ? c->good : c->bad));
	js_close(j);
}

/* NULL: none. */
static const char *
scan_problem(const struct api *x, const struct health *h)
{
	if (x->conf->clamd_socket.n == 0)
		return "no clamd is set: files are not scanned";
	if (h->scan.error.n > 0)
		return arena_printf(x->a, "%lld files wait for the scanner: %.*s",
		    (long long)h->scan.waiting, STR(h->scan.error))
		    .p;
	if (h->scan.oldest_us != 0 && x->now_us - h->scan.oldest_us > SCAN_LATE_US)
		return arena_printf(x->a,
		    "%lld files wait for the scanner, one of them for %lld minutes",
		    (long long)h->scan.waiting,
		    (long long)((x->now_us - h->scan.oldest_us) / (60 * US_PER_S)))
		    .p;
	return NULL;
}

/* NULL: none. */
static const char *
certificate_problem(const struct api *x, const struct health *h)
{
	int64_t left = h->certificate_ends_us - x->now_us;

	if (h->certificate_ends_us == 0)
		return "no front has said when it ends";
	if (left > CERTIFICATE_SOON_US)
		return NULL;
	return arena_printf(x->a, left > 0 ? "it ends at %.*s" : "it ended at %.*s",
	    STR(time_rfc3339(x->a, h->certificate_ends_us)))
	    .p;
}

static void
put_checks(struct js *j, struct api *x, const struct health *h)
{
	const struct check checks[] = {
	    {"mail", x->conf->smtp_url.n > 0, "mails go to the relay",
	        "no SMTP server is set: mails stay in the outbox"},
	    {"mail-tls", !x->conf->smtp_insecure, "mails go encrypted or not at all",
	        "smtp.insecure: mails may go in clear"},
	    {"certificate", certificate_problem(x, h) == NULL,
	        "it is valid for two weeks and longer", certificate_problem(x, h)},
	    {"malware", scan_problem(x, h) == NULL, "files are scanned", scan_problem(x, h)},
	    {"jobs", h->queue.dead == 0, "no work was given up",
	        "work was given up after eight tries"},
	    {"disk", h->free > DISK_LOW_BYTES, "there is room", "the disk is nearly full"},
	    {"sandbox", strcmp(h->sandbox, "landlock, seccomp") == 0, "processes are confined",
	        "the kernel does not confine processes fully"},
	};
	bool ok = true;

	for (size_t i = 0; i < ARRAY_LEN(checks); i++)
		ok = ok && checks[i].ok;
	js_kv_bool(j, "ok", ok);
	js_key(j, "checks");
	js_list(j);
	for (size_t i = 0; i < ARRAY_LEN(checks); i++)
		put_check(j, &checks[i]);
	js_list_end(j);
}

static void
put_numbers(struct js *j, const struct health *h)
{
	js_key(j, "queue");
	js_open(j);
	js_kv_int(j, "jobs", h->queue.jobs);
	js_kv_int(j, "dead", h->queue.dead);
	js_kv_int(j, "mails", h->queue.mails);
	js_close(j);
	js_key(j, "disk");
	js_open(j);
	js_kv_int(j, "free", (int64_t)h->free);
	js_kv_int(j, "total", (int64_t)h->total);
	js_close(j);
	js_kv_str(j, "sandbox", str_c(h->sandbox));
}

int
health_get(struct api *x, const struct request *q, struct reply *r, struct error *e)
{
	struct health h = {.sandbox = sandbox_seen()};
	struct js j;

	(void)q;
	if (queue_get(x->db, &h.queue, e) < 0 || scan_queue_get(x->db, x->a, &h.scan, e) < 0 ||
	    status_certificate_end(x, &h.certificate_ends_us, e) < 0 ||
	    store_free_bytes(x->store, &h.free, e) < 0 ||
	    store_total_bytes(x->store, &h.total, e) < 0)
		return err_code(e);
	reply_json(r, &j);
	js_open(&j);
	put_checks(&j, x, &h);
	if (status_roles_put(&j, x, e) < 0)
		return err_code(e);
	put_numbers(&j, &h);
	js_close(&j);
	return 0;
}
