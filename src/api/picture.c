/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * picture - GET of a rendition, and of an original by those who work here
 *
 * Both are plans.  A rendition is small and comes with its key.  An original's key
 * front asks for under a ticket of the kind "view", which holds as long as the key
 * or the session that asked may read, and is reported while it runs, so that it ends
 * with them (fetch.c); nothing is counted and nothing recorded.
 */
#include "api/input.h"
#include "api/picture.h"
#include "api/routes.h"
#include "api/staff.h"
#include "api/tickets.h"
#include "base/arena.h"
#include "base/error.h"
#include "base/str.h"
#include "base/time.h"
#include "http/http.h"
#include "model/asset.h"
#include "model/rendition.h"
#include "model/version.h"

#define TICKET_LIFE_US (7 * US_PER_DAY) /* as long as one download may take */

static void
picture_plan(struct reply *r, struct api *x, const struct request *q,
    const struct rendition_wanted *w, const struct rendition *p, struct id128 blob)
{
	struct msg_plan *plan = ARENA_NEW(x->a, struct msg_plan);
	struct msg_segment *g = ARENA_NEW(x->a, struct msg_segment);

	*g = (struct msg_segment){.is_blob = true,
	    .blob = blob,
	    .purpose = SEALED_RENDITION,
	    .offset = (uint64_t)p->at,
	    .length = (uint64_t)p->bytes};
	*plan = (struct msg_plan){
	    .segments = g, .segment_count = 1, .bytes = g->length, .slot_count = 1};
	reply_field(
	    r, "Content-Type", str_eq_c(p->format, "webp") ? S("image/webp") : S("image/jpeg"));
	reply_field(r, "Content-Security-Policy", S("default-src 'none'; sandbox"));
	reply_field(r, "Cross-Origin-Resource-Policy", S("same-origin"));
	/* a blob is written once: its name and the place in it are the content */
	reply_plan(r, x, q, plan,
	    arena_printf(x->a, "\"p%.*s-%lld-%lld\"", STR(str_hex(x->a, blob.b, 8)),
	        (long long)w->page, (long long)p->size));
}

int
picture_reply(struct reply *r, struct api *x, const struct request *q,
    const struct rendition_wanted *w, struct error *e)
{
	struct rendition p;
	struct id128 blob;

	if (rendition_find(x->db, x->a, w, &p, &blob, e) < 0)
		return err_code(e);
	picture_plan(r, x, q, w, &p, blob);
	r->has_key = r->plan != NULL && !q->is_head;
	return r->has_key ? keyring_version_get(&x->keys, w->version, &r->key, e) : 0;
}

static void
view_ticket(struct reply *r, struct api *x, const struct request *q, version_id v)
{
	struct view_ticket t = {
	    .key = q->who.key, .version = v, .expires_us = x->now_us + TICKET_LIFE_US};

	if (q->who.staff != NULL)
		t.session = q->who.staff->id;
	if (!q->is_head && r->plan != NULL)
		r->ticket = view_ticket_make(x, &t);
}

/* The one that is asked for, which must be the file's; else the current. */
static int
version_asked(
    struct api *x, const struct request *q, version_id *ret, bool *ret_named, struct error *e)
{
	struct version v;
	struct asset f;
	struct str text;
	asset_id id;
	int r;

	if (input_id(q, 0, &id.v, e) < 0 || asset_get(x->db, x->a, id, &f, e) < 0)
		return err_code(e);
	*ret = f.current;
	r = request_query(x, q, "version", &text, e);
	*ret_named = r > 0;
	if (r <= 0)
		return r;
	if (!id_parse(text, &ret->v))
		return err_set(e, ERR_NOT_FOUND, "not the id of a version");
	if (version_get(x->db, x->a, *ret, &v, e) < 0)
		return err_code(e);
	return v.asset.v == id.v ? 0 : err_set(e, ERR_NOT_FOUND, "a version of another file");
}

static int
page_asked(struct api *x, const struct request *q, int64_t *ret, struct error *e)
{
	struct str text;
	int r = request_query(x, q, "page", &text, e);

	*ret = 1;
	if (r <= 0)
		return r;
	return str_i64(text, ret) && *ret >= 1
	           ? 0
	           : err_key(e, ERR_NOT_FOUND, "no-preview", "pages are numbered from 1");
}

int
preview_get(struct api *x, const struct request *q, struct reply *r, struct error *e)
{
	struct rendition_wanted w = {0};
	bool named = false;

	if (version_asked(x, q, &w.version, &named, e) < 0 || page_asked(x, q, &w.page, e) < 0)
		return err_code(e);
	if (!str_i64(q->params[1], &w.size) || !rendition_is_size(w.size))
		return err_key(e, ERR_NOT_FOUND, "no-preview", "sizes are 64, 320, 640 and 1600");
	reply_field(r, "Cache-Control",
	    named ? S("private, max-age=31536000, immutable") : S("private, no-cache"));
	return picture_reply(r, x, q, &w, e);
}

/* ---- originals ---- */

static struct msg_plan *
plan_of(struct api *x, const struct version_part *parts, size_t n)
{
	struct msg_plan *plan = ARENA_NEW(x->a, struct msg_plan);
	struct msg_segment *g = ARENA_ARRAY(x->a, struct msg_segment, n + 1);

	*plan = (struct msg_plan){.segments = g, .slot_count = 1};
	for (size_t i = 0; i < n; i++) {
		if (parts[i].bytes == 0)
			continue;
		g[plan->segment_count++] = (struct msg_segment){.is_blob = true,
		    .blob = parts[i].blob,
		    .purpose = SEALED_ORIGINAL,
		    .length = (uint64_t)parts[i].bytes};
		plan->bytes += (uint64_t)parts[i].bytes;
	}
	return plan;
}

int
content_get(struct api *x, const struct request *q, struct reply *r, struct error *e)
{
	struct version_part *parts;
	struct version v;
	version_id id;
	int64_t asset;
	size_t n;

	if (input_id(q, 0, &asset, e) < 0 || input_id(q, 1, &id.v, e) < 0 ||
	    version_get(x->db, x->a, id, &v, e) < 0)
		return err_code(e);
	if (v.asset.v != asset)
		return err_set(e, ERR_NOT_FOUND, "a version of another file");
	if (!v.ready)
		return err_key(e, ERR_CONFLICT, v.damaged ? "damaged" : "not-ready",
		    "this version cannot be read");
	if (version_parts(x->db, x->a, id, &parts, &n, e) < 0)
		return err_code(e);
	reply_field(r, "Content-Type", S("application/octet-stream"));
	reply_field(r, "Content-Disposition", http_attachment(x->a, v.name));
	reply_field(r, "Cache-Control", S("private, no-store"));
	reply_field(r, "Content-Security-Policy", S("default-src 'none'; sandbox"));
	reply_plan(r, x, q, plan_of(x, parts, n),
	    arena_printf(x->a, "\"%.*s\"", STR(str_hex(x->a, v.sha256.b, 16))));
	view_ticket(r, x, q, id);
	r->is_transfer = r->ticket.n > 0;
	return 0;
}
