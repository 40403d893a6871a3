/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * session, code - one recipient in one browser, idle and absolute ends, what was proved ends with
 * them; six digits are tried as often as they may be and not once more
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/limits.h"
#include "model/code.h"
#include "model/test_exchange.h"

#define TRIES 5

/* The session of the cookie, 0 none. */
static int64_t
found_at(struct exchange *x, const char *cookie, int64_t now, struct session *ret)
{
	struct sha256 h = hash_of(cookie);
	int r = session_find(x->db, &h, x->delivery, now, ret, &x->e);

	if (r < 0)
		fail_msg("%s", x->e.msg);
	return r > 0 ? ret->id.v : 0;
}

static int64_t
found(struct exchange *x, const char *cookie)
{
	struct session s;

	return found_at(x, cookie, time_now_us(), &s);
}

static void
verify(struct exchange *x, session_id id, const char *old_cookie, const char *new_cookie)
{
	AUTO(change_abort) struct change *c = NULL;
	struct sha256 before = hash_of(old_cookie), after = hash_of(new_cookie);
	struct session s = {.id = id};

	if (change_begin(x->db, the_system, CHANGE_HOUSEKEEPING, &c, &x->e) < 0 ||
	    session_verified(c, &s, &before, &after, &x->e) < 0 || change_commit(&c, &x->e) < 0)
		fail_msg("%s", x->e.msg);
}

static void
number_and_cookie_together_or_nothing(void **state)
{
	struct exchange *x = *state;
	session_id s = exchange_open(x, "cookie", 0);
	delivery_id first = x->delivery;

	assert_int_equal(found(x, "cookie"), s.v);
	assert_int_equal(found(x, "other"), 0);
	assert_int_equal(exchange_send(x, "ABCD-2346", 0), 0);
	assert_int_equal(found(x, "cookie"), 0);
	x->delivery = first;
	assert_int_equal(found(x, "cookie"), s.v);
}

static void
it_ends_idle_and_in_any_case(void **state)
{
	struct exchange *x = *state;
	struct session s;
	int64_t used;

	exchange_open(x, "cookie", 0);
	assert_true(found_at(x, "cookie", time_now_us(), &s) != 0);
	used = s.used_us;
	assert_true(found_at(x, "cookie", used + LIMIT_SESSION_IDLE_US - 1, &s) != 0);
	assert_false(found_at(x, "cookie", used + LIMIT_SESSION_IDLE_US, &s) != 0);
	EXEC(x, "UPDATE session SET used_us = ?", db_i(used + LIMIT_SESSION_LIFE_US));
	assert_true(found_at(x, "cookie", used + LIMIT_SESSION_LIFE_US - 1, &s) != 0);
	assert_false(found_at(x, "cookie", s.created_us + LIMIT_SESSION_LIFE_US, &s) != 0);
	assert_int_equal(
	    session_is_live(x->db, s.id, s.created_us + LIMIT_SESSION_LIFE_US, &x->e), 0);
}

static void
opening_again_goes_on(void **state)
{
	struct exchange *x = *state;
	session_id s = exchange_open(x, "cookie", 0);
	struct session now;

	verify(x, s, "cookie", "fresh");
	assert_int_equal(exchange_open(x, "fresh", 0).v, s.v);
	assert_int_equal(found_at(x, "fresh", time_now_us(), &now), s.v);
	assert_int_equal(now.level, 1);
	assert_int_equal(found(x, "cookie"), 0); /* the old cookie is worth nothing */
}

static void
what_is_over_proves_nothing(void **state)
{
	struct exchange *x = *state;
	session_id s = exchange_open(x, "cookie", 0), again;
	struct session now;

	verify(x, s, "cookie", "fresh");
	EXEC(x, "UPDATE session SET used_us = used_us - ?", db_i(LIMIT_SESSION_IDLE_US));
	again = exchange_open(x, "fresh", 0);
	assert_int_not_equal(again.v, s.v);
	assert_int_equal(found_at(x, "fresh", time_now_us(), &now), again.v);
	assert_int_equal(now.level, 0);
	assert_int_equal(session_is_live(x->db, s, time_now_us(), &x->e), 0);
	/* the same after it was ended, by a new link */
	EXEC(x, "UPDATE session SET ended_us = 1, level = 1 WHERE id = ?", db_i(again.v));
	assert_int_equal(found(x, "fresh"), 0);
	assert_int_not_equal(exchange_open(x, "fresh", 0).v, again.v);
	assert_true(found_at(x, "fresh", time_now_us(), &now) != 0 && now.level == 0);
}

