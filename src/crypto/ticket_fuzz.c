/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * ticket_fuzz - forged tickets: none may open, each of ours must
 */
#include <stdlib.h>

#include "base/arena.h"
#include "base/error.h"
#include "base/limits.h"
#include "base/str.h"
#include "crypto/ticket.h"

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n);

int
LLVMFuzzerTestOneInput(const uint8_t *p, size_t n)
{
	static const struct data_key key = {{6}};
	AUTO(arena_free) struct arena *a = arena_new();
	struct str in = {(const char *)p, n}, got, ticket;
	struct error e;

	if (ticket_open(&key, in, &got, &e) != ERR_DENIED)
		abort();
	in = str_head(in, LIMIT_TICKET_BYTES - 16);
	ticket = ticket_make(a, &key, in);
	if (ticket_open(&key, ticket, &got, &e) != 0 || !str_eq(got, in))
		abort();
	return 0;
}
