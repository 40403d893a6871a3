/* SPDX-License-Identifier: AGPL-3.0-or-later */
/* job - once while open, one worker at a time, an old fence does nothing, dead after eight */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/arena.h"
#include "base/str.h"
#include "base/time.h"
#include "model/change.h"
#include "model/job.h"
#include "model/test_db.h"

#define LEASE (60 * US_PER_S)

static const struct actor nobody = {ACTOR_SYSTEM, 0};

struct fixture {
	struct db *db;
	struct arena *a;
	struct error e;
};

static int
begin(void **state)
{
	struct fixture *f = xcalloc(1, sizeof *f);

	f->db = test_db(schema_main);
	f->a = arena_new();
	*state = f;
	return 0;
}

static int
end(void **state)
{
	struct fixture *f = *state;

	db_close(&f->db);
	arena_free(&f->a);
	free(f);
	return 0;
}

static void
put(struct fixture *f, int64_t version, int64_t due_us)
{
	AUTO(change_abort) struct change *c = NULL;

	if (change_begin(f->db, nobody, CHANGE_HOUSEKEEPING, &c, &f->e) < 0 ||
	    job_put(c, "ingest", (version_id){version}, due_us, &f->e) < 0 ||
	    change_commit(&c, &f->e) < 0)
		fail_msg("%s", f->e.msg);
}

static void
run_sql(struct fixture *f, const char *sql)
{
	AUTO(change_abort) struct change *c = NULL;

	if (change_begin(f->db, nobody, CHANGE_HOUSEKEEPING, &c, &f->e) < 0 ||
	    db_exec(f->db, NULL, &f->e, sql) < 0 || change_commit(&c, &f->e) < 0)
		fail_msg("%s", f->e.msg);
}

static struct job
claim(struct fixture *f, int64_t lease_us)
{
	struct job j = {0};
	int r = job_claim(f->db, "ingest", lease_us, &j, &f->e);

	if (r < 0)
		fail_msg("%s", f->e.msg);
	assert_int_equal(r, 1);
	return j;
}

static bool
nothing_is_due(struct fixture *f)
{
	struct job j;
	int r = job_claim(f->db, "ingest", LEASE, &j, &f->e);

	if (r < 0)
		fail_msg("%s", f->e.msg);
	return r == 0;
}

static int
done(struct fixture *f, const struct job *j)
{
	AUTO(change_abort) struct change *c = NULL;

	if (change_begin(f->db, nobody, CHANGE_HOUSEKEEPING, &c, &f->e) < 0 ||
	    job_done(c, j, &f->e) < 0)
		return f->e.code;
	return change_commit(&c, &f->e);
}

static void
one_is_put_once_while_it_is_open(void **state)
{
	struct fixture *f = *state;
	struct job j;

	put(f, 7, 1);
	put(f, 7, 2);
	put(f, 8, 3);
	assert_int_equal(test_db_int(f->db, "SELECT count(*) FROM job"), 2);
	j = claim(f, LEASE);
	assert_int_equal(j.version.v, 7);
	assert_true(str_eq(j.kind, S("ingest")));
	assert_int_equal(j.tries, 1);
	put(f, 7, 1);
	assert_int_equal(test_db_int(f->db, "SELECT count(*) FROM job"), 2);
	assert_int_equal(done(f, &j), 0);
	put(f, 7, 1);
	assert_int_equal(test_db_int(f->db, "SELECT count(*) FROM job"), 3);
}

static void
what_is_not_due_waits(void **state)
{
	struct fixture *f = *state;

	put(f, 7, time_now_us() + US_PER_DAY);
	assert_true(nothing_is_due(f));
	run_sql(f, "UPDATE job SET due_us = 1");
	assert_int_equal(claim(f, LEASE).version.v, 7);
	assert_true(nothing_is_due(f));
}

static void
a_lost_lease_is_another_ones_job(void **state)
{
	struct fixture *f = *state;
	struct job slow, now;

	put(f, 7, 1);
	slow = claim(f, -1);
	usleep(2000);
	now = claim(f, LEASE);
	assert_int_equal(now.id.v, slow.id.v);
	assert_int_equal(done(f, &slow), ERR_CONFLICT);
	assert_int_equal(job_renew(f->db, &slow, LEASE, &f->e), ERR_CONFLICT);
	assert_int_equal(job_failed(f->db, &slow, "too late", &f->e), 0);
	assert_int_equal(test_db_int(f->db, "SELECT count(*) FROM job WHERE state = 'running'"), 1);
	assert_int_equal(job_renew(f->db, &now, LEASE, &f->e), 0);
	assert_int_equal(done(f, &now), 0);
	assert_int_equal(done(f, &now), ERR_CONFLICT);
	assert_true(nothing_is_due(f));
}

