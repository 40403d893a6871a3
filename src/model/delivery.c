/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * delivery - see delivery.h.
 *
 * The number is unique in the database; who creates one tries again with another.
 */
#include "model/delivery.h"

#include <stdio.h>

#include "base/arena.h"
#include "base/error.h"
#include "base/str.h"
#include "base/time.h"
#include "base/vec.h"
#include "db/db.h"
#include "model/asset.h"
#include "model/change.h"
#include "text/utf8.h"

#define DELIVERY_COLUMNS                                                                           \
	"d.id, d.number, d.sender_id, p.name, d.method, d.subject, d.message, d.lang, "            \
	"d.valid_from_us, d.expires_us, d.download_limit, d.level, d.revoked_us, "                 \
	"d.revoke_reason, "                                                                        \
	"d.stamp, d.item_count, d.total_bytes, d.created_us, "                                     \
	"(SELECT CAST(count(*) AS BIGINT) FROM recipient r WHERE r.delivery_id = d.id), p.address"
#define DELIVERY_FROM " FROM delivery d JOIN person p ON p.id = d.sender_id "

static const char *const method_names[] = {
    [METHOD_PACKAGE] = "package",
    [METHOD_VIEW_ONLY] = "view_only",
    [METHOD_GUEST] = "guest",
};

const char *
send_method_name(enum send_method m)
{
	return method_names[m];
}

static enum send_method
method_of(struct str s)
{
	/* what we do not know goes by the strictest way, which offers no download */
	return str_eq_c(s, method_names[METHOD_PACKAGE]) ? METHOD_PACKAGE : METHOD_VIEW_ONLY;
}

static void
read_row(struct rows *q, struct arena *a, struct delivery *d)
{
	*d = (struct delivery){.id = {rows_int(q, 0)},
	    .number = rows_text(q, 1, a),
	    .sender = {rows_int(q, 2)},
	    .sender_name = rows_text(q, 3, a),
	    .method = method_of(rows_text(q, 4, a)),
	    .subject = rows_text(q, 5, a),
	    .message = rows_text(q, 6, a),
	    .lang = rows_text(q, 7, a),
	    .valid_from_us = rows_int(q, 8),
	    .expires_us = rows_int(q, 9),
	    .download_limit = rows_int(q, 10),
	    .level = (int)rows_int(q, 11),
	    .revoked_us = rows_int(q, 12),
	    .revoke_reason = rows_text(q, 13, a),
	    .stamp = rows_int(q, 14),
	    .item_count = rows_int(q, 15),
	    .total_bytes = rows_int(q, 16),
	    .created_us = rows_int(q, 17),
	    .recipient_count = rows_int(q, 18),
	    .sender_address = rows_text(q, 19, a)};
}

const char *
delivery_shown(const struct delivery *d, int64_t now_us)
{
	if (d->revoked_us != 0)
		return "revoked";
	if (now_us >= d->expires_us)
		return "expired";
	return now_us < d->valid_from_us ? "scheduled" : "active";
}

static int
one(struct db *db, struct arena *a, const char *sql, struct db_value v, struct delivery *ret,
    struct error *e)
{
	AUTO(rows_close) struct rows *q = NULL;
	int r;

	if (db_query(db, &q, e, sql, v) < 0)
		return err_code(e);
	r = rows_next(q, e);
	if (r == 0)
		return err_set(e, ERR_NOT_FOUND, "no such delivery");
	if (r > 0)
		read_row(q, a, ret);
	return MIN(r, 0);
}

int
delivery_by_number(
    struct db *db, struct arena *a, struct str number, struct delivery *ret, struct error *e)
{
	return one(db, a, "SELECT " DELIVERY_COLUMNS DELIVERY_FROM "WHERE d.number = ?",
	    db_s(number), ret, e);
}

int
delivery_get(struct db *db, struct arena *a, delivery_id id, struct delivery *ret, struct error *e)
{
	return one(
	    db, a, "SELECT " DELIVERY_COLUMNS DELIVERY_FROM "WHERE d.id = ?", db_i(id.v), ret, e);
}

/* The bounds that a state means: from .. to, exclusive at its end. */
struct bounds {
	int64_t revoked; /* 1 must be, 0 must not, -1 either */
	int64_t ends_from, ends_to, begins_from, begins_to;
};

