/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * keeper_test - who may ask the keeper what, row by row; budget; no half answers
 */
#include "roles/keeper_answer.h"

#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include "base/arena.h"
#include "base/error.h"
#include "base/random.h"
#include "base/str.h"
#include "base/time.h"
#include "crypto/vault.h"

#define EPOCH 202611

struct bench {
	struct arena *a;
	struct keeper_state state;
	struct keeper_budget budget;
};

static int
set_up(void **state)
{
	static const uint8_t master[MASTER_KEY_BYTES] = {1, 2, 3};
	static struct bench b;
	struct error e;

	b = (struct bench){.a = arena_new(), .state = {.now_us = 100 * US_PER_S}};
	memset(b.state.boot.b, 7, sizeof b.state.boot.b);
	assert_int_equal(vault_new(master, &b.state.vault, &e), 0);
	*state = &b;
	return 0;
}

static int
tear_down(void **state)
{
	struct bench *b = *state;

	vault_free(&b->state.vault);
	arena_free(&b->a);
	return 0;
}

static struct msg_answer
ask(struct bench *b, enum role_kind who, uint32_t type, const struct msg_keeper *q)
{
	struct msg_answer ret;

	keeper_answer(&b->state, who, &b->budget, type, q, b->a, &ret);
	return ret;
}

/* A wrap as an app would have it made. */
static struct msg_wrapped
wrapped(struct bench *b, uint8_t kind)
{
	struct msg_wrapped w = {.epoch = EPOCH, .id = random_id128()};
	struct msg_keeper q = {.kind = kind, .make_epoch = true, .items = &w, .item_count = 1};
	struct msg_answer got;

	memset(w.key, 0x5a, sizeof w.key);
	got = ask(b, ROLE_APP, MSG_WRAP, &q);
	assert_int_equal(got.result, 0);
	assert_int_equal(got.item_count, 1);
	return got.items[0];
}

/* ---- policy ---- */

static const struct {
	uint32_t type;
	uint8_t kind;
	bool app, worker;
} allowed[] = {
    {MSG_WRAP, WRAP_VERSION, true, true},
    {MSG_WRAP, WRAP_PERSON, true, true},
    {MSG_WRAP, WRAP_MAIL, true, true},
    {MSG_WRAP, WRAP_EPOCH, false, false},
    {MSG_WRAP, 0, false, false},
    {MSG_UNWRAP, WRAP_VERSION, true, true},
    {MSG_UNWRAP, WRAP_PERSON, false, false}, /* that is UNSEAL_PERSON */
    {MSG_UNWRAP, WRAP_MAIL, false, false},
    {MSG_UNWRAP, WRAP_EPOCH, false, false},
    {MSG_UNSEAL_PERSON, WRAP_PERSON, true, false},
    {MSG_UNSEAL_PERSON, WRAP_VERSION, false, false},
    {MSG_UNSEAL_MAIL, WRAP_MAIL, false, true},
    {MSG_UNSEAL_MAIL, WRAP_PERSON, false, false},
    {MSG_PEPPER, 0, true, false},
    {MSG_TICKET_KEY, 0, true, false},
    {MSG_ANSWER, 0, false, false},
    {MSG_REQUEST, 0, false, false},
    {MSG_DELIVER, 0, false, false},
    {0, 0, false, false},
    {UINT32_MAX, 0, false, false},
};

static void
each_row_of_the_policy_holds(void **state)
{
	struct bench *b = *state;

	for (size_t i = 0; i < ARRAY_LEN(allowed); i++) {
		const struct msg_keeper q = {.kind = allowed[i].kind, .data = S("x")};

		for (int who = 0; who < ROLE_KIND_COUNT; who++) {
			bool may = (who == ROLE_APP && allowed[i].app) ||
			           (who == ROLE_WORKER && allowed[i].worker);
			int got = ask(b, (enum role_kind)who, allowed[i].type, &q).result;

			if (got != (may ? 0 : ERR_DENIED))
				fail_msg("row %zu, role %d: %d", i, who, got);
		}
	}
}

static void
an_app_opens_mails_only_while_there_is_no_relay(void **state)
{
	struct bench *b = *state;
	struct msg_wrapped w = wrapped(b, WRAP_MAIL);
	struct msg_keeper q = {.kind = WRAP_MAIL, .items = &w, .item_count = 1};
	struct msg_wrapped copy = w;

	assert_int_equal(ask(b, ROLE_APP, MSG_UNSEAL_MAIL, &q).result, ERR_DENIED);
	assert_memory_equal(&w, &copy, sizeof w); /* not even looked at */
	b->state.may_read_outbox = true;
	assert_int_equal(ask(b, ROLE_APP, MSG_UNSEAL_MAIL, &q).result, 0);
	assert_int_equal(w.key[0], 0x5a);
	/* it opens mails, not persons, through that door */
	q.kind = WRAP_PERSON;
	assert_int_equal(ask(b, ROLE_APP, MSG_UNSEAL_MAIL, &q).result, ERR_DENIED);
}

/* ---- keys ---- */

