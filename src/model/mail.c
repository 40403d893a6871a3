/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * mail - see mail.h: rows from queueing to the relay's last word
 *
 * A claim leases a row for a while and raises its fence; settling with an old
 * fence does nothing, and neither does settling twice, so a worker that was slow
 * cannot undo what another did.  The lease of a dead worker ends by itself.  What a
 * mail says is sealed under a key of its row; a mail that has ended loses both.
 */
#include "model/mail.h"

#include "base/arena.h"
#include "base/error.h"
#include "base/limits.h"
#include "base/random.h"
#include "base/str.h"
#include "base/time.h"
#include "conf/conf.h"
#include "db/db.h"
#include "db/steps.h"
#include "model/change.h"
#include "model/claim.h"
#include "model/keyring.h"
#include "model/recipient.h"

#define DELIVERY_GIVE_UP_US (5 * US_PER_DAY)
#define BACKOFF_FIRST_US (10 * US_PER_S)
#define BACKOFF_MOST_US (30 * 60 * US_PER_S)
#define REPLY_MOST 1000
#define NEVER_US INT64_MAX

static struct str
aad_of(struct arena *a, mail_id id)
{
	return arena_printf(a, "%lld", (long long)id.v);
}

/* ---- queueing ---- */

static struct str
new_message_id(struct arena *a, const struct conf *conf)
{
	struct str domain = str_from(conf->smtp_from, str_find(conf->smtp_from, '@'));
	struct id128 random = random_id128();

	if (domain.n < 2)
		domain = S("@geleit.localhost");
	return arena_printf(a, "%.*s%.*s", STR(id128_hex(a, random)), STR(domain));
}

int
mail_prepare(struct arena *a, struct keyring *k, const struct conf *conf, const char *template,
    struct str values_json, struct mail_draft *d, struct error *e)
{
	struct str request =
	    arena_printf(a, "{\"template\":\"%s\",\"values\":%.*s}", template, STR(values_json));
	AUTO(data_key_wipe) struct data_key key = {0};
	int r;

	d->id = (mail_id){random_id()};
	d->message_id = new_message_id(a, conf);
	if (d->give_up_us == 0)
		d->give_up_us =
		    time_now_us() +
		    (strcmp(d->kind, "code") == 0 ? LIMIT_CODE_LIFE_US : DELIVERY_GIVE_UP_US);
	if (keyring_mail_new(k, d->id, &d->epoch, &d->wrap, &key, e) < 0)
		return err_code(e);
	r = text_seal(a, &key, aad_of(a, d->id), request, &d->sealed, e);
	return r;
}

static int
add_event(struct change *c, enum event_kind kind, delivery_id delivery, recipient_id recipient,
    struct error *e)
{
	struct event ev = EVENT_INIT(kind);

	ev.delivery = delivery;
	ev.recipient = recipient;
	return event_add(c, &ev, e);
}

int
mail_queue(struct change *c, const struct mail_draft *d, struct error *e)
{
	static const char sql[] = "INSERT INTO mail (id, kind, delivery_id, recipient_id, address, "
	                          "subject, message_id, epoch, "
	                          "wrap, sealed, form, state, reply, tries, due_us, "
	                          "lease_until_us, fence, give_up_us, created_us, "
	                          "settled_us) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, 'request', "
	                          "'queued', NULL, 0, ?, NULL, 0, ?, "
	                          "?, NULL)";
	int64_t now = change_now(c);

	if (db_exec(change_db(c), NULL, e, sql, db_i(d->id.v), db_s(str_c(d->kind)),
	        db_i0(d->delivery.v), db_i0(d->recipient.v), db_s(d->address), db_s(d->subject),
	        db_s(d->message_id), db_i(d->epoch), db_bytes(d->wrap.b, sizeof d->wrap.b),
	        db_bytes(d->sealed.p, d->sealed.n), db_i(now), db_i(d->give_up_us), db_i(now)) < 0)
		return err_code(e);
	return add_event(c, EVENT_MAIL_QUEUED, d->delivery, d->recipient, e);
}

/* ---- reading ---- */