static struct bounds
bounds_of(const char *state, int64_t now)
{
	struct bounds b = {-1, INT64_MIN, INT64_MAX, INT64_MIN, INT64_MAX};

	if (state == NULL)
		return b;
	b.revoked = strcmp(state, "revoked") == 0;
	if (b.revoked)
		return b;
	if (strcmp(state, "expired") == 0) {
		b.ends_to = now + 1;
		return b;
	}
	b.ends_from = now + 1;
	if (strcmp(state, "scheduled") == 0)
		b.begins_from = now + 1;
	else
		b.begins_to = now + 1;
	return b;
}

/* The addresses were compared by the database, column 20. */
static bool
matches(struct rows *q, struct arena *a, const struct delivery *d, struct str folded)
{
	struct str subject = utf8_folded(a, d->subject);

	return folded.n == 0 || rows_int(q, 20) > 0 ||
	       str_starts(str_lower(a, d->number), folded) ||
	       (subject.n > 0 && memmem(subject.p, subject.n, folded.p, folded.n) != NULL);
}

int
delivery_list(struct db *db, struct arena *a, const struct delivery_filter *f,
    struct delivery **ret, size_t *ret_n, struct error *e)
{
	static const char sql[] =
	    "SELECT " DELIVERY_COLUMNS ", (SELECT CAST(count(*) AS BIGINT) FROM recipient r "
	    "WHERE r.delivery_id = d.id AND replace(lower(r.address), CAST(? AS TEXT), '') <> "
	    "lower(r.address))" DELIVERY_FROM
	    "WHERE d.id < ? AND (CAST(? AS BIGINT) = 0 OR d.sender_id = ?) "
	    "AND (CAST(? AS BIGINT) < 0 OR (d.revoked_us IS NULL) = (CAST(? AS BIGINT) = 0)) "
	    "AND d.expires_us >= ? AND d.expires_us < ? AND d.valid_from_us >= ? "
	    "AND d.valid_from_us < ? ORDER BY d.id DESC LIMIT CAST(? AS BIGINT)";
	AUTO(rows_close) struct rows *q = NULL;
	struct delivery *list = ARENA_ARRAY(a, struct delivery, (size_t)f->max);
	struct bounds b = bounds_of(f->state, f->now_us);
	struct str folded = utf8_folded(a, f->q);
	size_t n = 0;
	int r = 0;

	if (db_query(db, &q, e, sql, db_s(folded), db_i(f->before.v != 0 ? f->before.v : INT64_MAX),
	        db_i(f->sender.v), db_i(f->sender.v), db_i(b.revoked), db_i(b.revoked),
	        db_i(b.ends_from), db_i(b.ends_to), db_i(b.begins_from), db_i(b.begins_to),
	        db_i(folded.n > 0 ? INT64_MAX : f->max)) < 0)
		return err_code(e);
	while (n < (size_t)f->max && (r = rows_next(q, e)) > 0) {
		read_row(q, a, &list[n]);
		n += matches(q, a, &list[n], folded);
	}
	*ret = list;
	*ret_n = n;
	return MIN(r, 0);
}

/* A word in the database that we do not know blocks: fail closed. */
static void
read_facts(struct rows *q, struct arena *a, struct delivery_item *i)
{
	struct verdict_facts *f = &i->facts;
	bool damaged = str_eq_c(rows_text(q, 5, a), "damaged");

	if (!malware_parse(rows_text(q, 9, a), &i->malware))
		i->malware = MALWARE_ERROR;
	*f = (struct verdict_facts){.ingested = i->ready,
	    .malware = damaged ? MALWARE_ERROR : i->malware,
	    .embargo_us = rows_int(q, 12),
	    .expires_us = rows_int(q, 13),
	    .release_until_us = rows_int(q, 15),
	    .credit = rows_text(q, 16, a),
	    .view_only = rows_bool(q, 17),
	    .trashed = !rows_is_null(q, 18)};
	if (!class_parse(rows_text(q, 11, a), &f->class))
		f->class = CLASS_CONFIDENTIAL;
	if (!release_parse(rows_text(q, 14, a), &f->release))
		f->release = RELEASE_BLOCKED;
}

static void
read_item(struct rows *q, struct arena *a, struct delivery_item *i)
{
	i->position = rows_int(q, 0);
	i->asset = (asset_id){rows_int(q, 1)};
	i->version = (version_id){rows_int(q, 2)};
	i->name = rows_text(q, 3, a);
	i->bytes = rows_int(q, 4);
	i->ready = str_eq_c(rows_text(q, 5, a), "ready") &&
	           rows_fixed(q, 6, i->sha256.b, sizeof i->sha256.b);
	i->crc32 = (uint32_t)rows_int(q, 7);
	i->media_type = rows_text(q, 8, a);
	i->created_us = rows_int(q, 10);
	read_facts(q, a, i);
}

