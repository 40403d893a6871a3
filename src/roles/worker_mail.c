/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * worker_mail - mails to egress and what became of them
 *
 * One mail is on its way at a time; its row is leased.  The request in the row
 * (template, language, values) is rendered in the brand here, since egress has
 * neither database nor templates.  Without SMTP egress only composes, and the
 * text is kept in the row, sealed: the Postausgang.
 */
#include "roles/worker.h"

#include "base/arena.h"
#include "base/buf.h"
#include "base/error.h"
#include "base/log.h"
#include "base/str.h"
#include "base/time.h"
#include "conf/conf.h"
#include "model/brand.h"
#include "model/mail_request.h"
#include "os/file.h"
#include "os/loop.h"
#include "text/colour.h"
#include "text/template.h"

#define LEASE_US (300 * US_PER_S)
#define NAME_MOST 64

static const char *const outcome_state[] = {
    [MAIL_OK_ACCEPTED] = "accepted",
    [MAIL_IS_DEFERRED] = "deferred",
    [MAIL_IS_FAILED] = "failed",
    [MAIL_IS_UNKNOWN] = "unknown",
};

/* ---- rendering ---- */

static int
render(struct worker *w, const struct mail_request *q, const char *ending, struct tv *v,
    struct str *ret, struct error *e)
{
	struct str name = arena_printf(w->a, "%.*s%s", STR(q->template), ending);
	struct buf b;

	buf_init_arena(&b, w->a, LIMIT_MAIL_BYTES);
	if (template_render(&b, name.p, q->lang, v, e) < 0)
		return e->code;
	if (b.full)
		return err_set(e, ERR_TOO_LARGE, "mail");
	*ret = buf_view(&b);
	return 0;
}

static void
colours_of(struct worker *w, struct tv *v, struct str colour)
{
	struct brand_colours c;
	struct rgb rgb = {0x00, 0x5c, 0x60};

	colour_parse(colour, &rgb);
	brand_colours(rgb, &c);
	tv_str(v, "brand_colour", colour_hex(w->a, c.brand));
	tv_str(v, "brand_on", colour_hex(w->a, c.on));
	tv_str(v, "brand_ink", colour_hex(w->a, c.light.ink));
	tv_str(v, "brand_line", colour_hex(w->a, c.light.line));
}

static struct tv *
values_of(struct worker *w, const struct mail_request *q, const struct brand *brand)
{
	struct tv *v = tv_new(w->a);

	tv_str(v, "brand_name", brand->name);
	colours_of(w, v, brand->colour);
	tv_str(v, "imprint", brand->imprint);
	tv_str(v, "privacy_url", brand->privacy_url);
	tv_bool(v, "logo", brand->logo.n > 0);
	for (size_t i = 0; i < q->value_count; i++) {
		const char *name = arena_cstr(w->a, q->values[i].name);

		if (q->values[i].is_flag)
			tv_bool(v, name, q->values[i].flag);
		else
			tv_str(v, name, q->values[i].text);
	}
	return v;
}

static int
compose(struct worker *w, const struct mail *m, struct msg_deliver *d, struct error *e)
{
	struct mail_request q;
	struct brand brand;
	struct tv *v;

	if (mail_request_get(w->db, w->a, &w->keys, m->id, &q, e) < 0 ||
	    brand_get(w->db, w->a, &brand, e) < 0)
		return e->code;
	v = values_of(w, &q, &brand);
	*d = (struct msg_deliver){.mail = m->id.v,
	    .from_name = brand.name,
	    .from_address = w->conf->smtp_from.n > 0 ? w->conf->smtp_from : S("geleit@localhost"),
	    .address = m->address,
	    .subject = m->subject,
	    .message_id = m->message_id,
	    .date_us = m->created_us,
	    .logo_png = brand.logo,
	    .compose_only = w->conf->smtp_url.n == 0};
	if (render(w, &q, ".txt", v, &d->text, e) < 0)
		return e->code;
	return render(w, &q, ".html", v, &d->html, e);
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

static void
settle(struct worker *w, const char *state, struct str reply)
{
	struct error e;
	int r = ERR_RETRY;

	for (int i = 0; i < LIMIT_CHANGE_RETRIES && r == ERR_RETRY; i++)
		r = mail_settle(w->db, &w->mail, state, reply, &e);
	if (r < 0)
		log_warn("mail %lld: %s: %s", (long long)w->mail.id.v, state, e.msg);
	w->mail.id.v = 0;
}

int
mail_next(struct worker *w, struct error *e)
{
	struct msg_deliver d;
	int r;

	if (w->mail.id.v != 0 || w->egress < 0)
		return 0;
	arena_reset(w->mail_arena);
	arena_reset(w->a);
	r = mail_claim(w->db, w->mail_arena, LEASE_US, &w->mail, e);
	if (r <= 0) {
		w->mail.id.v = 0;
		return r;
	}
	w->mail_since_us = loop_now(w->loop);
	if (compose(w, &w->mail, &d, e) == 0 && hand_over(w, &d, e) == 0)
		return 1;
	/* a mail that cannot be rendered never will be; the rest comes back later */
	settle(w, e->code == ERR_TOO_LARGE || e->code == ERR_CORRUPT ? "failed" : "deferred",
	    str_c(e->msg));
	return e->code;
}

static int
keep(struct worker *w, struct ipc_msg *m, struct error *e)
{
	AUTO(mapping_free) struct mapping map = {0};
	int r = ERR_RETRY;

	if (m->fd_count != 1)
		return err_set(e, ERR_PROTOCOL, "a composed mail without its text");
	if (memfd_map(m->fds[0], 4 * LIMIT_MAIL_BYTES, &map, e) < 0)
		return e->code;
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
	    w->mail.id.v == 0 || d.mail != w->mail.id.v) {
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
void
mail_given_up(struct worker *w)
{
	if (w->conf->smtp_url.n > 0)
		settle(w, "unknown", S("the sending process ended before the server answered"));
	else
		settle(w, "deferred", S(""));
}
