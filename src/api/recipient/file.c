/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * file - GET of one file or of all as a ZIP, inside a proved session
 *
 * The verdict is asked here, again with every window of keys and with every
 * report.  The transfer and the use of the download limit are written before
 * the first byte can leave (in a ZIP file by file, with their keys: fetch.c);
 * HEAD, 304, 412 and 416 write nothing.
 */
#include "api/recipient/files.h"
#include "api/recipient/pages.h"
#include "api/routes.h"
#include "api/tickets.h"
#include "base/arena.h"
#include "base/error.h"
#include "base/random.h"
#include "base/str.h"
#include "conf/conf.h"
#include "http/http.h"
#include "model/transfer.h"
#include "text/name.h"
#include "text/template.h"

#define TICKET_LIFE_US (24 * 3600 * 1000000LL)

static int
refused_show(struct api *x, const struct request *q, const struct visit *v, bool limit_used,
    struct reply *r, struct error *e)
{
	struct page p;

	if (page_begin(x, q, v->lang, &p, e) < 0)
		return err_code(e);
	tv_bool(p.values, "limit_used", limit_used);
	tv_str(p.values, "back_href", v->path);
	r->status = 403;
	return page_show(&p, r, "refused.html", e);
}

/* Positions of which bytes lie in the window. */
static size_t
touched_by(struct api *x, const struct files *f, const struct transfer_new *n, int64_t *ret)
{
	struct item_range *ranges = ARENA_ARRAY(x->a, struct item_range, f->count);
	size_t count = files_ranges(f, n->position, n->range_from, n->range_to, ranges);

	for (size_t i = 0; i < count; i++)
		ret[i] = ranges[i].position;
	return count;
}

/* An answer was cut, and its client goes on behind what it had acknowledged. */
static int
fill_gap(struct api *x, struct change *c, const struct visit *v, const struct files *f,
    const struct transfer_new *n, struct error *e)
{
	struct item_range *ranges = ARENA_ARRAY(x->a, struct item_range, f->count);
	struct transfer_gap gap;
	struct transfer_report r = {.session = n->session,
	    .recipient = n->recipient,
	    .delivery = n->delivery,
	    .level = MAX(v->delivery.level, LEVEL_CODE),
	    .ranges = ranges,
	    .delivery_items = (size_t)v->delivery.item_count};
	int found = transfer_gap_before(change_db(c), n, &gap, e);

	if (found <= 0)
		return found;
	r.id = gap.id;
	r.range_count = files_ranges(f, n->position, gap.from, gap.to, ranges);
	if (n->position > 0) {
		r.asset = f->items[0].asset;
		r.version = f->items[0].version;
	}
	return transfer_fill(c, x->a, &r, e);
}

static int
begin_transfer(struct api *x, const struct request *q, const struct visit *v, const struct files *f,
    int64_t position, struct reply *r, struct error *e)
{
	AUTO(change_abort) struct change *c = NULL;
	struct fetch_ticket t = {.transfer = random_id128(),
	    .session = v->session.id,
	    .recipient = v->recipient.id,
	    .delivery = v->delivery.id,
	    .position = (int32_t)position,
	    .stamp = v->delivery.stamp,
	    .recheck_us = f->recheck_us,
	    .from = (int64_t)r->from,
	    .to = (int64_t)(r->from + r->length),
	    .expires_us = x->now_us + TICKET_LIFE_US,
	    .contact = v->recipient.contact};
	int64_t *touched = ARENA_ARRAY(x->a, int64_t, f->count + 1);
	struct transfer_new n = {.id = t.transfer,
	    .session = t.session,
	    .recipient = t.recipient,
	    .delivery = t.delivery,
	    .position = position,
	    .range_from = t.from,
	    .range_to = t.to,
	    .resumes = r->resumes,
	    .items = touched,
	    .limit = v->delivery.download_limit};

	if (q->m->peer.n < sizeof t.peer)
		memcpy(t.peer, q->m->peer.p, q->m->peer.n);
	n.item_count = touched_by(x, f, &n, touched);
	if (change_begin(x->db, (struct actor){ACTOR_SYSTEM, 0}, CHANGE_HOUSEKEEPING, &c, e) < 0 ||
	    transfer_begin(c, &n, e) < 0 || fill_gap(x, c, v, f, &n, e) < 0 ||
	    change_commit(&c, e) < 0)
		return err_code(e);
	r->ticket = fetch_ticket_make(x, &t);
	r->is_transfer = true;
	return 0;
}

