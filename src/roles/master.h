/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * master - what master.c and run.c share (private to src/roles)
 *
 * run.c looks whether DIR can be served and fills this in; master.c serves.
 *
 * Layer: roles.
 */
#pragma once

#include <sys/types.h>

#include "base/arena.h"
#include "base/buf.h"
#include "base/limits.h"
#include "conf/conf.h"
#include "msg/msg.h"
#include "text/json.h"

struct error;
struct loop;
struct master;
struct watch;

/* Keeper, apps with the one for passwords, worker, egress, media, scan, fronts. */
#define CHILDREN_MOST (1 + LIMIT_APPS + 1 + 4 + LIMIT_FRONTS)

struct child {
	struct master *master;
	enum role_kind role;
	uint32_t index;
	pid_t pid; /* 0: not running */
	int control;
	struct watch *watch;
	bool is_ready;
	int64_t certificate_ends_us; /* of a front; 0: it has not said so */
	int64_t started_us, backoff_us;
	int64_t again_us; /* when to start it again, 0: not waiting */
};

struct master {
	struct conf conf;
	int conf_fd; /* sealed text of the configuration */
	int key_fd;  /* for each keeper, see unlock.h */
	int listener;
	int lock; /* DIR/run/server.lock */
	struct id128 boot;
	const char *lock_path, *egress_path, *media_path;
	bool is_root, was_ready, ending;
	char sign_in[64]; /* token of the first administrator's link, "" when he is not needed */
	struct loop *loop;
	unsigned ticks;
	struct child children[CHILDREN_MOST];
	size_t child_count;
	uint32_t apps;                       /* beside the one for passwords, whose index this is */
	int lanes[LIMIT_FRONTS][LANE_COUNT]; /* the end that apps read */
	char space[LIMIT_MSG_BYTES];
};

/* Until SIGTERM or SIGINT, then ends all roles. */
NODISCARD int master_serve(struct master *m, struct error *e);
