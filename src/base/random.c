/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * random - see random.h.  getrandom(2) may answer with less than asked or with
 * EINTR; everything else it can say means that there is no randomness, and then
 * no key, code or id may be made: abort.
 */
#include "base/random.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/random.h>

#include "base/time.h"

/* 2025-01-01T00:00:00Z: 41 bits of milliseconds from here end in 2094. */
#define ID_EPOCH_MS 1735689600000LL
#define ID_TIME_BITS 41
#define ID_RANDOM_BITS 22
/* Within a millisecond: far apart enough that another process's are seldom met. */
#define ID_STEP 64

void
random_bytes(void *p, size_t n)
{
	uint8_t *to = p;

	while (n > 0) {
		ssize_t got = getrandom(to, n, 0);

		if (got < 0 && errno == EINTR)
			continue;
		if (got <= 0)
			abort();
		to += got;
		n -= (size_t)got;
	}
}

struct id128
random_id128(void)
{
	struct id128 id;

	random_bytes(id.b, sizeof id.b);
	return id;
}

uint32_t
random_below(uint32_t below)
{
	uint32_t v, uneven;

	if (below == 0)
		abort();
	/* draw again in the incomplete last stretch, or small numbers were likelier */
	uneven = (uint32_t)(((uint64_t)UINT32_MAX + 1) % below);
	do {
		random_bytes(&v, sizeof v);
	} while (v > UINT32_MAX - uneven);
	return v % below;
}

/*
 * Random bits alone would do for one id in a while: of ten thousand rows that one change writes,
 * some forty in each millisecond, two are the same once in twenty times.  So a process's ids grow.
 */
int64_t
random_id(void)
{
	static int64_t last;
	uint64_t ms = (uint64_t)(time_now_us() / 1000 - ID_EPOCH_MS);
	uint64_t id = (ms & ((1ULL << ID_TIME_BITS) - 1)) << ID_RANDOM_BITS;

	id |= random_below(1U << ID_RANDOM_BITS);
	if ((int64_t)id <= last)
		id = (uint64_t)last + 1 + random_below(ID_STEP);
	last = (int64_t)id;
	return last;
}
