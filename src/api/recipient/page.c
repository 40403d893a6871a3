/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * page - GET /d/NUMBER: the page of the step reached
 *
 * arrival, then verify once a code is out, then the package; early before its date, ended when
 * the delivery is over; without a session, or for a number that is not this
 * browser's, the neutral page, which tells nothing.
 */
#include "api/recipient/files.h"
#include "api/recipient/pages.h"
#include "api/routes.h"
#include "base/arena.h"
#include "base/error.h"
#include "base/str.h"
#include "conf/conf.h"
#include "http/http.h"
#include "model/code.h"
#include "model/rendition.h"
#include "text/address.h"
#include "text/shown.h"
#include "text/template.h"

static int
begin(
    struct api *x, const struct request *q, const struct visit *v, struct page *p, struct error *e)
{
	if (page_begin(x, q, v->lang, p, e) < 0)
		return err_code(e);
	if (str_eq_c(q->m->method, "GET"))
		page_other_language(p);
	return page_delivery_values(p, v, e);
}

static void
too_many(struct page *p, const struct verify_state *s)
{
	tv_bool(p->values, "too_many", s->too_many);
	if (s->too_many && s->again_us != 0)
		tv_str(p->values, "again_at",
		    text_datetime(
		        p->x->a, p->lang, s->again_us, arena_cstr(p->x->a, p->x->conf->timezone)));
}

int
arrival_show(struct api *x, const struct request *q, const struct visit *v,
    const struct verify_state *s, struct reply *r, struct error *e)
{
	struct page p;

	if (begin(x, q, v, &p, e) < 0)
		return err_code(e);
	too_many(&p, s);
	r->status = s->status;
	return page_show(&p, r, "arrival.html", e);
}

int
verify_show(struct api *x, const struct request *q, const struct visit *v,
    const struct verify_state *s, struct reply *r, struct error *e)
{
	struct page p;

	if (begin(x, q, v, &p, e) < 0)
		return err_code(e);
	tv_int(p.values, "minutes", CODE_MINUTES);
	tv_bool(p.values, "wrong", s->wrong);
	tv_int(p.values, "tries_left", s->tries_left);
	tv_bool(p.values, "one_try", s->tries_left == 1);
	tv_bool(p.values, "used_up", s->used_up);
	r->status = s->status;
	return page_show(&p, r, "verify.html", e);
}

/* Of the sender's address only he hears who has proved what the delivery asks for. */
static void
add_contact(struct page *p, const struct visit *v)
{
	struct str domain, local = str_cut(v->delivery.sender_address, '@', &domain);

	if (v->session.level < v->delivery.level || !address_is_valid(v->delivery.sender_address))
		return;
	http_percent_encode(p->x->a, local, &local);
	tv_str(p->values, "contact_href",
	    arena_printf(p->x->a, "mailto:%.*s@%.*s", STR(local), STR(domain)));
}

int
ended_show(
    struct api *x, const struct request *q, const struct visit *v, struct reply *r, struct error *e)
{
	struct page p;
	bool revoked = visit_end(x, v) == VISIT_REVOKED;
	int64_t at = !revoked                      ? v->delivery.expires_us
	             : v->delivery.revoked_us != 0 ? v->delivery.revoked_us
	                                           : v->recipient.revoked_us;

	if (begin(x, q, v, &p, e) < 0)
		return err_code(e);
	if (visit_end(x, v) == VISIT_EARLY)
		return page_show(&p, r, "early.html", e);
	add_contact(&p, v);
	tv_bool(p.values, "revoked", revoked);
	tv_str(p.values, "ended_at",
	    text_datetime(x->a, v->lang, at, arena_cstr(x->a, x->conf->timezone)));
	return page_show(&p, r, "ended.html", e);
}

/* ---- the package ---- */

/* Files beyond these are told by their names alone. */
#define PICTURES_MOST 500

/* What the files look like; all zero for those beyond PICTURES_MOST. */
static int
load_media(struct api *x, const struct files *f, struct media **ret, struct error *e)
{
	size_t n = MIN(f->count, (size_t)PICTURES_MOST);
	version_id *ids = ARENA_ARRAY(x->a, version_id, n);

	*ret = ARENA_ARRAY(x->a, struct media, f->count);
	for (size_t i = 0; i < n; i++)
		ids[i] = f->items[i].version;
	return media_get_list(x->db, x->a, ids, n, *ret, e);
}

/* Only of what may go out: thumbnail.c gives no other.  What it is, is said in words then. */
static void
add_picture(struct page *p, struct tv *t, const struct visit *v, const struct delivery_item *it,
    const struct media *m)
{
	struct arena *a = p->x->a;
	struct str kind = text_badge(a, it->name);

	if (id128_eq(m->blob, (struct id128){0}))
		return;
	if (str_starts(it->media_type, S("image/")) && m->width > 0 && m->pages <= 1)
		kind = arena_printf(
		    a, "%.*s, %lld × %lld", STR(kind), (long long)m->width, (long long)m->height);
	tv_str(t, "kind", kind);
	tv_str(t, "picture",
	    arena_printf(a, "%.*s/preview/%lld", STR(v->path), (long long)it->position));
}

struct package_file {
	const struct delivery_item *item;
	const struct file_verdict *verdict;
	const struct file_progress *progress;
	const struct media *media;
};

