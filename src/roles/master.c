/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * master - starts the roles, ties them together, brings back what died
 *
 * May: stay root, only to fork; hold the listeners, the children, the parsed
 * configuration, and the descriptor every keeper reads its key from (decision
 * 0007).  Never parses a byte from the network, never opens a database
 * or a blob (a short-lived child checks those before the start).
 *
 * Ties: front-app pairs, request lanes (master keeps the app end of every lane,
 * so that a new app gets it), app-keeper, worker-keeper, -egress, -media and -scan.  When a
 * child dies its ties are made anew and PEER goes to the survivors; it comes
 * back after 0.1 s, doubling to 10 s.  A closed control socket ends a child, so
 * all end with master, whatever way it goes.
 */
#include "roles/master.h"

#include <assert.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/error.h"
#include "base/log.h"
#include "base/str.h"
#include "base/time.h"
#include "net/net.h"
#include "os/file.h"
#include "os/ipc.h"
#include "os/loop.h"
#include "os/spawn.h"
#include "roles/notify.h"
#include "roles/role.h"

#define BACKOFF_FIRST_US 100000
#define BACKOFF_MOST_US (10 * US_PER_S)
#define STEADY_US (30 * US_PER_S)
#define FRONTS_WAIT_US (2 * US_PER_S)
#define END_WAIT_US (8 * US_PER_S)
#define INTERACTIVE_ONLY 2 /* apps that never take a heavy request */

/* ---- ties ---- */

static void
send_peer(struct child *to, enum role_kind role, uint32_t index, uint32_t lane, int fd)
{
	struct msg_peer p = {.role = role, .index = index, .lane = lane};
	struct ipc_msg m = {.type = MSG_PEER, .fds = {fd}, .fd_count = 1};
	struct error e;
	struct buf b;

	if (to->control < 0)
		return;
	buf_init(&b, 64);
	msg_peer_put(&b, &p);
	m.body = buf_view(&b);
	if (ipc_send_wait(to->control, &m, 1000, &e) < 0)
		log_warn("%s.%u does not take its peer: %s", role_name(to->role), to->index, e.msg);
	buf_fini(&b);
}

static void
tie(struct child *a, struct child *b)
{
	int pair[2];
	struct error e;

	if (a->control < 0 || b->control < 0)
		return;
	if (ipc_pair(pair, &e) < 0) {
		log_error("pair: %s", e.msg);
		return;
	}
	send_peer(a, b->role, b->index, LANE_COUNT, pair[0]);
	send_peer(b, a->role, a->index, LANE_COUNT, pair[1]);
	close(pair[0]);
	close(pair[1]);
}

/*
 * The last app takes passwords and nothing else: Argon2id must not keep others waiting.
 * Of few apps the last but that one takes what is heavy, or nobody would.
 */
static bool
reads_lane(const struct child *app, int lane)
{
	uint32_t apps = app->master->apps;
	bool is_slow = app->index == apps;

	if (is_slow || lane == LANE_SLOW)
		return is_slow && lane == LANE_SLOW;
	return lane != LANE_HEAVY || app->index >= MIN(INTERACTIVE_ONLY, apps - 1);
}

/* A new front: new lanes, their app ends to all apps. */
static void
make_lanes(struct master *m, struct child *front)
{
	for (int lane = 0; lane < LANE_COUNT; lane++) {
		int pair[2];
		struct error e;

		fd_close(&m->lanes[front->index][lane]);
		if (ipc_pair(pair, &e) < 0) {
			log_error("lane: %s", e.msg);
			return;
		}
		send_peer(front, ROLE_FRONT, front->index, (uint32_t)lane, pair[0]);
		close(pair[0]);
		m->lanes[front->index][lane] = pair[1];
		for (size_t i = 0; i < m->child_count; i++) {
			if (m->children[i].role == ROLE_APP && reads_lane(&m->children[i], lane))
				send_peer(&m->children[i], ROLE_FRONT, front->index, (uint32_t)lane,
				    pair[1]);
		}
	}
}

static void
give_lanes(struct master *m, struct child *app)
{
	for (size_t i = 0; i < m->child_count; i++) {
		const struct child *front = &m->children[i];

		for (int lane = 0; front->role == ROLE_FRONT && lane < LANE_COUNT; lane++) {
			if (m->lanes[front->index][lane] >= 0 && reads_lane(app, lane))
				send_peer(app, ROLE_FRONT, front->index, (uint32_t)lane,
				    m->lanes[front->index][lane]);
		}
	}
}

