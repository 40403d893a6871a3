/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * send - POST /api/v1/deliveries
 *
 * The verdict is asked for every file and recipient, with the same lines as
 * `check`; one that is blocked or in review refuses the whole (403
 * "not-cleared", with the lines).  With an Idempotency-Key the links are
 * derived from it, so that the same request gets the same answer a day long
 * although no link is ever stored.
 */
#include "api/check.h"
#include "api/names.h"
#include "api/recipient/links.h"
#include "api/routes.h"
#include "api/validity.h"
#include "base/arena.h"
#include "base/error.h"
#include "base/random.h"
#include "base/str.h"
#include "base/time.h"
#include "conf/conf.h"
#include "model/contact.h"
#include "model/idempotency.h"
#include "model/person.h"
#include "model/version.h"
#include "text/json.h"
#include "text/name.h"

#define IDEM_BYTES 200

struct sending {
	struct check_ask ask;
	struct check_line *lines;
	struct delivery d; /* as it will be; also what the mails say */
	struct delivery_item *items;
	struct recipient_new *recipients;
	struct link *links;
	struct mail_draft *mails;
	struct idempotency again; /* idem "": none was given */
	struct str told;          /* the answer up to its recipients: what is kept */
};

/* ---- the request ---- */

static int
read_dates(struct api *x, struct json *o, struct delivery *d, struct error *e)
{
	int64_t days = MIN(x->conf->delivery_days, x->conf->delivery_max_days);
	bool day = false;

	d->valid_from_us = x->now_us;
	if (validity_date(x, o, "valid_from", &d->valid_from_us, &day, e) < 0)
		return err_code(e);
	d->expires_us = MAX(d->valid_from_us, x->now_us) + days * US_PER_DAY;
	day = false;
	if (validity_date(x, o, "expires", &d->expires_us, &day, e) < 0)
		return err_code(e);
	return validity_check(x, d->valid_from_us, d->expires_us, day, e);
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
		return err_code(e);
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
		return err_code(e);
	o = json_root(doc);
	if (check_ask_read(x, o, &s->ask, e) < 0 || read_dates(x, o, &s->d, e) < 0 ||
	    read_texts(x, o, &s->d, e) < 0)
		return err_code(e);
	return json_done(o, e);
}

/* ---- preparing: everything that needs the keeper ---- */

static int
prepare_items(struct api *x, struct sending *s, struct error *e)
{
	struct names *names = names_new(x->a, s->ask.asset_count + 1);
	struct version *versions = ARENA_ARRAY(x->a, struct version, s->ask.asset_count);

	if (version_get_list(x->db, x->a, s->ask.versions, s->ask.asset_count, versions, e) < 0)
		return err_code(e);
	names_take(names, S("MANIFEST.txt"));
	s->items = ARENA_ARRAY(x->a, struct delivery_item, s->ask.asset_count);
	s->d.item_count = (int64_t)s->ask.asset_count;
	for (size_t i = 0; i < s->ask.asset_count; i++) {
		const struct check_line *line = &s->lines[i * s->ask.address_count];
		const struct version *v = &versions[i];

		if (v->id.v != line->version.v) /* gone since its verdict */
			return err_set(e, ERR_NOT_FOUND, "the file has no such version");
		s->items[i] = (struct delivery_item){.position = (int64_t)i + 1,
		    .asset = line->asset,
		    .version = v->id,
		    .name = names_take(names, v->name),
		    .bytes = v->bytes,
		    .sha256 = v->sha256};
		s->d.total_bytes += v->bytes;
	}
	return 0;
}

/* Random; or derived, when the same request may come again. */
static int
make_link(
    struct api *x, const struct sending *s, struct str address, struct link *ret, struct error *e)
{
	if (s->again.idem.n == 0)
		return link_new(x, ret, e);
	/* with the number, for when the key comes again after its day */
	return link_derived(x,
	    arena_printf(x->a, "%.*s %lld %.*s %.*s", STR(s->d.number), (long long)s->again.key.v,
	        STR(address), STR(s->again.idem)),
	    ret, e);
}

static int
prepare_recipients(struct api *x, struct sending *s, struct error *e)
{
	size_t n = s->ask.address_count;
	int64_t first = random_id(); /* their order is the order they were named in */

	s->recipients = ARENA_ARRAY(x->a, struct recipient_new, n);
	s->links = ARENA_ARRAY(x->a, struct link, n);
	s->mails = ARENA_ARRAY(x->a, struct mail_draft, n);
	for (size_t i = 0; i < n; i++) {
		struct recipient_new *r = &s->recipients[i];

		r->id = (recipient_id){first + (int64_t)i};
		r->address = s->ask.addresses[i];
		if (make_link(x, s, r->address, &s->links[i], e) < 0 ||
		    link_mail(x, &s->d, r->id, r->address, &s->links[i], &s->mails[i], e) < 0)
			return err_code(e);
		r->token_hash = s->links[i].hash;
	}
	return 0;
}

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
		js_kv_str(j, "verdict", str_c(verdict_state_name(line->verdict->state)));
		js_close(j);
	}
	js_list_end(j);
}

