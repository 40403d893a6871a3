/* SPDX-License-Identifier: AGPL-3.0-or-later */
/* change - no effect without its event, nothing left behind at any failure */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>

#include "base/limits.h"
#include "base/str.h"
#include "crypto/sealed.h"
#include "model/change.h"
#include "model/test_db.h"

static const struct actor nobody = {ACTOR_SYSTEM, 0};
static const struct data_key person_key = {{9}};

static int64_t
traces(struct db *db)
{
	return test_db_int(db,
	    "SELECT (SELECT count(*) FROM folder) + (SELECT count(*) FROM event) + "
	    "(SELECT count(*) FROM event_person) + (SELECT count(*) FROM event_todo)");
}

/* A folder is made, and that is recorded with a personal field: 4 traces. */
static int
act(struct db *db, int64_t id, struct error *e)
{
	AUTO(change_abort) struct change *c = NULL;
	struct event_field who = {1, &person_key, S("name"), S("Anna")};
	struct event ev = EVENT_INIT(EVENT_ASSET_CREATED);
	char path[24];
	int r = change_begin(db, nobody, EVENT_ASSET_CREATED, &c, e);

	if (r < 0)
		return r;
	snprintf(path, sizeof path, "%lld", (long long)id);
	ev.asset.v = id;
	ev.fields = &who;
	ev.field_count = 1;
	r = db_exec(db, NULL, e,
	    "INSERT INTO folder (id, name, path, created_us) VALUES (?, 'F', ?, ?)", db_i(id),
	    db_s(str_c(path)), db_i(change_now(c)));
	if (r == 0)
		r = event_add(c, &ev, e);
	if (r == 0)
		r = change_commit(&c, e);
	if (r == 0)
		assert_null(c);
	return r;
}

static void
effect_and_event_together(void **state)
{
	AUTO(db_close) struct db *db = test_db(schema_main);
	struct error e;

	if (act(db, 1, &e) < 0)
		fail_msg("%s", e.msg);
	assert_int_equal(traces(db), 4);
	assert_false(db_in_write(db));
}

static void
without_its_event_a_change_is_refused(void **state)
{
	AUTO(db_close) struct db *db = test_db(schema_main);
	AUTO(change_abort) struct change *c = NULL;
	struct event other = EVENT_INIT(EVENT_ASSET_CHANGED);
	struct error e;

	assert_int_equal(change_begin(db, nobody, EVENT_ASSET_CREATED, &c, &e), 0);
	assert_int_equal(
	    db_exec(db, NULL, &e,
	        "INSERT INTO folder (id, name, path, created_us) VALUES (1, '', '', 1)"),
	    0);
	assert_int_equal(event_add(c, &other, &e), 0); /* an event, but not the one named */
	assert_int_equal(change_commit(&c, &e), ERR_INTERNAL);
	assert_false(db_in_write(db));
	assert_int_equal(traces(db), 0);
}

static void
housekeeping_needs_no_event(void **state)
{
	AUTO(db_close) struct db *db = test_db(schema_main);
	AUTO(change_abort) struct change *c = NULL;
	struct actor anna = {ACTOR_PERSON, 5};
	struct error e;

	assert_int_equal(change_begin(db, anna, CHANGE_HOUSEKEEPING, &c, &e), 0);
	assert_true(change_db(c) == db);
	assert_int_equal(change_actor(c).id, 5);
	assert_int_equal(
	    db_exec(db, NULL, &e,
	        "INSERT INTO folder (id, name, path, created_us) VALUES (1, '', '', 1)"),
	    0);
	assert_int_equal(change_commit(&c, &e), 0);
	assert_int_equal(traces(db), 1);
}

static void
abort_leaves_nothing(void **state)
{
	AUTO(db_close) struct db *db = test_db(schema_main);
	struct change *c = NULL;
	struct event ev = EVENT_INIT(EVENT_ASSET_CREATED);
	struct error e;

	change_abort(&c);
	assert_int_equal(change_begin(db, nobody, EVENT_ASSET_CREATED, &c, &e), 0);
	assert_int_equal(event_add(c, &ev, &e), 0);
	change_abort(&c);
	assert_null(c);
	assert_int_equal(traces(db), 0);
}

