/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * draft - GET, PUT and DELETE /api/v1/draft: what somebody has typed and not sent yet
 *
 * Kept as it was typed, for a draft may be wrong yet: lengths are checked and text is
 * cleaned, nothing else; what may be sent is decided when it is sent.  Two windows of
 * one person do not overwrite each other: If-Match.
 */
#include "model/draft.h"

#include "api/input.h"
#include "api/routes.h"
#include "base/arena.h"
#include "base/error.h"
#include "base/limits.h"
#include "base/str.h"
#include "http/http.h"
#include "text/json.h"
#include "text/name.h"

/* As many addresses as a delivery may have, and a message, as JSON. */
#define DRAFT_BYTES (384 * 1024)
#define TYPED_BYTES 64 /* of a date or a number as it was typed */

static const struct input_text texts[] = {{"subject", LIMIT_TITLE_BYTES, false},
    {"message", LIMIT_MESSAGE_BYTES, true}, {"lang", 2, false}, {"expires", TYPED_BYTES, false},
    {"valid_from", TYPED_BYTES, false}, {"limit", TYPED_BYTES, false}};

static int
put_addresses(struct api *x, struct json *o, struct js *j, struct error *e)
{
	struct json *list;
	struct str typed, address;
	int r = json_get_list(o, "to", &list, e);

	if (r < 0)
		return r;
	if (r > 0 && json_list_size(list) > LIMIT_DELIVERY_RECIPIENTS)
		return err_key(
		    e, ERR_INVALID, "too-many", "more than %d in to", LIMIT_DELIVERY_RECIPIENTS);
	js_key(j, "to");
	js_list(j);
	for (size_t i = 0; r > 0 && i < json_list_size(list); i++) {
		if (json_str(json_list_at(list, i), &typed, e) < 0 ||
		    text_clean(x->a, typed, LIMIT_ADDRESS_BYTES, false, &address, e) < 0)
			return err_code(e);
		js_str(j, address);
	}
	js_list_end(j);
	return 0;
}

/* What was sent, read member by member and written anew: nothing else gets into it. */
static int
read_content(struct api *x, struct str body, struct str *ret, struct error *e)
{
	AUTO(json_free) struct json_doc *doc = NULL;
	struct json *o;
	struct buf b;
	struct js j;

	if (json_parse(body, &doc, e) < 0)
		return err_code(e);
	o = json_root(doc);
	buf_init_arena(&b, x->a, DRAFT_BYTES);
	js_begin(&j, &b);
	js_open(&j);
	if (put_addresses(x, o, &j, e) < 0)
		return err_code(e);
	for (size_t i = 0; i < ARRAY_LEN(texts); i++) {
		struct str text = S("");

		if (input_text(x, o, &texts[i], &text, e) < 0)
			return err_code(e);
		js_kv_str(&j, texts[i].name, text);
	}
	js_close(&j);
	if (b.full)
		return err_key(
		    e, ERR_TOO_LARGE, "too-large", "a draft has at most %d bytes", DRAFT_BYTES);
	*ret = buf_view(&b);
	return json_done(o, e);
}

static struct str
etag_of(struct api *x, const struct draft *d)
{
	return arena_printf(x->a, "\"%lld\"", (long long)d->stamp);
}

static void
answer(struct api *x, struct reply *r, const struct draft *d)
{
	struct js j;

	reply_json(r, &j);
	reply_field(r, "ETag", etag_of(x, d));
	buf_printf(
	    &r->body, "{\"draft\":%.*s,\"saved\":", STR(d->stamp != 0 ? d->content : S("null")));
	js_time(&j, x->a, d->changed_us);
	buf_lit(&r->body, "}");
}

int
draft_show(struct api *x, const struct request *q, struct reply *r, struct error *e)
{
	struct draft d;

	if (draft_get(x->db, x->a, q->who.person, &d, e) < 0)
		return err_code(e);
	answer(x, r, &d);
	return 0;
}

static int
check_condition(struct api *x, const struct request *q, struct error *e)
{
	struct str if_match = request_field(q, "if-match");
	struct draft d;

	if (if_match.p == NULL)
		return 0;
	if (draft_get(x->db, x->a, q->who.person, &d, e) < 0)
		return err_code(e);
	if (!http_etag_strong_match(if_match, etag_of(x, &d)))
		return err_key(
		    e, ERR_PRECONDITION, "changed", "the draft has been changed in another window");
	return 0;
}

int
draft_write(struct api *x, const struct request *q, struct reply *r, struct error *e)
{
	AUTO(change_abort) struct change *c = NULL;
	struct str content;
	struct draft d;

	if (read_content(x, q->m->body, &content, e) < 0 ||
	    change_begin(x->db, request_actor(q), CHANGE_HOUSEKEEPING, &c, e) < 0 ||
	    check_condition(x, q, e) < 0 || draft_put(c, q->who.person, content, e) < 0 ||
	    draft_get(x->db, x->a, q->who.person, &d, e) < 0)
		return err_code(e);
	answer(x, r, &d);
	return change_commit(&c, e);
}

int
draft_delete(struct api *x, const struct request *q, struct reply *r, struct error *e)
{
	AUTO(change_abort) struct change *c = NULL;

	if (change_begin(x->db, request_actor(q), CHANGE_HOUSEKEEPING, &c, e) < 0 ||
	    draft_remove(c, q->who.person, e) < 0)
		return err_code(e);
	r->status = 204;
	return change_commit(&c, e);
}