#define MAIL_COLUMNS                                                                               \
	"id, kind, address, subject, state, reply, message_id, delivery_id, recipient_id, "        \
	"created_us, settled_us, fence, tries, form"

static void
read_row(struct rows *q, struct arena *a, struct mail *m)
{
	*m = (struct mail){.id = {rows_int(q, 0)},
	    .kind = rows_text(q, 1, a),
	    .address = rows_text(q, 2, a),
	    .subject = rows_text(q, 3, a),
	    .state = rows_text(q, 4, a),
	    .reply = rows_text(q, 5, a),
	    .message_id = rows_text(q, 6, a),
	    .delivery = {rows_int(q, 7)},
	    .recipient = {rows_int(q, 8)},
	    .created_us = rows_int(q, 9),
	    .settled_us = rows_int(q, 10),
	    .fence = rows_int(q, 11),
	    .tries = rows_int(q, 12),
	    .form = rows_text(q, 13, a)};
}

int
mail_list(struct db *db, struct arena *a, struct str address, struct page_at at, struct mail **ret,
    size_t *ret_n, struct error *e)
{
	static const char all[] =
	    "SELECT " MAIL_COLUMNS " FROM mail WHERE id > ? ORDER BY id LIMIT CAST(? AS BIGINT)";
	static const char some[] =
	    "SELECT " MAIL_COLUMNS
	    " FROM mail WHERE id > ? AND address = ? ORDER BY id LIMIT CAST(? AS BIGINT)";
	AUTO(rows_close) struct rows *q = NULL;
	struct mail *list = ARENA_ARRAY(a, struct mail, (size_t)at.max);
	size_t n = 0;
	int r;

	r = address.n == 0 ? db_query(db, &q, e, all, db_i(at.id), db_i(at.max))
	                   : db_query(db, &q, e, some, db_i(at.id), db_s(address), db_i(at.max));
	if (r < 0)
		return r;
	while ((r = rows_next(q, e)) > 0 && n < (size_t)at.max)
		read_row(q, a, &list[n++]);
	*ret = list;
	*ret_n = n;
	return r < 0 ? r : 0;
}

int
mail_get(struct db *db, struct arena *a, mail_id id, struct mail *ret, struct error *e)
{
	AUTO(rows_close) struct rows *q = NULL;
	int r;

	if (db_query(db, &q, e, "SELECT " MAIL_COLUMNS " FROM mail WHERE id = ?", db_i(id.v)) < 0)
		return err_code(e);
	r = rows_next(q, e);
	if (r == 0)
		return err_set(e, ERR_NOT_FOUND, "no mail %lld", (long long)id.v);
	if (r > 0)
		read_row(q, a, ret);
	return r < 0 ? r : 0;
}

/* Few links go to one recipient, so all of them are read and the youngest stays. */
int
mail_link_list(struct db *db, struct arena *a, const recipient_id *ids, size_t n, struct mail *ret,
    struct error *e)
{
	AUTO(steps_end)
	struct steps s = {.db = db,
	    .sql = "SELECT " MAIL_COLUMNS
	           " FROM mail WHERE kind = 'delivery' AND recipient_id IN " DB_STEP_IDS
	           " ORDER BY id",
	    .ids = &ids->v,
	    .n = n};
	struct mail m;
	int r;

	memset(ret, 0, n * sizeof *ret);
	while ((r = steps_next(&s, e)) > 0) {
		read_row(s.q, a, &m);
		for (size_t i = s.from; i < s.to; i++) {
			if (ids[i].v == m.recipient.v)
				ret[i] = m;
		}
	}
	return r;
}

/* The sealed bytes of a row with their key's wrap. */
struct sealed_row {
	uint32_t epoch;
	struct key_wrap wrap;
	struct str sealed;
};