static const struct {
	enum role_kind a, b;
} ties[] = {
    {ROLE_FRONT, ROLE_APP},
    {ROLE_APP, ROLE_KEEPER},
    {ROLE_WORKER, ROLE_KEEPER},
    {ROLE_WORKER, ROLE_EGRESS},
    {ROLE_WORKER, ROLE_MEDIA},
    {ROLE_WORKER, ROLE_SCAN},
};

static bool
are_tied(enum role_kind a, enum role_kind b)
{
	for (size_t i = 0; i < ARRAY_LEN(ties); i++) {
		if ((ties[i].a == a && ties[i].b == b) || (ties[i].a == b && ties[i].b == a))
			return true;
	}
	return false;
}

static void
tie_all(struct master *m, struct child *c)
{
	/* pairs first: an app answers a lane's request on the pair */
	for (size_t i = 0; i < m->child_count; i++) {
		if (&m->children[i] != c && are_tied(m->children[i].role, c->role))
			tie(c, &m->children[i]);
	}
	if (c->role == ROLE_FRONT)
		make_lanes(m, c);
	if (c->role == ROLE_APP)
		give_lanes(m, c);
}

/* ---- children ---- */

static void
write_roles(struct master *m)
{
	AUTO(arena_free) struct arena *a = arena_new();
	struct error e;
	struct js j;
	struct buf b;

	buf_init_arena(&b, a, 65536);
	js_begin(&j, &b);
	js_list(&j);
	js_open(&j);
	js_kv_str(&j, "role", S("master"));
	js_kv_int(&j, "index", 0);
	js_kv_int(&j, "pid", getpid());
	js_close(&j);
	for (size_t i = 0; i < m->child_count; i++) {
		const struct child *c = &m->children[i];

		if (c->pid == 0)
			continue;
		js_open(&j);
		js_kv_str(&j, "role", str_c(role_name(c->role)));
		js_kv_int(&j, "index", c->index);
		js_kv_int(&j, "pid", c->pid);
		if (c->certificate_ends_us != 0)
			js_kv_int(&j, "certificate_ends_us", c->certificate_ends_us);
		js_close(&j);
	}
	js_list_end(&j);
	buf_char(&b, '\n');
	if (file_replace(arena_printf(a, "%.*s/run/roles.json", STR(m->conf.dir)).p, buf_view(&b),
	        0644, &e) < 0)
		log_warn("roles.json: %s", e.msg);
}

static int
send_start(struct master *m, struct child *c, struct error *e)
{
	struct msg_start s = {.role = c->role, .index = c->index, .boot = m->boot};
	struct ipc_msg msg = {.type = MSG_START, .fds = {m->conf_fd}, .fd_count = 1};
	struct buf b;
	int r;

	if (c->role == ROLE_FRONT) {
		s.listener_count = 1;
		msg.fds[msg.fd_count++] = m->listener;
	}
	buf_init(&b, 128);
	msg_start_put(&b, &s);
	msg.body = buf_view(&b);
	r = ipc_send(c->control, &msg, e);
	buf_fini(&b);
	return r;
}

static void on_control(void *arg, uint32_t events);

static int
start_child(struct child *c, struct error *e)
{
	struct master *m = c->master;
	const char *const role_argv[] = {"geleitd", "-x", role_name(c->role), m->conf.dir.p, NULL};
	const char *const egress_argv[] = {"geleit-egress", NULL};
	const char *const media_argv[] = {"geleit-media", NULL};
	int pair[2];
	struct spawn s = {.path = c->role == ROLE_EGRESS  ? m->egress_path
	                          : c->role == ROLE_MEDIA ? m->media_path
	                                                  : "/proc/self/exe",
	    .argv = c->role == ROLE_EGRESS  ? egress_argv
	            : c->role == ROLE_MEDIA ? media_argv
	                                    : role_argv,
	    .extra_fd = -1,
	    .die_with_parent = true};

	if (ipc_pair(pair, e) < 0)
		return err_code(e);
	if (c->role == ROLE_KEEPER)
		s.extra_fd = m->key_fd;
	s.control_fd = pair[1];
	if (spawn(&s, &c->pid, e) < 0) {
		close(pair[0]);
		close(pair[1]);
		c->pid = 0;
		return err_code(e);
	}
	close(pair[1]);
	c->control = pair[0];
	c->started_us = time_monotonic_us();
	c->is_ready = false;
	c->certificate_ends_us = 0;
	if (loop_watch(m->loop, c->control, LOOP_READ, on_control, c, &c->watch, e) < 0 ||
	    send_start(m, c, e) < 0)
		return err_code(e);
	tie_all(m, c);
	return 0;
}

static void
start_or_later(struct child *c)
{
	struct error e;

	if (start_child(c, &e) == 0)
		return;
	log_error("%s.%u: %s", role_name(c->role), c->index, e.msg);
	c->again_us = time_monotonic_us() + BACKOFF_MOST_US;
}

