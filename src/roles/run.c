/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * run - geleitd run: everything that is looked at before the first role starts
 *
 * In this order, and nothing is written before the one that refuses: DIR is
 * ours or new, nobody else serves it, the port is free, the databases take our
 * schema and the master key is the right one (a short-lived child looks, since
 * master opens no database).
 */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/error.h"
#include "base/log.h"
#include "base/random.h"
#include "base/str.h"
#include "net/net.h"
#include "os/file.h"
#include "os/ipc.h"
#include "os/spawn.h"
#include "roles/commands.h"
#include "roles/master.h"
#include "roles/role.h"
#include "roles/unlock.h"

static const char *
path_in(struct arena *a, struct str dir, const char *name)
{
	return arena_printf(a, "%.*s/%s", STR(dir), name).p;
}

static int
keep_options(struct arena *a, struct str dir, struct str kept, struct str text, struct error *e)
{
	if (str_eq(kept, text))
		return 0;
	return file_replace(path_in(a, dir, "geleit.conf"), text, 0640, e);
}

static int
lock_dir(struct arena *a, struct str dir, struct master *m, struct error *e)
{
	if (file_lock(path_in(a, dir, "run/server.lock"), &m->lock, e) == 0)
		return 0;
	if (e->code != ERR_BUSY)
		return err_code(e);
	return err_key(e, ERR_BUSY, "dir-in-use", "another server runs on %.*s", STR(dir));
}

static int
listen_there(struct arena *a, struct master *m, struct error *e)
{
	return net_listen(arena_cstr(a, m->conf.listen_host), arena_cstr(a, m->conf.listen_port),
	    &m->listener, e);
}

/* A new DIR is made only once the port is ours: a refused start leaves nothing behind. */
static int
make_dir(struct arena *a, const struct run_options *o, struct master *m, struct error *e)
{
	struct str text = S("");

	if (init_look(o->dir, e) < 0 || options_apply(a, o, &text, e) < 0 ||
	    conf_parse(a, str_c(o->dir), text, &m->conf, e) < 0 || listen_there(a, m, e) < 0)
		return err_code(e);
	if (init_dir(o, e) < 0)
		return err_code(e);
	log_info("the master key is new: write it down (geleit master-key kit), keep it apart");
	return 0;
}

/* kept: the configuration as it lies in DIR; text: with this start's options. */
static int
open_dir(struct arena *a, const struct run_options *o, struct master *m, struct str *kept,
    struct str *text, struct error *e)
{
	char *real;
	struct str dir;

	if (access(path_in(a, str_c(o->dir), "geleit.conf"), F_OK) < 0 && make_dir(a, o, m, e) < 0)
		return err_code(e);
	real = realpath(o->dir, NULL);
	if (real == NULL)
		return err_errno(e, "%s", o->dir);
	dir = arena_str(a, str_c(real));
	free(real);
	if (lock_dir(a, dir, m, e) < 0 || conf_load(a, dir, &m->conf, kept, e) < 0)
		return err_code(e);
	*text = *kept;
	if (options_apply(a, o, text, e) < 0 || conf_parse(a, dir, *text, &m->conf, e) < 0)
		return err_code(e);
	return m->listener >= 0 ? 0 : listen_there(a, m, e);
}

/* The names behind --set, for the check to take them from the app. */
static const char *const *
check_arguments(struct arena *a, const struct master *m, const struct run_options *o)
{
	const char **argv = ARENA_ARRAY(a, const char *, 5 + o->set_count);
	struct str value;

	argv[0] = "geleitd";
	argv[1] = "-x";
	argv[2] = "check";
	argv[3] = m->conf.dir.p;
	for (size_t i = 0; i < o->set_count; i++)
		argv[4 + i] = arena_cstr(a, str_cut(str_c(o->set[i]), '=', &value));
	argv[4 + o->set_count] = NULL;
	return argv;
}