static int
sealed_of(struct db *db, struct arena *a, mail_id id, struct sealed_row *ret, struct error *e)
{
	AUTO(rows_close) struct rows *q = NULL;
	int r;

	if (db_query(db, &q, e, "SELECT epoch, wrap, sealed FROM mail WHERE id = ?", db_i(id.v)) <
	    0)
		return err_code(e);
	r = rows_next(q, e);
	if (r < 0)
		return r;
	if (r == 0)
		return err_set(e, ERR_NOT_FOUND, "no mail %lld", (long long)id.v);
	if (rows_is_null(q, 2) || !rows_fixed(q, 1, ret->wrap.b, sizeof ret->wrap.b))
		return err_key(
		    e, ERR_NOT_FOUND, "mail-wiped", "the mail was handed over and wiped");
	ret->epoch = (uint32_t)rows_int(q, 0);
	ret->sealed = rows_bytes(q, 2, a);
	return 0;
}

int
mail_content(
    struct db *db, struct arena *a, struct keyring *k, mail_id id, struct str *ret, struct error *e)
{
	struct sealed_row row;
	AUTO(data_key_wipe) struct data_key key = {0};
	int r;

	if (sealed_of(db, a, id, &row, e) < 0 ||
	    keyring_mail_get(k, id, row.epoch, &row.wrap, &key, e) < 0)
		return err_code(e);
	r = text_open(a, &key, aad_of(a, id), row.sealed, ret, e);
	return r;
}

/* ---- worker ---- */

/* Codes first: somebody is waiting for one with the page open.  A code is never claimed twice. */
#define DUE_MAIL(lock)                                                                             \
	"SELECT " MAIL_COLUMNS " FROM mail WHERE state IN ('queued', 'deferred', 'unknown') "      \
	"AND due_us <= ? AND form = 'request' "                                                    \
	"AND (lease_until_us IS NULL OR (lease_until_us < ? AND kind <> 'code')) "                 \
	"ORDER BY CASE WHEN kind = 'code' THEN 0 ELSE 1 END, due_us, id LIMIT 1" lock

/* Looking comes first and locks nothing: reads are read-only, and mostly nothing is due. */
static const char look_mail[] = DUE_MAIL("");
static const char take_mail[] = DUE_MAIL(" /*pg: FOR UPDATE SKIP LOCKED */");
static const char claimed_mail[] =
    "SELECT fence, lease_until_us FROM mail WHERE id = ? /*pg: FOR UPDATE */";

/* 1, 0. */
static int
first_row(struct rows *q, struct arena *a, struct mail *ret, struct error *e)
{
	int r = rows_next(q, e);

	if (r > 0)
		read_row(q, a, ret);
	return r;
}

static int
due_mail(
    struct db *db, struct arena *a, const char *sql, int64_t now, struct mail *ret, struct error *e)
{
	AUTO(rows_close) struct rows *q = NULL;

	if (db_query(db, &q, e, sql, db_i(now), db_i(now)) < 0)
		return err_code(e);
	return first_row(q, a, ret, e);
}

int
mail_claim(struct db *db, struct arena *a, int64_t lease_us, struct mail *ret, struct error *e)
{
	int64_t now = time_now_us();
	int r = due_mail(db, a, look_mail, now, ret, e);

	if (r <= 0)
		return r;
	if (db_write_begin(db, DB_CLAIM, e) < 0)
		return err_code(e);
	r = due_mail(db, a, take_mail, now, ret, e);
	if (r > 0 && db_exec(db, NULL, e,
	                 "UPDATE mail SET lease_until_us = ?, fence = fence + 1, tries = tries + 1 "
	                 "WHERE id = ?",
	                 db_i(now + lease_us), db_i(ret->id.v)) < 0)
		r = e->code;
	if (r <= 0) {
		db_rollback(db);
		return r;
	}
	ret->fence++;
	ret->tries++;
	r = claim_commit(
	    db, &(struct claim){claimed_mail, ret->id.v, ret->fence, now + lease_us}, e);
	return r < 0 ? r : 1;
}

int
mail_lost(struct db *db, struct arena *a, int64_t now_us, struct mail *ret, struct error *e)
{
	static const char sql[] =
	    "SELECT " MAIL_COLUMNS " FROM mail WHERE state IN ('queued', 'deferred') "
	    "AND lease_until_us < ? AND kind = 'code' AND form = 'request' ORDER BY id LIMIT 1";
	AUTO(rows_close) struct rows *q = NULL;

	if (db_query(db, &q, e, sql, db_i(now_us)) < 0)
		return err_code(e);
	return first_row(q, a, ret, e);
}

