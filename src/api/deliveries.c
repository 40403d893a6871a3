/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * deliveries - one of them, with how far each recipient came
 *
 * Lists are delivery_rows.c, sending is send.c, what is done to one later delivery_change.c.
 */
#include "api/card.h"
#include "api/delivery_rows.h"
#include "api/routes.h"
#include "base/arena.h"
#include "base/error.h"
#include "base/limits.h"
#include "base/str.h"
#include "db/steps.h"
#include "model/card.h"
#include "model/event.h"
#include "model/mail.h"
#include "model/recipient.h"
#include "text/address.h"
#include "text/json.h"

/* A hundred and more cards at once would be too much of one statement. */
static int
load_cards(
    struct api *x, const struct delivery_item *items, size_t n, struct card *ret, struct error *e)
{
	asset_id ids[CARDS_MOST];
	struct card *cards;
	size_t found;

	for (size_t done = 0; done < n; done += found) {
		size_t part = MIN(n - done, (size_t)CARDS_MOST);

		for (size_t i = 0; i < part; i++)
			ids[i] = items[done + i].asset;
		if (card_list(x->db, x->a, ids, part, &cards, &found, e) < 0)
			return err_code(e);
		if (found != part)
			return err_set(e, ERR_INTERNAL, "a file of a delivery has no card");
		memcpy(&ret[done], cards, part * sizeof *cards);
	}
	return 0;
}

static int
put_files(struct js *j, struct api *x, const struct delivery_item *items, size_t n, struct error *e)
{
	struct card *cards = ARENA_ARRAY(x->a, struct card, n);

	if (load_cards(x, items, n, cards, e) < 0)
		return err_code(e);
	js_key(j, "files");
	js_list(j);
	for (size_t i = 0; i < n; i++) {
		js_open(j);
		js_kv_id(j, "asset", items[i].asset.v);
		js_kv_id(j, "version", items[i].version.v);
		js_kv_str(j, "name", items[i].name);
		js_kv_int(j, "bytes", items[i].bytes);
		js_key(j, "card");
		card_put(j, x, &cards[i]);
		js_close(j);
	}
	js_list_end(j);
	return 0;
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
	js_kv_str(j, "revoke_reason", d->revoke_reason);
}

/* ---- recipients ---- */

/* What is told of some recipients at once. */
struct ways {
	const struct delivery *d;
	const struct delivery_item *items;
	size_t n;          /* files */
	bool with_files;   /* each of them, not their sum alone */
	struct mail *mail; /* the last that took the link to each */
	struct file_progress *progress;
};

static void
put_mail(struct js *j, const struct mail *m)
{
	js_key(j, "mail");
	if (m->id.v == 0) {
		js_null(j);
		return;
	}
	js_open(j);
	js_kv_str(j, "state", m->state);
	js_kv_str0(j, "reply", m->reply);
	js_close(j);
}

static int64_t
sent_of(const struct file_progress *f, const struct delivery_item *item)
{
	return MIN(f->sent_bytes, item->bytes);
}

static void
put_progress(struct js *j, const struct ways *w, const struct file_progress *progress)
{
	int64_t complete = 0, running = 0, begun = 0, sent = 0;

	for (size_t i = 0; i < w->n; i++) {
		bool is_complete = progress[i].complete_us != 0;

		complete += is_complete;
		running += strcmp(progress[i].state, "running") == 0;
		begun += !is_complete && progress[i].sent_bytes > 0;
		sent += sent_of(&progress[i], &w->items[i]);
	}
	js_key(j, "progress");
	js_open(j);
	js_kv_int(j, "files", (int64_t)w->n);
	js_kv_int(j, "complete", complete);
	js_kv_int(j, "running", running);
	js_kv_int(j, "begun", begun);
	js_kv_int(j, "sent_bytes", sent);
	js_close(j);
}

static void
put_file_states(struct js *j, const struct ways *w, const struct file_progress *progress)
{
	js_key(j, "files");
	if (!w->with_files) {
		js_null(j);
		return;
	}
	js_list(j);
	for (size_t i = 0; i < w->n; i++) {
		js_open(j);
		js_kv_id(j, "version", w->items[i].version.v);
		js_kv_str(j, "name", w->items[i].name);
		js_kv_str(j, "state", str_c(progress[i].state));
		js_kv_int(j, "sent_bytes", sent_of(&progress[i], &w->items[i]));
		js_kv_bool(j, "complete", progress[i].complete_us != 0);
		js_close(j);
	}
	js_list_end(j);
}

static void
put_recipient(
    struct js *j, struct api *x, const struct ways *w, const struct recipient *who, size_t i)
{
	const struct file_progress *progress = &w->progress[i * w->n];

