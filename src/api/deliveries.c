/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * deliveries - send, look, revoke, link again
 *
 * The verdict is asked for every file and recipient at send, with the same
 * lines as `check`; one that is blocked or in review refuses the whole (403
 * "not-cleared", with the lines).
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

#define LIST_MOST 200

struct sending {
	struct check_ask ask;
	struct check_line *lines;
	struct delivery d; /* as it will be; also what the mails say */
	struct delivery_item *items;
	struct recipient_new *recipients;
	struct link *links;
	struct mail_draft *mails;
};

/* ---- the request ---- */

static int
read_date(struct api *x, struct json *o, const char *name, int64_t *ret, struct error *e)
{
	struct str s = {0};
	int r = json_get_str(o, name, &s, e);

	if (r <= 0)
		return r;
	if (!time_parse_human(s, x->now_us, arena_cstr(x->a, x->conf->timezone), ret))
		return err_key(
		    e, ERR_INVALID, "bad-date", "%s is no date and no time from now", name);
	return 1;
}

static int
read_dates(struct api *x, struct json *o, struct delivery *d, struct error *e)
{
	d->valid_from_us = x->now_us;
	if (read_date(x, o, "valid_from", &d->valid_from_us, e) < 0)
		return e->code;
	d->expires_us = MAX(d->valid_from_us, x->now_us) + x->conf->delivery_days * US_PER_DAY;
	if (read_date(x, o, "expires", &d->expires_us, e) < 0)
		return e->code;
	if (d->expires_us <= x->now_us || d->expires_us <= d->valid_from_us)
		return err_key(
		    e, ERR_INVALID, "expires-too-early", "the delivery would end before it begins");
	if (d->expires_us > d->valid_from_us + (x->conf->delivery_max_days + 1) * US_PER_DAY)
		return err_key(e, ERR_INVALID, "expires-too-late", "at most %lld days are allowed",
		    (long long)x->conf->delivery_max_days);
	return 0;
}

static int
read_texts(struct api *x, struct json *o, struct delivery *d, struct error *e)
{
	struct str subject = {0}, message = {0}, lang = S("de");

	if (json_get_str(o, "subject", &subject, e) < 0 ||
	    json_get_str(o, "message", &message, e) < 0 || json_get_str(o, "lang", &lang, e) < 0 ||
	    json_get_int(o, "limit", &d->download_limit, e) < 0 ||
	    text_clean(x->a, subject, LIMIT_TITLE_BYTES, false, &d->subject, e) < 0 ||
	    text_clean(x->a, message, LIMIT_MESSAGE_BYTES, true, &d->message, e) < 0)
		return e->code;
	if (!str_eq_c(lang, "de") && !str_eq_c(lang, "en"))
		return err_key(e, ERR_INVALID, "bad-language", "lang is de or en");
	d->lang = arena_str(x->a, lang);
	if (d->download_limit < 0 || d->download_limit > 1000000)
		return err_key(e, ERR_INVALID, "bad-limit", "limit is 0 to 1,000,000");
	return 0;
}

static int
read_sending(struct api *x, const struct request *q, struct sending *s, struct error *e)
{
	AUTO(json_free) struct json_doc *doc = NULL;
	struct json *o;

	if (json_parse(q->m->body, &doc, e) < 0)
		return e->code;
	o = json_root(doc);
	if (check_ask_read(x, o, &s->ask, e) < 0 || read_dates(x, o, &s->d, e) < 0 ||
	    read_texts(x, o, &s->d, e) < 0)
		return e->code;
	return json_done(o, e);
}

/* ---- preparing: everything that needs the keeper ---- */

static bool
name_is_taken(struct api *x, const struct delivery_item *items, size_t n, struct str name)
{
	struct str folded = name_folded(x->a, name);

	for (size_t i = 0; i < n; i++) {
		if (str_eq(name_folded(x->a, items[i].name), folded))
			return true;
	}
	return str_eq_c(folded, "manifest.txt");
}

