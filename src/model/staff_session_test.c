/* SPDX-License-Identifier: AGPL-3.0-or-later */
/* staff_session_test - what is live, what a link is good for, and whose it is */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/arena.h"
#include "base/str.h"
#include "base/time.h"
#include "model/change.h"
#include "model/staff_session.h"
#include "model/test_db.h"

static const struct actor nobody = {ACTOR_SYSTEM, 0};
static const struct sha256 cookie = {{1}}, other = {{2}};

static struct change *
change_of(struct db *db, enum event_kind kind)
{
	struct change *c = NULL;
	struct error e;

	if (change_begin(db, nobody, kind, &c, &e) < 0)
		fail_msg("%s", e.msg);
	return c;
}

static void
done(struct change *c, int r, struct error *e)
{
	if (r < 0 || change_commit(&c, e) < 0)
		fail_msg("%s", e->msg);
}

static person_id
a_person(struct db *db, const char *address)
{
	struct change *c = change_of(db, CHANGE_HOUSEKEEPING);
	person_id id;
	struct error e;

	done(c, person_create(c, S("Anna"), str_c(address), S("administrator"), &id, &e), &e);
	return id;
}

static void
begin(struct db *db, person_id p, enum staff_state state, const struct sha256 *token)
{
	struct change *c = change_of(db, EVENT_SESSION_BEGUN);
	struct error e;

	done(c, staff_session_begin(c, p, state, token, S("Browser"), &e), &e);
}

static void
a_session_is_found_by_its_cookie_until_it_is_over(void **state)
{
	AUTO(db_close) struct db *db = test_db(schema_main);
	AUTO(arena_free) struct arena *a = arena_new();
	person_id p = a_person(db, "anna@geleit.example");
	int64_t now = time_now_us(), end;
	struct staff_session s;
	struct error e;

	begin(db, p, STAFF_ACTIVE, &cookie);
	assert_int_equal(staff_session_find(db, a, &other, now, &s, &e), 0);
	assert_int_equal(staff_session_find(db, a, &cookie, now, &s, &e), 1);
	assert_int_equal(s.state, STAFF_ACTIVE);
	assert_true(s.proved_us > 0);
	assert_string_equal(s.person.name.p, "Anna");
	assert_string_equal(s.agent.p, "Browser");
	assert_int_equal(staff_session_find(db, a, &cookie, staff_session_idle_end(&s), &s, &e), 0);
	/* used all the time, it ends all the same */
	end = staff_session_end_us(&s);
	for (int64_t t = now; t < now + 13 * 3600 * US_PER_S; t += 30 * 60 * US_PER_S) {
		int live = staff_session_find(db, a, &cookie, t, &s, &e);

		assert_int_equal(live, t < end);
		if (live)
			assert_int_equal(staff_session_touch(db, &s, t, &e), 0);
	}
}

static void
a_disabled_person_has_no_session(void **state)
{
	AUTO(db_close) struct db *db = test_db(schema_main);
	AUTO(arena_free) struct arena *a = arena_new();
	person_id p = a_person(db, "anna@geleit.example");
	struct staff_session s;
	struct change *c;
	struct error e;

	begin(db, p, STAFF_ACTIVE, &cookie);
	c = change_of(db, CHANGE_HOUSEKEEPING);
	done(c, db_exec(db, NULL, &e, "UPDATE person SET disabled_us = 1 WHERE id = ?", db_i(p.v)),
	    &e);
	assert_int_equal(staff_session_find(db, a, &cookie, time_now_us(), &s, &e), 0);
}

static void
a_proof_changes_state_and_cookie(void **state)
{
	AUTO(db_close) struct db *db = test_db(schema_main);
	AUTO(arena_free) struct arena *a = arena_new();
	person_id p = a_person(db, "anna@geleit.example");
	struct staff_session s;
	struct change *c;
	struct error e;

	begin(db, p, STAFF_TOTP, &cookie);
	assert_int_equal(staff_session_find(db, a, &cookie, time_now_us(), &s, &e), 1);
	assert_int_equal(s.proved_us, 0);
	c = change_of(db, CHANGE_HOUSEKEEPING);
	done(c, staff_session_proved(c, s.id, STAFF_ACTIVE, &other, &e), &e);
	assert_int_equal(staff_session_find(db, a, &cookie, time_now_us(), &s, &e), 0);
	assert_int_equal(staff_session_find(db, a, &other, time_now_us(), &s, &e), 1);
	assert_int_equal(s.state, STAFF_ACTIVE);
}

