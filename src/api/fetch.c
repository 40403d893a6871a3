/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * fetch - KEYS and SENT: may this transfer go on, and what has arrived
 *
 * SENT is decided by set: the sessions named in one message are read at once, with
 * the stamps of their deliveries; a delivery is looked at and the full verdict asked
 * only where a stamp differs from the ticket's or a date has come.  Anything unknown
 * stops the transfer.  What staff download goes on while their key or session may
 * read, and nothing of it is recorded.
 */
#include "api/api.h"

#include <stdlib.h>

#include "api/recipient/files.h"
#include "api/staff.h"
#include "api/tickets.h"
#include "base/arena.h"
#include "base/error.h"
#include "base/limits.h"
#include "base/log.h"
#include "base/str.h"
#include "conf/conf.h"
#include "model/session.h"
#include "model/transfer.h"

/* All files of a transfer: its one, or those of the ZIP. */
static struct positions
all_of(const struct fetch_ticket *t)
{
	return t->position > 0 ? (struct positions){t->position, t->position} : POSITIONS_ALL;
}

/* The whole question: delivery, recipient, session, and every file at these positions. 1 yes, 0
 * no. */
static int
may_go_on(struct api *x, const struct fetch_ticket *t, const struct delivery *d,
    struct positions at, struct files *f, struct error *e)
{
	struct recipient who;
	int live;

	if (!delivery_is_live(d, x->now_us))
		return 0;
	if (recipient_get(x->db, x->a, t->recipient, &who, e) < 0)
		return e->code == ERR_NOT_FOUND ? 0 : err_code(e);
	live = session_is_live(x->db, t->session, x->now_us, e);
	if (live < 0)
		return live;
	if (live == 0 || who.revoked_us != 0 || who.delivery.v != d->id.v)
		return 0;
	if (files_load_at(x, d, &who, MAX(d->level, LEVEL_CODE), at, f, e) < 0)
		return err_code(e);
	return (t->position == 0 || f->count == 1) && files_all_let(f);
}

/* ---- KEYS ---- */

/* Slot i of a ZIP is its file at position i + 1; a single file has slot 0. */
static struct positions
window_of(const struct fetch_ticket *t, const struct msg_keys *m)
{
	int64_t first = (int64_t)m->first + 1;

	return t->position > 0 ? all_of(t) : (struct positions){first, first + m->count - 1};
}

/* Are the files of the window all there? */
static bool
collect_versions(
    const struct fetch_ticket *t, const struct files *f, const struct msg_keys *m, version_id *ret)
{
	if (m->count == 0 || m->count != f->count || (t->position > 0 && m->first != 0))
		return false;
	for (size_t i = 0; i < f->count; i++)
		ret[i] = f->items[i].version;
	return true;
}

/* In a ZIP with a limit each file counts once its key goes out. */
static int
count_uses(struct api *x, const struct fetch_ticket *t, const struct delivery *d,
    const struct files *f, const struct msg_keys *m, struct error *e)
{
	AUTO(change_abort) struct change *c = NULL;
	int64_t positions[LIMIT_KEYS_PER_CALL];
	const struct transfer_new n = {.session = t->session,
	    .recipient = t->recipient,
	    .delivery = t->delivery,
	    .items = positions,
	    .item_count = m->count,
	    .limit = d->download_limit};

	if (t->position > 0 || d->download_limit == 0)
		return 0;
	for (uint32_t i = 0; i < m->count; i++)
		positions[i] = f->items[i].position;
	if (change_begin(x->db, (struct actor){ACTOR_RECIPIENT, t->recipient.v},
	        CHANGE_HOUSEKEEPING, &c, e) < 0 ||
	    transfer_use(c, &n, e) < 0)
		return err_code(e);
	return change_commit(&c, e);
}

static int
keys_for(struct api *x, const struct msg_keys *m, struct data_key *keys, struct error *e)
{
	version_id versions[LIMIT_KEYS_PER_CALL];
	struct fetch_ticket t;
	struct delivery d;
	struct files f;
	int r;

	if (fetch_ticket_open(x, m->ticket, &t, e) < 0 ||
	    delivery_get(x->db, x->a, t.delivery, &d, e) < 0)
		return err_code(e);
	r = may_go_on(x, &t, &d, window_of(&t, m), &f, e);
	if (r < 0)
		return r;
	if (r == 0 || !collect_versions(&t, &f, m, versions))
		return err_set(e, ERR_DENIED, "the verdict is no");
	if (keyring_version_list(&x->keys, versions, m->count, keys, e) < 0)
		return err_code(e);
	return count_uses(x, &t, &d, &f, m, e);
}