/* With everything the verdict asks of a file: one query, however many there are. */
int
delivery_items_at(struct db *db, struct arena *a, delivery_id id, struct positions at,
    struct delivery_item **ret, size_t *ret_n, struct error *e)
{
	static const char sql[] =
	    "SELECT i.position, i.asset_id, i.version_id, i.name, v.bytes, v.state, v.sha256, "
	    "v.crc32, v.media_type, v.malware, v.created_us, x.class, x.embargo_us, x.expires_us, "
	    "r.state, r.until_us, r.credit, r.view_only, x.trashed_us FROM delivery_item i "
	    "JOIN version v ON v.id = i.version_id JOIN asset x ON x.id = i.asset_id "
	    "JOIN release r ON r.asset_id = i.asset_id "
	    "WHERE i.delivery_id = ? AND i.position BETWEEN ? AND ? ORDER BY i.position";
	AUTO(rows_close) struct rows *q = NULL;
	VEC(struct delivery_item) list = {0};
	int r;

	if (db_query(db, &q, e, sql, db_i(id.v), db_i(at.first), db_i(at.last)) < 0)
		return err_code(e);
	while ((r = rows_next(q, e)) > 0)
		read_item(q, a, VEC_ADD(&list));
	VEC_TO_ARENA(&list, a, ret, ret_n);
	return r;
}

int
delivery_items(struct db *db, struct arena *a, delivery_id id, struct delivery_item **ret,
    size_t *ret_n, struct error *e)
{
	return delivery_items_at(db, a, id, POSITIONS_ALL, ret, ret_n, e);
}

int
delivery_parts(struct db *db, struct arena *a, delivery_id id, int64_t position,
    struct delivery_part **ret, size_t *ret_n, struct error *e)
{
	static const char sql[] = "SELECT i.position, p.blob_id, p.bytes FROM delivery_item i "
	                          "JOIN version_part p ON p.version_id = i.version_id "
	                          "WHERE i.delivery_id = ? AND i.position BETWEEN ? AND ? "
	                          "ORDER BY i.position, p.position";
	AUTO(rows_close) struct rows *q = NULL;
	VEC(struct delivery_part) list = {0};
	int r;

	if (db_query(db, &q, e, sql, db_i(id.v), db_i(position),
	        db_i(position > 0 ? position : INT64_MAX)) < 0)
		return err_code(e);
	while ((r = rows_next(q, e)) > 0)
		*VEC_ADD(&list) =
		    (struct delivery_part){rows_int(q, 0), rows_id128(q, 1), rows_int(q, 2)};
	VEC_TO_ARENA(&list, a, ret, ret_n);
	return r;
}

/* ---- writing ---- */

static int
insert_delivery(struct change *c, const struct delivery_new *n, struct error *e)
{
	static const char sql[] =
	    "INSERT INTO delivery (id, number, sender_id, method, subject, message, lang, "
	    "valid_from_us, "
	    "expires_us, download_limit, level, stamp, item_count, total_bytes, created_us) "
	    "VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, 1, ?, ?, ?)";
	int64_t total = 0;

	for (size_t i = 0; i < n->item_count; i++)
		total += n->items[i].bytes;
	return db_exec(change_db(c), NULL, e, sql, db_i(n->id.v), db_s(n->number),
	    db_i(n->sender.v), db_s(str_c(method_names[n->method])), db_s(n->subject),
	    db_s(n->message), db_s(n->lang), db_i(n->valid_from_us), db_i(n->expires_us),
	    db_i(n->download_limit), db_i(n->level), db_i((int64_t)n->item_count), db_i(total),
	    db_i(change_now(c)));
}

static int
insert_items(struct change *c, const struct delivery_new *n, struct error *e)
{
	for (size_t i = 0; i < n->item_count; i++) {
		if (db_exec(change_db(c), NULL, e,
		        "INSERT INTO delivery_item (delivery_id, position, asset_id, version_id, "
		        "name) "
		        "VALUES (?, ?, ?, ?, ?)",
		        db_i(n->id.v), db_i((int64_t)i + 1), db_i(n->items[i].asset.v),
		        db_i(n->items[i].version.v), db_s(n->items[i].name)) < 0)
			return err_code(e);
	}
	return 0;
}

