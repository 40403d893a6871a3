/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * thumbnail - GET of a small picture of a file, inside a proved session
 *
 * The same verdict as for the file itself, here and again when front asks for
 * the key: what may not go out is not shown either.  It is no transfer and
 * counts against no limit.
 */
#include "api/picture.h"
#include "api/recipient/files.h"
#include "api/recipient/pages.h"
#include "api/routes.h"
#include "api/tickets.h"
#include "base/error.h"
#include "base/random.h"
#include "base/str.h"

#define SIZE 320
#define TICKET_LIFE_US (60 * 1000000LL)

static int
no_preview(struct error *e)
{
	return err_key(e, ERR_NOT_FOUND, "no-preview", "there is no preview of it");
}

/* A session that has proved what the delivery demands, of a delivery that is live. */
static int
proved(struct api *x, const struct request *q, struct visit *v, struct error *e)
{
	int n = visit_find(x, q, v, e);

	if (n < 0)
		return n;
	if (n == 0 || visit_end(x, v) != VISIT_LIVE || v->session.level < v->delivery.level)
		return no_preview(e);
	return 0;
}

static void
ticket(
    struct reply *r, struct api *x, const struct visit *v, const struct files *f, int64_t position)
{
	struct fetch_ticket t = {.transfer = random_id128(),
	    .session = v->session.id,
	    .recipient = v->recipient.id,
	    .delivery = v->delivery.id,
	    .position = (int32_t)position,
	    .stamp = v->delivery.stamp,
	    .recheck_us = f->recheck_us,
	    .expires_us = x->now_us + TICKET_LIFE_US};

	r->ticket = fetch_ticket_make(x, &t);
}

int
thumbnail_get(struct api *x, const struct request *q, struct reply *r, struct error *e)
{
	struct rendition_wanted w = {.page = 1, .size = SIZE};
	struct rendition p;
	struct id128 blob;
	uint64_t position;
	struct visit v;
	struct files f;

	if (proved(x, q, &v, e) < 0)
		return err_code(e);
	if (!str_u64(q->params[1], &position) || position > LIMIT_DELIVERY_ITEMS)
		return no_preview(e);
	if (files_load_at(x, &v.delivery, &v.recipient, v.session.level,
	        (struct positions){(int64_t)position, (int64_t)position}, &f, e) < 0)
		return err_code(e);
	if (f.count != 1 || !verdict_lets(&f.verdicts[0]))
		return no_preview(e);
	w.version = f.items[0].version;
	if (rendition_find(x->db, x->a, &w, &p, &blob, e) < 0)
		return err_code(e);
	reply_field(r, "Cache-Control", S("private, no-cache"));
	preview_plan(r, x, q, &w, &p, blob);
	if (!q->is_head && r->plan != NULL)
		ticket(r, x, &v, &f, (int64_t)position);
	return 0;
}
