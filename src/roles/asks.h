/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * asks - questions of a front to whichever app is free (docs/internals/messages.md)
 *
 * An ask goes to a lane, which all apps of that lane read; the app that took it
 * says TAKEN on its own pair, so its death is known.  States:
 *
 *	queued -> offered -> taken -> answered
 *
 * At most 256 interactive and 64 heavy asks wait, 5 s, then "busy"; at most 32
 * slow ones, offered ones counted, then "too-many-tries".  An offer
 * that somebody read and nobody took within a second is made again.  When the
 * app that took it dies: a repeatable ask is offered again once, any other is
 * answered as lost (ERR_UNKNOWN_OUTCOME).  Sockets never block.
 *
 * Layer: roles.
 */
#pragma once

#include "base/base.h"
#include "msg/msg.h"
#include "os/ipc.h"

struct asks;
struct error;
struct loop;

/* m: the answer (its descriptors are the callee's to take); NULL: lost, see e. */
typedef void (*ask_answered)(void *arg, struct ipc_msg *m, const struct error *e);

struct ask {
	enum msg type;
	enum lane lane;
	struct str body; /* copied */
	int fd;          /* -1, or a descriptor that is duplicated */
	bool repeatable; /* GET, HEAD, KEYS, SENT */
	bool urgent;     /* SENT: not counted against the queue's length */
	uint32_t source; /* sources_enter's place: who fills the slow lane; 0: nobody's */
	ask_answered answered;
	void *arg;
};

NODISCARD int asks_new(struct loop *l, struct asks **ret, struct error *e);
void asks_free(struct asks **a);

/* By master: the write end of a lane; the pair with an app. The old one, if any, is dead. */
NODISCARD int asks_set_lane(struct asks *a, enum lane lane, int fd, struct error *e);
NODISCARD int asks_set_app(struct asks *a, uint32_t index, int fd, struct error *e);

/*
 * Its number.  0: the queue is full (ERR_BUSY in e; ERR_LIMIT of LANE_SLOW, also for a
 * source that has ASKS_SLOW_EACH waiting there: the rest is for the others).
 */
#define ASKS_SLOW_EACH 6
uint32_t ask_put(struct asks *a, const struct ask *q, struct error *e);