/* Two colleagues at one machine: downloads must not be written to the wrong name. */
static void
the_link_opened_last_is_who_acts(void **state)
{
	struct exchange *x = *state;
	session_id first = exchange_open(x, "cookie", 0), second;
	struct session now;

	verify(x, first, "cookie", "cookie");
	second = exchange_open(x, "cookie", 1);
	assert_int_equal(found_at(x, "cookie", time_now_us(), &now), second.v);
	assert_true(now.level == 0 && now.recipient.v == x->recipients[1].v);
	assert_int_equal(exchange_open(x, "cookie", 0).v, first.v);
	assert_int_equal(found_at(x, "cookie", time_now_us(), &now), first.v);
	assert_int_equal(now.level, 1);
}

static void
all_of_a_browser_get_the_new_cookie(void **state)
{
	struct exchange *x = *state;
	struct sha256 h = hash_of("fresh");
	session_id first = exchange_open(x, "cookie", 0), other;

	assert_int_equal(exchange_send(x, "ABCD-2346", 0), 0);
	other = exchange_open(x, "cookie", 0);
	exchange_open(x, "elsewhere", 0);
	verify(x, first, "cookie", "fresh");
	assert_int_equal(found(x, "fresh"), other.v);
	assert_int_equal(session_is_known(x->db, &h, time_now_us(), &x->e), 1);
	h = hash_of("cookie");
	assert_int_equal(session_is_known(x->db, &h, time_now_us(), &x->e), 0);
	assert_true(found(x, "elsewhere") != 0);
}

static void
a_full_browser_forgets_the_oldest(void **state)
{
	struct exchange *x = *state;
	session_id first = exchange_open(x, "cookie", 0), second = exchange_open(x, "cookie", 1);

	for (int i = 2; i < LIMIT_RECIPIENTS_PER_COOKIE; i++) {
		assert_int_equal(exchange_send(x, arena_printf(x->a, "ABCD-%04d", i).p, 0), 0);
		exchange_open(x, "cookie", 0);
	}
	assert_int_equal(session_is_live(x->db, first, time_now_us(), &x->e), 1);
	exchange_open(x, "cookie", 1);
	assert_int_equal(session_is_live(x->db, first, time_now_us(), &x->e), 0);
	assert_int_equal(session_is_live(x->db, second, time_now_us(), &x->e), 1);
}

static void
a_download_is_use(void **state)
{
	struct exchange *x = *state;
	session_id s = exchange_open(x, "cookie", 0);

	for (int i = 0; i < 2; i++) {
		AUTO(change_abort) struct change *c = NULL;

		/* 29 minutes old: kept.  Over: not woken. */
		EXEC(x, "UPDATE session SET used_us = ?",
		    db_i(time_now_us() - LIMIT_SESSION_IDLE_US +
		         (i == 0 ? 60 * US_PER_S : -US_PER_S)));
		if (change_begin(x->db, the_system, CHANGE_HOUSEKEEPING, &c, &x->e) < 0 ||
		    session_keep(c, s, &x->e) < 0 || change_commit(&c, &x->e) < 0)
			fail_msg("%s", x->e.msg);
		assert_int_equal(session_is_live(x->db, s,
		                     time_now_us() + (i == 0 ? 20 * 60 * US_PER_S : 0), &x->e),
		    i == 0);
	}
}

/* More than one statement takes, with one that is over in between. */
static void
stamps_of_many_are_read_at_once(void **state)
{
	struct exchange *x = *state;
	session_id ids[45];
	int64_t stamps[ARRAY_LEN(ids)];
	const int64_t now = time_now_us(), stamp = test_db_int(x->db, "SELECT stamp FROM delivery");

	for (size_t i = 0; i < ARRAY_LEN(ids); i++)
		ids[i] = exchange_open(x, arena_printf(x->a, "cookie %zu", i).p, (int)(i % 2));
	EXEC(x, "UPDATE session SET ended_us = ? WHERE id = ?", db_i(now), db_i(ids[21].v));
	ids[44].v = 1;
	assert_int_equal(
	    session_stamps(x->db, ids, ARRAY_LEN(ids), time_now_us(), stamps, &x->e), 0);
	for (size_t i = 0; i < ARRAY_LEN(ids); i++)
		assert_int_equal(stamps[i], i == 21 || i == 44 ? -1 : stamp);
	assert_int_equal(
	    session_stamps(x->db, ids, 3, now + LIMIT_SESSION_LIFE_US, stamps, &x->e), 0);
	assert_int_equal(stamps[0], -1);
}

/* ---- codes ---- */

static struct code
new_code(struct exchange *x, session_id s, int recipient, const char *digits)
{
	AUTO(change_abort) struct change *c = NULL;
	struct code k = {.id = random_id(),
	    .session = s,
	    .recipient = x->recipients[recipient],
	    .hash = hash_of(digits)};

	if (change_begin(x->db, the_system, CHANGE_HOUSEKEEPING, &c, &x->e) < 0 ||
	    code_create(c, &k, &x->e) < 0 || change_commit(&c, &x->e) < 0)
		fail_msg("%s", x->e.msg);
	return k;
}