static bool
all_ready(const struct master *m)
{
	for (size_t i = 0; i < m->child_count; i++) {
		if (!m->children[i].is_ready)
			return false;
	}
	return true;
}

/* The promise to whoever started us: from now on it serves. */
static void
say_ready(struct master *m)
{
	struct error e;
	AUTO(arena_free) struct arena *a = arena_new();

	m->was_ready = true;
	if (file_replace(arena_printf(a, "%.*s/run/url", STR(m->conf.dir)).p,
	        arena_printf(a, "%.*s\n", STR(m->conf.url)), 0644, &e) < 0)
		log_warn("run/url: %s", e.msg);
	if (!m->is_root)
		log_info("one user for all roles: they are held apart by Landlock and seccomp "
		         "(media by seccomp alone), not by users");
	else if (dir_is_reachable(m->conf.dir))
		log_info("each role runs as a user of its own");
	else
		log_warn("a folder above %.*s is closed to other users: roles keep root and are "
		         "held apart by Landlock and seccomp; better put it below /srv",
		    STR(m->conf.dir));
	printf("ready %.*s\n", STR(m->conf.url));
	if (m->sign_in[0] != '\0')
		printf("sign-in %.*s/app/sign-in#token=%s\n", STR(m->conf.url), m->sign_in);
	explicit_bzero(m->sign_in, sizeof m->sign_in);
	fflush(stdout);
	notify_manager("READY=1");
}

static void
ready(struct child *c)
{
	c->is_ready = true;
	write_roles(c->master);
	if (!c->master->was_ready && all_ready(c->master))
		say_ready(c->master);
}

static void
take_certificate(struct child *c, struct str body)
{
	AUTO(arena_free) struct arena *a = arena_new();
	struct msg_certificate m;
	struct error e;

	if (msg_certificate_get(body, a, &m, &e) < 0) {
		log_warn("front.%u: %s", c->index, e.msg);
		return;
	}
	c->certificate_ends_us = m.ends_us;
	write_roles(c->master);
}

static void
on_control(void *arg, uint32_t events)
{
	struct child *c = arg;
	AUTO(ipc_msg_close) struct ipc_msg msg = {0};
	struct error e;
	int r = ipc_recv(c->control, c->master->space, &msg, &e);

	(void)events;
	if (r < 0) {
		watch_free(&c->watch); /* SIGCHLD tells the rest */
		return;
	}
	if (r > 0 && msg.type == MSG_READY)
		ready(c);
	else if (r > 0 && msg.type == MSG_CERTIFICATE && c->role == ROLE_FRONT)
		take_certificate(c, msg.body);
}

static void
child_ended(struct child *c, int status)
{
	int64_t now = time_monotonic_us();

	watch_free(&c->watch);
	fd_close(&c->control);
	c->pid = 0;
	c->is_ready = false;
	if (c->master->ending)
		return;
	if (WIFSIGNALED(status) && WTERMSIG(status) == SIGSYS)
		log_error("%s.%u made a system call that none of its code makes, and was ended: "
		          "somebody may have taken it over",
		    role_name(c->role), c->index);
	else if (WIFSIGNALED(status))
		log_warn(
		    "%s.%u was ended by signal %d", role_name(c->role), c->index, WTERMSIG(status));
	else
		log_warn("%s.%u ended with %d", role_name(c->role), c->index, WEXITSTATUS(status));
	if (now - c->started_us > STEADY_US)
		c->backoff_us = 0;
	c->backoff_us =
	    c->backoff_us == 0 ? BACKOFF_FIRST_US : MIN(c->backoff_us * 2, BACKOFF_MOST_US);
	c->again_us = now + c->backoff_us;
}

static void
reap(struct master *m)
{
	int status;
	pid_t pid;

	while ((pid = waitpid(-1, &status, WNOHANG)) > 0) {
		for (size_t i = 0; i < m->child_count; i++) {
			if (m->children[i].pid == pid)
				child_ended(&m->children[i], status);
		}
	}
}

/* A writer that holds the database's lock too long stops everybody: it is ended. */
static void
end_lock_holder(struct master *m)
{
	char note[64] = {0};
	int64_t pid, since;
	struct str first, second;
	AUTO(fd_close) int fd = open(m->lock_path, O_RDONLY | O_CLOEXEC);

	if (fd < 0 || pread(fd, note, sizeof note - 1, 0) <= 0)
		return;
	first = str_cut(str_cut(str_c(note), '\n', &second), ' ', &second); /* see db_sqlite.c */
	if (!str_i64(first, &pid) || !str_i64(str_trim(second), &since))
		return;
	if (pid == 0 || time_monotonic_us() - since < LIMIT_CHANGE_HOLD_MS * 1000LL)
		return;
	for (size_t i = 0; i < m->child_count; i++) {
		if (m->children[i].pid == pid) {
			log_error("%s.%u held the database for over 10 s",
			    role_name(m->children[i].role), m->children[i].index);
			kill(m->children[i].pid, SIGKILL);
		}
	}
}

