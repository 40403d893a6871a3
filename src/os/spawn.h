/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * spawn - fork and execute, never fork alone
 *
 * Layer: os.
 */
#pragma once

#include <sys/types.h>

#include "base/base.h"

struct error;

struct spawn {
	const char *path;        /* "/proc/self/exe" or a program beside it */
	const char *const *argv; /* ends with NULL */
	int control_fd;          /* becomes 3 */
	int extra_fd;            /* becomes 4, or -1 */
	bool die_with_parent;    /* PR_SET_PDEATHSIG SIGKILL */
};
/* All other descriptors but 0, 1, 2 are closed in the child. */
NODISCARD int spawn(const struct spawn *s, pid_t *ret, struct error *e);