/* A constraint broken and swallowed must not let the rest through. */
static void
a_swallowed_failure_comes_out_at_the_commit(void **state)
{
	AUTO(db_close) struct db *db = test_db(schema_main);
	AUTO(change_abort) struct change *c = NULL;
	struct error e;

	assert_int_equal(change_begin(db, nobody, CHANGE_HOUSEKEEPING, &c, &e), 0);
	assert_int_equal(
	    db_exec(db, NULL, &e,
	        "INSERT INTO folder (id, name, path, created_us) VALUES (1, '', '', 1)"),
	    0);
	assert_int_equal(
	    db_exec(db, NULL, &e,
	        "INSERT INTO folder (id, name, path, created_us) VALUES (1, '', 'b', 1)"),
	    ERR_EXISTS);
	assert_int_equal(change_commit(&c, &e), ERR_EXISTS);
	assert_int_equal(traces(db), 0);
}

static void
every_failure_leaves_nothing(void **state)
{
	AUTO(db_close) struct db *db = test_db_fake(schema_main);
	struct error e;
	int n, r = -1;

	for (n = 1; r != 0; n++) {
		assert_in_range(n, 1, 50);
		db_fake_fail(db, n, ERR_IO);
		r = act(db, 1, &e);
		assert_int_equal(r, db_fake_failed(db) ? ERR_IO : 0);
		assert_false(db_in_write(db));
		db_fake_fail(db, 0, 0);
		assert_int_equal(traces(db), r == 0 ? 4 : 0);
	}
	/* begin, folder, event, person, todo, commit failed once each. */
	assert_int_equal(n - 1, 7);
}

static void
a_lost_answer_is_settled(void **state)
{
	AUTO(db_close) struct db *db = test_db_fake(schema_main);
	struct error e;

	db_fake_fail(db, 6, ERR_UNKNOWN_OUTCOME); /* the commit: it took effect */
	assert_int_equal(act(db, 1, &e), 0);
	assert_true(db_fake_failed(db));
	assert_int_equal(traces(db), 4);
}

/* The session dies before COMMIT arrives: nothing happened, run it again. */
static void
a_commit_that_never_arrived_is_retried(void **state)
{
	AUTO(db_close) struct db *db = NULL, *killer = NULL;
	AUTO(change_abort) struct change *c = NULL;
	struct event ev = EVENT_INIT(EVENT_ASSET_CREATED);
	struct error e;

	if (getenv("GELEIT_TEST_PG") == NULL)
		skip();
	db = test_db(schema_main);
	assert_int_equal(db_open(getenv("GELEIT_TEST_PG"), NULL, &killer, &e), 0);
	assert_int_equal(change_begin(db, nobody, EVENT_ASSET_CREATED, &c, &e), 0);
	assert_int_equal(event_add(c, &ev, &e), 0);
	assert_int_equal(
	    test_db_int(killer, "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE "
	                        "pid <> pg_backend_pid() AND datname = current_database()"),
	    1);
	assert_int_equal(change_commit(&c, &e), ERR_RETRY);
	change_abort(&c);
	assert_int_equal(traces(db), 0);
	assert_int_equal(act(db, 1, &e), 0);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(effect_and_event_together),
	    cmocka_unit_test(without_its_event_a_change_is_refused),
	    cmocka_unit_test(housekeeping_needs_no_event),
	    cmocka_unit_test(abort_leaves_nothing),
	    cmocka_unit_test(a_swallowed_failure_comes_out_at_the_commit),
	    cmocka_unit_test(every_failure_leaves_nothing),
	    cmocka_unit_test(a_lost_answer_is_settled),
	    cmocka_unit_test(a_commit_that_never_arrived_is_retried),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
