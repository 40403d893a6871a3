/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * sources - how often a network has tried a secret lately (design 7)
 *
 * A bucket per source, IPv4 by /24 and IPv6 by /64, in a table of fixed size:
 * BURST tries are free, one comes back every two seconds, more wait.  A bucket
 * only ever delays; a right code is never refused for the tries of a neighbour.
 * 127.0.0.1 and ::1 have none: behind a reverse proxy they are everybody.
 *
 * Layer: roles.
 */
#pragma once

#include "base/base.h"

struct sources;

#define SOURCES_BURST 20
#define SOURCES_LONGEST_US (8 * 1000 * 1000)

struct sources *sources_new(void);
void sources_free(struct sources **s);
/* One try from this address (text, as net_peer gives it): how long it has to wait, in microseconds.
 */
int64_t sources_try(struct sources *s, struct str peer, int64_t now_us);
