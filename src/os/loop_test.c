/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * loop_test - readiness, freeing inside a callback, ticks, deferred calls, signals
 */
#include "os/loop.h"

#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "base/error.h"
#include "base/time.h"

struct seen {
	struct loop *l;
	struct watch *w[2];
	int fds[2][2];
	int calls, signals[2];
	uint32_t events;
};

static int
set_up(void **state)
{
	static struct seen s;
	struct error e;

	s = (struct seen){0};
	assert_int_equal(loop_new(&s.l, &e), 0);
	for (int i = 0; i < 2; i++)
		assert_int_equal(
		    socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, s.fds[i]),
		    0);
	*state = &s;
	return 0;
}

static int
tear_down(void **state)
{
	struct seen *s = *state;

	loop_free(&s->l);
	assert_null(s->l);
	for (int i = 0; i < 2; i++) {
		close(s->fds[i][0]);
		close(s->fds[i][1]);
	}
	return 0;
}

static void
note_and_stop(void *arg, uint32_t events)
{
	struct seen *s = arg;

	s->calls++;
	s->events = events;
	loop_stop(s->l);
}

static void
stop(void *arg)
{
	loop_stop(((struct seen *)arg)->l);
}

static void
watch(struct seen *s, int i, uint32_t events, loop_fn fn)
{
	struct error e;

	assert_int_equal(loop_watch(s->l, s->fds[i][0], events, fn, s, &s->w[i], &e), 0);
}

static void
tells_what_is_ready(void **state)
{
	struct seen *s = *state;

	watch(s, 0, LOOP_READ, note_and_stop);
	assert_int_equal(write(s->fds[0][1], "x", 1), 1);
	loop_run(s->l);
	assert_int_equal(s->events, LOOP_READ);
	watch_set(s->w[0], LOOP_WRITE);
	loop_run(s->l);
	assert_int_equal(s->events, LOOP_WRITE);
	assert_int_equal(s->calls, 2);
}

static void
a_hang_up_is_always_told(void **state)
{
	struct seen *s = *state;

	watch(s, 0, 0, note_and_stop);
	shutdown(s->fds[0][1], SHUT_WR);
	loop_run(s->l);
	assert_int_equal(s->events, LOOP_HANGUP);
	/* and again as long as it is so */
	s->events = 0;
	loop_run(s->l);
	assert_int_equal(s->events, LOOP_HANGUP);
	assert_int_equal(s->calls, 2);
}

/* The writing end of a pipe knows no hang-up, its kernel says EPOLLERR. */
static void
an_error_is_told_as_a_hang_up(void **state)
{
	struct seen *s = *state;
	struct watch *w;
	struct error e;
	int fds[2];

	assert_int_equal(pipe2(fds, O_CLOEXEC), 0);
	assert_int_equal(loop_watch(s->l, fds[1], 0, note_and_stop, s, &w, &e), 0);
	close(fds[0]);
	loop_run(s->l);
	assert_int_equal(s->events, LOOP_HANGUP);
	watch_free(&w);
	close(fds[1]);
}

static void
free_both(void *arg, uint32_t events)
{
	struct seen *s = arg;

	s->calls++;
	watch_free(&s->w[0]);
	watch_free(&s->w[1]);
	loop_defer(s->l, stop, s);
}

/* Both are ready in one round; whichever is first frees the other. */
static void
a_callback_may_free_any_watch(void **state)
{
	struct seen *s = *state;

	for (int i = 0; i < 2; i++) {
		watch(s, i, LOOP_READ, free_both);
		assert_int_equal(write(s->fds[i][1], "x", 1), 1);
	}
	loop_run(s->l);
	assert_int_equal(s->calls, 1);
	assert_null(s->w[0]);
	assert_null(s->w[1]);
}

static void
again(void *arg)
{
	struct seen *s = arg;

	if (++s->calls == 3)
		loop_stop(s->l);
	else
		loop_defer(s->l, again, s);
}

static void
count_readable(void *arg, uint32_t events)
{
	((struct seen *)arg)->events++;
}

/* Deferring without end must not keep sockets from being looked at. */
static void
deferred_calls_let_sockets_have_their_turn(void **state)
{
	struct seen *s = *state;

	watch(s, 0, LOOP_READ, count_readable);
	assert_int_equal(write(s->fds[0][1], "x", 1), 1);
	loop_defer(s->l, again, s);
	loop_run(s->l);
	assert_int_equal(s->calls, 3);
	assert_int_equal(s->events, 3);
}

static void
count_ticks(void *arg)
{
	struct seen *s = arg;

	if (++s->calls == 3)
		loop_stop(s->l);
}

static void
ticks_come_at_their_time(void **state)
{
	struct seen *s = *state;
	int64_t start = time_monotonic_us();
	clock_t cpu = clock();
	struct error e;

	assert_int_equal(loop_every(s->l, 20, count_ticks, s, &e), 0);
	loop_run(s->l);
	assert_int_equal(s->calls, 3);
	assert_true(time_monotonic_us() - start >= 60000);
	assert_true(loop_now(s->l) >= start + 60000);
	/* asleep between them */
	assert_true(clock() - cpu < 20 * (CLOCKS_PER_SEC / 1000));
}

static void
more_ticks_than_there_is_room_for_are_refused(void **state)
{
	struct seen *s = *state;
	struct error e;

	for (int i = 0; i < 16; i++)
		assert_int_equal(loop_every(s->l, 1000, stop, s, &e), 0);
	assert_int_equal(loop_every(s->l, 1000, stop, s, &e), ERR_INTERNAL);
}

static void
on_signal(void *arg, int sig)
{
	struct seen *s = arg;

	s->signals[sig == SIGHUP]++;
	if (sig == SIGHUP)
		raise(SIGTERM);
}

static void
signals_arrive_in_the_loop_and_term_stops_it(void **state)
{
	struct seen *s = *state;
	struct error e;

	assert_int_equal(loop_signals(s->l, on_signal, s, &e), 0);
	raise(SIGHUP);
	loop_run(s->l);
	assert_int_equal(s->signals[1], 1);
	assert_int_equal(s->signals[0], 1);
}

#define LOOP_TEST(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    LOOP_TEST(tells_what_is_ready),
	    LOOP_TEST(a_hang_up_is_always_told),
	    LOOP_TEST(an_error_is_told_as_a_hang_up),
	    LOOP_TEST(a_callback_may_free_any_watch),
	    LOOP_TEST(deferred_calls_let_sockets_have_their_turn),
	    LOOP_TEST(ticks_come_at_their_time),
	    LOOP_TEST(more_ticks_than_there_is_room_for_are_refused),
	    LOOP_TEST(signals_arrive_in_the_loop_and_term_stops_it),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
