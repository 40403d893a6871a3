/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * no_namespaces - run a program on a host that forbids user namespaces
 *
 *	no_namespaces PROGRAM ARGUMENT...		clone and unshare of CLONE_NEWUSER are EPERM
 *	no_namespaces --unusable PROGRAM ARGUMENT...	they are given, and then no mount is
 *
 * As containers and hardened kernels do the one, and AppArmor's restriction of them the
 * other; for the program and all it starts.
 */
#include <errno.h>
#include <sched.h>
#include <seccomp.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

static int
forbid(scmp_filter_ctx f)
{
	const struct scmp_arg_cmp asks = SCMP_A0(SCMP_CMP_MASKED_EQ, CLONE_NEWUSER, CLONE_NEWUSER);

	return seccomp_rule_add(f, SCMP_ACT_ERRNO(EPERM), SCMP_SYS(clone), 1, asks) |
	       seccomp_rule_add(f, SCMP_ACT_ERRNO(EPERM), SCMP_SYS(unshare), 1, asks) |
	       seccomp_rule_add(f, SCMP_ACT_ERRNO(ENOSYS), SCMP_SYS(clone3), 0);
}

static int
make_useless(scmp_filter_ctx f)
{
	return seccomp_rule_add(f, SCMP_ACT_ERRNO(EACCES), SCMP_SYS(mount), 0);
}

int
main(int argc, char **argv)
{
	scmp_filter_ctx f = seccomp_init(SCMP_ACT_ALLOW);
	int first = argc > 1 && strcmp(argv[1], "--unusable") == 0 ? 2 : 1;

	if (argc <= first || f == NULL || (first == 2 ? make_useless(f) : forbid(f)) < 0 ||
	    seccomp_load(f) < 0) {
		fprintf(stderr, "usage: no_namespaces [--unusable] PROGRAM ARGUMENT...\n");
		return 2;
	}
	seccomp_release(f);
	execvp(argv[first], argv + first);
	perror(argv[first]);
	return 127;
}