static int
insert_recipients(struct change *c, const struct delivery_new *n, struct error *e)
{
	for (size_t i = 0; i < n->recipient_count; i++) {
		const struct recipient_new *r = &n->recipients[i];

		if (db_exec(change_db(c), NULL, e,
		        "INSERT INTO recipient (id, delivery_id, contact_id, address, token_hash, "
		        "state, "
		        "failures, created_us) VALUES (?, ?, ?, ?, ?, 'pending', 0, ?)",
		        db_i(r->id.v), db_i(n->id.v), db_i(r->contact.v), db_s(r->address),
		        db_bytes(r->token_hash.b, sizeof r->token_hash.b), db_i(change_now(c))) < 0)
			return err_code(e);
	}
	return 0;
}

int
delivery_create(struct change *c, const struct delivery_new *n, struct error *e)
{
	struct event ev = EVENT_INIT(EVENT_DELIVERY_CREATED);

	if (insert_delivery(c, n, e) < 0 || insert_items(c, n, e) < 0 ||
	    insert_recipients(c, n, e) < 0)
		return err_code(e);
	ev.delivery = n->id;
	ev.verdict = str_c(verdict_state_name(n->verdict));
	return event_add(c, &ev, e);
}

int
delivery_revoke(struct change *c, delivery_id id, struct str reason, struct error *e)
{
	struct event ev = EVENT_INIT(EVENT_DELIVERY_REVOKED);
	int64_t changed;

	if (db_exec(change_db(c), &changed, e,
	        "UPDATE delivery SET revoked_us = ?, revoke_reason = ?, stamp = stamp + 1 "
	        "WHERE id = ? AND revoked_us IS NULL",
	        db_i(change_now(c)), db_s0(reason), db_i(id.v)) < 0)
		return err_code(e);
	if (changed == 0)
		return 0;
	ev.delivery = id;
	return event_add(c, &ev, e) < 0 ? err_code(e) : 1;
}

static int
why_not_extended(struct db *db, delivery_id id, struct error *e)
{
	AUTO(rows_close) struct rows *q = NULL;
	int r;

	if (db_query(db, &q, e, "SELECT revoked_us FROM delivery WHERE id = ?", db_i(id.v)) < 0 ||
	    (r = rows_next(q, e)) < 0)
		return err_code(e);
	if (r > 0 && rows_is_null(q, 0))
		return err_key(
		    e, ERR_INVALID, "expires-too-early", "the delivery lasts that long already");
	return err_key(e, ERR_CONFLICT, "revoked", "a revoked delivery stays so");
}

int
delivery_extend(struct change *c, delivery_id id, int64_t expires_us, struct error *e)
{
	struct event ev = EVENT_INIT(EVENT_DELIVERY_EXTENDED);
	char until[40];
	int64_t changed;

	if (db_exec(change_db(c), &changed, e,
	        "UPDATE delivery SET expires_us = ?, stamp = stamp + 1 "
	        "WHERE id = ? AND revoked_us IS NULL AND expires_us < ?",
	        db_i(expires_us), db_i(id.v), db_i(expires_us)) < 0)
		return err_code(e);
	if (changed == 0)
		return why_not_extended(change_db(c), id, e);
	ev.delivery = id;
	snprintf(until, sizeof until, "until:%lld", (long long)(expires_us / US_PER_S));
	ev.outcome = str_c(until);
	return event_add(c, &ev, e);
}

int
delivery_stamps_raise_all(struct change *c, struct error *e)
{
	return db_exec(change_db(c), NULL, e,
	    "UPDATE delivery SET stamp = stamp + 1 WHERE revoked_us IS NULL AND expires_us > ?",
	    db_i(change_now(c)));
}

int
delivery_stamps_raise_of(struct change *c, person_id sender, struct error *e)
{
	return db_exec(change_db(c), NULL, e,
	    "UPDATE delivery SET stamp = stamp + 1 WHERE revoked_us IS NULL AND expires_us > ? AND "
	    "sender_id = ?",
	    db_i(change_now(c)), db_i(sender.v));
}

int
delivery_stamps_raise(struct change *c, asset_id id, struct error *e)
{
	return db_exec(change_db(c), NULL, e,
	    "UPDATE delivery SET stamp = stamp + 1 WHERE revoked_us IS NULL AND expires_us > ? AND "
	    "id IN "
	    "(SELECT delivery_id FROM delivery_item WHERE asset_id = ?)",
	    db_i(change_now(c)), db_i(id.v));
}
