/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * role - how a process of geleitd begins: START, rights given away, READY
 *
 * master executes /proc/self/exe -x NAME with the control socket as descriptor
 * 3.  role_main() takes START, parses the configuration and calls the role's
 * run function, which opens what it needs and calls role_enter(): from there on
 * the process has only what its row in roles.c allows, has said READY, and gets
 * its peers.  A closed control socket ends the process: its master is gone.
 *
 * Layer: roles.
 */
#pragma once

#include "base/base.h"
#include "conf/conf.h"
#include "db/db.h"
#include "msg/msg.h"
#include "os/sandbox.h"

struct error;
struct loop;

#define CONTROL_FD 3
#define CONTROL_WAIT_MS 5000 /* until master has taken what it is told */
#define KEY_FD 4             /* keeper: where the master key is read from, once */
#define LISTENERS_MAX 3

/* PEER: fd is the callee's from now on, also on failure (then it closes it). */
typedef int (*peer_fn)(void *arg, const struct msg_peer *p, int fd, struct error *e);

struct role_env {
	const struct role *role;
	uint32_t index;
	struct id128 boot;
	struct conf *conf; /* lives as long as the process */
	struct str conf_text;
	int listeners[LISTENERS_MAX]; /* front */
	size_t listener_count;
	struct db_ways ways;          /* of what role_database() opened */
	void (*on_reload)(void *arg); /* SIGHUP at master; arg as role_enter's; may be NULL */
	/* master wants the end, or is gone: stop the loop soon; NULL: it is stopped at once */
	void (*on_end)(void *arg);
	/* private to role.c */
	struct loop *loop;
	struct watch *control;
	peer_fn peer;
	void *arg;
};

/* One row of roles.c: the whole privilege story of a process. */
struct role {
	enum role_kind kind;
	const char *user;  /* when master is root */
	const char *group; /* extra group, or NULL */
	int (*run)(struct role_env *env, struct error *e);
	const struct sandbox_path *paths; /* relative to DIR unless they begin with '/' */
	size_t path_count;
	unsigned may; /* enum sandbox_may */
	/* Connects to the database again when it must: if that is a PostgreSQL server, to its
	 * ports or its unix socket, by its paths. */
	bool has_database;
};
struct sandbox_paths {
	const struct sandbox_path *list;
	size_t count;
};
extern const struct sandbox_paths postgres_paths, postgres_paths_of_root;
extern const struct role
    *const role_table[ROLE_KIND_COUNT]; /* NULL: master, egress (a program of its own) */

/* geleitd -x NAME DIR. The exit code of the process. */
int role_main(const char *name, const char *dir);

/* Opens a database (database.h) and notes how its server is reached. Before role_enter(). */
NODISCARD int role_database(struct role_env *env, bool keys, struct db **ret, struct error *e);

/*
 * Give rights away, say READY, take PEER from now on (in the loop).  Call after
 * everything is opened and before the first byte from outside is read.
 */
NODISCARD int role_enter(
    struct role_env *env, struct loop *l, peer_fn peer, void *arg, struct error *e);
/* For blocking code: wait up to ms for one message of master and act on it. 1, 0 on timeout. */
NODISCARD int role_pump(struct role_env *env, int ms, struct error *e);

/*
 * May other users pass through all folders above DIR?  If not (DIR below a
 * closed home), roles that need files keep root's user and are held apart by
 * Landlock and seccomp alone; master says so.
 */
bool dir_is_reachable(struct str dir);

/* The run functions, one file each. */
int front_run(struct role_env *env, struct error *e);
int app_run(struct role_env *env, struct error *e);
int keeper_run(struct role_env *env, struct error *e);
int worker_run(struct role_env *env, struct error *e);
int scan_run(struct role_env *env, struct error *e);

struct run_options; /* commands.h */
/* run.c: the foreground process.  Exit code. */
int master_run(const struct run_options *o);