static int
prepare_items(struct api *x, struct sending *s, struct error *e)
{
	s->items = ARENA_ARRAY(x->a, struct delivery_item, s->ask.asset_count);
	s->d.item_count = (int64_t)s->ask.asset_count;
	for (size_t i = 0; i < s->ask.asset_count; i++) {
		const struct check_line *line = &s->lines[i * s->ask.address_count];
		struct delivery_item *it = &s->items[i];
		struct version v;

		if (version_get(x->db, x->a, line->version, &v, e) < 0)
			return e->code;
		*it = (struct delivery_item){.position = (int64_t)i + 1,
		    .asset = line->asset,
		    .version = v.id,
		    .name = v.name,
		    .bytes = v.bytes,
		    .sha256 = v.sha256};
		for (int n = 2; name_is_taken(x, s->items, i, it->name); n++)
			it->name = name_numbered(x->a, v.name, n);
		s->d.total_bytes += v.bytes;
	}
	return 0;
}

static int
prepare_recipients(struct api *x, struct sending *s, struct error *e)
{
	size_t n = s->ask.address_count;

	s->recipients = ARENA_ARRAY(x->a, struct recipient_new, n);
	s->links = ARENA_ARRAY(x->a, struct link, n);
	s->mails = ARENA_ARRAY(x->a, struct mail_draft, n);
	for (size_t i = 0; i < n; i++) {
		struct recipient_new *r = &s->recipients[i];

		r->id = (recipient_id){random_id()};
		r->address = s->ask.addresses[i];
		if (link_new(x, &s->links[i], e) < 0 ||
		    link_mail(x, &s->d, r->id, r->address, &s->links[i], &s->mails[i], e) < 0)
			return e->code;
		r->token_hash = s->links[i].hash;
	}
	return 0;
}

static int
prepare(struct api *x, const struct request *q, struct sending *s, struct error *e)
{
	struct person sender;

	if (person_get(x->db, x->a, q->who.person, &sender, e) < 0)
		return e->code;
	s->d.id = (delivery_id){random_id()};
	s->d.number = number_new(x->a);
	s->d.sender = sender.id;
	s->d.sender_name = sender.name;
	s->d.level = LEVEL_CODE;
	s->d.created_us = x->now_us;
	if (prepare_items(x, s, e) < 0)
		return e->code;
	return prepare_recipients(x, s, e);
}

static int
commit(struct api *x, const struct request *q, struct sending *s, struct error *e)
{
	AUTO(change_abort) struct change *c = NULL;
	struct delivery_new n = {.id = s->d.id,
	    .number = s->d.number,
	    .sender = s->d.sender,
	    .method = s->ask.method,
	    .subject = s->d.subject,
	    .message = s->d.message,
	    .lang = s->d.lang,
	    .valid_from_us = s->d.valid_from_us,
	    .expires_us = s->d.expires_us,
	    .download_limit = s->d.download_limit,
	    .level = s->d.level,
	    .items = s->items,
	    .item_count = s->ask.asset_count,
	    .recipients = s->recipients,
	    .recipient_count = s->ask.address_count};

	if (change_begin(x->db, request_actor(q), EVENT_DELIVERY_CREATED, &c, e) < 0)
		return e->code;
	for (size_t i = 0; i < n.recipient_count; i++) {
		if (contact_need(c, x->a, s->recipients[i].address, &s->recipients[i].contact, e) <
		    0)
			return e->code;
	}
	if (delivery_create(c, &n, e) < 0)
		return e->code == ERR_EXISTS ? err_prefix(e, "new delivery"), e->code = ERR_RETRY : e->code;
	for (size_t i = 0; i < n.recipient_count; i++) {
		if (mail_queue(c, &s->mails[i], e) < 0)
			return e->code;
	}
	return change_commit(&c, e);
}

/* ---- answers ---- */

static void
put_files(struct js *j, struct api *x, const struct sending *s)
{
	js_key(j, "files");
	js_list(j);
	for (size_t i = 0; i < s->ask.asset_count; i++) {
		const struct check_line *line = &s->lines[i * s->ask.address_count];

		js_open(j);
		js_kv_id(j, "asset", s->items[i].asset.v);
		js_kv_id(j, "version", s->items[i].version.v);
		js_kv_str(j, "name", s->items[i].name);
		js_kv_int(j, "bytes", s->items[i].bytes);
		js_kv_str(j, "sha256", str_hex(x->a, s->items[i].sha256.b, SHA256_BYTES));
		js_kv_str(j, "verdict", str_c(verdict_state_name(line->verdict.state)));
		js_close(j);
	}
	js_list_end(j);
}

