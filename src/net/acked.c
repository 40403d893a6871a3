/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * acked - a ring of marks over tcpi_bytes_acked
 *
 * The only file that includes <linux/tcp.h>, which does not go together with
 * <netinet/tcp.h>.  A full ring is thinned to every second mark: the result
 * stays a lower bound and only gets coarser, for connections with more than
 * 2 MiB on their way.  Never SIOCOUTQ: after a reset it says 0.
 */
#include "net/acked.h"

#include <linux/tcp.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <sys/socket.h>

#include "base/arena.h"

void
acked_fini(struct acked *a)
{
	free(a->ring);
	a->ring = NULL;
}

uint64_t
acked_wire(int fd)
{
	struct tcp_info info = {0};
	socklen_t n = sizeof info;

	if (getsockopt(fd, IPPROTO_TCP, TCP_INFO, &info, &n) < 0)
		return 0;
	return info.tcpi_bytes_acked;
}

static struct acked_mark *
mark_at(struct acked_ring *r, uint32_t i)
{
	return &r->mark[(r->first + i) % ACKED_MARKS];
}

/* Keep every second mark, the newest among them. */
static void
thin(struct acked_ring *r)
{
	uint32_t kept = 0;

	for (uint32_t i = (r->n - 1) % 2; i < r->n; i += 2)
		*mark_at(r, kept++) = *mark_at(r, i);
	r->n = kept;
}

static void
drop_acknowledged(struct acked *a, uint64_t wire)
{
	struct acked_ring *r = a->ring;

	while (r->n > 0 && mark_at(r, 0)->wire <= wire) {
		a->plain = mark_at(r, 0)->plain;
		r->first = (r->first + 1) % ACKED_MARKS;
		r->n--;
	}
}

void
acked_add(struct acked *a, int fd, uint64_t wire, uint64_t plain)
{
	if (a->ring == NULL) {
		a->ring = malloc(sizeof *a->ring);
		if (a->ring == NULL)
			abort();
		a->ring->first = a->ring->n = 0;
	}
	if (a->ring->n == ACKED_MARKS)
		drop_acknowledged(a, acked_wire(fd));
	if (a->ring->n == ACKED_MARKS)
		thin(a->ring);
	*mark_at(a->ring, a->ring->n++) = (struct acked_mark){wire, plain};
}

uint64_t
acked_read(struct acked *a, int fd)
{
	if (a->ring == NULL)
		return a->plain;
	drop_acknowledged(a, acked_wire(fd));
	if (a->ring->n == 0)
		acked_fini(a);
	return a->plain;
}
