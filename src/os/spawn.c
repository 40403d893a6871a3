/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * spawn - see spawn.h.
 *
 * Between fork and exec only calls that are safe after a fork in any process.
 */
#include "os/spawn.h"

#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <sys/prctl.h>
#include <unistd.h>

#include "base/error.h"

#define CONTROL_FD 3
#define EXTRA_FD 4
#define OUT_OF_THE_WAY 16
#define EXIT_NOT_STARTED 127

/* Both first to numbers out of the way: either may stand where the other belongs. */
static bool
place_fds(const struct spawn *s)
{
	int control = fcntl(s->control_fd, F_DUPFD, OUT_OF_THE_WAY);
	int extra = s->extra_fd < 0 ? -1 : fcntl(s->extra_fd, F_DUPFD, OUT_OF_THE_WAY);

	if (control < 0 || dup2(control, CONTROL_FD) < 0)
		return false;
	if (s->extra_fd >= 0 && (extra < 0 || dup2(extra, EXTRA_FD) < 0))
		return false;
	return close_range(s->extra_fd < 0 ? EXTRA_FD : EXTRA_FD + 1, ~0u, 0) == 0;
}

/* A new program starts with the signals of a shell's child, not with ours. */
static void
reset_signals(void)
{
	sigset_t none;

	for (int sig = 1; sig < NSIG; sig++)
		(void)signal(sig, SIG_DFL);
	sigemptyset(&none);
	(void)sigprocmask(SIG_SETMASK, &none, NULL);
}

static NORETURN void
become(const struct spawn *s, pid_t parent)
{
	if (s->die_with_parent && prctl(PR_SET_PDEATHSIG, SIGKILL) < 0)
		_exit(EXIT_NOT_STARTED);
	/* it may have died before the line above */
	if (s->die_with_parent && getppid() != parent)
		_exit(EXIT_NOT_STARTED);
	reset_signals();
	if (!place_fds(s))
		_exit(EXIT_NOT_STARTED);
#ifdef GELEIT_VALGRIND
	/* valgrind's own /proc/self/exe is valgrind; its readlink tells whom it runs */
	char self[PATH_MAX];
	ssize_t n = readlink(s->path, self, sizeof self - 1);

	if (n > 0) {
		self[n] = '\0';
		execv(self, (char *const *)(uintptr_t)s->argv);
	}
#endif
	execv(s->path, (char *const *)(uintptr_t)s->argv);
	_exit(EXIT_NOT_STARTED);
}

int
spawn(const struct spawn *s, pid_t *ret, struct error *e)
{
	pid_t parent = getpid(), pid = fork();

	if (pid < 0)
		return err_errno(e, "fork");
	if (pid == 0)
		become(s, parent);
	*ret = pid;
	return 0;
}