static void
put_sent(struct reply *r, struct api *x, const struct sending *s)
{
	struct js j;

	r->status = 201;
	reply_field(r, "Location", arena_printf(x->a, "/api/v1/deliveries/%.*s", STR(s->d.number)));
	reply_json(r, &j);
	js_open(&j);
	js_kv_str(&j, "delivery", s->d.number);
	put_files(&j, x, s);
	js_key(&j, "recipients");
	js_list(&j);
	for (size_t i = 0; i < s->ask.address_count; i++) {
		js_open(&j);
		js_kv_str(&j, "address", s->recipients[i].address);
		js_kv_str(&j, "link", s->links[i].url);
		js_kv_str(&j, "mail", S("queued"));
		js_close(&j);
	}
	js_list_end(&j);
	js_close(&j);
}

/* Refused, with every line, so that the sender sees all at once. */
static int
put_refused(struct reply *r, struct api *x, const struct sending *s)
{
	struct js j;

	r->status = 403;
	reply_json(r, &j);
	reply_field(r, "Content-Type", S("application/problem+json"));
	js_open(&j);
	js_kv_str(&j, "type", S("urn:geleit:problem:not-cleared"));
	js_kv_str(&j, "title", S("Not every file may go to every recipient"));
	js_kv_int(&j, "status", 403);
	js_kv_str(&j, "code", S("not-cleared"));
	js_kv_str(&j, "detail", S("at least one line is blocked or in review"));
	check_lines_put(&j, x, s->lines, s->ask.asset_count * s->ask.address_count);
	js_close(&j);
	return 0;
}

int
deliveries_post(struct api *x, const struct request *q, struct reply *r, struct error *e)
{
	struct sending s = {0};

	if (read_sending(x, q, &s, e) < 0 || check_lines(x, q, &s.ask, &s.lines, e) < 0)
		return e->code;
	if (check_refuses(s.lines, s.ask.asset_count * s.ask.address_count))
		return put_refused(r, x, &s);
	if (prepare(x, q, &s, e) < 0 || commit(x, q, &s, e) < 0)
		return e->code;
	put_sent(r, x, &s);
	return 0;
}

int
deliveries_list(struct api *x, const struct request *q, struct reply *r, struct error *e)
{
	struct delivery *list;
	struct js j;
	size_t n;

	if (delivery_list(x->db, x->a, (delivery_id){0}, LIST_MOST, &list, &n, e) < 0)
		return e->code;
	reply_json(r, &j);
	js_list(&j);
	for (size_t i = 0; i < n; i++) {
		js_open(&j);
		js_kv_str(&j, "delivery", list[i].number);
		js_kv_str(&j, "subject", list[i].subject);
		js_kv_str(&j, "state", str_c(delivery_shown(&list[i], x->now_us)));
		js_kv_time(&j, "created", x->a, list[i].created_us);
		js_kv_time(&j, "expires", x->a, list[i].expires_us);
		js_kv_int(&j, "recipients", list[i].recipient_count);
		js_close(&j);
	}
	js_list_end(&j);
	return 0;
}

static int
find(struct api *x, const struct request *q, struct delivery *ret, struct error *e)
{
	struct str number;

	if (!number_parse(x->a, q->params[0], &number))
		return err_set(e, ERR_NOT_FOUND, "no delivery has this number");
	return delivery_by_number(x->db, x->a, number, ret, e);
}

/* ---- one delivery ---- */

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
	js_kv_str(&j, "delivery", d.number);
	js_kv_str(&j, "state", str_c(delivery_shown(&d, x->now_us)));
	js_kv_str(&j, "subject", d.subject);
	js_kv_time(&j, "created", x->a, d.created_us);
	js_kv_time(&j, "valid_from", x->a, d.valid_from_us);
	js_kv_time(&j, "expires", x->a, d.expires_us);
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
	    recipient_new_link(c, who.id, &link.hash, e) < 0 || change_commit(&c, e) < 0)
		return e->code;
	reply_json(r, &j);
	js_open(&j);
	js_kv_str(&j, "address", who.address);
	js_kv_str(&j, "link", link.url);
	js_close(&j);
	return 0;
}
