/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * keeper_answer_test - who may ask the keeper what, row by row; and that no
 * failed answer carries a key
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/arena.h"
#include "base/error.h"
#include "crypto/vault.h"
#include "roles/keeper_answer.h"

struct world {
	struct arena *a;
	struct keeper_state s;
	struct keeper_budget budget;
	struct msg_wrapped item;
	struct msg_answer answer;
};

static void
begin(struct world *w)
{
	uint8_t master[MASTER_KEY_BYTES] = {1, 2, 3};
	struct error e;

	*w = (struct world){.a = arena_new()};
	assert_int_equal(vault_new(master, &w->s.vault, &e), 0);
}

static void
end(struct world *w)
{
	vault_free(&w->s.vault);
	arena_free(&w->a);
}

static int
ask(struct world *w, enum role_kind who, uint32_t type, char kind, bool make_epoch)
{
	struct msg_keeper q = {.kind = (uint8_t)kind,
	    .make_epoch = make_epoch,
	    .items = &w->item,
	    .item_count = kind != 0 ? 1 : 0,
	    .label = {"link", 4},
	    .data = {"token", 5}};

	keeper_answer(&w->s, who, &w->budget, type, &q, w->a, &w->answer);
	return w->answer.result;
}

static const struct {
	uint32_t type;
	char kind;
	int app, worker;
} rows[] = {
    {MSG_WRAP, 'v', 0, 0},
    {MSG_WRAP, 'm', 0, 0},
    {MSG_WRAP, 'e', ERR_DENIED, ERR_DENIED},
    {MSG_UNWRAP, 'm', ERR_DENIED, ERR_DENIED},
    {MSG_UNWRAP, 'p', ERR_DENIED, ERR_DENIED},
    {MSG_UNSEAL_PERSON, 'v', ERR_DENIED, ERR_DENIED},
    {MSG_PEPPER, 0, 0, ERR_DENIED},
    {MSG_SIGN, 0, ERR_DENIED, 0},
    {MSG_TICKET_KEY, 0, 0, ERR_DENIED},
    {MSG_REQUEST, 'v', ERR_DENIED, ERR_DENIED},
};

static void
the_table_decides(void **state)
{
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct world w;

		begin(&w);
		w.item.epoch = 202611;
		assert_int_equal(ask(&w, ROLE_APP, rows[i].type, rows[i].kind, true), rows[i].app);
		assert_int_equal(
		    ask(&w, ROLE_WORKER, rows[i].type, rows[i].kind, true), rows[i].worker);
		assert_int_equal(ask(&w, ROLE_FRONT, rows[i].type, rows[i].kind, true), ERR_DENIED);
		assert_int_equal(
		    ask(&w, ROLE_EGRESS, rows[i].type, rows[i].kind, true), ERR_DENIED);
		end(&w);
	}
}

static void
a_key_comes_back_under_its_own_name_only(void **state)
{
	struct world w;

	begin(&w);
	w.item = (struct msg_wrapped){.epoch = 202611, .id = {{7}}, .key = {9, 9, 9}};
	assert_int_equal(ask(&w, ROLE_APP, MSG_WRAP, 'v', true), 0);
	assert_int_equal(w.item.key[0], 0); /* wiped once it is wrapped */
	assert_int_equal(ask(&w, ROLE_WORKER, MSG_UNWRAP, 'v', false), 0);
	assert_int_equal(w.answer.items[0].key[0], 9);
	w.item.id.b[0] = 8;
	memset(w.item.key, 5, sizeof w.item.key);
	assert_int_equal(ask(&w, ROLE_WORKER, MSG_UNWRAP, 'v', false), ERR_CORRUPT);
	assert_int_equal(w.answer.item_count, 0);
	assert_int_equal(w.item.key[0], 0);
	end(&w);
}

static void
the_outbox_is_readable_only_without_smtp(void **state)
{
	struct world w;

	begin(&w);
	w.item = (struct msg_wrapped){.epoch = 202611, .id = {{7}}};
	assert_int_equal(ask(&w, ROLE_WORKER, MSG_WRAP, 'm', true), 0);
	assert_int_equal(ask(&w, ROLE_APP, MSG_UNSEAL_MAIL, 'm', false), ERR_DENIED);
	w.s.may_read_outbox = true;
	assert_int_equal(ask(&w, ROLE_APP, MSG_UNSEAL_MAIL, 'm', false), 0);
	end(&w);
}

static void
the_budget_is_the_brake(void **state)
{
	struct world w;

	begin(&w);
	w.item = (struct msg_wrapped){.epoch = 202611};
	w.budget.unwraps = KEEPER_UNWRAPS_PER_MINUTE;
	assert_int_equal(ask(&w, ROLE_APP, MSG_WRAP, 'v', true), ERR_LIMIT);
	w.s.now_us = 61 * 1000000LL;
	assert_int_equal(ask(&w, ROLE_APP, MSG_WRAP, 'v', true), 0);
	end(&w);
}

static void
pepper_and_ticket_key_are_never_nothing(void **state)
{
	static const uint8_t zero[32];
	struct world w;

	begin(&w);
	assert_int_equal(ask(&w, ROLE_APP, MSG_PEPPER, 0, false), 0);
	assert_int_equal(w.answer.data.n, 32);
	assert_memory_not_equal(w.answer.data.p, zero, 32);
	assert_int_equal(ask(&w, ROLE_APP, MSG_TICKET_KEY, 0, false), 0);
	assert_memory_not_equal(w.answer.data.p, zero, 32);
	end(&w);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(the_table_decides),
	    cmocka_unit_test(a_key_comes_back_under_its_own_name_only),
	    cmocka_unit_test(the_outbox_is_readable_only_without_smtp),
	    cmocka_unit_test(the_budget_is_the_brake),
	    cmocka_unit_test(pepper_and_ticket_key_are_never_nothing),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
