/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * history - GET /api/v1/assets/{asset}/history: what was done to a file and to
 * whom it went
 *
 * Events hold ids alone; a delivery is shown by the number people know it by.
 */
#include "api/input.h"
#include "api/routes.h"
#include "base/error.h"
#include "base/str.h"
#include "model/asset.h"
#include "model/delivery.h"
#include "text/json.h"

/* The delivery asked for last: events of one delivery mostly stand together. */
struct last {
	delivery_id id;
	struct str number;
};

static int
number_of(struct api *x, delivery_id id, struct last *last, struct error *e)
{
	struct delivery d;

	if (id.v == 0 || id.v == last->id.v)
		return 0;
	if (delivery_get(x->db, x->a, id, &d, e) < 0)
		return err_code(e);
	*last = (struct last){id, d.number};
	return 0;
}

static int
put_event(
    struct js *j, struct api *x, const struct event_row *ev, struct last *last, struct error *e)
{
	if (number_of(x, ev->delivery, last, e) < 0)
		return err_code(e);
	js_open(j);
	js_kv_str(j, "id", id128_hex(x->a, ev->id));
	js_kv_str(j, "kind", ev->kind);
	js_kv_time(j, "at", x->a, ev->at_us);
	js_kv_id(j, "version", ev->version.v);
	js_key(j, "delivery");
	if (ev->delivery.v != 0)
		js_str(j, last->number);
	else
		js_null(j);
	js_kv_id(j, "recipient", ev->recipient.v);
	js_key(j, "bytes");
	if (ev->bytes >= 0)
		js_int(j, ev->bytes);
	else
		js_null(j);
	js_key(j, "outcome");
	if (ev->outcome.n > 0)
		js_str(j, ev->outcome);
	else
		js_null(j);
	js_close(j);
	return 0;
}

int
assets_history(struct api *x, const struct request *q, struct reply *r, struct error *e)
{
	struct event_row *events;
	struct last last = {0};
	struct asset f;
	size_t n;
	struct js j;

	if (input_id(q, 0, &f.id.v, e) < 0 || asset_get(x->db, x->a, f.id, &f, e) < 0 ||
	    event_list_asset(x->db, x->a, f.id, &events, &n, e) < 0)
		return err_code(e);
	reply_json(r, &j);
	js_open(&j);
	js_kv_id(&j, "asset", f.id.v);
	js_key(&j, "events");
	js_list(&j);
	for (size_t i = 0; i < n; i++) {
		if (put_event(&j, x, &events[i], &last, e) < 0)
			return err_code(e);
	}
	js_list_end(&j);
	js_close(&j);
	return 0;
}