	js_open(j);
	js_kv_str(j, "address", who->address);
	js_kv_str(j, "state", str_c(recipient_shown(who, w->d, x->now_us)));
	js_kv_time(j, "opened", x->a, who->opened_us);
	js_kv_time(j, "verified", x->a, who->verified_us);
	js_kv_str(j, "revoke_reason", who->revoke_reason);
	put_mail(j, &w->mail[i]);
	put_progress(j, w, progress);
	put_file_states(j, w, progress);
	js_close(j);
}

/* In steps: a thousand people of ten thousand files are ten million lines, of which a sum stays. */
static int
put_recipients(struct js *j, struct api *x, struct ways *w, const struct recipient *list, size_t n,
    struct error *e)
{
	recipient_id ids[DB_STEP];
	struct mail mail[DB_STEP];

	w->mail = mail;
	w->progress = ARENA_ARRAY(x->a, struct file_progress, w->n * MIN(n, (size_t)DB_STEP));
	js_key(j, "recipients");
	js_list(j);
	for (size_t done = 0; done < n; done += DB_STEP) {
		size_t part = MIN(n - done, (size_t)DB_STEP);

		for (size_t i = 0; i < part; i++)
			ids[i] = list[done + i].id;
		if (recipient_progress_step(x->db, ids, part, w->n, w->progress, e) < 0 ||
		    mail_link_list(x->db, x->a, ids, part, mail, e) < 0)
			return err_code(e);
		for (size_t i = 0; i < part; i++)
			put_recipient(j, x, w, &list[done + i], i);
	}
	js_list_end(j);
	return 0;
}

/* ---- what happened ---- */

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

/* recipient=ADDRESS: him alone; events_until=N: those before. */
struct ask {
	struct recipient *list;
	size_t n;
	bool is_one;
	struct event_page events;
};

static int
read_recipients(
    struct api *x, const struct request *q, delivery_id d, struct ask *ret, struct error *e)
{
	struct str address;
	int r = request_query(x, q, "recipient", &address, e);

	if (r < 0)
		return r;
	if (r == 0)
		return recipient_list(x->db, x->a, d, &ret->list, &ret->n, e);
	ret->is_one = true;
	ret->n = 1;
	ret->list = ARENA_NEW(x->a, struct recipient);
	if (address_clean(x->a, address, &address, e) < 0 ||
	    (r = recipient_by_address(x->db, x->a, d, address, ret->list, e)) < 0)
		return err_code(e);
	if (r == 0)
		return err_set(e, ERR_NOT_FOUND, "the delivery has no such recipient");
	ret->events.recipient = ret->list->id;
	return 0;
}

static int
read_ask(struct api *x, const struct request *q, delivery_id d, struct ask *ret, struct error *e)
{
	struct str until = {0};

	*ret = (struct ask){.events.max = LIMIT_EVENTS_AT_ONCE};
	if (request_query(x, q, "events_until", &until, e) < 0)
		return err_code(e);
	if (until.n > 0 && (!str_i64(until, &ret->events.until) || ret->events.until < 1))
		return err_key(e, ERR_INVALID, "bad-page", "events_until is a number from 1 on");
	return read_recipients(x, q, d, ret, e);
}

static void
put_events(struct js *j, struct api *x, const struct ask *ask, const struct event_rows *events)
{
	js_kv_int(j, "events_before", events->before);
	js_key(j, "events");
	js_list(j);
	for (size_t i = 0; i < events->n; i++)
		put_event(j, x, &events->v[i], ask->list, ask->n);
	js_list_end(j);
}

int
deliveries_get(struct api *x, const struct request *q, struct reply *r, struct error *e)
{
	struct delivery_item *items;
	struct event_rows events;
	struct delivery d;
	struct ask ask;
	size_t n;
	struct js j;

	if (delivery_of_path(x, q, &d, e) < 0 || read_ask(x, q, d.id, &ask, e) < 0 ||
	    delivery_items(x->db, x->a, d.id, &items, &n, e) < 0 ||
	    event_list_delivery(x->db, x->a, d.id, &ask.events, &events, e) < 0)
		return err_code(e);
	reply_json(r, &j);
	js_open(&j);
	put_head(&j, x, &d);
	if (put_files(&j, x, items, n, e) < 0 ||
	    put_recipients(&j, x,
	        &(struct ways){.d = &d,
	            .items = items,
	            .n = n,
	            .with_files = ask.is_one || n * ask.n <= LIMIT_DELIVERY_LINES},
	        ask.list, ask.n, e) < 0)
		return err_code(e);
	put_events(&j, x, &ask, &events);
	js_close(&j);
	return 0;
}
