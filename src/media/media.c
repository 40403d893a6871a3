/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * media - the supervisor of those who read strangers' files
 *
 * May: make namespaces, execute itself, end what it started.  May not: connect,
 * listen, reach the database or the blobs.  It opens no file: a job's
 * descriptors come from worker, and it looks into none of them.  It has no
 * Landlock, which would forbid its jobs a root of their own (os/sandbox.h).
 *
 * Descriptor 3 is the control socket of master.
 */
#include "media/media.h"

#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/arena.h"
#include "base/buf.h"
#include "base/error.h"
#include "base/log.h"
#include "base/str.h"
#include "base/time.h"
#include "conf/conf.h"
#include "os/file.h"
#include "os/ipc.h"
#include "os/loop.h"
#include "os/sandbox.h"

#define CONTROL_FD 3
#define START_WAIT_MS 10000
#define ANSWER_WAIT_MS 5000
#define LATE_LOOK_MS 250
#define CPU_SLACK_MS 2000 /* the kernel's limit counts ticks, its report the time */

struct media;

struct running {
	struct media *m;
	pid_t pid; /* 0: free */
	int pidfd;
	struct watch *watch;
	int64_t job, ends_us;
	bool is_late;
};

struct media {
	struct loop *loop;
	struct arena *request;
	int null, worker;
	struct watch *control, *worker_watch;
	bool no_namespaces;
	struct running jobs[LIMIT_RENDER_JOBS];
	char space[LIMIT_MSG_BYTES];
};

/* ---- answers ---- */

static void
answer(struct media *m, const struct msg_rendered *d)
{
	struct ipc_msg out = {.type = MSG_RENDERED};
	struct error e;
	struct buf b;

	if (m->worker < 0)
		return;
	buf_init(&b, 256);
	msg_rendered_put(&b, d);
	out.body = buf_view(&b);
	if (ipc_send_wait(m->worker, &out, ANSWER_WAIT_MS, &e) < 0)
		log_warn("answer to worker: %s", e.msg);
	buf_fini(&b);
}

static uint32_t
cpu_ms(const struct rusage *u)
{
	return (uint32_t)((u->ru_utime.tv_sec + u->ru_stime.tv_sec) * 1000 +
	                  (u->ru_utime.tv_usec + u->ru_stime.tv_usec) / 1000);
}

/* The kernel ends who has used up his time with the same signal as we do. */
static enum render_outcome
outcome_of(const struct running *j, int status, uint32_t cpu)
{
	if (WIFEXITED(status))
		return RENDER_ENDED;
	if (j->is_late ||
	    (WTERMSIG(status) == SIGKILL && cpu + CPU_SLACK_MS >= LIMIT_RENDER_CPU_S * 1000u))
		return RENDER_TIMED_OUT;
	return RENDER_KILLED;
}

static void
job_free(struct running *j)
{
	watch_free(&j->watch);
	fd_close(&j->pidfd);
	j->pid = 0;
}

static void
on_job_end(void *arg, uint32_t events)
{
	struct running *j = arg;
	struct msg_rendered d = {.job = j->job};
	struct rusage usage = {0};
	int status = 0;

	(void)events;
	if (wait4(j->pid, &status, WNOHANG, &usage) != j->pid)
		return;
	d.cpu_ms = cpu_ms(&usage);
	d.peak_kib = (uint32_t)usage.ru_maxrss;
	d.outcome = outcome_of(j, status, d.cpu_ms);
	d.detail = (uint32_t)(WIFEXITED(status) ? WEXITSTATUS(status) : WTERMSIG(status));
	log_debug("job %lld: outcome %d, detail %u, %u ms, %u KiB", (long long)j->job,
	    (int)d.outcome, d.detail, d.cpu_ms, d.peak_kib);
	answer(j->m, &d);
	job_free(j);
}

static void
end_job(struct running *j)
{
	(void)syscall(SYS_pidfd_send_signal, j->pidfd, SIGKILL, NULL, 0);
}

static void
on_late_look(void *arg)
{
	struct media *m = arg;
	int64_t now = loop_now(m->loop);

	for (size_t i = 0; i < LIMIT_RENDER_JOBS; i++) {
		if (m->jobs[i].pid == 0 || now < m->jobs[i].ends_us)
			continue;
		m->jobs[i].is_late = true;
		end_job(&m->jobs[i]);
	}
}

/* ---- jobs ---- */

