/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * overview - GET /api/v1/overview: what wants a look, and what was sent last
 */
#include "model/overview.h"

#include "api/delivery_rows.h"
#include "api/routes.h"
#include "base/error.h"
#include "base/str.h"
#include "text/json.h"

#define RECENT 5

static void
put_kind(struct js *j, const char *kind, int64_t count)
{
	if (count == 0)
		return;
	js_open(j);
	js_kv_str(j, "kind", str_c(kind));
	js_kv_int(j, "count", count);
	js_close(j);
}

static void
put_attention(struct js *j, const struct overview *o)
{
	js_key(j, "attention");
	js_list(j);
	put_kind(j, "withheld", o->withheld);
	put_kind(j, "infected", o->infected);
	put_kind(j, "mail-failed", o->mail_failed);
	put_kind(j, "in-review", o->in_review);
	put_kind(j, "expiring", o->expiring);
	put_kind(j, "not-opened", o->not_opened);
	put_kind(j, "outbox", o->outbox);
	put_kind(j, "preview-failed", o->preview_failed);
	js_list_end(j);
}

static void
put_counts(struct js *j, const struct overview *o)
{
	js_key(j, "counts");
	js_open(j);
	js_kv_int(j, "assets", o->assets);
	js_kv_int(j, "deliveries", o->deliveries);
	js_kv_int(j, "active", o->active);
	js_close(j);
}

int
overview_show(struct api *x, const struct request *q, struct reply *r, struct error *e)
{
	struct delivery_filter newest = {.max = RECENT};
	struct delivery *list;
	struct overview o;
	struct js j;
	size_t n;

	(void)q;
	if (overview_get(x->db, x->now_us, &o, e) < 0 ||
	    delivery_list(x->db, x->a, &newest, &list, &n, e) < 0)
		return err_code(e);
	reply_json(r, &j);
	js_open(&j);
	put_attention(&j, &o);
	js_key(&j, "recent");
	if (delivery_rows_put(&j, x, list, n, e) < 0)
		return err_code(e);
	put_counts(&j, &o);
	js_close(&j);
	return 0;
}
