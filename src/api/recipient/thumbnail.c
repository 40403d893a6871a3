/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * thumbnail - GET of a small picture of a file, inside a proved session
 *
 * The same verdict as for the file itself: what may not go out is not shown
 * either.  It is no transfer and counts against no limit.
 */
#include "api/picture.h"
#include "api/recipient/files.h"
#include "api/recipient/pages.h"
#include "api/routes.h"
#include "base/error.h"
#include "base/str.h"

#define SIZE 320

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

int
thumbnail_get(struct api *x, const struct request *q, struct reply *r, struct error *e)
{
	struct rendition_wanted w = {.page = 1, .size = SIZE};
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
	reply_field(r, "Cache-Control", S("private, no-cache"));
	return picture_reply(r, x, q, &w, e);
}
