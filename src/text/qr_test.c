/* SPDX-License-Identifier: AGPL-3.0-or-later */
/* qr_test - size by content, and the patterns every reader looks for */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/arena.h"
#include "base/error.h"
#include "base/str.h"
#include "text/qr.h"

/* The frame of seven dark squares with a light one inside and a core of three. */
static void
finder_at(const struct qr *q, int x, int y)
{
	for (int dy = 0; dy < 7; dy++) {
		for (int dx = 0; dx < 7; dx++) {
			int ring = MAX(dx > 3 ? dx - 3 : 3 - dx, dy > 3 ? dy - 3 : 3 - dy);

			assert_int_equal(q->squares[(y + dy) * q->width + x + dx], ring != 2);
		}
	}
}

static void
a_reader_finds_its_corners(void **state)
{
	AUTO(arena_free) struct arena *a = arena_new();
	struct error e;
	struct qr q;

	assert_int_equal(
	    qr_make(a, S("otpauth://totp/Geleit:anna@geleit.example?secret=A"), &q, &e), 0);
	assert_int_equal(q.width, 33);
	finder_at(&q, 0, 0);
	finder_at(&q, q.width - 7, 0);
	finder_at(&q, 0, q.width - 7);
}

static void
nothing_and_too_much_are_refused(void **state)
{
	AUTO(arena_free) struct arena *a = arena_new();
	char *much = ARENA_ARRAY(a, char, 4000);
	struct error e;
	struct qr q;

	assert_int_equal(qr_make(a, S(""), &q, &e), ERR_TOO_LARGE);
	assert_int_equal(qr_make(a, (struct str){much, 4000}, &q, &e), ERR_TOO_LARGE);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(a_reader_finds_its_corners),
	    cmocka_unit_test(nothing_and_too_much_are_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
