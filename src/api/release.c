/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * release - PUT /api/v1/assets/{asset}/release
 *
 * A release is set whole: what is not named is none.  Conditions belong to the
 * state "conditions" alone; named with another one they are refused, so that
 * nobody believes in a condition that does not hold.  Whoever says with If-Match
 * which file he saw does not overwrite what somebody else decided since.
 */
#include "api/release.h"

#include "api/assets.h"
#include "api/input.h"
#include "api/routes.h"
#include "base/arena.h"
#include "base/error.h"
#include "base/limits.h"
#include "base/str.h"
#include "model/asset.h"
#include "text/json.h"

static int
read_state(struct json *o, enum release_state *ret, struct error *e)
{
	struct str name;
	int r = json_get_str(o, "state", &name, e);

	if (r < 0)
		return r;
	if (r > 0 && str_eq_c(name, "review"))
		name = S("in_review");
	if (r == 0 || !release_parse(name, ret))
		return err_key(e, ERR_INVALID, "bad-state",
		    "state is draft, review, cleared, conditions or blocked");
	return 0;
}

static int
check_whole(const struct release *rel, struct error *e)
{
	bool is_open = rel->state == RELEASE_CLEARED || rel->state == RELEASE_CONDITIONS;

	if (rel->state != RELEASE_CONDITIONS && (rel->credit.n > 0 || rel->view_only))
		return err_key(e, ERR_INVALID, "no-conditions",
		    "credit and view_only go with the state conditions");
	if (!is_open && rel->until_us != 0)
		return err_key(e, ERR_INVALID, "no-until",
		    "until goes with the states cleared and conditions");
	return 0;
}

int
release_read(struct api *x, struct json *o, struct release *ret, struct error *e)
{
	static const struct input_text reason = {"reason", LIMIT_NOTE_BYTES, true};
	static const struct input_text credit = {"credit", LIMIT_TITLE_BYTES, false};

	if (read_state(o, &ret->state, e) < 0 || input_date(x, o, "until", &ret->until_us, e) < 0 ||
	    input_text(x, o, &reason, &ret->reason, e) < 0 ||
	    input_text(x, o, &credit, &ret->credit, e) < 0 ||
	    json_get_bool(o, "view_only", &ret->view_only, e) < 0 || json_done(o, e) < 0)
		return err_code(e);
	return check_whole(ret, e);
}

/* The condition is read inside the change, so it holds until the end of it. */
static int
apply(
    struct api *x, const struct request *q, asset_id id, const struct release *rel, struct error *e)
{
	AUTO(change_abort) struct change *c = NULL;
	int64_t stamp;

	if (change_begin(x->db, request_actor(q), EVENT_RELEASE_CHANGED, &c, e) < 0 ||
	    asset_condition(x, q, id, &stamp, e) < 0 || release_set(c, id, rel, e) < 0)
		return err_code(e);
	return change_commit(&c, e);
}

int
assets_release(struct api *x, const struct request *q, struct reply *r, struct error *e)
{
	AUTO(json_free) struct json_doc *doc = NULL;
	struct release rel = {.set_by = q->who.person};
	asset_id id;
	struct js j;
	int res;

	if (input_id(q, 0, &id.v, e) < 0 || json_parse(q->m->body, &doc, e) < 0 ||
	    release_read(x, json_root(doc), &rel, e) < 0)
		return err_code(e);
	res = apply(x, q, id, &rel, e);
	if (res == ERR_PRECONDITION)
		return asset_put_changed(x, r, id, e);
	if (res < 0)
		return res;
	reply_json(r, &j);
	js_open(&j);
	js_kv_id(&j, "asset", id.v);
	js_kv_str(&j, "state", str_c(release_shown(&rel, x->now_us)));
	js_close(&j);
	return 0;
}
