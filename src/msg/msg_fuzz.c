/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * msg_fuzz - any bytes to any decoder; the first byte picks it
 *
 * What decodes must encode and decode again: a message nobody can repeat was
 * read wrongly.
 */
#include <stdlib.h>

#include "base/arena.h"
#include "base/buf.h"
#include "base/error.h"
#include "msg/msg.h"

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n);

#define TRY(number, name)                                                                          \
	case number: {                                                                             \
		struct msg_##name m, again;                                                        \
                                                                                                   \
		if (msg_##name##_get(in, a, &m, &e) < 0)                                           \
			break;                                                                     \
		msg_##name##_put(&b, &m);                                                          \
		if (msg_##name##_get(buf_view(&b), a, &again, &e) < 0)                             \
			abort();                                                                   \
		break;                                                                             \
	}

int
LLVMFuzzerTestOneInput(const uint8_t *p, size_t n)
{
	struct str in = {(const char *)p + 1, n - 1};
	struct arena *a;
	struct error e;
	struct buf b;

	if (n == 0)
		return 0;
	a = arena_new();
	buf_init(&b, LIMIT_PLAN_BYTES);
	switch (p[0] % 20) {
		TRY(0, start)
		TRY(1, peer)
		TRY(2, request)
		TRY(3, take_body)
		TRY(4, body)
		TRY(5, reply)
		TRY(6, plan)
		TRY(7, keys)
		TRY(8, keys_are)
		TRY(9, sent)
		TRY(10, sent_ok)
		TRY(11, keeper)
		TRY(12, answer)
		TRY(13, deliver)
		TRY(14, delivered)
		TRY(15, render)
		TRY(16, rendered)
		TRY(17, scan)
		TRY(18, scanned)
		TRY(19, certificate)
	}
	buf_fini(&b);
	arena_free(&a);
	return 0;
}
