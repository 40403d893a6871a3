/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * keeper_answer - see keeper_answer.h.  Who may ask what is one table.
 */
#include "roles/keeper_answer.h"

#include "base/arena.h"
#include "base/error.h"
#include "base/time.h"
#include "crypto/vault.h"

static const struct {
	uint32_t type;
	const char *kinds; /* of wraps it may name */
	bool app, worker;
} policy[] = {
    {MSG_WRAP, "vpm", true, true},
    {MSG_UNWRAP, "v", true, true},
    {MSG_UNSEAL_PERSON, "p", true, false},
    {MSG_UNSEAL_MAIL, "m", false, true}, /* app: see may_ask */
    {MSG_PEPPER, "", true, false},
    {MSG_TICKET_KEY, "", true, false},
};

static bool
names_kind(const char *kinds, uint8_t kind)
{
	return kinds[0] == '\0' || (kind != 0 && strchr(kinds, kind) != NULL);
}

static bool
may_ask(const struct keeper_state *s, enum role_kind who, uint32_t type, uint8_t kind)
{
	for (size_t i = 0; i < ARRAY_LEN(policy); i++) {
		if (policy[i].type != type || !names_kind(policy[i].kinds, kind))
			continue;
		if (who == ROLE_APP)
			return policy[i].app || (type == MSG_UNSEAL_MAIL && s->may_read_outbox);
		return who == ROLE_WORKER && policy[i].worker;
	}
	return false;
}

static bool
is_within_budget(struct keeper_budget *b, int64_t now_us, size_t n)
{
	if (now_us - b->since_us >= 60 * US_PER_S) {
		b->since_us = now_us;
		b->unwraps = 0;
	}
	b->unwraps += n;
	b->total += n;
	return b->unwraps <= KEEPER_UNWRAPS_PER_MINUTE;
}

static struct vault_epoch
epoch_of(const struct msg_wrapped *w)
{
	struct vault_epoch epoch = {.epoch = w->epoch};

	memcpy(epoch.wrap.b, w->epoch_wrap, sizeof epoch.wrap.b);
	return epoch;
}

static int
wrap(const struct keeper_state *s, const struct msg_keeper *q, struct msg_wrapped *w,
    struct error *e)
{
	struct vault_epoch epoch = epoch_of(w);
	struct data_key key;
	struct key_wrap out;
	int r;

	if (q->make_epoch && vault_epoch_new(s->vault, w->epoch, &epoch.wrap, e) < 0)
		return err_code(e);
	memcpy(key.b, w->key, sizeof key.b);
	r = vault_wrap(s->vault, &epoch, (enum wrap_kind)q->kind, w->id, &key, &out, e);
	explicit_bzero(&key, sizeof key);
	memset(w->key, 0, sizeof w->key);
	if (r < 0)
		return r;
	memcpy(w->epoch_wrap, epoch.wrap.b, sizeof w->epoch_wrap);
	memcpy(w->wrap, out.b, sizeof w->wrap);
	return 0;
}

static int
unwrap(const struct keeper_state *s, const struct msg_keeper *q, struct msg_wrapped *w,
    struct error *e)
{
	struct vault_epoch epoch = epoch_of(w);
	struct key_wrap in;
	struct data_key key;

	memcpy(in.b, w->wrap, sizeof in.b);
	if (vault_unwrap(s->vault, &epoch, (enum wrap_kind)q->kind, w->id, &in, &key, e) < 0)
		return err_code(e);
	memcpy(w->key, key.b, sizeof w->key);
	explicit_bzero(&key, sizeof key);
	return 0;
}

static void
put_data(struct arena *a, struct msg_answer *ret, const void *p, size_t n)
{
	ret->data = (struct str){memcpy(arena_alloc(a, n), p, n), n};
}

static int
answer(const struct keeper_state *s, uint32_t type, const struct msg_keeper *q, struct arena *a,
    struct msg_answer *ret, struct error *e)
{
	struct sha256 mac;
	struct data_key key;
	int r = 0;

	switch (type) {
	case MSG_PEPPER:
		mac = vault_pepper(s->vault, q->label, q->data);
		put_data(a, ret, mac.b, sizeof mac.b);
		return 0;
	case MSG_TICKET_KEY:
		key = vault_ticket_key(s->vault, s->boot);
		put_data(a, ret, key.b, sizeof key.b);
		explicit_bzero(&key, sizeof key);
		return 0;
	default:
		for (size_t i = 0; i < q->item_count && r == 0; i++)
			r = type == MSG_WRAP ? wrap(s, q, &q->items[i], e)
			                     : unwrap(s, q, &q->items[i], e);
		ret->items = q->items;
		ret->item_count = q->item_count;
		return r;
	}
}

void
keeper_answer(const struct keeper_state *s, enum role_kind who, struct keeper_budget *budget,
    uint32_t type, const struct msg_keeper *q, struct arena *a, struct msg_answer *ret)
{
	struct error e;

	*ret = (struct msg_answer){0};
	if (!may_ask(s, who, type, q->kind)) {
		ret->result = ERR_DENIED;
		return;
	}
	if (!is_within_budget(budget, s->now_us, q->item_count)) {
		ret->result = ERR_LIMIT;
		return;
	}
	ret->result = answer(s, type, q, a, ret, &e);
	if (ret->result == 0)
		return;
	/* no half answers: a key that was opened before the failure stays here */
	if (q->item_count > 0)
		explicit_bzero(q->items, q->item_count * sizeof *q->items);
	ret->items = NULL;
	ret->item_count = 0;
}
