/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * worker_mail - mails to egress and what became of them
 *
 * One mail is on its way at a time; its row is leased.  The request in the row
 * (template, language, values) is rendered here (api/mail_text.h), since egress has
 * neither database nor templates.  Without SMTP egress only composes, and the
 * text is kept in the row, sealed: the Postausgang.
 */
#include "roles/worker.h"

#include "api/mail_text.h"
#include "base/arena.h"
#include "base/buf.h"
#include "base/error.h"
#include "base/limits.h"
#include "base/log.h"
#include "base/str.h"
#include "base/time.h"
#include "conf/conf.h"
#include "model/brand.h"
#include "model/mail_request.h"
#include "os/file.h"
#include "os/loop.h"

#define LEASE_US (300 * US_PER_S) /* of a dead worker's mail; a living one renews it */
#define RENEW_US (60 * US_PER_S)
#define SILENT_US ((LIMIT_SMTP_S + 60) * US_PER_S)
#define LOST_WORDS S("the sending process ended before the server answered")

static const char *const outcome_state[] = {
    [MAIL_OK_ACCEPTED] = "accepted",
    [MAIL_IS_DEFERRED] = "deferred",
    [MAIL_IS_FAILED] = "failed",
    [MAIL_IS_UNKNOWN] = "unknown",
};

static int
compose(struct worker *w, const struct mail *m, struct msg_deliver *d, struct error *e)
{
	struct mail_request q;
	struct mail_text t;
	struct brand brand;

	if (mail_request_get(w->db, w->a, &w->keys, m->id, &q, e) < 0 ||
	    brand_get(w->db, w->a, &brand, e) < 0 ||
	    mail_text_make(w->a, &q, &brand, S("cid:logo"), &t, e) < 0)
		return err_code(e);
	*d = (struct msg_deliver){.mail = m->id.v,
	    .from_name = brand.name,
	    .from_address = w->conf->smtp_from.n > 0 ? w->conf->smtp_from : S("geleit@localhost"),
	    .address = m->address,
	    .subject = m->subject,
	    .message_id = m->message_id,
	    .date_us = m->created_us,
	    .logo_png = brand.logo,
	    .text = t.text,
	    .html = t.html,
	    .compose_only = w->conf->smtp_url.n == 0};
	return 0;
}

static int
hand_over(struct worker *w, const struct msg_deliver *d, struct error *e)
{
	struct ipc_msg m = {.type = MSG_DELIVER, .id = 1};
	AUTO(fd_close) int fd = -1;
	struct buf b;
	int r;

	buf_init(&b, 2 * LIMIT_MAIL_BYTES + LIMIT_LOGO_BYTES);
	msg_deliver_put(&b, d);
	r = b.full ? err_set(e, ERR_TOO_LARGE, "mail") : memfd_sealed("mail", buf_view(&b), &fd, e);
	buf_fini(&b);
	if (r < 0)
		return r;
	m.fds[m.fd_count++] = fd;
	return ipc_send_wait(w->egress, &m, 1000, e);
}

/* A fault of the moment: what became of the mail is kept and written later. */
static bool
is_passing(int code)
{
	static const int passing[] = {ERR_RETRY, ERR_BUSY, ERR_UNAVAILABLE, ERR_TIMEOUT,
	    ERR_NO_SPACE, ERR_IO, ERR_UNKNOWN_OUTCOME};

	for (size_t i = 0; i < ARRAY_LEN(passing); i++) {
		if (passing[i] == code)
			return true;
	}
	return false;
}

/* Writes what became of the mail; while that does not work, no other mail is taken. */
static int
settle_now(struct worker *w, struct error *e)
{
	int r = ERR_RETRY;

	for (int i = 0; i < LIMIT_CHANGE_RETRIES && r == ERR_RETRY; i++)
		r = mail_settle(w->db, &w->mail, w->mail_state, w->mail_reply, e);
	if (r < 0 && is_passing(r))
		return r;
	if (r < 0)
		log_warn("mail %lld: %s: %s", (long long)w->mail.id.v, w->mail_state, e->msg);
	w->mail.id.v = 0;
	w->mail_state = NULL;
	return 0;
}

static void
settle(struct worker *w, const char *state, struct str reply)
{
	struct error e;

	w->mail_state = state;
	w->mail_reply = arena_str(w->mail_arena, reply);
	if (settle_now(w, &e) < 0)
		log_warn("mail %lld: %s, to be written later: %s", (long long)w->mail.id.v, state,
		    e.msg);
}