static void
add_file(struct page *p, const struct visit *v, const struct package_file *one)
{
	const struct delivery_item *it = one->item;
	const struct file_verdict *w = one->verdict;
	const struct file_progress *f = one->progress;
	struct arena *a = p->x->a;
	struct tv *t = tv_add(p->values, "files");
	const char *zone = arena_cstr(a, p->x->conf->timezone);

	if (verdict_lets(w)) {
		tv_str(t, "href",
		    arena_printf(a, "%.*s/file/%lld", STR(v->path), (long long)it->position));
		add_picture(p, t, v, it, one->media);
	}
	tv_bool(t, "infected", it->malware == MALWARE_INFECTED);
	tv_int(t, "n", it->position);
	tv_str(t, "name", it->name);
	tv_str(t, "badge", text_badge(a, it->name));
	tv_str(t, "size", text_bytes(a, p->lang, it->bytes));
	tv_str(t, "sha256", str_hex(a, it->sha256.b, SHA256_BYTES));
	tv_bool(t, "credit_needed", w->credit.n > 0);
	if (v->delivery.download_limit > 0)
		tv_int(t, "left", MAX(v->delivery.download_limit - f->uses, 0));
	if (f->complete_us != 0)
		tv_str(t, "loaded_at", text_datetime(a, p->lang, f->complete_us, zone));
}

/* Each credit line once. */
static void
add_credit(struct page *p, const struct files *f, size_t i)
{
	struct str credit = f->verdicts[i].credit;

	if (credit.n == 0)
		return;
	for (size_t k = 0; k < i; k++) {
		if (str_eq(f->verdicts[k].credit, credit))
			return;
	}
	tv_bool(p->values, "has_conditions", true);
	tv_str(tv_add(p->values, "credits"), "credit", credit);
}

static int
add_zip(struct page *p, const struct visit *v, struct files *f, struct error *e)
{
	struct api *x = p->x;
	struct msg_plan plan;
	struct str etag;

	if (!files_all_let(f))
		return 0;
	if (files_parts(x, &v->delivery, 0, f, e) < 0 ||
	    package_zip(x->a, f->package, f->count,
	        &(struct package_label){v->delivery.number, arena_cstr(x->a, x->conf->timezone)},
	        &plan, &etag, e) < 0)
		return err_code(e);
	tv_str(p->values, "zip_href", arena_printf(x->a, "%.*s/all.zip", STR(v->path)));
	tv_str(p->values, "zip_size", text_bytes(x->a, p->lang, (int64_t)plan.bytes));
	return 0;
}

/* What recipient.js goes on with; without it, how things stood when the page was drawn. */
static void
add_running(struct page *p, const struct files *f, const struct file_progress *progress)
{
	int64_t sent = 0, total = 0;

	for (size_t i = 0; i < f->count; i++) {
		if (!str_eq_c(str_c(progress[i].state), "running"))
			continue;
		sent += progress[i].sent_bytes;
		total += f->items[i].bytes;
	}
	tv_bool(p->values, "running", total > 0);
	tv_int(p->values, "percent", total > 0 ? 100 * (sent / 1024) / MAX(total / 1024, 1) : 0);
}

static int
package_show(
    struct api *x, const struct request *q, const struct visit *v, struct reply *r, struct error *e)
{
	struct file_progress *progress;
	struct media *media;
	struct files f;
	struct page p;
	bool clean = true;

	if (begin(x, q, v, &p, e) < 0 ||
	    files_load(x, &v->delivery, &v->recipient, v->session.level, &f, e) < 0 ||
	    recipient_progress(x->db, x->a, v->recipient.id, f.count, &progress, e) < 0 ||
	    load_media(x, &f, &media, e) < 0 || add_zip(&p, v, &f, e) < 0)
		return err_code(e);
	for (size_t i = 0; i < f.count; i++) {
		add_file(&p, v,
		    &(struct package_file){&f.items[i], &f.verdicts[i], &progress[i], &media[i]});
		add_credit(&p, &f, i);
		clean = clean && f.items[i].malware == MALWARE_CLEAN;
	}
	tv_bool(p.values, "all_clean", clean);
	add_running(&p, &f, progress);
	return page_show(&p, r, "package.html", e);
}

/* Not proved yet: has a code gone out that can still be entered? */
static int
prove_show(
    struct api *x, const struct request *q, const struct visit *v, struct reply *r, struct error *e)
{
	struct verify_state s = {.status = 200};
	struct code code;
	int left, n = code_open(
	              x->db, v->session.id, x->now_us, (int)x->conf->code_tries, &code, &left, e);

	if (n < 0)
		return n;
	if (n > 0)
		return verify_show(x, q, v, &s, r, e);
	n = code_is_used_up(x->db, v->session.id, x->now_us, (int)x->conf->code_tries, e);
	if (n < 0)
		return n;
	s.used_up = n > 0;
	return n > 0 ? verify_show(x, q, v, &s, r, e) : arrival_show(x, q, v, &s, r, e);
}

int
delivery_page(struct api *x, const struct request *q, struct reply *r, struct error *e)
{
	struct visit v;
	int n = visit_find(x, q, &v, e);

	if (n < 0)
		return n;
	if (n == 0)
		return page_neutral(x, q, r, e);
	visit_touch(x, q, &v);
	if (visit_end(x, &v) != VISIT_LIVE)
		return ended_show(x, q, &v, r, e);
	if (v.session.level < v.delivery.level)
		return prove_show(x, q, &v, r, e);
	return package_show(x, q, &v, r, e);
}