/* A pipe holds a whole request: writing does not wait for the reader. */
static int
give_request(struct str body, int *ret, struct error *e)
{
	int ends[2];
	int r;

	if (pipe2(ends, O_CLOEXEC) < 0)
		return err_errno(e, "pipe");
	r = fd_write_all(ends[1], body.p, body.n, e);
	fd_close(&ends[1]);
	if (r < 0)
		fd_close(&ends[0]);
	else
		*ret = ends[0];
	return r;
}

static int
start_job(struct media *m, struct running *j, const struct ipc_msg *in, const struct msg_render *q,
    struct error *e)
{
	AUTO(fd_close) int request = -1;
	struct jail jail = {.kind = q->kind,
	    .null = m->null,
	    .output = in->fds[0],
	    .parts = in->fds + 1,
	    .part_count = q->part_count,
	    .may_have_namespaces = !m->no_namespaces};

	if (give_request(in->body, &request, e) < 0)
		return err_code(e);
	jail.request = request;
	*j = (struct running){.m = m,
	    .pidfd = -1,
	    .job = q->job,
	    .ends_us = loop_now(m->loop) + LIMIT_RENDER_WALL_MS * 1000LL};
	if (jail_start(&jail, &j->pid, &j->pidfd, e) < 0)
		return err_code(e);
	return loop_watch(m->loop, j->pidfd, LOOP_READ, on_job_end, j, &j->watch, e);
}

static struct running *
free_place(struct media *m)
{
	for (size_t i = 0; i < LIMIT_RENDER_JOBS; i++) {
		if (m->jobs[i].pid == 0)
			return &m->jobs[i];
	}
	return NULL;
}

/* What cannot be started ends at once; worker tries it again later. */
static int
take(struct media *m, struct ipc_msg *in, struct error *e)
{
	struct running *j = free_place(m);
	struct msg_render q;

	if (in->type != MSG_RENDER)
		return err_set(e, ERR_PROTOCOL, "message %u from worker", in->type);
	if (msg_render_get(in->body, m->request, &q, e) < 0)
		return err_code(e);
	if (in->fd_count != 1 + q.part_count || j == NULL)
		return err_set(e, ERR_PROTOCOL, "RENDER without its descriptors, or too many");
	if (start_job(m, j, in, &q, e) == 0)
		return 0;
	log_error("job: %s", e->msg);
	if (j->pid != 0)
		end_job(j); /* nobody watches it */
	job_free(j);
	answer(m, &(struct msg_rendered){.job = q.job, .outcome = RENDER_KILLED});
	return 0;
}

/* ---- peers ---- */

/* Nobody waits for them any more. */
static void
worker_gone(struct media *m)
{
	watch_free(&m->worker_watch);
	fd_close(&m->worker);
	for (size_t i = 0; i < LIMIT_RENDER_JOBS; i++) {
		if (m->jobs[i].pid != 0)
			end_job(&m->jobs[i]);
	}
}

static void
on_worker(void *arg, uint32_t events)
{
	struct media *m = arg;
	AUTO(ipc_msg_close) struct ipc_msg in = {0};
	struct error e;
	int r = ipc_recv(m->worker, m->space, &in, &e);

	(void)events;
	if (r > 0)
		r = take(m, &in, &e);
	explicit_bzero(m->space, sizeof m->space); /* it held a key */
	arena_reset(m->request);
	if (r >= 0)
		return;
	if (e.code != ERR_UNAVAILABLE)
		log_warn("worker: %s", e.msg);
	worker_gone(m);
}

static int
handle_control(struct media *m, struct ipc_msg *in, struct error *e)
{
	struct msg_peer peer;

	if (in->type != MSG_PEER || in->fd_count != 1)
		return err_set(e, ERR_PROTOCOL, "message %u from master", in->type);
	if (msg_peer_get(in->body, m->request, &peer, e) < 0)
		return err_code(e);
	if (peer.role != ROLE_WORKER)
		return 0; /* nobody else has business here; the descriptor is closed */
	worker_gone(m);
	m->worker = TAKE_FD(in->fds[0]);
	return loop_watch(m->loop, m->worker, LOOP_READ, on_worker, m, &m->worker_watch, e);
}

/* Without master there is no reason to live. */
static void
on_control(void *arg, uint32_t events)
{
	struct media *m = arg;
	AUTO(ipc_msg_close) struct ipc_msg in = {0};
	struct error e;
	int r = ipc_recv(CONTROL_FD, m->space, &in, &e);

	(void)events;
	if (r > 0)
		r = handle_control(m, &in, &e);
	arena_reset(m->request);
	if (r >= 0)
		return;
	if (e.code != ERR_UNAVAILABLE)
		log_error("control: %s", e.msg);
	loop_stop(m->loop);
}