static int
give_up_of(struct db *db, mail_id id, int64_t *ret, struct error *e)
{
	AUTO(rows_close) struct rows *q = NULL;
	int r;

	if (db_query(db, &q, e, "SELECT give_up_us FROM mail WHERE id = ?", db_i(id.v)) < 0)
		return err_code(e);
	r = rows_next(q, e);
	if (r > 0)
		*ret = rows_int(q, 0);
	return r == 0 ? err_set(e, ERR_NOT_FOUND, "no mail %lld", (long long)id.v) : MIN(r, 0);
}

int
mail_is_moot(struct db *db, const struct mail *m, int64_t now_us, struct error *e)
{
	static const char sql[] =
	    "SELECT r.id FROM recipient r JOIN delivery d ON d.id = r.delivery_id "
	    "WHERE r.id = ? AND (r.revoked_us IS NOT NULL OR d.revoked_us IS NOT NULL OR "
	    "d.expires_us <= ?)";
	AUTO(rows_close) struct rows *q = NULL;
	int64_t give_up = 0;

	if (give_up_of(db, m->id, &give_up, e) < 0)
		return err_code(e);
	if (give_up <= now_us)
		return 1;
	if (m->recipient.v == 0)
		return 0;
	if (db_query(db, &q, e, sql, db_i(m->recipient.v), db_i(now_us)) < 0)
		return err_code(e);
	return rows_next(q, e);
}

static int64_t
next_due(const struct mail *m, int64_t now)
{
	int64_t wait = BACKOFF_FIRST_US << MIN(MAX(m->tries - 1, 0), 12);

	return now + MIN(wait, BACKOFF_MOST_US);
}

/* Somebody else has it now: what we would write of it is not ours to say. */
static int
lease_lost(const struct mail *m, struct error *e)
{
	return err_set(e, ERR_CONFLICT, "the lease of mail %lld was lost", (long long)m->id.v);
}

int
mail_renew(struct db *db, const struct mail *m, int64_t lease_us, struct error *e)
{
	AUTO(change_abort) struct change *c = NULL;
	int64_t changed;

	if (change_begin(db, (struct actor){ACTOR_SYSTEM, 0}, CHANGE_HOUSEKEEPING, &c, e) < 0 ||
	    db_exec(db, &changed, e,
	        "UPDATE mail SET lease_until_us = ? WHERE id = ? AND fence = ? "
	        "AND lease_until_us IS NOT NULL",
	        db_i(change_now(c) + lease_us), db_i(m->id.v), db_i(m->fence)) < 0)
		return err_code(e);
	return changed == 1 ? change_commit(&c, e) : lease_lost(m, e);
}

static int
write_state(struct change *c, const struct mail *m, const char *state, struct str reply,
    int64_t due, struct error *e)
{
	static const char sql[] =
	    "UPDATE mail SET state = ?, reply = ?, due_us = ?, lease_until_us = NULL, "
	    "settled_us = ? WHERE id = ? AND fence = ? AND lease_until_us IS NOT NULL";
	int64_t changed, now = change_now(c);

	if (db_exec(change_db(c), &changed, e, sql, db_s(str_c(state)),
	        db_s0(str_head(reply, REPLY_MOST)), db_i(due), db_i(now), db_i(m->id.v),
	        db_i(m->fence)) < 0)
		return err_code(e);
	return changed == 1 ? 0 : lease_lost(m, e);
}

static int
wipe(struct change *c, const struct mail *m, struct error *e)
{
	return db_exec(change_db(c), NULL, e,
	    "UPDATE mail SET sealed = NULL, wrap = NULL, epoch = NULL, form = 'wiped' WHERE id = ?",
	    db_i(m->id.v));
}

/* What a mail's end means for its recipient. */
static int
mark_recipient(struct change *c, const struct mail *m, enum recipient_step step, struct error *e)
{
	if (m->recipient.v == 0 || !str_eq_c(m->kind, "delivery"))
		return 0;
	return recipient_mark(c, m->recipient, step, e);
}

