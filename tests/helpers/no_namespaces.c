/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * no_namespaces - run a program on a host that forbids user namespaces
 *
 *	no_namespaces PROGRAM ARGUMENT...
 *
 * As containers and hardened kernels do: clone and unshare of CLONE_NEWUSER are EPERM,
 * for the program and all it starts.
 */
#include <errno.h>
#include <sched.h>
#include <seccomp.h>
#include <stdio.h>
#include <unistd.h>

int
main(int argc, char **argv)
{
	const struct scmp_arg_cmp asks = SCMP_A0(SCMP_CMP_MASKED_EQ, CLONE_NEWUSER, CLONE_NEWUSER);
	scmp_filter_ctx f = seccomp_init(SCMP_ACT_ALLOW);

	if (argc < 2 || f == NULL ||
	    seccomp_rule_add(f, SCMP_ACT_ERRNO(EPERM), SCMP_SYS(clone), 1, asks) < 0 ||
	    seccomp_rule_add(f, SCMP_ACT_ERRNO(EPERM), SCMP_SYS(unshare), 1, asks) < 0 ||
	    seccomp_rule_add(f, SCMP_ACT_ERRNO(ENOSYS), SCMP_SYS(clone3), 0) < 0 ||
	    seccomp_load(f) < 0) {
		fprintf(stderr, "usage: no_namespaces PROGRAM ARGUMENT...\n");
		return 2;
	}
	seccomp_release(f);
	execvp(argv[1], argv + 1);
	perror(argv[1]);
	return 127;
}
