/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * basket - GET and POST /api/v1/basket: each person has one
 */
#include "model/basket.h"

#include "api/card.h"
#include "api/input.h"
#include "api/routes.h"
#include "base/arena.h"
#include "base/error.h"
#include "base/limits.h"
#include "base/str.h"
#include "model/card.h"
#include "text/json.h"

int
basket_show(struct api *x, const struct request *q, struct reply *r, struct error *e)
{
	struct basket basket;
	struct card *cards;
	struct js j;
	size_t n;

	if (basket_get(x->db, x->a, q->who.person, &basket, e) < 0 ||
	    card_list(x->db, x->a, basket.ids, basket.n, &cards, &n, e) < 0)
		return err_code(e);
	reply_json(r, &j);
	js_open(&j);
	cards_put(&j, x, cards, n);
	js_kv_int(&j, "gone", basket.gone);
	js_kv_int(&j, "bytes", basket.bytes);
	js_close(&j);
	return 0;
}

/* One of three: what is done, and to which files. */
struct basket_edit {
	bool adds, clears;
	struct asset_list list;
};

static int
read_edit(struct api *x, struct json *o, struct basket_edit *ret, struct error *e)
{
	bool adds = json_has(o, "add"), removes = json_has(o, "remove");
	struct input_ids wanted = {adds ? "add" : "remove", LIMIT_DELIVERY_ITEMS};
	asset_id *ids;

	*ret = (struct basket_edit){.adds = adds};
	if (json_get_bool(o, "clear", &ret->clears, e) < 0)
		return err_code(e);
	if (adds + removes + ret->clears != 1)
		return err_key(e, ERR_INVALID, "bad-edit", "one of add, remove, clear");
	if (!ret->clears && input_ids(x, o, &wanted, &ids, &ret->list.n, e) < 0)
		return err_code(e);
	ret->list.ids = ret->clears ? NULL : ids;
	return json_done(o, e);
}

static int
apply(struct change *c, person_id person, const struct basket_edit *ed, struct error *e)
{
	if (ed->clears)
		return basket_clear(c, person, e);
	return ed->adds ? basket_add(c, person, &ed->list, e)
	                : basket_remove(c, person, &ed->list, e);
}

int
basket_post(struct api *x, const struct request *q, struct reply *r, struct error *e)
{
	AUTO(json_free) struct json_doc *doc = NULL;
	AUTO(change_abort) struct change *c = NULL;
	struct basket_edit ed;
	struct basket basket;
	struct js j;

	if (json_parse(q->m->body, &doc, e) < 0 || read_edit(x, json_root(doc), &ed, e) < 0 ||
	    change_begin(x->db, request_actor(q), CHANGE_HOUSEKEEPING, &c, e) < 0 ||
	    apply(c, q->who.person, &ed, e) < 0 ||
	    basket_get(x->db, x->a, q->who.person, &basket, e) < 0 || change_commit(&c, e) < 0)
		return err_code(e);
	reply_json(r, &j);
	js_open(&j);
	js_kv_int(&j, "count", (int64_t)basket.n);
	js_kv_int(&j, "bytes", basket.bytes);
	js_close(&j);
	return 0;
}
