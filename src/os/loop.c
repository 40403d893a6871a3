/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * loop - see loop.h.
 *
 * A freed watch goes to a graveyard and is buried at the end of the round:
 * epoll may already have handed out an event that points to it.
 */
#include "os/loop.h"

#include <signal.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include "base/error.h"
#include "base/time.h"
#include "base/vec.h"
#include "os/file.h"

#define EVENTS_PER_ROUND 256
#define TICKS_MAX 16

struct watch {
	struct loop *l;
	int fd;
	uint32_t events;
	loop_fn fn;
	void *arg;
	bool dead;
	struct watch *next, *prev; /* all living ones; next alone in the graveyard */
};

struct tick {
	loop_tick_fn fn;
	void *arg;
	int64_t every_us, due_us;
};

struct deferred {
	loop_tick_fn fn;
	void *arg;
};

struct loop {
	int epoll;
	bool stop;
	int64_t now_us;
	struct watch *living, *graveyard;
	struct tick ticks[TICKS_MAX];
	size_t tick_count;
	VEC(struct deferred) deferred;
	int signal_fd;
	struct watch *signal_watch;
	void (*on_signal)(void *arg, int sig);
	void *signal_arg;
};

int
loop_new(struct loop **ret, struct error *e)
{
	struct loop *l = xcalloc(1, sizeof *l);

	l->signal_fd = -1;
	l->now_us = time_monotonic_us();
	l->epoll = epoll_create1(EPOLL_CLOEXEC);
	if (l->epoll < 0) {
		free(l);
		return err_errno(e, "epoll_create1");
	}
	*ret = l;
	return 0;
}

static void
bury(struct loop *l)
{
	while (l->graveyard != NULL) {
		struct watch *w = l->graveyard;

		l->graveyard = w->next;
		free(w);
	}
}

void
loop_free(struct loop **lp)
{
	struct loop *l = *lp;

	if (l == NULL)
		return;
	while (l->living != NULL) {
		struct watch *w = l->living;

		watch_free(&w);
	}
	bury(l);
	fd_close(&l->signal_fd);
	fd_close(&l->epoll);
	VEC_FINI(&l->deferred);
	free(l);
	*lp = NULL;
}

void
loop_stop(struct loop *l)
{
	l->stop = true;
}

int64_t
loop_now(const struct loop *l)
{
	return l->now_us;
}

/* ---- watches ---- */

static uint32_t
to_epoll(uint32_t events)
{
	if ((events & LOOP_ALONE) != 0) /* EPOLLHUP comes all the same */
		return EPOLLEXCLUSIVE | EPOLLIN;
	return EPOLLRDHUP | ((events & LOOP_READ) != 0 ? EPOLLIN : 0u) |
	       ((events & LOOP_WRITE) != 0 ? EPOLLOUT : 0u);
}

static uint32_t
from_epoll(uint32_t events)
{
	return ((events & EPOLLIN) != 0 ? LOOP_READ : 0) |
	       ((events & EPOLLOUT) != 0 ? LOOP_WRITE : 0) |
	       ((events & (EPOLLRDHUP | EPOLLHUP | EPOLLERR)) != 0 ? LOOP_HANGUP : 0);
}

static void
enlist(struct loop *l, struct watch *w)
{
	w->next = l->living;
	if (l->living != NULL)
		l->living->prev = w;
	l->living = w;
}

static void
delist(struct loop *l, struct watch *w)
{
	if (w->prev != NULL)
		w->prev->next = w->next;
	else
		l->living = w->next;
	if (w->next != NULL)
		w->next->prev = w->prev;
}

int
loop_watch(struct loop *l, int fd, uint32_t events, loop_fn fn, void *arg, struct watch **ret,
    struct error *e)
{
	struct watch *w = xcalloc(1, sizeof *w);
	struct epoll_event ev = {.events = to_epoll(events), .data.ptr = w};

	*w = (struct watch){.l = l, .fd = fd, .events = events, .fn = fn, .arg = arg};
	if (epoll_ctl(l->epoll, EPOLL_CTL_ADD, fd, &ev) < 0) {
		free(w);
		return err_errno(e, "epoll_ctl");
	}
	enlist(l, w);
	*ret = w;
	return 0;
}

void
watch_set(struct watch *w, uint32_t events)
{
	struct epoll_event ev = {.events = to_epoll(events), .data.ptr = w};

	if (w->events == events)
		return;
	w->events = events;
	/* a registered descriptor can only fail here when its owner closed it too early */
	if (epoll_ctl(w->l->epoll, EPOLL_CTL_MOD, w->fd, &ev) < 0)
		abort();
}