/* Who works here and looks: as long as the key or the session may read. */
static int
keys_to_look(struct api *x, const struct view_ticket *t, const struct msg_keys *m,
    struct data_key *keys, struct error *e)
{
	unsigned scopes;

	if (scopes_now(x, t->key, t->session, &scopes, e) < 0)
		return err_code(e);
	if ((scopes & SCOPE_READ) == 0 || m->first != 0 || m->count != 1)
		return err_set(e, ERR_DENIED, "may not look");
	return keyring_version_list(&x->keys, &t->version, 1, keys, e);
}

static int
keys_of_any(struct api *x, const struct msg_keys *m, struct data_key *keys, struct error *e)
{
	struct view_ticket look;

	if (view_ticket_open(x, m->ticket, &look, e) == 0)
		return keys_to_look(x, &look, m, keys, e);
	return keys_for(x, m, keys, e);
}

/* What a decision says; anything else is a fault that somebody should look after. */
static bool
is_a_no(int code)
{
	return code == ERR_DENIED || code == ERR_GONE || code == ERR_NOT_FOUND ||
	       code == ERR_UNAUTHENTICATED || code == ERR_LIMIT || code == ERR_CONFLICT;
}

int
api_keys(struct api *x, const struct msg_keys *m, struct msg_keys_are *ret, struct error *e)
{
	struct data_key *keys = ARENA_ARRAY(x->a, struct data_key, LIMIT_KEYS_PER_CALL);
	int r = keys_of_any(x, m, keys, e);

	if (r == ERR_RETRY || r == ERR_BUSY)
		return r;
	if (r < 0 && !is_a_no(r))
		log_warn("a transfer is cut, its keys cannot be had: %s", e->msg);
	*ret = (struct msg_keys_are){.stop = r < 0};
	if (r < 0)
		return 0;
	ret->first = m->first;
	ret->count = m->count;
	ret->keys = (const uint8_t(*)[32])keys;
	return 0;
}

/* ---- SENT ---- */

/* What one delivery looks like during one message. */
struct seen {
	struct delivery delivery;
	bool unknown;
};

struct told {
	const struct msg_sent_one *one;
	struct fetch_ticket t;
	struct seen *seen;   /* NULL: nobody has looked yet */
	struct data_key key; /* of the contact, with the first report */
	struct event_field from;
	struct files files;            /* of what is to be recorded, where something is */
	struct transfer_report report; /* what is to be recorded */
};

/* All transfers of one message, in its order; those whose ticket is not ours are left out. */
struct report {
	struct told *told;
	struct msg_sent_ok_one **answers; /* of each told */
	size_t count;
	struct seen *seen;
	size_t seen_count;
};

static int
look(struct api *x, struct report *p, struct told *told, struct error *e)
{
	delivery_id id = told->t.delivery;
	int r;

	for (size_t i = 0; told->seen == NULL && i < p->seen_count; i++) {
		if (p->seen[i].delivery.id.v == id.v)
			told->seen = &p->seen[i];
	}
	if (told->seen != NULL)
		return 0;
	told->seen = &p->seen[p->seen_count++];
	r = delivery_get(x->db, x->a, id, &told->seen->delivery, e);
	told->seen->delivery.id = id;
	told->seen->unknown = r == ERR_NOT_FOUND;
	return r == ERR_NOT_FOUND ? 0 : r;
}

static int
judge(struct api *x, struct report *p, struct told *told, bool *ret_stop, struct error *e)
{
	struct files f;
	int r;

	*ret_stop = true;
	if (look(x, p, told, e) < 0)
		return err_code(e);
	if (told->seen->unknown)
		return 0;
	r = may_go_on(x, &told->t, &told->seen->delivery, all_of(&told->t), &f, e);
	*ret_stop = r == 0;
	return MIN(r, 0);
}

static int
judge_all(struct api *x, struct report *p, struct error *e)
{
	session_id *ids = ARENA_ARRAY(x->a, session_id, p->count);
	int64_t *stamps = ARENA_ARRAY(x->a, int64_t, p->count);

	for (size_t i = 0; i < p->count; i++)
		ids[i] = p->told[i].t.session;
	if (session_stamps(x->db, ids, p->count, x->now_us, stamps, e) < 0)
		return err_code(e);
	for (size_t i = 0; i < p->count; i++) {
		const struct fetch_ticket *t = &p->told[i].t;
		bool as_it_was = stamps[i] == t->stamp && x->now_us < t->recheck_us;

		p->answers[i]->stop = false;
		if (!as_it_was && judge(x, p, &p->told[i], &p->answers[i]->stop, e) < 0)
			return err_code(e);
	}
	return 0;
}

