/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * loop - epoll with callbacks, ticks and deferred calls
 *
 * One loop per process.  A callback may free any watch, its own included.
 *
 * Layer: os.
 */
#pragma once

#include "base/base.h"

struct error;
struct loop;
struct watch;

#define LOOP_READ 1u
#define LOOP_WRITE 2u
#define LOOP_HANGUP 4u /* the peer closed its side, or an error: always reported */
/* With LOOP_READ: of the processes that wait for this socket one is woken, not all; the watch
 * cannot be changed. */
#define LOOP_ALONE 8u

typedef void (*loop_fn)(void *arg, uint32_t events);
typedef void (*loop_tick_fn)(void *arg);

NODISCARD int loop_new(struct loop **ret, struct error *e);
/* Also frees the watches left; those still held must not be freed afterwards. */
void loop_free(struct loop **l);
/* Until loop_stop; then returns. */
void loop_run(struct loop *l);
void loop_stop(struct loop *l);

/* The descriptor stays the caller's; free the watch before closing it. */
NODISCARD int loop_watch(struct loop *l, int fd, uint32_t events, loop_fn fn, void *arg,
    struct watch **ret, struct error *e);
void watch_set(struct watch *w, uint32_t events); /* no system call when unchanged */
void watch_free(struct watch **w);

/* Every ms milliseconds until the loop ends; at most 16 of them. */
NODISCARD int loop_every(struct loop *l, int ms, loop_tick_fn fn, void *arg, struct error *e);
/* Once, after the events of this round. */
void loop_defer(struct loop *l, loop_tick_fn fn, void *arg);
/* Monotonic microseconds, read once per round. */
int64_t loop_now(const struct loop *l);

/* SIGTERM and SIGINT stop the loop; SIGCHLD, SIGHUP call fn. NULL leaves a signal alone. Uses
 * signalfd. */
NODISCARD int loop_signals(
    struct loop *l, void (*fn)(void *arg, int sig), void *arg, struct error *e);