void
watch_free(struct watch **wp)
{
	struct watch *w = *wp;

	if (w == NULL)
		return;
	(void)epoll_ctl(w->l->epoll, EPOLL_CTL_DEL, w->fd, NULL);
	delist(w->l, w);
	w->dead = true;
	w->next = w->l->graveyard;
	w->l->graveyard = w;
	*wp = NULL;
}

/* ---- ticks and deferred calls ---- */

int
loop_every(struct loop *l, int ms, loop_tick_fn fn, void *arg, struct error *e)
{
	if (l->tick_count == TICKS_MAX)
		return err_set(e, ERR_INTERNAL, "more than %d ticks", TICKS_MAX);
	l->ticks[l->tick_count++] = (struct tick){
	    .fn = fn,
	    .arg = arg,
	    .every_us = ms * 1000LL,
	    .due_us = time_monotonic_us() + ms * 1000LL,
	};
	return 0;
}

void
loop_defer(struct loop *l, loop_tick_fn fn, void *arg)
{
	*VEC_ADD(&l->deferred) = (struct deferred){fn, arg};
}

/* What is deferred meanwhile waits for the next round, or sockets would starve. */
static void
run_deferred(struct loop *l)
{
	size_t n = l->deferred.n;

	for (size_t i = 0; i < n; i++) {
		struct deferred d = l->deferred.v[i];

		d.fn(d.arg);
	}
	l->deferred.n -= n;
	memmove(l->deferred.v, l->deferred.v + n, l->deferred.n * sizeof *l->deferred.v);
}

/* A late tick is not made up for: two in a row help nobody. */
static void
run_ticks(struct loop *l)
{
	for (size_t i = 0; i < l->tick_count; i++) {
		struct tick *t = &l->ticks[i];

		if (l->now_us < t->due_us)
			continue;
		t->due_us = l->now_us + t->every_us;
		t->fn(t->arg);
	}
}

static int
wait_ms(const struct loop *l)
{
	int64_t now = time_monotonic_us(), least = INT64_MAX;

	if (l->deferred.n > 0)
		return 0;
	for (size_t i = 0; i < l->tick_count; i++)
		least = MIN(least, l->ticks[i].due_us - now);
	if (least == INT64_MAX)
		return -1;
	return least <= 0 ? 0 : (int)((least + 999) / 1000);
}

void
loop_run(struct loop *l)
{
	struct epoll_event events[EVENTS_PER_ROUND];

	while (!l->stop) {
		int n = epoll_wait(l->epoll, events, EVENTS_PER_ROUND, wait_ms(l));

		l->now_us = time_monotonic_us();
		for (int i = 0; i < n; i++) {
			struct watch *w = events[i].data.ptr;

			if (!w->dead)
				w->fn(w->arg, from_epoll(events[i].events));
		}
		run_ticks(l);
		if (l->deferred.n > 0)
			run_deferred(l);
		bury(l);
	}
	l->stop = false;
}

/* ---- signals ---- */

static void
on_signal_fd(void *arg, uint32_t events)
{
	struct loop *l = arg;
	struct signalfd_siginfo si;

	while (read(l->signal_fd, &si, sizeof si) == (ssize_t)sizeof si) {
		if (si.ssi_signo == SIGTERM || si.ssi_signo == SIGINT)
			loop_stop(l);
		if (l->on_signal != NULL)
			l->on_signal(l->signal_arg, (int)si.ssi_signo);
	}
}

int
loop_signals(struct loop *l, void (*fn)(void *arg, int sig), void *arg, struct error *e)
{
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, SIGTERM);
	sigaddset(&set, SIGINT);
	if (fn != NULL) {
		sigaddset(&set, SIGCHLD);
		sigaddset(&set, SIGHUP);
	}
	l->on_signal = fn;
	l->signal_arg = arg;
	if (sigprocmask(SIG_BLOCK, &set, NULL) < 0)
		return err_errno(e, "sigprocmask");
	l->signal_fd = signalfd(-1, &set, SFD_NONBLOCK | SFD_CLOEXEC);
	if (l->signal_fd < 0)
		return err_errno(e, "signalfd");
	return loop_watch(l, l->signal_fd, LOOP_READ, on_signal_fd, l, &l->signal_watch, e);
}
