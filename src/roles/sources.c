/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * sources - leaky buckets in a fixed table
 *
 * A slot is found by a hash with a random key, so that nobody can aim at the
 * slot of another network; of two networks in one slot the one that waits
 * longer stays.  Debt is time: a try costs two seconds, time pays it back.
 */
#include "roles/sources.h"

#include <stdlib.h>

#include "base/arena.h"
#include "base/random.h"
#include "crypto/hash.h"

#define SLOTS 4096
#define COST_US (2 * 1000 * 1000)

struct bucket {
	uint8_t network[8];
	int64_t paid_us; /* when the debt will be paid back; long ago: an empty slot */
};
struct sources {
	uint8_t key[16];
	struct bucket buckets[SLOTS];
	uint16_t asks[SLOTS]; /* running; networks that share a slot share the number */
};

struct sources *
sources_new(void)
{
	struct sources *s = xcalloc(1, sizeof *s);

	random_bytes(s->key, sizeof s->key);
	return s;
}

void
sources_free(struct sources **s)
{
	free(*s);
	*s = NULL;
}

/* false: this machine itself, which is not counted. */
static bool
network_of(const struct source *from, uint8_t ret[8])
{
	if (ip_is_loopback(&from->ip) && !from->is_proxy)
		return false;
	memset(ret, 0, 8);
	if (ip_is_v4(&from->ip))
		memcpy(ret, from->ip.b + 12, 3);
	else
		memcpy(ret, from->ip.b, 8);
	return true;
}

static uint32_t
slot_of(const struct sources *s, const uint8_t network[8])
{
	uint8_t in[sizeof s->key + 8];
	struct sha256 h;
	uint32_t slot;

	memcpy(in, s->key, sizeof s->key);
	memcpy(in + sizeof s->key, network, 8);
	h = sha256(in, sizeof in);
	memcpy(&slot, &h, sizeof slot);
	return slot % SLOTS;
}

int64_t
sources_try(struct sources *s, const struct source *from, int64_t now_us)
{
	uint8_t network[8];
	struct bucket *b;
	int64_t free_until;

	if (!network_of(from, network))
		return 0;
	b = &s->buckets[slot_of(s, network)];
	if (memcmp(b->network, network, sizeof network) != 0) {
		if (b->paid_us > now_us)
			return 0; /* the slot is another's who owes: this one goes uncounted */
		memcpy(b->network, network, sizeof network);
	}
	b->paid_us = MAX(b->paid_us, now_us) + COST_US;
	free_until = now_us + (int64_t)SOURCES_BURST * COST_US;
	if (b->paid_us <= free_until)
		return 0;
	b->paid_us = MIN(b->paid_us, free_until + SOURCES_LONGEST_US);
	return b->paid_us - free_until;
}

bool
sources_enter(struct sources *s, const struct source *from, uint32_t *ret)
{
	uint8_t network[8];
	uint32_t slot;

	*ret = 0;
	if (!network_of(from, network))
		return true;
	slot = slot_of(s, network);
	if (s->asks[slot] >= SOURCES_ASKS)
		return false;
	s->asks[slot]++;
	*ret = slot + 1;
	return true;
}

void
sources_leave(struct sources *s, uint32_t *place)
{
	if (*place != 0)
		s->asks[*place - 1]--;
	*place = 0;
}