/* 1 right, 0 wrong, else the error. */
static int
try(struct exchange *x, const struct code *k, const char *digits)
{
	AUTO(change_abort) struct change *c = NULL;
	struct sha256 h = hash_of(digits);
	bool right;

	if (change_begin(x->db, the_system, CHANGE_HOUSEKEEPING, &c, &x->e) < 0 ||
	    code_try(c, k, &h, TRIES, &right, &x->e) < 0 || change_commit(&c, &x->e) < 0)
		return x->e.code;
	return right;
}

static int
tries_left(struct exchange *x, session_id s, int64_t now)
{
	struct code k;
	int left = 0, r = code_open(x->db, s, now, TRIES, &k, &left, &x->e);

	if (r < 0)
		fail_msg("%s", x->e.msg);
	return r > 0 ? left : 0;
}

static int
used_up(struct exchange *x, session_id s)
{
	return code_is_used_up(x->db, s, time_now_us(), TRIES, &x->e);
}

static void
five_tries_and_not_six(void **state)
{
	struct exchange *x = *state;
	session_id s = exchange_open(x, "cookie", 0);
	struct code k = new_code(x, s, 0, "123456");

	for (int i = 0; i < TRIES; i++) {
		assert_int_equal(tries_left(x, s, time_now_us()), TRIES - i);
		assert_int_equal(used_up(x, s), 0);
		assert_int_equal(try(x, &k, "000000"), 0);
	}
	assert_int_equal(tries_left(x, s, time_now_us()), 0);
	assert_int_equal(used_up(x, s), 1);
	/* who looked before the others were counted comes too late, also with the right one */
	assert_int_equal(try(x, &k, "000000"), ERR_RETRY);
	assert_int_equal(try(x, &k, "123456"), ERR_RETRY);
	assert_int_equal(test_db_int(x->db, "SELECT tries FROM code"), TRIES);
	assert_int_equal(test_db_int(x->db, "SELECT max(failures) FROM recipient"), TRIES);
}

static void
the_right_one_works_once(void **state)
{
	struct exchange *x = *state;
	session_id s = exchange_open(x, "cookie", 0);
	struct code k = new_code(x, s, 0, "123456");

	for (int i = 1; i < TRIES; i++)
		assert_int_equal(try(x, &k, "000000"), 0);
	assert_int_equal(try(x, &k, "123456"), 1); /* the last try counts */
	assert_int_equal(try(x, &k, "123456"), ERR_RETRY);
	assert_int_equal(tries_left(x, s, time_now_us()), 0);
	assert_int_equal(used_up(x, s), 0);
}

static void
a_code_belongs_to_its_browser_and_its_time(void **state)
{
	struct exchange *x = *state;
	session_id s = exchange_open(x, "cookie", 0), other = exchange_open(x, "other", 0);
	struct code k = new_code(x, s, 0, "123456");
	int64_t ends = test_db_int(x->db, "SELECT expires_us FROM code");

	assert_int_equal(tries_left(x, other, time_now_us()), 0);
	assert_int_equal(tries_left(x, s, ends - 1), TRIES);
	assert_int_equal(tries_left(x, s, ends), 0);
	EXEC(x, "UPDATE code SET expires_us = ?", db_i(time_now_us()));
	assert_int_equal(try(x, &k, "123456"), ERR_RETRY);
}

static void
a_new_code_ends_the_one_before(void **state)
{
	struct exchange *x = *state;
	session_id s = exchange_open(x, "cookie", 0);
	struct code first = new_code(x, s, 0, "111111"), second;

	assert_int_equal(try(x, &first, "000000"), 0);
	second = new_code(x, s, 0, "222222");
	assert_int_equal(try(x, &first, "111111"), ERR_RETRY);
	assert_int_equal(tries_left(x, s, time_now_us()), TRIES);
	assert_int_equal(try(x, &second, "222222"), 1);
	/* failures stay counted */
	assert_int_equal(test_db_int(x->db, "SELECT max(failures) FROM recipient"), 1);
}

static int
may_send(struct exchange *x, int i, int64_t now, int64_t *again)
{
	return code_may_send(x->db, x->recipients[i], now, again, &x->e);
}

static void
so_many_an_hour(void **state)
{
	struct exchange *x = *state;
	session_id s = exchange_open(x, "cookie", 0);
	int64_t again = 0, first;

	for (int i = 0; i < LIMIT_CODES_PER_HOUR; i++) {
		assert_int_equal(may_send(x, 0, time_now_us(), &again), 0);
		new_code(x, s, 0, "123456");
	}
	assert_int_equal(may_send(x, 0, time_now_us(), &again), ERR_LIMIT);
	assert_string_equal(x->e.key, "too-many-codes");
	first = test_db_int(x->db, "SELECT min(created_us) FROM code");
	assert_int_equal(again, first + 3600 * US_PER_S);
	assert_int_equal(may_send(x, 0, again - 1, &again), ERR_LIMIT);
	assert_int_equal(may_send(x, 0, again, &again), 0);
	assert_int_equal(may_send(x, 1, time_now_us(), &again), 0); /* the other's are his */
}

