/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * jail - a process for one job, in namespaces of its own
 *
 * Cloned straight into them, so that it is the first process of its own world:
 * its end ends everything it could have started.  Between clone and exec only
 * calls that are safe there.
 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/error.h"
#include "media/media.h"
#include "os/file.h"

#define NAMESPACES                                                                                 \
	(CLONE_NEWUSER | CLONE_NEWNS | CLONE_NEWPID | CLONE_NEWNET | CLONE_NEWIPC | CLONE_NEWUTS | \
	    CLONE_NEWCGROUP)
#define OUT_OF_THE_WAY 128
_Static_assert(OUT_OF_THE_WAY >= JOB_PARTS + LIMIT_RENDER_PARTS, "no number stands for two");

/* What is ours to say before we are the namespace's root. */
struct maps {
	char uid[32], gid[32];
};

static bool
put(const char *path, const char *text)
{
	int fd = open(path, O_WRONLY | O_CLOEXEC);
	bool ok = fd >= 0 && write(fd, text, strlen(text)) == (ssize_t)strlen(text);

	if (fd >= 0)
		(void)close(fd);
	return ok;
}

/* The files of a process that may not be dumped belong to root: be dumpable for these lines. */
static bool
map_ids(const struct maps *m)
{
	return prctl(PR_SET_DUMPABLE, 1) == 0 && put("/proc/self/setgroups", "deny") &&
	       put("/proc/self/uid_map", m->uid) && put("/proc/self/gid_map", m->gid);
}

/* First all to numbers out of the way: any may stand where another belongs. */
static bool
place(const struct jail *j)
{
	int moved[JOB_PARTS + LIMIT_RENDER_PARTS];
	int n = JOB_PARTS + (int)j->part_count;

	for (int i = 0; i < n; i++) {
		int from = i < JOB_REQUEST    ? j->null
		           : i == JOB_REQUEST ? j->request
		           : i == JOB_OUTPUT  ? j->output
		                              : j->parts[i - JOB_PARTS];

		moved[i] = fcntl(from, F_DUPFD, OUT_OF_THE_WAY);
		if (moved[i] < 0)
			return false;
	}
	for (int i = 0; i < n; i++) {
		if (dup2(moved[i], i) < 0)
			return false;
	}
	return close_range((unsigned)n, ~0u, 0) == 0;
}

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
become(const struct jail *j, const struct maps *m)
{
	static const char *const env[] = {"VIPSHOME=/nonexistent", "VIPS_DISC_THRESHOLD=100g",
	    "VIPS_NOVECTOR=1", "MALLOC_ARENA_MAX=1", "LC_ALL=C.UTF-8", "GIO_USE_VFS=local", NULL};
	const char *const argv[] = {"geleit-media", "job", media_kind_name(j->kind),
	    j->may_have_namespaces ? "jailed" : "bare", NULL};

	if (j->may_have_namespaces && !map_ids(m))
		_exit(EXIT_NOT_STARTED);
	reset_signals();
	if (prctl(PR_SET_PDEATHSIG, SIGKILL) < 0 || !place(j))
		_exit(EXIT_NOT_STARTED);
	execve("/proc/self/exe", (char *const *)(uintptr_t)argv, (char *const *)(uintptr_t)env);
	_exit(EXIT_NOT_STARTED);
}

/*
 * clone(2): of a host that does not give namespaces, or no more of them than none.  What
 * passes, such as EAGAIN and ENOMEM, must not cost later jobs their walls.
 */
static bool
is_forbidden(int n)
{
	return n == EPERM || n == ENOSPC || n == EUSERS || n == EINVAL || n == ENOSYS;
}

int
jail_start(const struct jail *j, pid_t *ret, int *ret_pidfd, struct error *e)
{
	unsigned long flags = CLONE_PIDFD | SIGCHLD;
	struct maps m;
	int pidfd = -1;
	long pid;

	snprintf(m.uid, sizeof m.uid, "0 %u 1", geteuid());
	snprintf(m.gid, sizeof m.gid, "0 %u 1", getegid());
	flags |= j->may_have_namespaces ? NAMESPACES : 0;
	pid = syscall(SYS_clone, flags, NULL, &pidfd, NULL, NULL);
	if (pid == 0)
		become(j, &m);
	if (pid < 0 && j->may_have_namespaces && is_forbidden(errno))
		return err_set(e, ERR_DENIED, "no namespaces: %s", strerror(errno));
	if (pid < 0)
		return err_set(e, ERR_BUSY, "clone: %s", strerror(errno));
	(void)fcntl(pidfd, F_SETFD, FD_CLOEXEC);
	*ret = (pid_t)pid;
	*ret_pidfd = pidfd;
	return 0;
}

/* A job without a file goes all the way until it asks for one. */
int
jail_try(int null, struct error *e)
{
	const struct jail j = {
	    .null = null, .request = null, .output = null, .may_have_namespaces = true};
	AUTO(fd_close) int pidfd = -1;
	struct pollfd p = {.events = POLLIN};
	int status = 0;
	pid_t pid;

	if (jail_start(&j, &pid, &pidfd, e) < 0)
		return err_code(e);
	p.fd = pidfd;
	if (poll(&p, 1, LIMIT_RENDER_WALL_MS) <= 0) /* nobody else looks whether it is late */
		(void)syscall(SYS_pidfd_send_signal, pidfd, SIGKILL, NULL, 0);
	while (waitpid(pid, &status, 0) < 0) {
		if (errno != EINTR)
			return err_errno(e, "waiting for a job without a file");
	}
	if (WIFEXITED(status) &&
	    (WEXITSTATUS(status) == EXIT_NOT_STARTED || WEXITSTATUS(status) == EXIT_SEAL))
		return err_set(e, ERR_DENIED, "a job in them ended with %d", WEXITSTATUS(status));
	return 0;
}