/* ---- start ---- */

static int
read_start(struct media *m, struct arena *forever, struct error *e)
{
	AUTO(mapping_free) struct mapping map = {0};
	AUTO(ipc_msg_close) struct ipc_msg in = {0};
	struct msg_start start;
	struct conf conf;

	if (ipc_recv_wait(CONTROL_FD, m->space, START_WAIT_MS, &in, e) < 0)
		return err_code(e);
	if (in.type != MSG_START || in.fd_count != 1)
		return err_set(e, ERR_PROTOCOL, "not START");
	if (msg_start_get(in.body, forever, &start, e) < 0 ||
	    memfd_map(in.fds[0], LIMIT_CONF_BYTES, &map, e) < 0)
		return err_code(e);
	if (start.role != ROLE_MEDIA)
		return err_set(e, ERR_PROTOCOL, "START for another role");
	if (conf_parse(forever, S(""), arena_str(forever, (struct str){map.p, map.n}), &conf, e) <
	    0)
		return err_code(e);
	log_init("media", (enum log_level)conf.log_level);
	return 0;
}

/* The whole privilege story. */
static int
enter_sandbox(struct error *e)
{
	const struct sandbox s = {
	    .user = getuid() == 0 ? "geleit-media" : NULL,
	    .may = SANDBOX_MAY_JAIL | SANDBOX_MAY_EXEC | SANDBOX_MAY_KILL,
	};
	unsigned missing = 0;

	if (sandbox_enter(&s, &missing, e) < 0)
		return err_code(e);
	if (missing != 0)
		log_warn("sandbox: not offered by this kernel: seccomp");
	return 0;
}

static void
look_for_namespaces(struct media *m)
{
	struct error e;
	int r = jail_try(m->null, &e);

	m->no_namespaces = r == ERR_DENIED;
	if (m->no_namespaces)
		log_warn("this host forbids user namespaces (%s): previews are made behind "
		         "Landlock and seccomp alone",
		    e.msg);
	else if (r < 0)
		log_warn("the first job: %s", e.msg);
}

static int
start(struct media *m, struct arena *forever, struct error *e)
{
	struct ipc_msg ready = {.type = MSG_READY};

	m->null = open("/dev/null", O_RDWR | O_CLOEXEC);
	if (m->null < 0)
		return err_errno(e, "/dev/null");
	if (read_start(m, forever, e) < 0 || enter_sandbox(e) < 0 || loop_new(&m->loop, e) < 0 ||
	    loop_signals(m->loop, NULL, NULL, e) < 0 ||
	    loop_every(m->loop, LATE_LOOK_MS, on_late_look, m, e) < 0 ||
	    loop_watch(m->loop, CONTROL_FD, LOOP_READ, on_control, m, &m->control, e) < 0)
		return err_code(e);
	look_for_namespaces(m);
	return ipc_send_wait(CONTROL_FD, &ready, ANSWER_WAIT_MS, e);
}

static void
stop(struct media *m)
{
	worker_gone(m);
	for (size_t i = 0; i < LIMIT_RENDER_JOBS; i++) {
		if (m->jobs[i].pid != 0)
			job_free(&m->jobs[i]);
	}
	watch_free(&m->control);
	loop_free(&m->loop);
	fd_close(&m->null);
	arena_free(&m->request);
}

int
main(int argc, char **argv)
{
	AUTO(arena_free) struct arena *forever = NULL;
	struct media *m;
	struct error e;
	int r;

	if (argc == 4 && strcmp(argv[1], "job") == 0)
		job_main(argv[2], argv[3]);
	forever = arena_new();
	m = ARENA_NEW(forever, struct media);
	log_init("media", LOG_INFO);
	/* Ctrl-C goes to the whole group; master decides when we end */
	signal(SIGINT, SIG_IGN);
	m->request = arena_new();
	m->null = m->worker = -1;
	for (size_t i = 0; i < LIMIT_RENDER_JOBS; i++)
		m->jobs[i].pidfd = -1;
	r = start(m, forever, &e);
	if (r < 0)
		log_error("start: %s", e.msg);
	else
		loop_run(m->loop);
	stop(m);
	return r < 0 ? 1 : 0;
}
