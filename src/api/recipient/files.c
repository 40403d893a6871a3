/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * files - see files.h.
 *
 * The facts of the recipient and of the sender are the same for all items and loaded once.
 */
#include "api/recipient/files.h"

#include "base/arena.h"
#include "base/error.h"
#include "conf/conf.h"
#include "model/person.h"
#include "model/version.h"

/* base: the recipient's and the sender's side. */
static struct verdict_facts
facts_of(const struct delivery_item *item, const struct verdict_facts *base)
{
	struct verdict_facts f = item->facts;

	f.hold_unscanned = base->hold_unscanned;
	f.recipient_blocked = base->recipient_blocked;
	f.level_reached = base->level_reached;
	f.level_possible = base->level_possible;
	f.sender_may_send = base->sender_may_send;
	f.method = base->method;
	f.now_us = base->now_us;
	return f;
}

int
files_load_at(struct api *x, const struct delivery *d, const struct recipient *r, int level,
    struct positions at, struct files *ret, struct error *e)
{
	struct person sender;
	struct verdict_facts base = {.hold_unscanned = x->conf->malware_unscanned == UNSCANNED_HOLD,
	    .recipient_blocked = r->blocked,
	    .level_reached = level,
	    .level_possible = LEVEL_CODE,
	    .method = d->method,
	    .now_us = x->now_us};

	*ret = (struct files){.recheck_us = d->expires_us};
	if (person_get(x->db, x->a, d->sender, &sender, e) < 0 ||
	    delivery_items_at(x->db, x->a, d->id, at, &ret->items, &ret->count, e) < 0)
		return err_code(e);
	base.sender_may_send = !sender.disabled && role_may_send(sender.role);
	ret->verdicts = ARENA_ARRAY(x->a, struct file_verdict, ret->count);
	for (size_t i = 0; i < ret->count; i++) {
		struct verdict_facts f = facts_of(&ret->items[i], &base);
		struct verdict v;

		verdict(&f, &v);
		ret->verdicts[i] = (struct file_verdict){v.state, v.credit};
		ret->recheck_us = MIN(ret->recheck_us, v.until_us);
	}
	return 0;
}

int
files_load(struct api *x, const struct delivery *d, const struct recipient *r, int level,
    struct files *ret, struct error *e)
{
	return files_load_at(x, d, r, level, POSITIONS_ALL, ret, e);
}

/* A head that promised other bytes than the parts hold would end in a torn answer. */
static int
check_sum(const struct package_item *p, struct error *e)
{
	int64_t sum = 0;

	for (size_t i = 0; i < p->part_count; i++)
		sum += p->parts[i].bytes;
	if (p->item->ready && sum != p->item->bytes)
		return err_set(e, ERR_CORRUPT, "the parts of version %lld are not its bytes",
		    (long long)p->item->version.v);
	return 0;
}

int
files_parts(
    struct api *x, const struct delivery *d, int64_t position, struct files *f, struct error *e)
{
	struct delivery_part *parts;
	struct version_part *mine;
	size_t n, k = 0;

	if (delivery_parts(x->db, x->a, d->id, position, &parts, &n, e) < 0)
		return err_code(e);
	f->package = ARENA_ARRAY(x->a, struct package_item, f->count);
	mine = ARENA_ARRAY(x->a, struct version_part, n);
	for (size_t i = 0; i < f->count; i++) {
		struct package_item *p = &f->package[i];

		*p = (struct package_item){.item = &f->items[i], .parts = mine + k};
		for (; k < n && parts[k].position == f->items[i].position; k++) {
			mine[k] = (struct version_part){parts[k].blob, parts[k].bytes};
			p->part_count++;
		}
		if ((position == 0 || position == f->items[i].position) && check_sum(p, e) < 0)
			return err_code(e);
	}
	return 0;
}

size_t
files_ranges(
    const struct files *f, int64_t position, int64_t from, int64_t to, struct item_range *ret)
{
	const struct delivery_item *it = f->items;

	if (position == 0)
		return package_ranges(f->package, f->count, (uint64_t)from, (uint64_t)to, ret);
	*ret = (struct item_range){.position = it->position,
	    .from = from,
	    .to = to,
	    .item_bytes = it->bytes,
	    .version = it->version,
	    .asset = it->asset,
	    .sha256 = &it->sha256};
	return 1;
}

bool
files_all_let(const struct files *f)
{
	for (size_t i = 0; i < f->count; i++) {
		if (!verdict_lets(&f->verdicts[i]))
			return false;
	}
	return true;
}