/* What front says has arrived, never more than what the ticket was made for. */
static struct msg_range
within(const struct fetch_ticket *t, const struct msg_range *g)
{
	struct msg_range r = {MAX(g->from, (uint64_t)t->from), MIN(g->to, (uint64_t)t->to)};

	if (r.to < r.from)
		r.to = r.from;
	return r;
}

/* An answer has one window, sent from its start: one range, whatever a ZIP's front says. */
static size_t
range_count(const struct told *told)
{
	return told->t.position == 0 ? MIN(told->one->range_count, (size_t)1)
	                             : told->one->range_count;
}

static int
read_files(struct api *x, struct told *told, struct error *e)
{
	const struct delivery *d = &told->seen->delivery;
	struct files *f = &told->files;
	struct msg_plan plan;
	struct str etag;

	if (delivery_items_at(x->db, x->a, d->id, all_of(&told->t), &f->items, &f->count, e) < 0)
		return err_code(e);
	if (told->t.position > 0)
		return f->count == 1 ? 0 : err_set(e, ERR_PROTOCOL, "a transfer of no file");
	if (files_parts(x, d, 0, f, e) < 0)
		return err_code(e);
	return package_zip(x->a, f->package, f->count,
	    &(struct package_label){d->number, arena_cstr(x->a, x->conf->timezone)}, &plan, &etag,
	    e);
}

/* Ranges of the representation become ranges of files. */
static void
item_ranges(struct api *x, struct told *told, const struct transfer_gap *gap)
{
	struct transfer_report *r = &told->report;
	const struct files *f = &told->files;
	size_t n = range_count(told);
	struct item_range *out = ARENA_ARRAY(x->a, struct item_range, (n + 1) * f->count);

	r->ranges = out;
	for (size_t i = 0; i < n; i++) {
		struct msg_range g = within(&told->t, &told->one->ranges[i]);

		out += files_ranges(f, told->t.position, (int64_t)g.from, (int64_t)g.to, out);
	}
	if (gap != NULL)
		out += files_ranges(f, told->t.position, gap->from, gap->to, out);
	r->range_count = (size_t)(out - r->ranges);
}

static int64_t
acked_to(const struct told *told)
{
	return told->t.from + told->report.sent_bytes;
}

static int
prepare(struct api *x, struct told *told, struct error *e)
{
	const struct msg_sent_one *one = told->one;
	struct transfer_report *r = &told->report;

	*r = (struct transfer_report){.id = told->t.transfer,
	    .session = told->t.session,
	    .recipient = told->t.recipient,
	    .delivery = told->t.delivery,
	    .level = MAX(told->seen->delivery.level, LEVEL_CODE),
	    .seq = one->seq,
	    .first = one->flags & SENT_FIRST,
	    .ended = one->flags & SENT_END,
	    .window_bytes = told->t.to - told->t.from,
	    .given_to = MIN((int64_t)MIN(one->given_to, (uint64_t)INT64_MAX), told->t.to),
	    .given_us = one->given_us,
	    .from = told->from.key != NULL ? &told->from : NULL};

	for (size_t i = 0; i < one->range_count; i++) {
		struct msg_range g = within(&told->t, &one->ranges[i]);

		r->sent_bytes += (int64_t)(g.to - g.from);
	}
	r->sent_bytes = MIN(r->sent_bytes, r->window_bytes);
	r->delivery_items = (size_t)told->seen->delivery.item_count;
	if (told->t.position == 0 && one->range_count == 0 &&
	    !(r->ended && r->given_to > acked_to(told)))
		return 0;
	if (read_files(x, told, e) < 0)
		return err_code(e);
	if (told->t.position > 0) {
		r->version = told->files.items[0].version;
		r->asset = told->files.items[0].asset;
	}
	item_ranges(x, told, NULL);
	return 0;
}

/*
 * Where a download goes is sealed under the contact's key, which the keeper opens
 * before the change.  Without it (erased meanwhile) the fact is written all the same.
 */
static void
find_origin(struct api *x, struct told *told)
{
	struct error e;

	if ((told->one->flags & SENT_FIRST) == 0 || told->t.peer[0] == '\0')
		return;
	if (keyring_person(&x->keys, told->t.contact.v, &told->key, &e) < 0) {
		log_warn("a download's origin is not recorded: %s", e.msg);
		return;
	}
	told->from =
	    (struct event_field){told->t.contact.v, &told->key, S("ip"), str_c(told->t.peer)};
}

