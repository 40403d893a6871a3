/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * role - from exec to READY, the same for every role (see role.h)
 */
#include "roles/role.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/arena.h"
#include "base/error.h"
#include "base/log.h"
#include "base/str.h"
#include "base/time.h"
#include "os/file.h"
#include "os/ipc.h"
#include "os/loop.h"
#include "roles/database.h"

#define START_WAIT_MS 10000
#define SPARE_FILES 512

static const struct role *
find_role(const char *name)
{
	for (int i = 0; i < ROLE_KIND_COUNT; i++) {
		if (role_table[i] != NULL && strcmp(role_name((enum role_kind)i), name) == 0)
			return role_table[i];
	}
	return NULL;
}

static int
take_conf(struct role_env *env, struct arena *a, const char *dir, int fd, struct error *e)
{
	AUTO(mapping_free) struct mapping map = {0};

	if (memfd_map(fd, LIMIT_CONF_BYTES, &map, e) < 0)
		return err_code(e);
	env->conf_text = arena_str(a, (struct str){map.p, map.n});
	env->conf = ARENA_NEW(a, struct conf);
	return conf_parse(a, arena_str(a, str_c(dir)), env->conf_text, env->conf, e);
}

static int
take_start(struct role_env *env, struct arena *a, const char *dir, struct error *e)
{
	AUTO(ipc_msg_close) struct ipc_msg m = {0};
	char *space = arena_alloc(a, LIMIT_MSG_BYTES);
	struct msg_start start;

	if (ipc_recv_wait(CONTROL_FD, space, START_WAIT_MS, &m, e) < 0)
		return err_code(e);
	if (m.type != MSG_START || m.fd_count < 1)
		return err_set(e, ERR_PROTOCOL, "not START");
	if (msg_start_get(m.body, a, &start, e) < 0)
		return err_code(e);
	if (start.role != env->role->kind || start.listener_count != m.fd_count - 1)
		return err_set(e, ERR_PROTOCOL, "START for another role");
	env->index = start.index;
	env->boot = start.boot;
	for (size_t i = 1; i < m.fd_count; i++)
		env->listeners[env->listener_count++] = TAKE_FD(m.fds[i]);
	return take_conf(env, a, dir, m.fds[0], e);
}

int
role_main(const char *name, const char *dir)
{
	struct role_env env = {.role = find_role(name)};
	struct arena *a = arena_new(); /* lives as long as the process */
	char prefix[32];
	struct error e;

	log_init(name, LOG_INFO);
	/* Ctrl-C goes to the whole group; master decides when we end */
	signal(SIGINT, SIG_IGN);
	signal(SIGPIPE, SIG_IGN);
	if (env.role == NULL) {
		log_error("no such role");
		return 2;
	}
	if (take_start(&env, a, dir, &e) < 0) {
		log_error("start: %s", e.msg);
		return 1;
	}
	snprintf(prefix, sizeof prefix, "%s.%u", name, env.index);
	log_init(arena_cstr(a, str_c(prefix)), (enum log_level)env.conf->log_level);
	if (env.role->run(&env, &e) < 0) {
		log_error("%s", e.msg);
		return 1;
	}
	return 0;
}

/* ---- rights ---- */

/* What connecting to the database again needs; nothing when that is a file. */
static unsigned
may_of_ways(const struct db_ways *w)
{
	return (w->local ? SANDBOX_MAY_UNIX : 0) | (w->port_count > 0 ? SANDBOX_MAY_CONNECT : 0);
}

bool
dir_is_reachable(struct str dir)
{
	char path[LIMIT_PATH_BYTES * 4];
	struct stat st;

	if (dir.n == 0 || dir.n >= sizeof path)
		return false;
	memcpy(path, dir.p, dir.n);
	path[dir.n] = '\0';
	for (char *slash = strrchr(path, '/'); slash != NULL; slash = strrchr(path, '/')) {
		*slash = '\0';
		if (stat(path[0] != '\0' ? path : "/", &st) < 0 || (st.st_mode & S_IXOTH) == 0)
			return false;
	}
	return true;
}

/* Copies a list into the arena, with DIR in front of what does not begin with a slash. */
static void
add_paths(struct arena *a, struct sandbox *s, struct sandbox_path *space, struct str dir,
    struct sandbox_paths more)
{
	for (size_t i = 0; i < more.count; i++) {
		struct sandbox_path *p = &space[s->path_count++];

		*p = more.list[i];
		if (p->path[0] != '/')
			p->path = arena_printf(a, "%.*s/%s", STR(dir), p->path).p;
	}
}

