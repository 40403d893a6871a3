/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * delivery_change - what is done to a delivery after it was sent: revoke,
 * extend, a new link
 */
#include "api/delivery_rows.h"
#include "api/recipient/links.h"
#include "api/routes.h"
#include "api/validity.h"
#include "base/arena.h"
#include "base/error.h"
#include "base/limits.h"
#include "base/str.h"
#include "text/address.h"
#include "text/json.h"
#include "text/name.h"

/* ---- revoke ---- */

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
		return err_code(e);
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
	int done;

	if (recipient.n > 0 && find_recipient(x, d, recipient, &who, e) < 0)
		return err_code(e);
	if (d->revoked_us != 0)
		return 0; /* with all its recipients */
	if (change_begin(x->db, request_actor(q),
	        recipient.n > 0 ? EVENT_RECIPIENT_REVOKED : EVENT_DELIVERY_REVOKED, &c, e) < 0)
		return err_code(e);
	done = recipient.n > 0 ? recipient_revoke(c, who.id, reason, e)
	                       : delivery_revoke(c, d->id, reason, e);
	return done > 0 ? change_commit(&c, e) : done; /* 0: the first time counts */
}

int
deliveries_revoke(struct api *x, const struct request *q, struct reply *r, struct error *e)
{
	struct str recipient, reason;
	struct delivery d;
	struct js j;

	if (delivery_of_path(x, q, &d, e) < 0 || read_revoke(x, q, &recipient, &reason, e) < 0 ||
	    revoke(x, q, &d, recipient, reason, e) < 0 ||
	    delivery_get(x->db, x->a, d.id, &d, e) < 0)
		return err_code(e);
	reply_json(r, &j);
	js_open(&j);
	js_kv_str(&j, "delivery", d.number);
	js_kv_str(&j, "state", str_c(delivery_shown(&d, x->now_us)));
	js_close(&j);
	return 0;
}

/* ---- extend ---- */

static int
read_expires(
    struct api *x, const struct request *q, const struct delivery *d, int64_t *ret, struct error *e)
{
	AUTO(json_free) struct json_doc *doc = NULL;
	bool day = false;
	int r;

	if (json_parse(q->m->body, &doc, e) < 0)
		return err_code(e);
	r = validity_date(x, json_root(doc), "expires", ret, &day, e);
	if (r < 0 || json_done(json_root(doc), e) < 0)
		return err_code(e);
	if (r == 0)
		return err_key(e, ERR_INVALID, "missing", "expires is missing");
	if (*ret <= d->expires_us)
		return err_key(
		    e, ERR_INVALID, "expires-too-early", "the delivery lasts that long already");
	return validity_check(x, d->valid_from_us, *ret, day, e);
}

int
deliveries_extend(struct api *x, const struct request *q, struct reply *r, struct error *e)
{
	AUTO(change_abort) struct change *c = NULL;
	struct delivery d;
	int64_t expires;
	struct js j;

	if (delivery_of_path(x, q, &d, e) < 0 || read_expires(x, q, &d, &expires, e) < 0)
		return err_code(e);
	if (change_begin(x->db, request_actor(q), EVENT_DELIVERY_EXTENDED, &c, e) < 0 ||
	    delivery_extend(c, d.id, expires, e) < 0 || change_commit(&c, e) < 0)
		return err_code(e);
	d.expires_us = expires;
	reply_json(r, &j);
	js_open(&j);
	js_kv_str(&j, "delivery", d.number);
	js_kv_str(&j, "state", str_c(delivery_shown(&d, x->now_us)));
	js_kv_time(&j, "expires", x->a, d.expires_us);
	js_close(&j);
	return 0;
}

/* ---- a new link ---- */

struct link_ask {
	struct str address;
	bool mail; /* to the recipient; else it is told whoever asks */
};

static int
read_link_ask(struct api *x, const struct request *q, struct link_ask *ret, struct error *e)
{
	AUTO(json_free) struct json_doc *doc = NULL;
	struct str address = {0};

	*ret = (struct link_ask){0};
	if (json_parse(q->m->body, &doc, e) < 0 ||
	    json_get_str(json_root(doc), "address", &address, e) < 0 ||
	    json_get_bool(json_root(doc), "mail", &ret->mail, e) < 0 ||
	    json_done(json_root(doc), e) < 0)
		return err_code(e);
	return address_clean(x->a, address, &ret->address, e);
}

/* A mail is not sent about what is over. */
static int
prepare_mail(struct api *x, const struct delivery *d, const struct recipient *who,
    const struct link *link, struct mail_draft *ret, struct error *e)
{
	if (who->revoked_us != 0 || d->revoked_us != 0 || x->now_us >= d->expires_us)
		return err_key(
		    e, ERR_CONFLICT, "delivery-over", "there is nothing to fetch any more");
	return link_mail(x, d, who->id, who->address, link, ret, e);
}

/* mail NULL: none. */
static int
change_link(struct api *x, const struct request *q, const struct recipient *who,
    const struct link *link, const struct mail_draft *mail, struct error *e)
{
	AUTO(change_abort) struct change *c = NULL;

	if (change_begin(x->db, request_actor(q), EVENT_RECIPIENT_LINK, &c, e) < 0 ||
	    recipient_new_link(c, who->id, &link->hash, LINK_ENDS_SESSIONS, e) < 0 ||
	    (mail != NULL && mail_queue(c, mail, e) < 0))
		return err_code(e);
	return change_commit(&c, e);
}

int
deliveries_link(struct api *x, const struct request *q, struct reply *r, struct error *e)
{
	struct mail_draft mail;
	struct recipient who;
	struct link_ask ask;
	struct delivery d;
	struct link link;
	struct js j;

	if (delivery_of_path(x, q, &d, e) < 0 || read_link_ask(x, q, &ask, e) < 0 ||
	    find_recipient(x, &d, ask.address, &who, e) < 0 || link_new(x, &link, e) < 0 ||
	    (ask.mail && prepare_mail(x, &d, &who, &link, &mail, e) < 0) ||
	    change_link(x, q, &who, &link, ask.mail ? &mail : NULL, e) < 0)
		return err_code(e);
	reply_json(r, &j);
	js_open(&j);
	js_kv_str(&j, "address", who.address);
	js_kv_str0(&j, "link", ask.mail ? S("") : link.url);
	if (ask.mail)
		js_kv_str(&j, "mail", S("queued"));
	js_close(&j);
	return 0;
}
