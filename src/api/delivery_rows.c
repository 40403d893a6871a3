/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * delivery_rows - see delivery_rows.h; GET /api/v1/deliveries
 */
#include "api/delivery_rows.h"

#include "api/routes.h"
#include "base/arena.h"
#include "base/error.h"
#include "base/limits.h"
#include "base/str.h"
#include "model/overview.h"
#include "text/json.h"
#include "text/name.h"

#define LIST_MOST 200

static void
put_row(struct js *j, struct api *x, const struct delivery *d, const struct delivery_progress *p)
{
	js_open(j);
	js_kv_str(j, "delivery", d->number);
	js_kv_str(j, "subject", d->subject);
	js_kv_str(j, "state", str_c(delivery_shown(d, x->now_us)));
	js_kv_time(j, "created", x->a, d->created_us);
	js_kv_time(j, "expires", x->a, d->expires_us);
	js_kv_int(j, "recipients", d->recipient_count);
	js_kv_str(j, "sender", d->sender_name);
	js_kv_int(j, "files", d->item_count);
	js_kv_int(j, "bytes", d->total_bytes);
	js_kv_int(j, "done", p->complete);
	js_kv_str0(j, "attention", str_c(delivery_attention(d, p, x->now_us)));
	js_close(j);
}

int
delivery_rows_put(
    struct js *j, struct api *x, const struct delivery *list, size_t n, struct error *e)
{
	struct delivery_progress *progress = ARENA_ARRAY(x->a, struct delivery_progress, n);
	delivery_id *ids = ARENA_ARRAY(x->a, delivery_id, n);

	for (size_t i = 0; i < n; i++)
		ids[i] = list[i].id;
	if (delivery_progress_get_list(x->db, ids, n, progress, e) < 0)
		return err_code(e);
	js_list(j);
	for (size_t i = 0; i < n; i++)
		put_row(j, x, &list[i], &progress[i]);
	js_list_end(j);
	return 0;
}

/* ---- what to show ---- */

/* before=NUMBER: the page behind that delivery. */
static int
read_before(struct api *x, const struct request *q, struct delivery_filter *f, struct error *e)
{
	struct str number = {0};
	struct delivery d;
	int r = request_query(x, q, "before", &number, e);

	if (r <= 0)
		return r;
	if (!number_parse(x->a, number, &number))
		return err_key(e, ERR_INVALID, "bad-number", "before is no number of a delivery");
	if (delivery_by_number(x->db, x->a, number, &d, e) < 0)
		return err_code(e);
	f->before = d.id;
	return 0;
}

static int
read_state(struct api *x, const struct request *q, struct delivery_filter *f, struct error *e)
{
	static const char *const states[] = {"scheduled", "active", "expired", "revoked"};
	struct str state = {0};

	if (request_query(x, q, "state", &state, e) < 0)
		return err_code(e);
	for (size_t i = 0; i < ARRAY_LEN(states); i++) {
		if (str_eq_c(state, states[i]))
			f->state = states[i];
	}
	if (state.n > 0 && f->state == NULL)
		return err_key(e, ERR_INVALID, "bad-state", "no such state of a delivery");
	return 0;
}

/* mine=1: sent by whoever asks, be it with the own key. */
static int
read_mine(struct api *x, const struct request *q, struct delivery_filter *f, struct error *e)
{
	struct str mine = {0};

	if (request_query(x, q, "mine", &mine, e) < 0)
		return err_code(e);
	if (str_eq_c(mine, "1"))
		f->sender = q->who.person;
	return 0;
}

static int
read_filter(struct api *x, const struct request *q, struct delivery_filter *f, struct error *e)
{
	struct str limit = {0}, words = {0};
	int64_t max = LIST_MOST;

	*f = (struct delivery_filter){.now_us = x->now_us};
	if (read_before(x, q, f, e) < 0 || read_state(x, q, f, e) < 0 ||
	    read_mine(x, q, f, e) < 0 || request_query(x, q, "q", &words, e) < 0 ||
	    text_clean(x->a, words, LIMIT_TITLE_BYTES, false, &words, e) < 0 ||
	    request_query(x, q, "limit", &limit, e) < 0)
		return err_code(e);
	if (limit.n > 0 && (!str_i64(limit, &max) || max < 1 || max > LIST_MOST))
		return err_key(e, ERR_INVALID, "bad-limit", "limit is 1 to %d", LIST_MOST);
	f->q = str_trim(words);
	f->max = (int)max;
	return 0;
}

int
deliveries_list(struct api *x, const struct request *q, struct reply *r, struct error *e)
{
	struct delivery_filter filter;
	struct delivery *list;
	struct js j;
	size_t n;

	if (read_filter(x, q, &filter, e) < 0 ||
	    delivery_list(x->db, x->a, &filter, &list, &n, e) < 0)
		return err_code(e);
	reply_json(r, &j);
	return delivery_rows_put(&j, x, list, n, e);
}

int
delivery_of_path(struct api *x, const struct request *q, struct delivery *ret, struct error *e)
{
	struct str number;

	if (!number_parse(x->a, q->params[0], &number))
		return err_set(e, ERR_NOT_FOUND, "no delivery has this number");
	return delivery_by_number(x->db, x->a, number, ret, e);
}
