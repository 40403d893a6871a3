/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * sandbox - give rights away and never get them back
 *
 * Order in a role: open what is needed, then sandbox_enter(): no_new_privs,
 * rlimits (no core), user, Landlock (best ABI there is), the list of what may be
 * called at all (seccomp, syscalls.h).
 * What is not offered by the kernel is told in `ret_missing` and said at start.
 *
 * Layer: os.
 */
#pragma once

#include "base/base.h"

struct error;

/* Landlock rights below one path; everything not named is closed. */
enum sandbox_right {
	SANDBOX_READ = 1,      /* READ_FILE, READ_DIR */
	SANDBOX_READ_FILE = 2, /* READ_FILE alone */
	SANDBOX_READ_DIR = 4,
	SANDBOX_WRITE_FILE = 8,
	SANDBOX_MAKE_REG = 16,
	SANDBOX_REMOVE_FILE = 32,
	SANDBOX_REFER = 64,
	SANDBOX_MAKE_SOCK = 128,
	SANDBOX_TRUNCATE = 256, /* ABI 3 */
};
struct sandbox_path {
	const char *path; /* absent paths are skipped */
	unsigned rights;
};

/*
 * System calls beside those that everybody has.  What concerns files follows from the paths:
 * without any, nothing is opened; without a right to change one, nothing is renamed, removed or
 * synced.
 */
enum sandbox_may {
	SANDBOX_MAY_CONNECT = 1, /* socket, connect; whereto: sandbox.ports */
	SANDBOX_MAY_LISTEN = 2,  /* socket, bind, listen */
	SANDBOX_MAY_EXEC = 4,
	SANDBOX_MAY_KILL = 8,      /* by pidfd: whom it has started itself */
	SANDBOX_MAY_TRUNCATE = 16, /* SQLite truncates its WAL */
	SANDBOX_MAY_UNIX = 32,     /* socket(AF_UNIX) only */
	SANDBOX_MAY_ACCEPT = 64,
	/* Namespaces and mounts, for who puts others into a root of their own.  Then there is no
	 * Landlock, which forbids every change of what is mounted where. */
	SANDBOX_MAY_JAIL = 128,
	SANDBOX_MAY_THREAD = 256, /* libcurl resolves names in one */
	SANDBOX_MAY_LOAD = 512,   /* map files as code: name service modules come late */
	SANDBOX_OWN_LIST = 1024,  /* no list here: the caller enters a shorter one of its own */
};

struct sandbox {
	const char *user;  /* NULL: keep (one-user mode) */
	const char *group; /* extra group, may be NULL */
	const struct sandbox_path *paths;
	size_t path_count;
	unsigned may;
	/*
	 * With SANDBOX_MAY_CONNECT: the TCP ports that may be connected to, of whatever host, and
	 * that of name servers (Landlock ABI 4; before it, every port).  NULL: every port.
	 */
	const uint16_t *ports;
	size_t port_count;
	long max_files; /* RLIMIT_NOFILE, 0: keep */
};

#define SANDBOX_MISSING_LANDLOCK 1u
#define SANDBOX_MISSING_SECCOMP 2u
NODISCARD int sandbox_enter(const struct sandbox *s, unsigned *ret_missing, struct error *e);

/* What confines this process, as it can be seen from inside: "landlock, seccomp", one of them, or
 * "none". */
const char *sandbox_seen(void);