/* Its client may have gone on before this end came. */
static int
look_behind(struct api *x, struct change *c, struct told *told, struct error *e)
{
	struct transfer_gap gap;
	int found;

	if (!told->report.ended)
		return 0;
	found = transfer_gap_behind(change_db(c), &told->report, acked_to(told), &gap, e);
	if (found > 0)
		item_ranges(x, told, &gap);
	return MIN(found, 0);
}

/*
 * One order for every app: two that write rows of the same recipients the other way round wait for
 * each other, and PostgreSQL looks for that only after a second; after three front cuts.
 */
static int
by_recipient(const void *a, const void *b)
{
	const struct fetch_ticket *x = &(*(struct told *const *)a)->t;
	const struct fetch_ticket *y = &(*(struct told *const *)b)->t;

	if (x->recipient.v != y->recipient.v)
		return x->recipient.v < y->recipient.v ? -1 : 1;
	if (x->session.v != y->session.v)
		return x->session.v < y->session.v ? -1 : 1;
	return (x->position > y->position) - (x->position < y->position);
}

/*
 * All is read before the change begins: the files of a delivery never change, and what a change
 * of PostgreSQL has read, anybody's writing can make it run again.
 */
static int
record_all(struct api *x, struct report *p, struct error *e)
{
	AUTO(change_abort) struct change *c = NULL;
	struct told **list = ARENA_ARRAY(x->a, struct told *, p->count);
	size_t n = 0;

	for (size_t i = 0; i < p->count; i++) {
		struct told *told = &p->told[i];

		if (told->one->flags == 0)
			continue;
		if (look(x, p, told, e) < 0)
			return err_code(e);
		if (told->seen->unknown)
			continue;
		find_origin(x, told);
		if (prepare(x, told, e) < 0)
			return err_code(e);
		list[n++] = told;
	}
	if (n == 0)
		return 0;
	qsort(list, n, sizeof(struct told *), by_recipient);
	if (change_begin(x->db, (struct actor){ACTOR_SYSTEM, 0}, CHANGE_HOUSEKEEPING, &c, e) < 0)
		return err_code(e);
	for (size_t i = 0; i < n; i++) {
		if (look_behind(x, c, list[i], e) < 0 ||
		    transfer_record(c, x->a, &list[i]->report, e) < 0)
			return err_code(e);
	}
	return change_commit(&c, e);
}

/* Those of one page of staff are mostly one session's: it is asked once in a row. */
struct looks {
	struct view_ticket last;
	unsigned scopes;
};

static int
judge_look(
    struct api *x, struct looks *l, const struct view_ticket *t, bool *ret_stop, struct error *e)
{
	if ((l->last.version.v == 0 || l->last.key.v != t->key.v ||
	        l->last.session.v != t->session.v) &&
	    scopes_now(x, t->key, t->session, &l->scopes, e) < 0)
		return err_code(e);
	l->last = *t;
	*ret_stop = (l->scopes & SCOPE_READ) == 0;
	return 0;
}

int
api_sent(struct api *x, const struct msg_sent *m, struct msg_sent_ok *ret, struct error *e)
{
	size_t n = m->transfer_count;
	struct msg_sent_ok_one *ok = ARENA_ARRAY(x->a, struct msg_sent_ok_one, n);
	struct report p = {.told = ARENA_ARRAY(x->a, struct told, n),
	    .answers = ARENA_ARRAY(x->a, struct msg_sent_ok_one *, n),
	    .seen = ARENA_ARRAY(x->a, struct seen, n)};
	struct looks looks = {0};
	struct view_ticket look;

	for (size_t i = 0; i < n; i++) {
		const struct msg_sent_one *one = &m->transfers[i];

		ok[i] = (struct msg_sent_ok_one){one->number, one->seq, true};
		if (view_ticket_open(x, one->ticket, &look, e) == 0) {
			if (judge_look(x, &looks, &look, &ok[i].stop, e) < 0)
				return err_code(e);
			continue;
		}
		if (fetch_ticket_open(x, one->ticket, &p.told[p.count].t, e) < 0)
			continue; /* not ours: stop */
		p.answers[p.count] = &ok[i];
		p.told[p.count++].one = one;
	}
	if (judge_all(x, &p, e) < 0 || record_all(x, &p, e) < 0)
		return err_code(e);
	*ret = (struct msg_sent_ok){ok, n};
	return 0;
}
