/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * fetch - KEYS and SENT: may this transfer go on, and what has arrived
 *
 * SENT is decided by set: the stamps and dates of all deliveries named in one
 * message are read once; the full verdict is asked only where a stamp differs
 * from the ticket's or a date has come.  Anything unknown stops the transfer.
 */
#include "api/api.h"

#include "api/recipient/files.h"
#include "api/tickets.h"
#include "base/arena.h"
#include "base/error.h"
#include "base/limits.h"
#include "base/log.h"
#include "base/str.h"
#include "conf/conf.h"
#include "model/person.h"
#include "model/session.h"
#include "model/transfer.h"

/* What one delivery looks like during one message. */
struct seen {
	struct delivery delivery;
	bool unknown;
};

static int
look(
    struct api *x, struct seen *seen, size_t *n, delivery_id id, struct seen **ret, struct error *e)
{
	int r;

	for (size_t i = 0; i < *n; i++) {
		if (seen[i].delivery.id.v == id.v) {
			*ret = &seen[i];
			return 0;
		}
	}
	*ret = &seen[(*n)++];
	r = delivery_get(x->db, x->a, id, &(*ret)->delivery, e);
	if (r == ERR_NOT_FOUND) {
		(*ret)->unknown = true;
		(*ret)->delivery.id = id;
		return 0;
	}
	return r;
}

/* The whole question: delivery, recipient, session, and every file the transfer touches. 1 yes, 0
 * no. */
static int
may_go_on(struct api *x, const struct fetch_ticket *t, const struct delivery *d, struct files *f,
    struct error *e)
{
	struct recipient who;
	int live;

	if (!delivery_is_live(d, x->now_us))
		return 0;
	if (recipient_get(x->db, x->a, t->recipient, &who, e) < 0)
		return e->code == ERR_NOT_FOUND ? 0 : e->code;
	live = session_is_live(x->db, t->session, x->now_us, e);
	if (live < 0)
		return live;
	if (live == 0 || who.revoked_us != 0 || who.delivery.v != d->id.v)
		return 0;
	if (files_load(x, d, &who, MAX(d->level, LEVEL_CODE), f, e) < 0)
		return e->code;
	if (t->position == 0)
		return files_all_let(f);
	return t->position <= (int64_t)f->count && verdict_lets(&f->verdicts[t->position - 1]);
}

/* ---- KEYS ---- */

static int
collect_versions(
    const struct fetch_ticket *t, const struct files *f, const struct msg_keys *m, version_id *ret)
{
	if (t->position > 0) {
		if (m->first != 0 || m->count != 1)
			return -1;
		ret[0] = f->items[t->position - 1].version;
		return 0;
	}
	if ((uint64_t)m->first + m->count > f->count)
		return -1;
	for (uint32_t i = 0; i < m->count; i++)
		ret[i] = f->items[m->first + i].version;
	return 0;
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
		return e->code;
	r = may_go_on(x, &t, &d, &f, e);
	if (r < 0)
		return r;
	if (r == 0 || m->count == 0 || collect_versions(&t, &f, m, versions) < 0)
		return err_set(e, ERR_DENIED, "the verdict is no");
	return keyring_version_list(&x->keys, versions, m->count, keys, e);
}

/* Who works here and looks: as long as the person may sign in. */
static int
keys_to_look(struct api *x, const struct view_ticket *t, const struct msg_keys *m,
    struct data_key *keys, struct error *e)
{
	struct person who;

