/* SPDX-License-Identifier: AGPL-3.0-or-later */
/* asks_test - who took a question answers it; what a death, a full lane and a burst do to it. */
#include "roles/asks.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <cmocka.h>

#include "base/arena.h"
#include "base/error.h"
#include "base/str.h"
#include "base/time.h"
#include "os/file.h"
#include "os/loop.h"

#define APPS 2
#define STEP_MS 5
#define PATIENCE_US (20 * US_PER_S)
#define LONG_ENOUGH_US (1700 * 1000LL) /* more than a question waits when an app has died */

struct fixture {
	struct loop *loop;
	struct asks *asks;
	int lanes[LANE_COUNT], apps[APPS]; /* the apps' ends */
	int answered, lost;
	int code; /* of the last that was lost */
	char space[LIMIT_MSG_BYTES];
	struct error e;
	bool (*until)(struct fixture *f);
	int64_t deadline_us;
};

/* ---- time ---- */

static void
look(void *arg)
{
	struct fixture *f = arg;

	if (f->until(f) || time_monotonic_us() > f->deadline_us)
		loop_stop(f->loop);
}

static void
run_until(struct fixture *f, bool (*until)(struct fixture *f), int64_t patience_us)
{
	f->until = until;
	f->deadline_us = time_monotonic_us() + patience_us;
	loop_run(f->loop);
}

static bool
never(struct fixture *f)
{
	(void)f;
	return false;
}

static bool
is_answered(struct fixture *f)
{
	return f->answered > 0;
}

static bool
is_lost(struct fixture *f)
{
	return f->lost > 0;
}

/* ---- one front, two apps ---- */

static int
set_up(void **state)
{
	struct fixture *f = xcalloc(1, sizeof *f);
	int pair[2];

	if (loop_new(&f->loop, &f->e) < 0 || asks_new(f->loop, &f->asks, &f->e) < 0 ||
	    loop_every(f->loop, STEP_MS, look, f, &f->e) < 0)
		return -1;
	for (int i = 0; i < LANE_COUNT; i++) {
		if (ipc_pair(pair, &f->e) < 0 ||
		    asks_set_lane(f->asks, (enum lane)i, pair[0], &f->e) < 0)
			return -1;
		f->lanes[i] = pair[1];
	}
	for (int i = 0; i < APPS; i++) {
		if (ipc_pair(pair, &f->e) < 0 ||
		    asks_set_app(f->asks, (uint32_t)i, pair[0], &f->e) < 0)
			return -1;
		f->apps[i] = pair[1];
	}
	*state = f;
	return 0;
}

static int
tear_down(void **state)
{
	struct fixture *f = *state;

	asks_free(&f->asks);
	loop_free(&f->loop);
	for (int i = 0; i < LANE_COUNT; i++)
		fd_close(&f->lanes[i]);
	for (int i = 0; i < APPS; i++)
		fd_close(&f->apps[i]);
	free(f);
	return 0;
}

static void
note(void *arg, struct ipc_msg *m, const struct error *e)
{
	struct fixture *f = arg;

	if (m != NULL) {
		f->answered++;
		return;
	}
	f->lost++;
	f->code = e->code;
}

/* ---- what front asks, and what apps say ---- */

static struct ask
question(struct fixture *f, enum lane lane, bool repeatable)
{
	return (struct ask){.type = MSG_REQUEST,
	    .lane = lane,
	    .body = S("who is there"),
	    .fd = -1,
	    .repeatable = repeatable,
	    .answered = note,
	    .arg = f};
}

static uint32_t
ask(struct fixture *f, enum lane lane, bool repeatable)
{
	struct ask q = question(f, lane, repeatable);

	return ask_put(f->asks, &q, &f->e);
}

/* An app reads the lane: the number of the question, 0 when none lies there. */
static uint32_t
read_lane(struct fixture *f, enum lane lane)
{
	struct ipc_msg m;
	uint32_t id;

	if (ipc_recv(f->lanes[lane], f->space, &m, &f->e) != 1)
		return 0;
	assert_true(m.type == MSG_REQUEST && str_eq(m.body, S("who is there")));
	id = m.id;
	ipc_msg_close(&m);
	return id;
}

static bool
is_offered(struct fixture *f)
{
	char space[LIMIT_MSG_BYTES];
	ssize_t n = recv(f->lanes[LANE_INTERACTIVE], space, sizeof space, MSG_PEEK | MSG_DONTWAIT);

	return n > 0;
}

static void
say(struct fixture *f, int app, enum msg type, uint32_t id)
{
	struct ipc_msg m = {.type = type, .id = id};

	assert_int_equal(ipc_send(f->apps[app], &m, &f->e), 0);
}

/* As if its process had ended. */
static void
die(struct fixture *f, int app)
{
	fd_close(&f->apps[app]);
}

/* ---- the tests ---- */