static void
only_ones_own_session_can_be_ended(void **state)
{
	AUTO(db_close) struct db *db = test_db(schema_main);
	AUTO(arena_free) struct arena *a = arena_new();
	person_id anna = a_person(db, "anna@geleit.example"), ben = a_person(db, "ben@x.example");
	struct staff_session s, *all;
	struct change *c;
	struct error e;
	size_t n;

	begin(db, anna, STAFF_ACTIVE, &cookie);
	begin(db, anna, STAFF_ACTIVE, &other);
	assert_int_equal(staff_session_find(db, a, &cookie, time_now_us(), &s, &e), 1);
	c = change_of(db, EVENT_SESSION_ENDED);
	assert_int_equal(staff_session_end(c, ben, s.id, &e), ERR_NOT_FOUND);
	change_abort(&c);
	c = change_of(db, EVENT_SESSION_ENDED);
	done(c, staff_session_end(c, anna, s.id, &e), &e);
	assert_int_equal(staff_session_list(db, a, anna, time_now_us(), &all, &n, &e), 0);
	assert_int_equal(n, 1);
	assert_true(all[0].id.v != s.id.v);
	assert_int_equal(
	    test_db_int(db, "SELECT count(*) FROM event WHERE kind = 'session.ended'"), 1);
}

static int
use(struct db *db, struct str token, person_id *ret)
{
	struct change *c = change_of(db, CHANGE_HOUSEKEEPING);
	struct error e;
	int r = sign_in_link_use(c, token, ret, &e);

	if (r == 0 && change_commit(&c, &e) < 0)
		fail_msg("%s", e.msg);
	change_abort(&c);
	return r;
}

static struct str
a_link(struct db *db, struct arena *a, person_id p)
{
	struct change *c = change_of(db, CHANGE_HOUSEKEEPING);
	struct str token;
	struct error e;

	done(c, sign_in_link_new(c, a, p, LINK_FIRST, &token, &e), &e);
	return token;
}

static void
a_link_is_good_once_and_ends_the_older_one(void **state)
{
	AUTO(db_close) struct db *db = test_db(schema_main);
	AUTO(arena_free) struct arena *a = arena_new();
	person_id p = a_person(db, "anna@geleit.example"), who;
	struct str first = a_link(db, a, p), second = a_link(db, a, p);

	assert_int_equal(first.n, 43);
	assert_int_equal(use(db, first, &who), ERR_UNAUTHENTICATED);
	assert_int_equal(use(db, S("nonsense"), &who), ERR_UNAUTHENTICATED);
	assert_int_equal(use(db, second, &who), 0);
	assert_int_equal(who.v, p.v);
	assert_int_equal(use(db, second, &who), ERR_UNAUTHENTICATED);
}

static void
the_first_administrator_is_asked_for_until_one_can_sign_in(void **state)
{
	AUTO(db_close) struct db *db = test_db(schema_main);
	person_id p = a_person(db, "anna@geleit.example"), who;
	struct change *c;
	struct error e;

	assert_int_equal(person_first_without_credential(db, &who, &e), 1);
	assert_int_equal(who.v, p.v);
	c = change_of(db, CHANGE_HOUSEKEEPING);
	done(c,
	    db_exec(db, NULL, &e,
	        "INSERT INTO credential (person_id, password, totp, totp_step, failures, "
	        "failed_us) "
	        "VALUES (?, 'x', ?, 0, 0, 0)",
	        db_i(p.v), db_bytes("t", 1)),
	    &e);
	a_person(db, "ben@x.example");
	assert_int_equal(person_first_without_credential(db, &who, &e), 0);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(a_session_is_found_by_its_cookie_until_it_is_over),
	    cmocka_unit_test(a_disabled_person_has_no_session),
	    cmocka_unit_test(a_proof_changes_state_and_cookie),
	    cmocka_unit_test(only_ones_own_session_can_be_ended),
	    cmocka_unit_test(a_link_is_good_once_and_ends_the_older_one),
	    cmocka_unit_test(the_first_administrator_is_asked_for_until_one_can_sign_in),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