static void
what_was_wrapped_unwraps_and_the_key_does_not_come_back_by_wrap(void **state)
{
	static const uint8_t zero[32];
	struct bench *b = *state;
	struct msg_wrapped w = wrapped(b, WRAP_VERSION);
	struct msg_keeper q = {.kind = WRAP_VERSION, .items = &w, .item_count = 1};
	struct msg_answer got;
	uint8_t key[32];

	assert_memory_equal(w.key, zero, sizeof zero);
	got = ask(b, ROLE_WORKER, MSG_UNWRAP, &q);
	assert_int_equal(got.result, 0);
	memset(key, 0x5a, sizeof key);
	assert_memory_equal(got.items[0].key, key, sizeof key);
}

/* An app that stole wraps of one kind may not open them as another. */
static void
a_wrap_of_another_kind_or_id_stays_shut(void **state)
{
	struct bench *b = *state;
	struct msg_wrapped person = wrapped(b, WRAP_PERSON), version = wrapped(b, WRAP_VERSION);
	struct msg_keeper q = {.kind = WRAP_VERSION, .items = &person, .item_count = 1};

	assert_int_equal(ask(b, ROLE_APP, MSG_UNWRAP, &q).result, ERR_CORRUPT);
	version.id.b[0] ^= 1;
	q.items = &version;
	assert_int_equal(ask(b, ROLE_APP, MSG_UNWRAP, &q).result, ERR_CORRUPT);
}

static void
a_failure_in_the_middle_gives_no_key_at_all(void **state)
{
	static const uint8_t zero[32];
	struct bench *b = *state;
	struct msg_wrapped items[] = {wrapped(b, WRAP_VERSION), wrapped(b, WRAP_VERSION)};
	struct msg_keeper q = {.kind = WRAP_VERSION, .items = items, .item_count = 2};
	struct msg_answer got;

	items[1].wrap[20] ^= 1;
	got = ask(b, ROLE_APP, MSG_UNWRAP, &q);
	assert_int_equal(got.result, ERR_CORRUPT);
	assert_int_equal(got.item_count, 0);
	assert_memory_equal(items[0].key, zero, sizeof zero);
}

static void
both_secrets_have_their_lengths_and_depend_on_their_input(void **state)
{
	struct bench *b = *state;
	struct msg_keeper q = {.label = S("link"), .data = S("token")}, none = {0};
	struct str one = ask(b, ROLE_APP, MSG_PEPPER, &q).data;
	struct str key = ask(b, ROLE_APP, MSG_TICKET_KEY, &none).data;

	assert_int_equal(one.n, 32);
	assert_true(str_eq(one, ask(b, ROLE_APP, MSG_PEPPER, &q).data));
	q.label = S("code");
	assert_false(str_eq(one, ask(b, ROLE_APP, MSG_PEPPER, &q).data));
	assert_int_equal(key.n, 32);
	b->state.boot.b[0] ^= 1; /* tickets die with the run of the server */
	assert_false(str_eq(key, ask(b, ROLE_APP, MSG_TICKET_KEY, &none).data));
}

/* ---- budget ---- */

static void
a_pair_that_asks_too_much_waits_for_the_next_minute(void **state)
{
	struct bench *b = *state;
	struct msg_wrapped w = wrapped(b, WRAP_VERSION);
	struct msg_keeper q = {.kind = WRAP_VERSION, .items = &w, .item_count = 1};

	b->budget.unwraps = KEEPER_UNWRAPS_PER_MINUTE - 1;
	assert_int_equal(ask(b, ROLE_APP, MSG_UNWRAP, &q).result, 0);
	assert_int_equal(ask(b, ROLE_APP, MSG_UNWRAP, &q).result, ERR_LIMIT);
	b->state.now_us += 59 * US_PER_S;
	assert_int_equal(ask(b, ROLE_APP, MSG_UNWRAP, &q).result, ERR_LIMIT);
	b->state.now_us += US_PER_S;
	assert_int_equal(ask(b, ROLE_APP, MSG_UNWRAP, &q).result, 0);
	assert_int_equal(b->budget.unwraps, 1);
	assert_true(b->budget.total >= 4);
}

static void
a_refused_question_costs_nothing(void **state)
{
	struct bench *b = *state;
	struct msg_keeper q = {.kind = WRAP_EPOCH, .item_count = 0};
	uint64_t before = b->budget.total;

	assert_int_equal(ask(b, ROLE_FRONT, MSG_UNWRAP, &q).result, ERR_DENIED);
	assert_int_equal(b->budget.total, before);
}

#define KEEPER_TEST(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    KEEPER_TEST(each_row_of_the_policy_holds),
	    KEEPER_TEST(an_app_opens_mails_only_while_there_is_no_relay),
	    KEEPER_TEST(what_was_wrapped_unwraps_and_the_key_does_not_come_back_by_wrap),
	    KEEPER_TEST(a_wrap_of_another_kind_or_id_stays_shut),
	    KEEPER_TEST(a_failure_in_the_middle_gives_no_key_at_all),
	    KEEPER_TEST(both_secrets_have_their_lengths_and_depend_on_their_input),
	    KEEPER_TEST(a_pair_that_asks_too_much_waits_for_the_next_minute),
	    KEEPER_TEST(a_refused_question_costs_nothing),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
