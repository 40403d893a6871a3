/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * event - writing the usage history and reading it back
 *
 * Always true: event, event_person and event_todo of one event are written in
 * the transaction of its effect.  What a person could be known by goes only
 * into event_person, sealed; the entry holds the hash of the sealed bytes, so
 * that erasing them leaves the proof whole.
 */
#include "model/event.h"

#include "base/arena.h"
#include "base/error.h"
#include "base/random.h"
#include "base/str.h"
#include "base/vec.h"
#include "crypto/wrap.h"
#include "db/db.h"
#include "model/change_private.h"
#include "model/event_private.h"

static const char *const actor_kinds[] = {
    [ACTOR_SYSTEM] = "system",
    [ACTOR_PERSON] = "person",
    [ACTOR_KEY] = "key",
    [ACTOR_RECIPIENT] = "recipient",
};

/* ---- writing ---- */

/* AAD = event id || field, so that a sealed value cannot be moved to another event. */
static int
seal_fields(struct arena *a, const struct event *ev, struct id128 id, struct str *ret_sealed,
    struct sha256 *ret_hashes, struct error *e)
{
	size_t i;
	int r = 0;

	for (i = 0; i < ev->field_count && r == 0; i++) {
		const struct event_field *f = &ev->fields[i];
		struct str aad = {
		    arena_alloc(a, sizeof id.b + f->field.n), sizeof id.b + f->field.n};

		memcpy((char *)aad.p, id.b, sizeof id.b);
		memcpy((char *)aad.p + sizeof id.b, f->field.p, f->field.n);
		r = text_seal(a, f->key, aad, f->value, &ret_sealed[i], e);
		if (r == 0)
			ret_hashes[i] = sha256(ret_sealed[i].p, ret_sealed[i].n);
	}
	return r;
}

static int
insert_event(struct change *c, const struct event *ev, const struct id128 *id, int64_t at_us,
    struct str entry, struct error *e)
{
	struct actor actor = change_actor(c);

	return db_exec(change_db(c), NULL, e,
	    "INSERT INTO event (id, at_us, kind, v, actor_kind, actor_id, asset_id, version_id, "
	    "delivery_id, recipient_id, transfer_id, entry) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, "
	    "?, ?)",
	    db_id128(id), db_i(at_us), db_s(str_c(event_kind_name(ev->kind))),
	    db_i(event_kind_version(ev->kind)), db_s(str_c(actor_kinds[actor.kind])),
	    db_i0(actor.id), db_i0(ev->asset.v), db_i0(ev->version.v), db_i0(ev->delivery.v),
	    db_i0(ev->recipient.v), ev->transfer != NULL ? db_id128(ev->transfer) : db_null(),
	    db_s(entry));
}

static int
insert_fields(struct change *c, const struct event *ev, const struct id128 *id,
    const struct str *sealed, struct error *e)
{
	size_t i;
	int r = 0;

	for (i = 0; i < ev->field_count && r == 0; i++)
		r = db_exec(change_db(c), NULL, e,
		    "INSERT INTO event_person (event_id, person_id, field, sealed) VALUES (?, ?, "
		    "?, ?)",
		    db_id128(id), db_i(ev->fields[i].person), db_s(ev->fields[i].field),
		    db_bytes(sealed[i].p, sealed[i].n));
	return r;
}

static int
add(struct arena *a, struct change *c, const struct event *ev, struct error *e)
{
	struct str entry, *sealed = ARENA_ARRAY(a, struct str, ev->field_count);
	struct sha256 *hashes = ARENA_ARRAY(a, struct sha256, ev->field_count);
	struct id128 id = random_id128();
	struct actor actor = change_actor(c);
	struct event_head head = {
	    change_event_time(c), actor_kinds[actor.kind], actor.id, random_id128(), hashes};
	int r = seal_fields(a, ev, id, sealed, hashes, e);

	if (r == 0)
		r = event_entry(a, ev, &head, &entry, e);
	if (r == 0)
		r = insert_event(c, ev, &id, head.at_us, entry, e);
	if (r == 0)
		r = insert_fields(c, ev, &id, sealed, e);
	if (r == 0)
		r = db_exec(change_db(c), NULL, e, "INSERT INTO event_todo (event_id) VALUES (?)",
		    db_id128(&id));
	if (r == 0)
		change_note_event(c, ev->kind, id);
	return r;
}

int
event_add(struct change *c, const struct event *ev, struct error *e)
{
	AUTO(arena_free) struct arena *a = arena_new();

	return add(a, c, ev, e);
}

/* ---- reading ---- */

/* What follows "name": in the entry, p NULL: absent.  No value holds a quote, so it is the name. */
static struct str
value_of(struct str entry, struct str name)
{
	const char *p = memmem(entry.p, entry.n, name.p, name.n);

	return p == NULL ? (struct str){0} : str_from(entry, (size_t)(p - entry.p) + name.n);
}

static int64_t
bytes_of(struct str entry)
{
	struct str v = value_of(entry, S("\"bytes\":"));
	struct str digits = str_head(v, MIN(str_find(v, ','), str_find(v, '}')));
	int64_t n = -1;

	return str_i64(digits, &n) ? n : -1;
}

static struct str
outcome_of(struct str entry)
{
	struct str v = value_of(entry, S("\"outcome\":\""));

	return str_head(v, str_find(v, '"'));
}

