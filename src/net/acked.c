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
	free(a->many);
	a->many = NULL;
	a->first = a->n = 0;
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

static uint32_t
room(const struct acked *a)
{
	return a->many != NULL ? ACKED_MARKS : ACKED_FEW;
}

static struct acked_mark *
mark_at(struct acked *a, uint32_t i)
{
	return &(a->many != NULL ? a->many : a->few)[(a->first + i) % room(a)];
}

static void
drop_acknowledged(struct acked *a, uint64_t wire)
{
	while (a->n > 0 && mark_at(a, 0)->wire <= wire) {
		a->plain = mark_at(a, 0)->plain;
		a->first = (a->first + 1) % room(a);
		a->n--;
	}
}

static void
grow(struct acked *a)
{
	struct acked_mark *many = malloc(ACKED_MARKS * sizeof *many);

	if (many == NULL)
		abort();
	for (uint32_t i = 0; i < a->n; i++)
		many[i] = *mark_at(a, i);
	a->many = many;
	a->first = 0;
}

/* Keep every second mark, the newest among them. */
static void
thin(struct acked *a)
{
	uint32_t kept = 0;

	for (uint32_t i = (a->n - 1) % 2; i < a->n; i += 2)
		*mark_at(a, kept++) = *mark_at(a, i);
	a->n = kept;
}

void
acked_add(struct acked *a, int fd, uint64_t wire, uint64_t plain)
{
	if (a->n == room(a))
		drop_acknowledged(a, acked_wire(fd));
	if (a->n == room(a) && a->many == NULL)
		grow(a);
	if (a->n == room(a))
		thin(a);
	*mark_at(a, a->n++) = (struct acked_mark){wire, plain};
}

uint64_t
acked_read(struct acked *a, int fd)
{
	if (a->n == 0)
		return a->plain;
	drop_acknowledged(a, acked_wire(fd));
	if (a->n == 0)
		acked_fini(a);
	return a->plain;
}
