/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * sources - leaky buckets in a fixed table
 *
 * A slot is found by a hash with a random key, so that nobody can aim at the
 * slot of another network; of two networks in one slot the one that waits
 * longer stays.  Debt is time: a try costs two seconds, time pays it back.
 */
#include "roles/sources.h"

#include <arpa/inet.h>
#include <stdlib.h>

#include "base/arena.h"
#include "base/random.h"
#include "base/str.h"
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

/* Of ::ffff:a.b.c.d the IPv4 part; false: loopback, or no address at all. */
static bool
network_of(struct str peer, uint8_t ret[8])
{
	char text[INET6_ADDRSTRLEN];
	uint8_t a[16] = {0};
	const uint8_t *v4 = a;

	if (peer.n == 0 || peer.n >= sizeof text)
		return false;
	memcpy(text, peer.p, peer.n);
	text[peer.n] = '\0';
	if (inet_pton(AF_INET, text, a) != 1) {
		if (inet_pton(AF_INET6, text, a) != 1 || IN6_IS_ADDR_LOOPBACK((struct in6_addr *)a))
			return false;
		if (!IN6_IS_ADDR_V4MAPPED((struct in6_addr *)a)) {
			memcpy(ret, a, 8);
			return true;
		}
		v4 = a + 12;
	}
	memset(ret, 0, 8);
	memcpy(ret, v4, 3);
	return memcmp(v4, "\x7f\0\0\1", 4) != 0;
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
sources_try(struct sources *s, struct str peer, int64_t now_us)
{
	uint8_t network[8];
	struct bucket *b;
	int64_t free_until;

	if (!network_of(peer, network))
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
sources_enter(struct sources *s, struct str peer, uint32_t *ret)
{
	uint8_t network[8];
	uint32_t slot;

	*ret = 0;
	if (!network_of(peer, network))
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
