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
#include "model/asset.h"
#include "model/person.h"
#include "model/version.h"

/* base: the recipient's and the sender's side. */
static int
one_verdict(struct api *x, const struct verdict_facts *base, const struct delivery_item *item,
    struct verdict *ret, struct error *e)
{
	struct verdict_facts f = *base;

	if (verdict_facts_file(x->db, x->a, item->asset, item->version, &f, e) < 0)
		return e->code;
	verdict(&f, ret);
	return 0;
}

int
files_load(struct api *x, const struct delivery *d, const struct recipient *r, int level,
    struct files *ret, struct error *e)
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
	    delivery_items(x->db, x->a, d->id, &ret->items, &ret->count, e) < 0)
		return e->code;
	base.sender_may_send = !sender.disabled && role_may_send(sender.role);
	ret->verdicts = ARENA_ARRAY(x->a, struct verdict, ret->count);
	for (size_t i = 0; i < ret->count; i++) {
		if (one_verdict(x, &base, &ret->items[i], &ret->verdicts[i], e) < 0)
			return e->code;
		ret->recheck_us = MIN(ret->recheck_us, ret->verdicts[i].until_us);
	}
	return 0;
}

/* A head that promised other bytes than the parts hold would end in a torn answer. */
static int
one_package_item(
    struct api *x, const struct delivery_item *it, struct package_item *ret, struct error *e)
{
	struct version_part *parts;
	int64_t sum = 0;

	ret->item = it;
	if (version_parts(x->db, x->a, it->version, &parts, &ret->part_count, e) < 0)
		return e->code;
	ret->parts = parts;
	for (size_t i = 0; i < ret->part_count; i++)
		sum += parts[i].bytes;
	if (it->ready && sum != it->bytes)
		return err_set(e, ERR_CORRUPT, "the parts of version %lld are not its bytes",
		    (long long)it->version.v);
	return 0;
}

int
files_parts(struct api *x, struct files *f, struct error *e)
{
	f->package = ARENA_ARRAY(x->a, struct package_item, f->count);
	for (size_t i = 0; i < f->count; i++) {
		if (one_package_item(x, &f->items[i], &f->package[i], e) < 0)
			return e->code;
	}
	return 0;
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
