/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * keeper_vault - a keeper in the same process: for fsck, init and tests, and
 * what the keeper role itself answers with
 */
#include "base/error.h"
#include "model/keyring.h"

static struct vault_epoch
epoch_of(const struct keeper_item *item)
{
	return (struct vault_epoch){item->epoch, item->epoch_wrap};
}

static int
vault_keeper_wrap(
    void *arg, enum wrap_kind kind, bool make_epoch, struct keeper_item *item, struct error *e)
{
	int r = make_epoch ? vault_epoch_new(arg, item->epoch, &item->epoch_wrap, e) : 0;
	struct vault_epoch epoch = epoch_of(item);

	return r < 0 ? r : vault_wrap(arg, &epoch, kind, item->id, &item->key, &item->wrap, e);
}

static int
vault_keeper_unwrap(
    void *arg, enum wrap_kind kind, struct keeper_item *items, size_t n, struct error *e)
{
	size_t i;
	int r = 0;

	for (i = 0; i < n && r == 0; i++) {
		struct vault_epoch epoch = epoch_of(&items[i]);

		r = vault_unwrap(arg, &epoch, kind, items[i].id, &items[i].wrap, &items[i].key, e);
	}
	return r;
}

static int
vault_keeper_pepper(
    void *arg, struct str label, struct str data, struct sha256 *ret, struct error *e)
{
	*ret = vault_pepper(arg, label, data);
	return 0;
}

struct keeper
keeper_of_vault(struct vault *v)
{
	return (struct keeper){v, vault_keeper_wrap, vault_keeper_unwrap, vault_keeper_pepper};
}