static void
only_who_took_it_answers(void **state)
{
	struct fixture *f = *state;
	uint32_t id = ask(f, LANE_INTERACTIVE, true);

	assert_int_not_equal(id, 0);
	assert_int_equal(read_lane(f, LANE_INTERACTIVE), id);
	say(f, 1, MSG_REPLY, id); /* nobody has taken it */
	say(f, 0, MSG_TAKEN, id);
	run_until(f, never, US_PER_S / 10);
	say(f, 1, MSG_REPLY, id); /* another one has */
	run_until(f, never, US_PER_S / 10);
	assert_int_equal(f->answered, 0);
	say(f, 0, MSG_REPLY, id);
	run_until(f, is_answered, PATIENCE_US);
	say(f, 0, MSG_REPLY, id); /* the same number again */
	run_until(f, never, US_PER_S / 10);
	assert_int_equal(f->answered, 1);
	assert_int_equal(f->lost, 0);
}

static void
a_death_offers_it_again_once(void **state)
{
	struct fixture *f = *state;
	uint32_t id = ask(f, LANE_INTERACTIVE, true);

	assert_int_equal(read_lane(f, LANE_INTERACTIVE), id);
	say(f, 0, MSG_TAKEN, id);
	run_until(f, never, US_PER_S / 10);
	die(f, 0);
	run_until(f, is_offered, PATIENCE_US);
	assert_int_equal(read_lane(f, LANE_INTERACTIVE), id);
	say(f, 1, MSG_TAKEN, id);
	run_until(f, never, US_PER_S / 10);
	assert_int_equal(f->lost, 0);
	die(f, 1);
	run_until(f, is_lost, PATIENCE_US);
	assert_int_equal(f->lost, 1);
	assert_int_equal(f->code, ERR_UNKNOWN_OUTCOME);
	assert_false(is_offered(f));
}

static void
what_may_not_be_done_twice_is_lost_with_its_app(void **state)
{
	struct fixture *f = *state;
	uint32_t id = ask(f, LANE_INTERACTIVE, false);

	assert_int_equal(read_lane(f, LANE_INTERACTIVE), id);
	say(f, 0, MSG_TAKEN, id);
	run_until(f, never, US_PER_S / 10);
	die(f, 0);
	run_until(f, is_lost, PATIENCE_US);
	assert_int_equal(f->code, ERR_UNKNOWN_OUTCOME);
	assert_false(is_offered(f));
}

/* Decision 0010: an app that waits for a processor has read it and lives. */
static void
read_and_not_taken_is_given_up_only_after_a_death(void **state)
{
	struct fixture *f = *state;
	uint32_t once = ask(f, LANE_INTERACTIVE, false), id = ask(f, LANE_INTERACTIVE, true);

	assert_int_equal(read_lane(f, LANE_INTERACTIVE), once);
	assert_int_equal(read_lane(f, LANE_INTERACTIVE), id);
	run_until(f, is_lost, LONG_ENOUGH_US);
	assert_int_equal(f->lost, 0);
	assert_false(is_offered(f));
	die(f, 1);
	run_until(f, is_offered, PATIENCE_US);
	assert_int_equal(read_lane(f, LANE_INTERACTIVE), id);
	assert_int_equal(f->lost, 1);
	say(f, 0, MSG_TAKEN, id);
	say(f, 0, MSG_REPLY, id);
	run_until(f, is_answered, PATIENCE_US);
	assert_int_equal(f->answered, 1);
}

/* What the socket holds and 256 more; reports of running transfers come in all the same. */
static void
a_full_lane_refuses_and_goes_on(void **state)
{
	struct fixture *f = *state;
	struct ask report = question(f, LANE_INTERACTIVE, true);
	int put = 0, got = 0;

	report.urgent = true;
	while (ask(f, LANE_INTERACTIVE, true) != 0)
		put++;
	assert_int_equal(f->e.code, ERR_BUSY);
	assert_true(put >= 256);
	assert_int_not_equal(ask(f, LANE_HEAVY, true), 0);
	assert_int_not_equal(ask_put(f->asks, &report, &f->e), 0);
	while (got < put + 1) {
		while (read_lane(f, LANE_INTERACTIVE) != 0)
			got++;
		if (got < put + 1)
			run_until(f, is_offered, PATIENCE_US);
		assert_true(got == put + 1 || is_offered(f));
	}
	assert_int_equal(f->lost, 0);
}

static void
passwords_of_one_network_leave_room_for_others(void **state)
{
	struct fixture *f = *state;
	struct ask q = question(f, LANE_SLOW, false);

	for (uint32_t source = 1; source <= 5; source++) {
		q.source = source;
		for (int i = 0; i < ASKS_SLOW_EACH; i++)
			assert_int_not_equal(ask_put(f->asks, &q, &f->e), 0);
		assert_int_equal(ask_put(f->asks, &q, &f->e), 0);
		assert_int_equal(f->e.code, ERR_LIMIT);
	}
	q.source = 6;
	assert_int_not_equal(ask_put(f->asks, &q, &f->e), 0);
	assert_int_not_equal(ask_put(f->asks, &q, &f->e), 0);
	assert_int_equal(ask_put(f->asks, &q, &f->e), 0); /* 32 in all */
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    TEST(only_who_took_it_answers),
	    TEST(a_death_offers_it_again_once),
	    TEST(what_may_not_be_done_twice_is_lost_with_its_app),
	    TEST(read_and_not_taken_is_given_up_only_after_a_death),
	    TEST(a_full_lane_refuses_and_goes_on),
	    TEST(passwords_of_one_network_leave_room_for_others),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