static int
check_in_child(struct arena *a, const struct run_options *o, struct master *m, struct error *e)
{
	const char *const *argv = check_arguments(a, m, o);
	struct spawn s = {.path = "/proc/self/exe",
	    .argv = argv,
	    .extra_fd = m->conf_fd,
	    .die_with_parent = true};
	const struct ipc_msg key = {.fds = {m->key_fd}, .fd_count = 1};
	AUTO(fd_close) int ours = -1;
	AUTO(fd_close) int theirs = -1;
	int pair[2], status;
	ssize_t n;
	pid_t pid;

	if (ipc_pair(pair, e) < 0)
		return err_code(e);
	ours = pair[0];
	theirs = s.control_fd = pair[1];
	if (ipc_send(ours, &key, e) < 0 || spawn(&s, &pid, e) < 0)
		return err_code(e);
	fd_close(&theirs);
	while (waitpid(pid, &status, 0) < 0) {
		if (errno != EINTR) /* ECHILD, where whoever started us had SIGCHLD ignored */
			return err_errno(e, "waiting for the check");
	}
	n = recv(ours, m->sign_in, sizeof m->sign_in - 1, MSG_DONTWAIT);
	m->sign_in[MAX(n, 0)] = '\0';
	if (WIFEXITED(status) && WEXITSTATUS(status) == 0)
		return 0;
	/* it has said why, in one line */
	return err_key(e, ERR_DENIED, "checked", "the check before the start failed");
}

/* A program of its own lies beside geleitd when installed, in src/NAME when built. */
static int
find_program(struct arena *a, const char *name, const char **ret, struct error *e)
{
	char self[PATH_MAX];
	ssize_t n = readlink("/proc/self/exe", self, sizeof self - 1);
	const char *const places[] = {
	    arena_printf(a, "geleit-%s", name).p, arena_printf(a, "../%s/geleit-%s", name, name).p};
	char *slash;

	if (n < 0)
		return err_errno(e, "/proc/self/exe");
	self[n] = '\0';
	slash = strrchr(self, '/');
	*slash = '\0';
	for (size_t i = 0; i < ARRAY_LEN(places); i++) {
		*ret = arena_printf(a, "%s/%s", self, places[i]).p;
		if (access(*ret, X_OK) == 0)
			return 0;
	}
	return err_set(e, ERR_NOT_FOUND, "geleit-%s is not beside geleitd", name);
}

static int
prepare(struct arena *a, const struct run_options *o, struct master *m, struct error *e)
{
	struct str kept, text;

	if (open_dir(a, o, m, &kept, &text, e) < 0 ||
	    find_program(a, "egress", &m->egress_path, e) < 0 ||
	    find_program(a, "media", &m->media_path, e) < 0 ||
	    memfd_sealed("conf", text, &m->conf_fd, e) < 0 ||
	    master_key_fd(a, m->conf.dir, &m->key_fd, e) < 0 || check_in_child(a, o, m, e) < 0 ||
	    keep_options(a, m->conf.dir, kept, text, e) < 0)
		return err_code(e);
	m->boot = random_id128();
	m->is_root = getuid() == 0;
	m->lock_path = path_in(a, m->conf.dir, "db/lock");
	return 0;
}

static void
master_free(struct master **mp)
{
	struct master *m = *mp;

	fd_close(&m->conf_fd);
	fd_close(&m->key_fd);
	fd_close(&m->listener);
	fd_close(&m->lock);
	free(m);
	*mp = NULL;
}

int
master_run(const struct run_options *o)
{
	AUTO(arena_free) struct arena *a = arena_new();
	AUTO(master_free) struct master *m = xcalloc(1, sizeof *m);
	struct error e;

	log_init("master", LOG_INFO);
	umask(027);
	/* in one-user mode others of that user must not reach the key's descriptor */
	(void)prctl(PR_SET_DUMPABLE, 0);
	m->conf_fd = m->key_fd = m->listener = m->lock = -1;
	if (prepare(a, o, m, &e) < 0) {
		if (strcmp(e.key, "checked") != 0)
			fprintf(stderr, "geleitd: %s\n", e.msg);
		return 1;
	}
	log_init("master", (enum log_level)m->conf.log_level);
	if (master_serve(m, &e) < 0) {
		fprintf(stderr, "geleitd: %s\n", e.msg);
		return 1;
	}
	return 0;
}
