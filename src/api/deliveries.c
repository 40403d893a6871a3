/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * deliveries - look at them, revoke, make a new link; sending is send.c
 */
#include "api/check.h"
#include "api/recipient/links.h"
#include "api/routes.h"
#include "base/arena.h"
#include "base/error.h"
#include "base/random.h"
#include "base/str.h"
#include "base/time.h"
#include "conf/conf.h"
#include "model/contact.h"
#include "model/person.h"
#include "model/version.h"
#include "text/json.h"
#include "text/name.h"

static int
find(struct api *x, const struct request *q, struct delivery *ret, struct error *e)
{
	struct str number;

	if (!number_parse(x->a, q->params[0], &number))
		return err_set(e, ERR_NOT_FOUND, "no delivery has this number");
	return delivery_by_number(x->db, x->a, number, ret, e);
}

/* ---- one delivery ---- */

/* The last mail that took the link to him. */
static int
put_mail(struct js *j, struct api *x, const struct recipient *who, struct error *e)
{
	struct mail m;
	int r = mail_last(x->db, x->a, who->id, "delivery", &m, e);

	if (r < 0)
		return r;
	if (r == 0) {
		js_null(j);
		return 0;
	}
	js_open(j);
	js_kv_str(j, "state", m.state);
	js_kv_str0(j, "reply", m.reply);
	js_close(j);
	return 0;
}

static void
put_files(struct js *j, const struct delivery_item *items, size_t n)
{
	js_key(j, "files");
	js_list(j);
	for (size_t i = 0; i < n; i++) {
		js_open(j);
		js_kv_id(j, "asset", items[i].asset.v);
		js_kv_id(j, "version", items[i].version.v);
		js_kv_str(j, "name", items[i].name);
		js_kv_int(j, "bytes", items[i].bytes);
		js_close(j);
	}
	js_list_end(j);
}

static void
put_head(struct js *j, struct api *x, const struct delivery *d)
{
	js_kv_str(j, "delivery", d->number);
	js_kv_str(j, "state", str_c(delivery_shown(d, x->now_us)));
	js_kv_str(j, "subject", d->subject);
	js_kv_time(j, "created", x->a, d->created_us);
	js_kv_time(j, "valid_from", x->a, d->valid_from_us);
	js_kv_time(j, "expires", x->a, d->expires_us);
	js_key(j, "sender");
	js_open(j);
	js_kv_str(j, "name", d->sender_name);
	js_kv_str(j, "address", d->sender_address);
	js_close(j);
	js_kv_str(j, "message", d->message);
	js_kv_str(j, "lang", d->lang);
	js_kv_int(j, "limit", d->download_limit);
	js_kv_str(j, "method", str_c(send_method_name(d->method)));
	js_kv_int(j, "level", d->level);
}

static int
put_recipient(struct js *j, struct api *x, const struct delivery *d, const struct recipient *who,
    const struct delivery_item *items, size_t n, struct error *e)
{
	struct file_progress *progress;

	if (recipient_progress(x->db, x->a, who->id, n, &progress, e) < 0)
		return e->code;
	js_open(j);
	js_kv_str(j, "address", who->address);
	js_kv_str(j, "state", str_c(recipient_shown(who, d, x->now_us)));
	js_kv_time(j, "opened", x->a, who->opened_us);
	js_kv_time(j, "verified", x->a, who->verified_us);
	js_key(j, "mail");
	if (put_mail(j, x, who, e) < 0)
		return e->code;
	js_key(j, "files");
	js_list(j);
	for (size_t i = 0; i < n; i++) {
		js_open(j);
		js_kv_id(j, "version", items[i].version.v);
		js_kv_str(j, "name", items[i].name);
		js_kv_str(j, "state", str_c(progress[i].state));
		js_kv_int(j, "sent_bytes", MIN(progress[i].sent_bytes, items[i].bytes));
		js_kv_bool(j, "complete", progress[i].complete_us != 0);
		js_close(j);
	}
	js_list_end(j);
	js_close(j);
	return 0;
}

static void
put_event(
    struct js *j, struct api *x, const struct event_row *ev, const struct recipient *list, size_t n)
{
	js_open(j);
	js_kv_str(j, "id", id128_hex(x->a, ev->id));
	js_kv_str(j, "kind", ev->kind);
	js_kv_time(j, "at", x->a, ev->at_us);
	js_key(j, "recipient");
	for (size_t i = 0; i <= n; i++) {
		if (i == n) {
			js_null(j);
		} else if (list[i].id.v == ev->recipient.v) {
			js_str(j, list[i].address);
			break;
		}
	}
	js_kv_id(j, "version", ev->version.v);
	js_key(j, "bytes");
	if (ev->bytes >= 0)
		js_int(j, ev->bytes);
	else
		js_null(j);
	js_close(j);
}