static void
failing_comes_back_later_and_dies_in_the_end(void **state)
{
	struct fixture *f = *state;
	int64_t before, wait;
	struct job j;

	put(f, 7, 1);
	for (int i = 1; i <= 8; i++) {
		j = claim(f, LEASE);
		assert_int_equal(j.tries, i);
		before = time_now_us();
		assert_int_equal(job_failed(f->db, &j, "no luck", &f->e), 0);
		wait = test_db_int(f->db, "SELECT due_us FROM job") - before;
		assert_in_range(wait, US_PER_S << i, (US_PER_S << i) + 3 * US_PER_S);
		assert_true(nothing_is_due(f));
		run_sql(f, "UPDATE job SET due_us = 1");
	}
	assert_true(nothing_is_due(f));
	assert_int_equal(test_db_int(f->db,
	                     "SELECT count(*) FROM job WHERE state = 'dead' AND error = 'no luck'"),
	    1);
}

/* The commit took effect: the job is ours at once, not when its lease has ended. */
static void
a_claim_whose_answer_was_lost_holds(void **state)
{
	struct fixture *f = *state;
	struct job j = {0};
	int64_t fence;

	db_close(&f->db);
	f->db = test_db_fake(schema_main);
	put(f, 7, 1);
	for (int n = 1;; n++) {
		assert_in_range(n, 1, 20);
		db_fake_fail(f->db, n, ERR_UNKNOWN_OUTCOME);
		if (job_claim(f->db, "ingest", LEASE, &j, &f->e) == 1)
			break;
		assert_true(db_fake_failed(f->db));
	}
	assert_true(db_fake_failed(f->db));
	db_fake_fail(f->db, 0, 0);
	fence = test_db_int(f->db, "SELECT fence FROM job WHERE state = 'running'");
	assert_int_equal(fence, 1);
	assert_int_equal(j.fence, fence);
	assert_int_equal(done(f, &j), 0);
}

/* What ended without its worker knowing does not begin anew. */
static void
what_is_done_does_not_fail_afterwards(void **state)
{
	struct fixture *f = *state;
	struct job j;

	put(f, 7, 1);
	j = claim(f, LEASE);
	assert_int_equal(done(f, &j), 0);
	assert_int_equal(job_failed(f->db, &j, "the answer was lost", &f->e), 0);
	assert_int_equal(job_wait(f->db, &j, "the answer was lost", 0, &f->e), 0);
	assert_int_equal(test_db_int(f->db, "SELECT count(*) FROM job WHERE state = 'done'"), 1);
	assert_true(nothing_is_due(f));
}

/* An administrator starts it again: as if it were new, and history says who. */
static void
what_was_given_up_can_be_started_again(void **state)
{
	AUTO(change_abort) struct change *c = NULL;
	struct fixture *f = *state;
	struct job_dead *list;
	job_id id;
	size_t n;

	put(f, 7, 1);
	run_sql(f, "UPDATE job SET state = 'dead', tries = 8, error = 'broken'");
	id.v = test_db_int(f->db, "SELECT id FROM job");
	assert_int_equal(job_dead_list(f->db, f->a, 10, &list, &n, &f->e), 0);
	assert_int_equal(n, 1);
	assert_true(list[0].id.v == id.v && list[0].asset.v == 0 && list[0].name.n == 0);
	assert_true(str_eq(list[0].kind, S("ingest")) && str_eq(list[0].error, S("broken")));
	put(f, 7, 1); /* its place is taken */
	assert_true(nothing_is_due(f));
	assert_int_equal(change_begin(f->db, nobody, EVENT_JOB_RESTARTED, &c, &f->e), 0);
	assert_int_equal(job_again(c, f->a, id, &f->e), 0);
	assert_int_equal(change_commit(&c, &f->e), 0);
	assert_int_equal(claim(f, LEASE).tries, 1);
	assert_int_equal(job_dead_list(f->db, f->a, 10, &list, &n, &f->e), 0);
	assert_int_equal(n, 0);
	assert_int_equal(
	    test_db_int(f->db, "SELECT count(*) FROM event WHERE kind = 'job.restarted'"), 1);
	/* a second time there is nothing to start */
	assert_int_equal(change_begin(f->db, nobody, EVENT_JOB_RESTARTED, &c, &f->e), 0);
	assert_int_equal(job_again(c, f->a, id, &f->e), ERR_NOT_FOUND);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, begin, end)

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    TEST(one_is_put_once_while_it_is_open),
	    TEST(what_is_not_due_waits),
	    TEST(a_lost_lease_is_another_ones_job),
	    TEST(failing_comes_back_later_and_dies_in_the_end),
	    TEST(a_claim_whose_answer_was_lost_holds),
	    TEST(what_is_done_does_not_fail_afterwards),
	    TEST(what_was_given_up_can_be_started_again),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
