/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * plan_fuzz - what a decoded plan promises to the code that sends it
 *
 * front walks a plan without checking again, so whatever decodes must add up,
 * keep its slots in order and within the count, and stay inside one blob part.
 */
#include <stdlib.h>

#include "base/arena.h"
#include "base/error.h"
#include "msg/msg.h"

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n);

static void
must(bool ok)
{
	if (!ok)
		abort();
}

/* The bytes of a literal must lie in the input. */
static bool
lies_in(struct str s, const uint8_t *p, size_t n)
{
	return s.n == 0 || ((const uint8_t *)s.p >= p && (const uint8_t *)s.p + s.n <= p + n);
}

static void
check_plan(const struct msg_plan *plan, const uint8_t *p, size_t n)
{
	uint64_t sum = 0;
	uint32_t slot = 0;

	for (size_t i = 0; i < plan->segment_count; i++) {
		const struct msg_segment *g = &plan->segments[i];

		if (!g->is_blob) {
			must(lies_in(g->bytes, p, n));
			sum += g->bytes.n;
			continue;
		}
		must(g->slot >= slot && g->slot < plan->slot_count);
		must(g->length > 0 && g->offset + g->length <= LIMIT_PART_BYTES);
		slot = g->slot;
		sum += g->length;
	}
	must(sum == plan->bytes);
}

int
LLVMFuzzerTestOneInput(const uint8_t *p, size_t n)
{
	AUTO(arena_free) struct arena *a = arena_new();
	struct msg_plan plan;
	struct error e;

	if (msg_plan_get((struct str){(const char *)p, n}, a, &plan, &e) == 0)
		check_plan(&plan, p, n);
	return 0;
}