/* 0 it may go, 1 it was settled here: over while it waited. */
static int
is_moot(struct worker *w, struct error *e)
{
	int r = mail_is_moot(w->db, &w->mail, time_now_us(), e);

	if (r > 0)
		settle(w, "failed", S("revoked or over before it was sent"));
	return r;
}

int
mail_next(struct worker *w, struct error *e)
{
	struct msg_deliver d;
	int r;

	if (w->mail_state != NULL)
		return settle_now(w, e);
	if (w->mail.id.v != 0 || w->egress < 0)
		return 0;
	arena_reset(w->mail_arena);
	arena_reset(w->a);
	r = mail_claim(w->db, w->mail_arena, LEASE_US, &w->mail, e);
	if (r <= 0) {
		w->mail.id.v = 0;
		return r;
	}
	w->mail_since_us = w->mail_renewed_us = loop_now(w->loop);
	r = is_moot(w, e);
	if (r > 0)
		return 1;
	if (r == 0 && compose(w, &w->mail, &d, e) == 0 && hand_over(w, &d, e) == 0)
		return 1;
	/* a mail that cannot be rendered never will be; the rest comes back later */
	settle(w, e->code == ERR_TOO_LARGE || e->code == ERR_CORRUPT ? "failed" : "deferred",
	    str_c(e->msg));
	return err_code(e);
}

static int
keep(struct worker *w, struct ipc_msg *m, struct error *e)
{
	AUTO(mapping_free) struct mapping map = {0};
	int r = ERR_RETRY;

	if (m->fd_count != 1)
		return err_set(e, ERR_PROTOCOL, "a composed mail without its text");
	if (memfd_map(m->fds[0], 4 * LIMIT_MAIL_BYTES, &map, e) < 0)
		return err_code(e);
	for (int i = 0; i < LIMIT_CHANGE_RETRIES && r == ERR_RETRY; i++)
		r = mail_keep(w->db, w->a, &w->keys, &w->mail, (struct str){map.p, map.n}, e);
	return r;
}

void
mail_delivered(struct worker *w, struct ipc_msg *m)
{
	struct msg_delivered d;
	struct error e;

	arena_reset(w->a);
	if (m->type != MSG_DELIVERED || msg_delivered_get(m->body, w->a, &d, &e) < 0 ||
	    w->mail.id.v == 0 || w->mail_state != NULL || d.mail != w->mail.id.v) {
		log_warn("egress answers what was not asked");
		return;
	}
	if (d.outcome != MAIL_IS_COMPOSED) {
		settle(w, outcome_state[d.outcome], d.reply);
		return;
	}
	if (keep(w, m, &e) < 0) {
		settle(w, "deferred", str_c(e.msg));
		return;
	}
	w->mail.id.v = 0;
}

/* With SMTP nobody knows whether the relay had it; without, nothing has left. */
static const char *
state_of_lost(const struct worker *w)
{
	return w->conf->smtp_url.n > 0 ? "unknown" : "deferred";
}

void
mail_given_up(struct worker *w)
{
	if (w->mail_state == NULL)
		settle(w, state_of_lost(w), LOST_WORDS);
}

void
mail_look(struct worker *w)
{
	int64_t now = loop_now(w->loop);
	struct error e;

	if (w->mail.id.v == 0 || w->mail_state != NULL)
		return;
	if (now - w->mail_since_us > SILENT_US) {
		mail_given_up(w);
	} else if (now - w->mail_renewed_us > RENEW_US) {
		w->mail_renewed_us = now;
		if (mail_renew(w->db, &w->mail, LEASE_US, &e) < 0)
			log_warn("mail %lld: %s", (long long)w->mail.id.v, e.msg);
	}
}

void
mail_sweep(struct worker *w)
{
	struct mail m;
	struct error e;
	int r;

	arena_reset(w->a);
	r = mail_lost(w->db, w->a, time_now_us(), &m, &e);
	if (r > 0)
		r = mail_settle(w->db, &m, state_of_lost(w), LOST_WORDS, &e);
	if (r < 0 && e.code != ERR_RETRY && e.code != ERR_CONFLICT)
		log_warn("sweep of mails: %s", e.msg);
}
