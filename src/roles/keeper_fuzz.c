/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * keeper_fuzz - any question to the keeper, by anybody
 *
 * The first byte is who asks, the second what.  Only app and worker are answered;
 * what is refused says nothing, and no wrap opens that was not made by this key.
 */
#include <stdlib.h>

#include "base/arena.h"
#include "base/buf.h"
#include "base/error.h"
#include "base/str.h"
#include "crypto/vault.h"
#include "msg/msg.h"
#include "roles/keeper_answer.h"

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n);

static void
must(bool ok)
{
	if (!ok)
		abort();
}

static struct vault *
vault(void)
{
	static const uint8_t master[MASTER_KEY_BYTES] = {42};
	static struct vault *v;
	struct error e;

	if (v == NULL && vault_new(master, &v, &e) < 0)
		abort();
	return v;
}

static void
check(enum role_kind who, uint32_t type, const struct msg_answer *m, struct arena *a)
{
	AUTO(buf_fini) struct buf b = {0};
	struct msg_answer again;
	struct error e;

	must(m->result == 0 || (m->items == NULL && m->item_count == 0 && m->data.n == 0));
	must(m->result != 0 || who == ROLE_APP || who == ROLE_WORKER);
	/* nobody guesses a wrap */
	must(m->result != 0 || type == MSG_WRAP || m->item_count == 0);
	buf_init(&b, LIMIT_MSG_BYTES);
	msg_answer_put(&b, m);
	must(!b.full && msg_answer_get(buf_view(&b), a, &again, &e) == 0);
}

int
LLVMFuzzerTestOneInput(const uint8_t *p, size_t n)
{
	AUTO(arena_free) struct arena *a = arena_new();
	struct keeper_state s = {.vault = vault(), .may_read_outbox = n > 0 && p[0] >= 128};
	struct keeper_budget budget = {0};
	struct msg_answer answer;
	struct msg_keeper q;
	struct error e;

	if (n < 2 || msg_keeper_get((struct str){(const char *)p + 2, n - 2}, a, &q, &e) < 0)
		return 0;
	keeper_answer(&s, (enum role_kind)(p[0] % ROLE_KIND_COUNT), &budget, p[1], &q, a, &answer);
	check((enum role_kind)(p[0] % ROLE_KIND_COUNT), p[1], &answer, a);
	return 0;
}