static void
on_tick(void *arg)
{
	struct master *m = arg;
	int64_t now = time_monotonic_us();

	for (size_t i = 0; i < m->child_count; i++) {
		struct child *c = &m->children[i];

		if (c->pid == 0 && c->again_us != 0 && now >= c->again_us) {
			c->again_us = 0;
			start_or_later(c);
		}
	}
	if (++m->ticks % 10 == 0)
		end_lock_holder(m);
}

static void
on_signal(void *arg, int sig)
{
	struct master *m = arg;
	struct ipc_msg reload = {.type = MSG_RELOAD};
	struct error e;

	if (sig == SIGCHLD)
		reap(m);
	if (sig != SIGHUP)
		return;
	for (size_t i = 0; i < m->child_count; i++) {
		struct child *c = &m->children[i];

		if (c->role == ROLE_FRONT && c->control >= 0 &&
		    ipc_send(c->control, &reload, &e) < 0)
			log_warn("front.%u: %s", c->index, e.msg);
	}
}

/* Closing the control socket asks each to end; afterwards nobody is asked. */
static void
ask_to_end(struct master *m, bool fronts)
{
	for (size_t i = 0; i < m->child_count; i++) {
		if ((m->children[i].role == ROLE_FRONT) != fronts)
			continue;
		watch_free(&m->children[i].watch);
		fd_close(&m->children[i].control);
	}
}

static void
wait_for_end(struct master *m, bool fronts, int64_t wait_us)
{
	int64_t until = time_monotonic_us() + wait_us;
	size_t left = 1;

	while (left > 0 && time_monotonic_us() < until) {
		reap(m);
		left = 0;
		for (size_t i = 0; i < m->child_count; i++) {
			const struct child *c = &m->children[i];

			left += c->pid != 0 && (c->role == ROLE_FRONT || !fronts);
		}
		if (left > 0)
			usleep(20000);
	}
}

/* Fronts first: apps still write down what has arrived of the downloads that end with them. */
static void
end_children(struct master *m)
{
	m->ending = true;
	notify_manager("STOPPING=1");
	ask_to_end(m, true);
	wait_for_end(m, true, FRONTS_WAIT_US);
	ask_to_end(m, false);
	wait_for_end(m, false, END_WAIT_US);
	for (size_t i = 0; i < m->child_count; i++) {
		if (m->children[i].pid != 0)
			kill(m->children[i].pid, SIGKILL);
	}
}

static void
add(struct master *m, enum role_kind role, uint32_t count)
{
	for (uint32_t i = 0; i < count; i++) {
		assert(m->child_count < ARRAY_LEN(m->children));
		m->children[m->child_count++] =
		    (struct child){.master = m, .role = role, .index = i, .control = -1};
	}
}

static uint32_t
clamp(int64_t wanted, long automatic, long most)
{
	int64_t n = wanted > 0 ? wanted : automatic;

	return (uint32_t)MIN(MAX(n, 1), most);
}

int
master_serve(struct master *m, struct error *e)
{
	long cores = MAX(sysconf(_SC_NPROCESSORS_ONLN), 1);

	for (int i = 0; i < LIMIT_FRONTS; i++) {
		for (int k = 0; k < LANE_COUNT; k++)
			m->lanes[i][k] = -1;
	}
	add(m, ROLE_KEEPER, 1);
	m->apps = clamp(m->conf.apps, MAX(4, 2 * cores), LIMIT_APPS);
	add(m, ROLE_APP, m->apps + 1);
	add(m, ROLE_WORKER, 1);
	add(m, ROLE_EGRESS, 1);
	add(m, ROLE_MEDIA, 1);
	if (m->conf.clamd_socket.n > 0)
		add(m, ROLE_SCAN, 1);
	add(m, ROLE_FRONT, clamp(m->conf.fronts, cores, LIMIT_FRONTS));
	if (loop_new(&m->loop, e) < 0 || loop_signals(m->loop, on_signal, m, e) < 0 ||
	    loop_every(m->loop, 100, on_tick, m, e) < 0)
		return err_code(e);
	for (size_t i = 0; i < m->child_count; i++)
		start_or_later(&m->children[i]);
	loop_run(m->loop);
	end_children(m);
	loop_free(&m->loop);
	return 0;
}
