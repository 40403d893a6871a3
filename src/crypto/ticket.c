/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * ticket - see ticket.h.  Half of an HMAC-SHA-256 is enough for something that
 * dies with this run of the server and can only be tried through front.
 */
#include "crypto/ticket.h"

#include <assert.h>

#include "base/arena.h"
#include "base/error.h"
#include "base/limits.h"
#include "base/str.h"
#include "crypto/hash.h"

#define MAC_BYTES 16

static struct sha256
mac_of(const struct data_key *key, struct str payload)
{
	return hmac_sha256((struct str){(const char *)key->b, sizeof key->b}, payload);
}

struct str
ticket_make(struct arena *a, const struct data_key *key, struct str payload)
{
	struct sha256 mac = mac_of(key, payload);
	char *p;

	assert(payload.n <= LIMIT_TICKET_BYTES - MAC_BYTES);
	p = arena_alloc(a, MAC_BYTES + payload.n);
	memcpy(p, mac.b, MAC_BYTES);
	if (payload.n > 0)
		memcpy(p + MAC_BYTES, payload.p, payload.n);
	return (struct str){p, MAC_BYTES + payload.n};
}

int
ticket_open(const struct data_key *key, struct str ticket, struct str *ret, struct error *e)
{
	struct sha256 mac;

	if (ticket.n < MAC_BYTES || ticket.n > LIMIT_TICKET_BYTES)
		return err_set(e, ERR_DENIED, "a ticket of %zu bytes", ticket.n);
	mac = mac_of(key, str_from(ticket, MAC_BYTES));
	if (!mem_eq(mac.b, ticket.p, MAC_BYTES))
		return err_set(e, ERR_DENIED, "a ticket that was not made here");
	*ret = str_from(ticket, MAC_BYTES);
	return 0;
}
