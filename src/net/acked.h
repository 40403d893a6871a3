/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * acked - how much plaintext the client's TCP has acknowledged
 *
 * TLS and TCP count different bytes.  After each record the owner notes how far
 * the wire and the body are; what TCP acknowledges is looked up among these
 * marks.  The result never exceeds the truth: an acknowledgement inside a record
 * counts the records before it.  Positions are per connection and only grow.
 *
 * Private to this module.
 *
 * Layer: net.
 */
#pragma once

#include "base/base.h"

#define ACKED_FEW 2 /* marks inside the struct: enough for pages, and no heap for them */
#define ACKED_MARKS 128

struct acked_mark {
	uint64_t wire, plain;
};

/* A ring of marks not yet acknowledged, oldest first.  All zero to begin with. */
struct acked {
	struct acked_mark *many; /* ACKED_MARKS of them; NULL while few are enough */
	uint32_t first, n;
	uint64_t plain; /* the largest plain end known to be acknowledged */
	struct acked_mark few[ACKED_FEW];
};

void acked_fini(struct acked *a);
/* A record of body bytes left; wire and plain are the ends it reached. */
void acked_add(struct acked *a, int fd, uint64_t wire, uint64_t plain);
/* Ask the kernel; gives the large ring back when all is acknowledged. */
uint64_t acked_read(struct acked *a, int fd);
/* Bytes of the stream acknowledged, our handshake included; works after a reset. */
uint64_t acked_wire(int fd);