static void
tell(struct api *x, struct sending *s)
{
	struct buf b;
	struct js j;

	buf_init_arena(&b, x->a, LIMIT_PLAN_BYTES);
	js_begin(&j, &b);
	js_open(&j);
	js_kv_str(&j, "delivery", s->d.number);
	put_files(&j, x, s);
	s->told = buf_view(&b);
}

static int
prepare(struct api *x, const struct request *q, struct sending *s, struct error *e)
{
	struct person sender;

	if (person_get(x->db, x->a, q->who.person, &sender, e) < 0)
		return err_code(e);
	s->d.id = (delivery_id){random_id()};
	s->d.number = number_new(x->a);
	s->d.sender = sender.id;
	s->d.sender_name = sender.name;
	s->d.level = LEVEL_CODE;
	s->d.created_us = x->now_us;
	if (prepare_items(x, s, e) < 0)
		return err_code(e);
	tell(x, s);
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
	    .verdict = check_worst(s->lines, s->ask.asset_count * s->ask.address_count),
	    .items = s->items,
	    .item_count = s->ask.asset_count,
	    .recipients = s->recipients,
	    .recipient_count = s->ask.address_count};

	if (change_begin(x->db, request_actor(q), EVENT_DELIVERY_CREATED, &c, e) < 0)
		return err_code(e);
	for (size_t i = 0; i < n.recipient_count; i++) {
		if (contact_need(c, x->a, s->recipients[i].address, &s->recipients[i].contact, e) <
		    0)
			return err_code(e);
	}
	if (delivery_create(c, &n, e) < 0)
		/* its number is taken, which another number settles; the log may say what was */
		return e->code == ERR_EXISTS ? (e->code = ERR_RETRY) : err_code(e);
	for (size_t i = 0; i < n.recipient_count; i++) {
		if (mail_queue(c, &s->mails[i], e) < 0)
			return err_code(e);
	}
	s->again.status = 201;
	s->again.body = s->told;
	if (s->again.idem.n > 0 && idempotency_keep(c, &s->again, e) < 0)
		return err_code(e);
	return change_commit(&c, e);
}

/* ---- answers ---- */

/* What was kept, or would be, and the recipients with their links. */
static void
put_sent(struct reply *r, struct api *x, const struct sending *s)
{
	struct js j;

	r->status = 201;
	reply_field(r, "Location", arena_printf(x->a, "/api/v1/deliveries/%.*s", STR(s->d.number)));
	reply_json(r, &j);
	buf_str(&r->body, s->told);
	j.comma = true;
	js_key(&j, "recipients");
	js_list(&j);
	for (size_t i = 0; i < s->ask.address_count; i++) {
		js_open(&j);
		js_kv_str(&j, "address", s->ask.addresses[i]);
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

/* ---- the same request again ---- */

static int
read_idem(struct api *x, const struct request *q, struct sending *s, struct error *e)
{
	struct str idem = request_field(q, "idempotency-key"), text;

	if (idem.p == NULL)
		return 0;
	if (idem.n == 0 || idem.n > IDEM_BYTES || !str_is_utf8(idem))
		return err_key(e, ERR_INVALID, "bad-idempotency-key",
		    "Idempotency-Key has 1 to %d characters", IDEM_BYTES);
	text =
	    arena_printf(x->a, "%.*s %.*s\n%.*s", STR(q->m->method), STR(q->path), STR(q->m->body));
	s->again =
	    (struct idempotency){.key = {q->who.kind == BY_KEY ? q->who.key.v : q->who.person.v},
	        .idem = idem,
	        .fingerprint = sha256(text.p, text.n)};
	return 0;
}

/* 1 it was answered before, and is again; 0 not. */
static int
answer_again(struct api *x, struct sending *s, struct reply *r, struct error *e)
{
	struct str number;
	int n;

	if (s->again.idem.n == 0)
		return 0;
	n = idempotency_find(x->db, x->a, &s->again, e);
	if (n <= 0)
		return n;
	s->told = s->again.body;
	number = str_from(s->told, sizeof "{\"delivery\":\"" - 1);
	s->d.number = str_head(number, str_find(number, '"'));
	s->links = ARENA_ARRAY(x->a, struct link, s->ask.address_count);
	for (size_t i = 0; i < s->ask.address_count; i++) {
		if (make_link(x, s, s->ask.addresses[i], &s->links[i], e) < 0)
			return err_code(e);
	}
	put_sent(r, x, s);
	return 1;
}

int
deliveries_post(struct api *x, const struct request *q, struct reply *r, struct error *e)
{
	struct sending s = {0};
	int n;

	if (read_sending(x, q, &s, e) < 0)
		return check_ask_refuse(r, x, &s.ask, e);
	if (read_idem(x, q, &s, e) < 0)
		return err_code(e);
	n = answer_again(x, &s, r, e);
	if (n != 0)
		return MIN(n, 0);
	if (check_lines(x, q, &s.ask, &s.lines, e) < 0)
		return err_code(e);
	if (check_refuses(s.lines, s.ask.asset_count * s.ask.address_count))
		return put_refused(r, x, &s);
	if (prepare(x, q, &s, e) < 0 || commit(x, q, &s, e) < 0)
		return err_code(e);
	put_sent(r, x, &s);
	return 0;
}