int
deliveries_get(struct api *x, const struct request *q, struct reply *r, struct error *e)
{
	struct delivery_item *items;
	struct recipient *recipients;
	struct event_row *events;
	size_t item_count, recipient_count, event_count;
	struct delivery d;
	struct js j;

	if (find(x, q, &d, e) < 0 ||
	    delivery_items(x->db, x->a, d.id, &items, &item_count, e) < 0 ||
	    recipient_list(x->db, x->a, d.id, &recipients, &recipient_count, e) < 0 ||
	    event_list_delivery(x->db, x->a, d.id, &events, &event_count, e) < 0)
		return e->code;
	reply_json(r, &j);
	js_open(&j);
	put_head(&j, x, &d);
	put_files(&j, items, item_count);
	js_key(&j, "recipients");
	js_list(&j);
	for (size_t i = 0; i < recipient_count; i++) {
		if (put_recipient(&j, x, &d, &recipients[i], items, item_count, e) < 0)
			return e->code;
	}
	js_list_end(&j);
	js_key(&j, "events");
	js_list(&j);
	for (size_t i = 0; i < event_count; i++)
		put_event(&j, x, &events[i], recipients, recipient_count);
	js_list_end(&j);
	js_close(&j);
	return 0;
}

/* ---- revoke, link ---- */

static int
read_revoke(struct api *x, const struct request *q, struct str *recipient, struct str *reason,
    struct error *e)
{
	AUTO(json_free) struct json_doc *doc = NULL;
	struct str to = {0}, why = {0};

	*recipient = *reason = (struct str){0};
	if (q->m->body.n == 0)
		return 0;
	if (json_parse(q->m->body, &doc, e) < 0 ||
	    json_get_str(json_root(doc), "recipient", &to, e) < 0 ||
	    json_get_str(json_root(doc), "reason", &why, e) < 0 ||
	    json_done(json_root(doc), e) < 0 ||
	    text_clean(x->a, why, LIMIT_NOTE_BYTES, true, reason, e) < 0)
		return e->code;
	return to.n > 0 ? address_clean(x->a, to, recipient, e) : 0;
}

static int
find_recipient(struct api *x, const struct delivery *d, struct str address, struct recipient *ret,
    struct error *e)
{
	int n = recipient_by_address(x->db, x->a, d->id, address, ret, e);

	return n == 0 ? err_set(e, ERR_NOT_FOUND, "the delivery has no such recipient") : MIN(n, 0);
}

static int
revoke(struct api *x, const struct request *q, const struct delivery *d, struct str recipient,
    struct str reason, struct error *e)
{
	AUTO(change_abort) struct change *c = NULL;
	struct recipient who;

	if (recipient.n > 0 && find_recipient(x, d, recipient, &who, e) < 0)
		return e->code;
	if (d->revoked_us != 0 || (recipient.n > 0 && who.revoked_us != 0))
		return 0; /* done already: the first time counts */
	if (change_begin(x->db, request_actor(q),
	        recipient.n > 0 ? EVENT_RECIPIENT_REVOKED : EVENT_DELIVERY_REVOKED, &c, e) < 0)
		return e->code;
	if ((recipient.n > 0 ? recipient_revoke(c, who.id, e)
	                     : delivery_revoke(c, d->id, reason, e)) < 0)
		return e->code;
	return change_commit(&c, e);
}

int
deliveries_revoke(struct api *x, const struct request *q, struct reply *r, struct error *e)
{
	struct str recipient, reason;
	struct delivery d;
	struct js j;

	if (find(x, q, &d, e) < 0 || read_revoke(x, q, &recipient, &reason, e) < 0 ||
	    revoke(x, q, &d, recipient, reason, e) < 0 ||
	    delivery_get(x->db, x->a, d.id, &d, e) < 0)
		return e->code;
	reply_json(r, &j);
	js_open(&j);
	js_kv_str(&j, "delivery", d.number);
	js_kv_str(&j, "state", str_c(delivery_shown(&d, x->now_us)));
	js_close(&j);
	return 0;
}

static int
read_address(struct api *x, const struct request *q, struct str *ret, struct error *e)
{
	AUTO(json_free) struct json_doc *doc = NULL;
	struct str address = {0};

	if (json_parse(q->m->body, &doc, e) < 0 ||
	    json_get_str(json_root(doc), "address", &address, e) < 0 ||
	    json_done(json_root(doc), e) < 0)
		return e->code;
	return address_clean(x->a, address, ret, e);
}

int
deliveries_link(struct api *x, const struct request *q, struct reply *r, struct error *e)
{
	AUTO(change_abort) struct change *c = NULL;
	struct recipient who;
	struct str address;
	struct delivery d;
	struct link link;
	struct js j;

	if (find(x, q, &d, e) < 0 || read_address(x, q, &address, e) < 0 ||
	    find_recipient(x, &d, address, &who, e) < 0 || link_new(x, &link, e) < 0)
		return e->code;
	if (change_begin(x->db, request_actor(q), EVENT_RECIPIENT_LINK, &c, e) < 0 ||
	    recipient_new_link(c, who.id, &link.hash, LINK_ENDS_SESSIONS, e) < 0 ||
	    change_commit(&c, e) < 0)
		return e->code;
	reply_json(r, &j);
	js_open(&j);
	js_kv_str(&j, "address", who.address);
	js_kv_str(&j, "link", link.url);
	js_close(&j);
	return 0;
}
