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
#include "base/str.h"
#include "model/card.h"
#include "model/mail.h"
#include "model/recipient.h"
#include "text/json.h"

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

static int
put_recipient(struct js *j, struct api *x, const struct delivery *d, const struct recipient *who,
    const struct delivery_item *items, size_t n, struct error *e)
{
	struct file_progress *progress;

	if (recipient_progress(x->db, x->a, who->id, n, &progress, e) < 0)
		return err_code(e);
	js_open(j);
	js_kv_str(j, "address", who->address);
	js_kv_str(j, "state", str_c(recipient_shown(who, d, x->now_us)));
	js_kv_time(j, "opened", x->a, who->opened_us);
	js_kv_time(j, "verified", x->a, who->verified_us);
	js_kv_str(j, "revoke_reason", who->revoke_reason);
	js_key(j, "mail");
	if (put_mail(j, x, who, e) < 0)
		return err_code(e);
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

	if (delivery_of_path(x, q, &d, e) < 0 ||
	    delivery_items(x->db, x->a, d.id, &items, &item_count, e) < 0 ||
	    recipient_list(x->db, x->a, d.id, &recipients, &recipient_count, e) < 0 ||
	    event_list_delivery(x->db, x->a, d.id, &events, &event_count, e) < 0)
		return err_code(e);
	reply_json(r, &j);
	js_open(&j);
	put_head(&j, x, &d);
	if (put_files(&j, x, items, item_count, e) < 0)
		return err_code(e);
	js_key(&j, "recipients");
	js_list(&j);
	for (size_t i = 0; i < recipient_count; i++) {
		if (put_recipient(&j, x, &d, &recipients[i], items, item_count, e) < 0)
			return err_code(e);
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