static enum event_kind
event_of(const char *state)
{
	static const struct {
		const char *state;
		enum event_kind kind;
	} kinds[] = {
	    {"accepted", EVENT_MAIL_ACCEPTED},
	    {"failed", EVENT_MAIL_FAILED},
	    {"unknown", EVENT_MAIL_UNKNOWN},
	};

	for (size_t i = 0; i < ARRAY_LEN(kinds); i++) {
		if (strcmp(state, kinds[i].state) == 0)
			return kinds[i].kind;
	}
	return EVENT_MAIL_DEFERRED;
}

static int
settle_in(struct change *c, const struct mail *m, const char *state, struct str reply, int64_t due,
    struct error *e)
{
	enum event_kind kind = event_of(state);

	if (write_state(c, m, state, reply, due, e) < 0)
		return err_code(e);
	if (due == NEVER_US && wipe(c, m, e) < 0)
		return err_code(e);
	if (kind == EVENT_MAIL_ACCEPTED && mark_recipient(c, m, STEP_MAILED, e) < 0)
		return err_code(e);
	if (kind == EVENT_MAIL_FAILED && mark_recipient(c, m, STEP_UNDELIVERABLE, e) < 0)
		return err_code(e);
	return add_event(c, kind, m->delivery, m->recipient, e);
}

/* A notice may come twice with one Message-ID; a code never. */
static bool
may_come_twice(const struct mail *m)
{
	return !str_eq_c(m->kind, "code") && !str_eq_c(m->state, "unknown");
}

/* When it is due again; NEVER_US: this was its last word. */
static int64_t
due_again(const struct mail *m, const char *state, int64_t give_up)
{
	int64_t due = next_due(m, time_now_us());
	bool again =
	    strcmp(state, "deferred") == 0 || (strcmp(state, "unknown") == 0 && may_come_twice(m));

	return again && due <= give_up ? due : NEVER_US;
}

int
mail_settle(
    struct db *db, const struct mail *m, const char *state, struct str reply, struct error *e)
{
	AUTO(change_abort) struct change *c = NULL;
	int64_t give_up = 0, due;

	if (give_up_of(db, m->id, &give_up, e) < 0)
		return err_code(e);
	due = due_again(m, state, give_up);
	if (strcmp(state, "deferred") == 0 && due == NEVER_US)
		state = "failed";
	if (change_begin(db, (struct actor){ACTOR_SYSTEM, 0}, event_of(state), &c, e) < 0 ||
	    settle_in(c, m, state, reply, due, e) < 0)
		return err_code(e);
	return change_commit(&c, e);
}

int
mail_keep(struct db *db, struct arena *a, struct keyring *k, const struct mail *m,
    struct str message, struct error *e)
{
	static const char sql[] =
	    "UPDATE mail SET epoch = ?, wrap = ?, sealed = ?, form = 'message', "
	    "state = 'not_sent', lease_until_us = NULL, settled_us = ? "
	    "WHERE id = ? AND fence = ?";
	AUTO(change_abort) struct change *c = NULL;
	AUTO(data_key_wipe) struct data_key key = {0};
	struct key_wrap wrap;
	struct str sealed;
	int64_t changed;
	uint32_t epoch;
	int r;

	if (keyring_mail_new(k, m->id, &epoch, &wrap, &key, e) < 0)
		return err_code(e);
	r = text_seal(a, &key, aad_of(a, m->id), message, &sealed, e);
	if (r < 0 ||
	    change_begin(db, (struct actor){ACTOR_SYSTEM, 0}, CHANGE_HOUSEKEEPING, &c, e) < 0 ||
	    db_exec(change_db(c), &changed, e, sql, db_i(epoch), db_bytes(wrap.b, sizeof wrap.b),
	        db_bytes(sealed.p, sealed.n), db_i(change_now(c)), db_i(m->id.v),
	        db_i(m->fence)) < 0)
		return err_code(e);
	if (changed == 0)
		return lease_lost(m, e);
	return change_commit(&c, e);
}