static void
a_hundred_wrong_ones_are_the_end(void **state)
{
	struct exchange *x = *state;
	int64_t again = 1;

	EXEC(x, "UPDATE recipient SET failures = ?", db_i(CODE_FAILURES_MOST - 1));
	assert_int_equal(may_send(x, 0, time_now_us(), &again), 0);
	EXEC(x, "UPDATE recipient SET failures = ?", db_i(CODE_FAILURES_MOST));
	assert_int_equal(may_send(x, 0, time_now_us(), &again), ERR_LIMIT);
	assert_int_equal(again, 0);
}

static int
begin_anew(struct exchange *x, int i)
{
	AUTO(change_abort) struct change *c = NULL;

	if (change_begin(x->db, (struct actor){ACTOR_SYSTEM, 0}, CHANGE_HOUSEKEEPING, &c, &x->e) <
	        0 ||
	    code_begin_anew(c, x->recipients[i], &x->e) < 0)
		return x->e.code;
	return change_commit(&c, &x->e);
}

/* Whoever has an old link may use up what is the recipient's; with a new link that is over. */
static void
a_new_link_begins_anew_when_all_is_used_up(void **state)
{
	struct exchange *x = *state;
	session_id s = exchange_open(x, "cookie", 0);
	int64_t again, now = time_now_us();

	exchange_open(x, "other", 1);
	new_code(x, s, 0, "123456");
	EXEC(x, "UPDATE recipient SET failures = 7");
	assert_int_equal(begin_anew(x, 0), 0); /* not used up: all stays */
	assert_int_equal(test_db_int(x->db, "SELECT min(failures) FROM recipient"), 7);
	assert_int_equal(session_is_live(x->db, s, now, &x->e), 1);
	assert_int_equal(test_db_int(x->db, "SELECT count(*) FROM code"), 1);
	EXEC(x, "UPDATE recipient SET failures = ?", db_i(CODE_FAILURES_MOST));
	assert_int_equal(may_send(x, 0, now, &again), ERR_LIMIT);
	assert_int_equal(begin_anew(x, 0), 0);
	assert_int_equal(may_send(x, 0, now, &again), 0);
	assert_int_equal(may_send(x, 1, now, &again), ERR_LIMIT); /* the other's stay */
	assert_int_equal(session_is_live(x->db, s, now, &x->e), 0);
	assert_int_equal(
	    test_db_int(x->db, "SELECT count(*) FROM session WHERE ended_us IS NULL"), 1);
}

static void
who_has_proved_himself_stays_when_codes_begin_anew(void **state)
{
	struct exchange *x = *state;
	session_id s = exchange_open(x, "cookie", 0);

	EXEC(x, "UPDATE session SET level = 1");
	for (int i = 0; i < LIMIT_CODES_PER_HOUR; i++)
		new_code(x, s, 0, "123456");
	assert_int_equal(begin_anew(x, 0), 0);
	assert_int_equal(session_is_live(x->db, s, time_now_us(), &x->e), 1);
	assert_int_equal(test_db_int(x->db, "SELECT count(*) FROM code"), 0);
}

int
main(void)
{
#define TEST(f) cmocka_unit_test_setup_teardown(f, exchange_begin, exchange_end)
	const struct CMUnitTest tests[] = {
	    TEST(number_and_cookie_together_or_nothing),
	    TEST(it_ends_idle_and_in_any_case),
	    TEST(opening_again_goes_on),
	    TEST(what_is_over_proves_nothing),
	    TEST(the_link_opened_last_is_who_acts),
	    TEST(all_of_a_browser_get_the_new_cookie),
	    TEST(a_full_browser_forgets_the_oldest),
	    TEST(a_download_is_use),
	    TEST(stamps_of_many_are_read_at_once),
	    TEST(five_tries_and_not_six),
	    TEST(the_right_one_works_once),
	    TEST(a_code_belongs_to_its_browser_and_its_time),
	    TEST(a_new_code_ends_the_one_before),
	    TEST(so_many_an_hour),
	    TEST(a_hundred_wrong_ones_are_the_end),
	    TEST(a_new_link_begins_anew_when_all_is_used_up),
	    TEST(who_has_proved_himself_stays_when_codes_begin_anew),
	};
#undef TEST

	return cmocka_run_group_tests(tests, NULL, NULL);
}