static void
row(struct rows *q, struct arena *a, struct event_row *ret)
{
	ret->id = rows_id128(q, 0);
	ret->at_us = rows_int(q, 1);
	ret->kind = rows_text(q, 2, a);
	ret->entry = rows_text(q, 3, a);
	ret->asset.v = rows_int(q, 4);
	ret->version.v = rows_int(q, 5);
	ret->delivery.v = rows_int(q, 6);
	ret->recipient.v = rows_int(q, 7);
	ret->bytes = bytes_of(ret->entry);
	ret->outcome = outcome_of(ret->entry);
}

#define EVENT_COLUMNS                                                                              \
	"event.id, at_us, kind, entry, asset_id, version_id, delivery_id, recipient_id"

/* Order is seq; what has none yet comes last, by time. */
#define LIST(where)                                                                                \
	"SELECT " EVENT_COLUMNS                                                                    \
	" FROM event LEFT JOIN log_leaf ON log_leaf.event_id = event.id WHERE " where              \
	" ORDER BY CASE WHEN seq IS NULL THEN 1 ELSE 0 END, seq, at_us, event.id"

/* The id is the value of every parameter. */
struct list_of {
	const char *sql;
	size_t times;
	int64_t id;
};

static int
list(struct db *db, struct arena *a, const struct list_of *of, struct event_row **ret,
    size_t *ret_n, struct error *e)
{
	const struct db_value v[] = {db_i(of->id), db_i(of->id), db_i(of->id)};
	AUTO(rows_close) struct rows *q = NULL;
	VEC(struct event_row) all = {0};
	int r = db_query_values(db, &q, e, of->sql, v, of->times);

	if (r < 0)
		return r;
	while ((r = rows_next(q, e)) > 0)
		row(q, a, VEC_ADD(&all));
	VEC_TO_ARENA(&all, a, ret, ret_n);
	return r;
}

int
event_list_asset(struct db *db, struct arena *a, asset_id id, struct event_row **ret, size_t *ret_n,
    struct error *e)
{
	/* A UNION and not an OR: PostgreSQL reads all events for an OR with a query in it. */
	static const char sql[] = LIST(
	    "event.id IN (SELECT id FROM event WHERE asset_id = ? UNION SELECT e.id FROM "
	    "delivery_item i JOIN event e ON e.delivery_id = i.delivery_id WHERE i.asset_id = ? "
	    "AND (e.kind IN ('delivery.created', 'delivery.revoked') OR e.version_id IN (SELECT "
	    "id FROM version WHERE asset_id = ?)))");

	return list(db, a, &(struct list_of){sql, 3, id.v}, ret, ret_n, e);
}

/*
 * By their time, which has an index: a delivery of ten thousand files has a million of them,
 * and only a page is read.  A number counts from the oldest, so it stays what it is, but
 * among the very last: a change that began earlier may commit later.
 */
#define DELIVERY_EVENTS(where)                                                                     \
	"SELECT " EVENT_COLUMNS " FROM event WHERE " where                                         \
	" ORDER BY at_us DESC, id DESC LIMIT CAST(? AS BIGINT) OFFSET CAST(? AS BIGINT)"

static int
count_of_delivery(
    struct db *db, delivery_id id, recipient_id recipient, int64_t *ret, struct error *e)
{
	AUTO(rows_close) struct rows *q = NULL;
	int r = recipient.v == 0
	            ? db_query(db, &q, e,
	                  "SELECT CAST(count(*) AS BIGINT) FROM event WHERE delivery_id = ?",
	                  db_i(id.v))
	            : db_query(db, &q, e,
	                  "SELECT CAST(count(*) AS BIGINT) FROM event WHERE delivery_id = ? AND "
	                  "recipient_id = ?",
	                  db_i(id.v), db_i(recipient.v));

	if (r < 0 || (r = rows_next(q, e)) < 0)
		return r;
	*ret = rows_int(q, 0);
	return 0;
}

/* They come newest first and are told oldest first. */
static int
read_turned(struct rows *q, struct arena *a, int64_t most, struct event_rows *ret, struct error *e)
{
	struct event_row *list = ARENA_ARRAY(a, struct event_row, (size_t)most);
	size_t at = (size_t)most;
	int r = 0;

	while (at > 0 && (r = rows_next(q, e)) > 0)
		row(q, a, &list[--at]);
	ret->v = list + at;
	ret->n = (size_t)most - at;
	return MIN(r, 0);
}

int
event_list_delivery(struct db *db, struct arena *a, delivery_id id, const struct event_page *page,
    struct event_rows *ret, struct error *e)
{
	AUTO(rows_close) struct rows *q = NULL;
	int64_t all, end, most;
	int r;

	if (count_of_delivery(db, id, page->recipient, &all, e) < 0)
		return err_code(e);
	end = page->until > 0 ? MIN(all, page->until) : all;
	most = MIN(end, page->max);
	ret->before = end - most;
	r = page->recipient.v == 0
	        ? db_query(db, &q, e, DELIVERY_EVENTS("delivery_id = ?"), db_i(id.v), db_i(most),
	              db_i(all - end))
	        : db_query(db, &q, e, DELIVERY_EVENTS("delivery_id = ? AND recipient_id = ?"),
	              db_i(id.v), db_i(page->recipient.v), db_i(most), db_i(all - end));
	return r < 0 ? r : read_turned(q, a, most, ret, e);
}

int
event_exists(struct db *db, struct id128 id, struct error *e)
{
	AUTO(rows_close) struct rows *q = NULL;
	int r = db_query(db, &q, e, "SELECT at_us FROM event WHERE id = ?", db_id128(&id));

	return r < 0 ? r : rows_next(q, e);
}
