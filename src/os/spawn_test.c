/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * spawn_test - what a started program finds: descriptors, signals, its parent's death
 *
 * The test executes itself with "-x CASE"; the exit code is the verdict.
 */
#include "os/spawn.h"

#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/error.h"
#include "os/file.h"

#define LAST_FD 64

static pid_t
start(const char *name, int control, int extra)
{
	const char *const argv[] = {"spawn_test", "-x", name, NULL};
	const struct spawn s = {.path = "/proc/self/exe",
	    .argv = argv,
	    .control_fd = control,
	    .extra_fd = extra,
	    .die_with_parent = true};
	struct error e;
	pid_t pid;

	assert_int_equal(spawn(&s, &pid, &e), 0);
	return pid;
}

static int
exit_of(pid_t pid)
{
	int status;

	assert_int_equal(waitpid(pid, &status, 0), pid);
	return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

/* ---- in the started program ---- */

/* "3" or "34": these are open and name a pipe end, nothing above is. */
static int
look_at_fds(int expected)
{
	char c = (char)('0' + expected);

	for (int fd = 3; fd < LAST_FD; fd++) {
		if ((fcntl(fd, F_GETFD) >= 0) != (fd < 3 + expected))
			return fd;
	}
	for (int fd = 3; fd < 3 + expected; fd++) {
		if (write(fd, &c, 1) != 1)
			return 100;
	}
	return 0;
}

static int
look_at_signals(void)
{
	sigset_t blocked;
	int death = 0;

	sigprocmask(SIG_SETMASK, NULL, &blocked);
	if (sigismember(&blocked, SIGTERM) || sigismember(&blocked, SIGCHLD))
		return 1;
	if (signal(SIGPIPE, SIG_DFL) != SIG_DFL)
		return 2;
	return prctl(PR_GET_PDEATHSIG, &death) < 0 || death != SIGKILL ? 3 : 0;
}

static int
child_main(const char *name)
{
	if (strcmp(name, "one") == 0)
		return look_at_fds(1);
	if (strcmp(name, "two") == 0)
		return look_at_fds(2);
	if (strcmp(name, "signals") == 0)
		return look_at_signals();
	pause();
	return 0;
}

/* ---- tests ---- */

/* Wherever the two stand before, also in each other's place. */
static void
expect_fds(const char *name, int control_at, int extra_at)
{
	int control[2], extra[2];
	char c;
	pid_t pid;

	assert_int_equal(pipe2(control, O_CLOEXEC), 0);
	assert_int_equal(pipe2(extra, O_CLOEXEC), 0);
	if (control_at >= 0)
		assert_int_equal(dup3(control[1], control_at, O_CLOEXEC), control_at);
	if (extra_at >= 0)
		assert_int_equal(dup3(extra[1], extra_at, O_CLOEXEC), extra_at);
	pid = start(name, control_at >= 0 ? control_at : control[1], extra_at);
	assert_int_equal(exit_of(pid), 0);
	assert_int_equal(read(control[0], &c, 1), 1);
	if (extra_at >= 0)
		assert_int_equal(read(extra[0], &c, 1), 1);
	for (int i = 0; i < 2; i++) {
		fd_close(&control[i]);
		fd_close(&extra[i]);
	}
	fd_close(&control_at);
	fd_close(&extra_at);
}

/* The numbers 3 and 4 are the test's own to use from here on. */
static int
keep_low_fds_free(void **state)
{
	int fd;

	while ((fd = open("/dev/null", O_RDONLY | O_CLOEXEC)) >= 0 && fd < 20)
		continue;
	for (int i = 3; i <= fd; i++)
		close(i);
	/* pipes of the tests stand above 4 */
	assert_int_equal(open("/dev/null", O_RDONLY | O_CLOEXEC), 3);
	assert_int_equal(open("/dev/null", O_RDONLY | O_CLOEXEC), 4);
	return 0;
}

static void
only_what_is_handed_over_is_open(void **state)
{
	expect_fds("one", -1, -1);
	expect_fds("one", 3, -1);
	assert_int_equal(open("/dev/null", O_RDONLY | O_CLOEXEC), 3);
	expect_fds("two", 30, 31);
	expect_fds("two", 4, 3);
	assert_int_equal(open("/dev/null", O_RDONLY | O_CLOEXEC), 3);
	assert_int_equal(open("/dev/null", O_RDONLY | O_CLOEXEC), 4);
	expect_fds("two", 16, 17);
}

static void
signals_are_as_a_shell_leaves_them(void **state)
{
	sigset_t some, before;
	int fds[2];

	assert_int_equal(pipe2(fds, O_CLOEXEC), 0);
	sigemptyset(&some);
	sigaddset(&some, SIGTERM);
	sigaddset(&some, SIGCHLD);
	sigprocmask(SIG_BLOCK, &some, &before);
	signal(SIGPIPE, SIG_IGN);
	assert_int_equal(exit_of(start("signals", fds[1], -1)), 0);
	sigprocmask(SIG_SETMASK, &before, NULL);
	signal(SIGPIPE, SIG_DFL);
	close(fds[0]);
	close(fds[1]);
}

/* The grandchild holds the writing end; end of file tells that it is gone. */
static void
a_child_ends_with_its_parent(void **state)
{
	struct pollfd p = {.events = POLLIN};
	int alive[2];
	char c;
	pid_t parent;

	assert_int_equal(pipe2(alive, O_CLOEXEC), 0);
	parent = fork();
	assert_true(parent >= 0);
	if (parent == 0) {
		(void)start("wait", alive[1], -1);
		(void)close(alive[1]);
		pause();
		_exit(0);
	}
	close(alive[1]);
	p.fd = alive[0];
	assert_int_equal(poll(&p, 1, 300), 0);
	kill(parent, SIGKILL);
	assert_int_equal(exit_of(parent), 128 + SIGKILL);
	assert_int_equal(poll(&p, 1, 2000), 1);
	assert_int_equal(read(alive[0], &c, 1), 0);
	close(alive[0]);
}

static void
a_program_that_is_not_there_ends_with_127(void **state)
{
	const char *const argv[] = {"x", NULL};
	const struct spawn s = {
	    .path = "/nonexistent/program", .argv = argv, .control_fd = 0, .extra_fd = -1};
	struct error e;
	pid_t pid;

	assert_int_equal(spawn(&s, &pid, &e), 0);
	assert_int_equal(exit_of(pid), 127);
}

int
main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(only_what_is_handed_over_is_open),
	    cmocka_unit_test(signals_are_as_a_shell_leaves_them),
	    cmocka_unit_test(a_child_ends_with_its_parent),
	    cmocka_unit_test(a_program_that_is_not_there_ends_with_127),
	};

	if (argc == 3 && strcmp(argv[1], "-x") == 0)
		return child_main(argv[2]);
	return cmocka_run_group_tests(tests, keep_low_fds_free, NULL);
}