static void
file_fields(struct reply *r, struct api *x, struct str name, const char *type)
{
	reply_field(r, "Content-Type", str_c(type));
	reply_field(r, "Content-Disposition", http_attachment(x->a, name));
	reply_field(r, "Cache-Control", S("private, no-store"));
	reply_field(r, "Content-Security-Policy", S("default-src 'none'; sandbox"));
}

/* Answer with the plan; a GET that sends bytes begins a transfer. */
static int
answer(struct api *x, const struct request *q, const struct visit *v, const struct files *f,
    int64_t position, struct reply *r, struct error *e)
{
	int n;

	if (q->is_head || r->plan == NULL)
		return 0;
	n = begin_transfer(x, q, v, f, position, r, e);
	if (n == ERR_DENIED && strcmp(e->key, "limit-used-up") == 0) {
		reply_init(r, x->a);
		return refused_show(x, q, v, true, r, e);
	}
	return n;
}

/* 1 go on; 0 answered already. at: what is asked for. */
static int
enter(struct api *x, const struct request *q, struct positions at, struct visit *v, struct files *f,
    struct reply *r, struct error *e)
{
	int n = visit_find(x, q, v, e);
	struct str number;

	if (n < 0)
		return n;
	if (n == 0) {
		if (!number_parse(x->a, q->params[0], &number))
			return err_set(e, ERR_NOT_FOUND, "not the number of a delivery");
		reply_redirect(r, arena_printf(x->a, "/d/%.*s", STR(number)));
		return 0;
	}
	if (visit_end(x, v) != VISIT_LIVE)
		return refused_show(x, q, v, false, r, e) < 0 ? err_code(e) : 0;
	if (v->session.level < v->delivery.level) {
		reply_redirect(r, v->path);
		return 0;
	}
	visit_touch(x, q, v);
	if (files_load_at(x, &v->delivery, &v->recipient, v->session.level, at, f, e) < 0)
		return err_code(e);
	return 1;
}

/* 0, at which there is nothing, when it is no number. */
static int64_t
position_of(struct str s)
{
	uint64_t n;

	return str_u64(s, &n) && n <= LIMIT_DELIVERY_ITEMS ? (int64_t)n : 0;
}

int
file_get(struct api *x, const struct request *q, struct reply *r, struct error *e)
{
	struct msg_plan *plan = ARENA_NEW(x->a, struct msg_plan);
	int64_t position = position_of(q->params[1]);
	struct str etag;
	struct visit v;
	struct files f;
	int n = enter(x, q, (struct positions){position, position}, &v, &f, r, e);

	if (n <= 0)
		return n;
	if (f.count != 1)
		return err_set(e, ERR_NOT_FOUND, "no such file in this delivery");
	if (!verdict_lets(&f.verdicts[0]))
		return refused_show(x, q, &v, false, r, e);
	if (files_parts(x, &v.delivery, position, &f, e) < 0)
		return err_code(e);
	package_file(x->a, &f.package[0], plan, &etag);
	file_fields(r, x, f.items[0].name, "application/octet-stream");
	reply_field(r, "Repr-Digest",
	    arena_printf(
	        x->a, "sha-256=:%.*s:", STR(str_b64(x->a, f.items[0].sha256.b, SHA256_BYTES))));
	reply_plan(r, x, q, plan, etag);
	return answer(x, q, &v, &f, position, r, e);
}

int
zip_get(struct api *x, const struct request *q, struct reply *r, struct error *e)
{
	struct msg_plan *plan = ARENA_NEW(x->a, struct msg_plan);
	struct str etag;
	struct visit v;
	struct files f;
	int n = enter(x, q, POSITIONS_ALL, &v, &f, r, e);

	if (n <= 0)
		return n;
	if (!files_all_let(&f))
		return refused_show(x, q, &v, false, r, e);
	if (files_parts(x, &v.delivery, 0, &f, e) < 0 ||
	    package_zip(x->a, f.package, f.count,
	        &(struct package_label){v.delivery.number, arena_cstr(x->a, x->conf->timezone)},
	        plan, &etag, e) < 0)
		return err_code(e);
	file_fields(
	    r, x, arena_printf(x->a, "%.*s.zip", STR(v.delivery.number)), "application/zip");
	reply_plan(r, x, q, plan, etag);
	return answer(x, q, &v, &f, 0, r, e);
}