static int
enter_sandbox(struct role_env *env, struct error *e)
{
	const struct role *r = env->role;
	AUTO(arena_free) struct arena *a = arena_new();
	bool drops = getuid() == 0 && (r->path_count == 0 || dir_is_reachable(env->conf->dir));
	unsigned ways = r->has_database ? may_of_ways(&env->ways) : 0;
	struct sandbox_paths more =
	    getuid() == 0 && !drops ? postgres_paths_of_root : postgres_paths;
	struct sandbox_path *paths =
	    ARENA_ARRAY(a, struct sandbox_path, r->path_count + more.count);
	struct sandbox s = {.user = drops ? r->user : NULL,
	    .group = drops ? r->group : NULL,
	    .paths = paths,
	    .may = r->may | ways,
	    .ports = env->ways.ports,
	    .port_count = env->ways.port_count,
	    .max_files = (long)env->conf->connections + SPARE_FILES};
	unsigned missing = 0;

	add_paths(a, &s, paths, env->conf->dir, (struct sandbox_paths){r->paths, r->path_count});
	if (ways != 0)
		add_paths(a, &s, paths, env->conf->dir, more);
	if (sandbox_enter(&s, &missing, e) < 0)
		return err_code(e);
	if (missing != 0)
		log_warn("this kernel does not offer:%s%s",
		    missing & SANDBOX_MISSING_LANDLOCK ? " Landlock" : "",
		    missing & SANDBOX_MISSING_SECCOMP ? " seccomp" : "");
	return 0;
}

/* ---- master's messages ---- */

static int
take_peer(struct role_env *env, struct arena *a, struct ipc_msg *m, struct error *e)
{
	struct msg_peer p;

	if (m->fd_count != 1)
		return err_set(e, ERR_PROTOCOL, "PEER without a socket");
	if (msg_peer_get(m->body, a, &p, e) < 0)
		return err_code(e);
	return env->peer(env->arg, &p, TAKE_FD(m->fds[0]), e);
}

static int
take_control(struct role_env *env, struct arena *a, struct ipc_msg *m, struct error *e)
{
	switch (m->type) {
	case MSG_PEER:
		return take_peer(env, a, m, e);
	case MSG_RELOAD:
		if (env->on_reload != NULL)
			env->on_reload(env->arg);
		return 0;
	default:
		return err_set(e, ERR_PROTOCOL, "message %u from master", m->type);
	}
}

/* 1 one was taken, 0 none there. */
static int
control_step(struct role_env *env, int wait_ms, struct error *e)
{
	AUTO(arena_free) struct arena *a = arena_new();
	AUTO(ipc_msg_close) struct ipc_msg m = {0};
	char *space = arena_alloc(a, LIMIT_MSG_BYTES);
	int r = wait_ms > 0 ? ipc_recv_wait(CONTROL_FD, space, wait_ms, &m, e)
	                    : ipc_recv(CONTROL_FD, space, &m, e);

	if (r == ERR_TIMEOUT)
		return 0;
	if (r <= 0)
		return r;
	return take_control(env, a, &m, e) < 0 ? err_code(e) : 1;
}

static void
on_control(void *arg, uint32_t events)
{
	struct role_env *env = arg;
	struct error e;
	int r = control_step(env, 0, &e);

	(void)events;
	if (r >= 0)
		return;
	if (r == ERR_UNAVAILABLE) { /* master is gone, or wants us to end */
		watch_free(&env->control);
		if (env->on_end != NULL)
			env->on_end(env->arg);
		else
			loop_stop(env->loop);
		return;
	}
	log_error("control: %s", e.msg);
}

int
role_pump(struct role_env *env, int ms, struct error *e)
{
	return control_step(env, ms, e);
}

int
role_database(struct role_env *env, bool keys, struct db **ret, struct error *e)
{
	if (database_open(env->conf, keys, ret, e) < 0 || db_ways_add(*ret, &env->ways, e) < 0)
		return err_code(e);
	return 0;
}

int
role_enter(struct role_env *env, struct loop *l, peer_fn peer, void *arg, struct error *e)
{
	AUTO(arena_free) struct arena *a = arena_new();
	struct ipc_msg ready = {.type = MSG_READY};
	struct civil c;

	env->loop = l;
	env->peer = peer;
	env->arg = arg;
	/* reads the zone's file while that is still allowed */
	time_civil(time_now_us(), arena_cstr(a, env->conf->timezone), &c);
	if (enter_sandbox(env, e) < 0 ||
	    loop_watch(l, CONTROL_FD, LOOP_READ, on_control, env, &env->control, e) < 0)
		return err_code(e);
	return ipc_send_wait(CONTROL_FD, &ready, CONTROL_WAIT_MS, e);
}
