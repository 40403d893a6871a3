/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * sources - what a network does with us: tries of a secret (docs/security/guessing.md), questions
 *
 * A bucket per source, IPv4 by /24 and IPv6 by /64, in a table of fixed size:
 * BURST tries are free, one comes back every two seconds, more wait.  A bucket
 * only ever delays; a right code is never refused for the tries of a neighbour.
 * A client on 127.0.0.1 or ::1 has none: it is this machine, or everybody behind
 * a reverse proxy that no setting names.
 *
 * Of the questions that wait for an app a network may have half of what the
 * queue holds, so that one that floods us does not fill it for all.
 *
 * Layer: roles.
 */
#pragma once

#include "base/ip.h"

struct sources;
/* Where a request came from. */
struct source {
	struct ip ip;
	bool is_proxy; /* the client's own is not known: counted on loopback, too */
};

#define SOURCES_BURST 20
#define SOURCES_LONGEST_US (8 * 1000 * 1000)
#define SOURCES_ASKS 128 /* at once; asks.c queues 256 */

struct sources *sources_new(void);
void sources_free(struct sources **s);
/* One try from there: how long it has to wait, in microseconds. */
int64_t sources_try(struct sources *s, const struct source *from, int64_t now_us);
/*
 * A question begins.  false: this network has too many.  *ret is for
 * sources_leave() when it ends; 0 for a network that is not counted.
 */
NODISCARD bool sources_enter(struct sources *s, const struct source *from, uint32_t *ret);
void sources_leave(struct sources *s, uint32_t *place); /* sets it to 0 */