	if (person_get(x->db, x->a, t->person, &who, e) < 0)
		return e->code;
	if (who.disabled || m->first != 0 || m->count != 1)
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

int
api_keys(struct api *x, const struct msg_keys *m, struct msg_keys_are *ret, struct error *e)
{
	struct data_key *keys = ARENA_ARRAY(x->a, struct data_key, LIMIT_KEYS_PER_CALL);
	int r = keys_of_any(x, m, keys, e);

	if (r == ERR_RETRY || r == ERR_BUSY)
		return r;
	*ret = (struct msg_keys_are){.stop = r < 0};
	if (r < 0)
		return 0;
	ret->first = m->first;
	ret->count = m->count;
	ret->keys = (const uint8_t(*)[32])keys;
	return 0;
}

/* ---- SENT ---- */

struct told {
	const struct msg_sent_one *one;
	struct fetch_ticket t;
	struct seen *seen;
	struct data_key key; /* of the contact, with the first report */
	struct event_field from;
};

static int
judge(struct api *x, const struct told *told, bool *ret_stop, struct error *e)
{
	const struct delivery *d = &told->seen->delivery;
	struct files f;
	int r;

	*ret_stop = true;
	if (told->seen->unknown || told->t.expires_us < x->now_us)
		return 0;
	if (d->stamp == told->t.stamp && x->now_us < told->t.recheck_us) {
		r = session_is_live(x->db, told->t.session, x->now_us, e);
		*ret_stop = r == 0;
		return MIN(r, 0);
	}
	r = may_go_on(x, &told->t, d, &f, e);
	*ret_stop = r == 0;
	return MIN(r, 0);
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

static void
file_ranges(const struct told *told, const struct delivery_item *it, struct transfer_report *report,
    struct item_range *out)
{
	report->version = it->version;
	report->asset = it->asset;
	for (size_t i = 0; i < told->one->range_count; i++) {
		struct msg_range g = within(&told->t, &told->one->ranges[i]);

		out[report->range_count++] = (struct item_range){.position = it->position,
		    .from = (int64_t)g.from,
		    .to = (int64_t)g.to,
		    .item_bytes = it->bytes,
		    .version = it->version,
		    .asset = it->asset,
		    .sha256 = &it->sha256};
	}
}

/* Ranges of the representation become ranges of files. */
static int
item_ranges(struct api *x, const struct told *told, struct transfer_report *report, struct error *e)
{
	const struct msg_sent_one *one = told->one;
	struct files f = {0};
	struct item_range *out;
	struct msg_range g;
	struct msg_plan plan;
	struct str etag;

	if (delivery_items(x->db, x->a, told->t.delivery, &f.items, &f.count, e) < 0)
		return e->code;
	report->delivery_items = f.count;
	out = ARENA_ARRAY(x->a, struct item_range, MAX(f.count, LIMIT_SENT_RANGES));
	report->ranges = out;
	if (told->t.position > (int64_t)f.count)
		return err_set(e, ERR_PROTOCOL, "a transfer of no file");
	if (told->t.position > 0) {
		file_ranges(told, &f.items[told->t.position - 1], report, out);
		return 0;
	}
	if (one->range_count == 0)
		return 0;
	if (files_parts(x, &told->seen->delivery, 0, &f, e) < 0 ||
	    package_zip(x->a, f.package, f.count,
	        &(struct package_label){
	            told->seen->delivery.number, arena_cstr(x->a, x->conf->timezone)},
	        &plan, &etag, e) < 0)
		return e->code;
	/* an answer has one window, sent from its start: one range */
	g = within(&told->t, &one->ranges[0]);
	report->range_count = package_ranges(f.package, f.count, g.from, g.to, out);
	return 0;
}

static int
record(struct api *x, struct change *c, const struct told *told, struct error *e)
{
	const struct msg_sent_one *one = told->one;
	struct transfer_report r = {.id = told->t.transfer,
	    .session = told->t.session,
	    .recipient = told->t.recipient,
	    .delivery = told->t.delivery,
	    .level = MAX(told->seen->delivery.level, LEVEL_CODE),
	    .seq = one->seq,
	    .first = one->flags & SENT_FIRST,
	    .ended = one->flags & SENT_END,
	    .window_bytes = told->t.to - told->t.from,
	    .from = told->from.key != NULL ? &told->from : NULL};

	for (size_t i = 0; i < one->range_count; i++) {
		struct msg_range g = within(&told->t, &one->ranges[i]);

		r.sent_bytes += (int64_t)(g.to - g.from);
	}
	r.sent_bytes = MIN(r.sent_bytes, r.window_bytes);
	if (item_ranges(x, told, &r, e) < 0)
		return e->code;
	return transfer_record(c, x->a, &r, e);
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

static int
record_all(struct api *x, struct told *told, size_t n, struct error *e)
{
	AUTO(change_abort) struct change *c = NULL;
	bool any = false;

	for (size_t i = 0; i < n; i++)
		any = any || told[i].one->flags != 0;
	if (!any)
		return 0;
	for (size_t i = 0; i < n; i++)
		find_origin(x, &told[i]);
	if (change_begin(x->db, (struct actor){ACTOR_SYSTEM, 0}, CHANGE_HOUSEKEEPING, &c, e) < 0)
		return e->code;
	for (size_t i = 0; i < n; i++) {
		if (told[i].one->flags != 0 && !told[i].seen->unknown &&
		    record(x, c, &told[i], e) < 0)
			return e->code;
	}
	return change_commit(&c, e);
}

int
api_sent(struct api *x, const struct msg_sent *m, struct msg_sent_ok *ret, struct error *e)
{
	struct msg_sent_ok_one *ok = ARENA_ARRAY(x->a, struct msg_sent_ok_one, m->transfer_count);
	struct told *told = ARENA_ARRAY(x->a, struct told, m->transfer_count);
	struct seen *seen = ARENA_ARRAY(x->a, struct seen, m->transfer_count);
	size_t seen_count = 0, n = 0;

	for (size_t i = 0; i < m->transfer_count; i++) {
		const struct msg_sent_one *one = &m->transfers[i];

		ok[i] = (struct msg_sent_ok_one){one->number, one->seq, true};
		if (fetch_ticket_open(x, one->ticket, &told[n].t, e) < 0)
			continue; /* not ours: stop */
		told[n].one = one;
		if (look(x, seen, &seen_count, told[n].t.delivery, &told[n].seen, e) < 0 ||
		    judge(x, &told[n], &ok[i].stop, e) < 0)
			return e->code;
		n++;
	}
	if (record_all(x, told, n, e) < 0)
		return e->code;
	*ret = (struct msg_sent_ok){ok, m->transfer_count};
	return 0;
}
