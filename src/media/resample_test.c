/* SPDX-License-Identifier: AGPL-3.0-or-later */
/* resample - what is even stays so, halves lie where they lay, and nothing shines through */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "base/arena.h"
#include "media/media.h"

/* A whole picture in memory, rows without gaps. */
struct pixels {
	const uint8_t *p;
	int w, h, bands;
};

static const uint8_t *
row_of_pixels(void *arg, int y)
{
	const struct pixels *in = arg;

	return in->p + (size_t)y * (size_t)in->w * (size_t)in->bands;
}

static uint8_t *
resample(const struct pixels *in, int w, int h)
{
	struct pixels copy = *in;
	const struct rows rows = {in->w, in->h, in->bands, row_of_pixels, &copy};

	return resample_rows(&rows, w, h);
}

static void
one_colour_stays_itself(void **state)
{
	(void)state;
	for (int bands = 1; bands <= 4; bands++) {
		uint8_t *in = xcalloc(301 * 97, (size_t)bands), *out;

		memset(in, 201, 301 * 97 * (size_t)bands);
		for (int w = 1; w <= 301; w += 43) {
			out = resample(&(struct pixels){in, 301, 97, bands}, w, 31);
			for (int i = 0; i < w * 31 * bands; i++)
				assert_int_equal(out[i], 201);
			free(out);
		}
		free(in);
	}
}

/* A step at 40 %: at 40 % afterwards; its two sides keep their colours away from it. */
static void
an_edge_stays_where_it_is(void **state)
{
	uint8_t in[200 * 100 * 3], *out;

	(void)state;
	for (int i = 0; i < 200 * 100; i++) {
		in[3 * i] = i % 200 < 80 ? 10 : 240;
		in[3 * i + 1] = i / 200 < 40 ? 50 : 60;
		in[3 * i + 2] = 77;
	}
	out = resample(&(struct pixels){in, 200, 100, 3}, 50, 25);
	for (int i = 0; i < 50 * 25; i++) {
		int x = i % 50, y = i / 50;

		if (x < 17 || x > 22)
			assert_int_equal(out[3 * i], x < 20 ? 10 : 240);
		if (y < 7 || y > 12)
			assert_int_equal(out[3 * i + 1], y < 10 ? 50 : 60);
		assert_int_equal(out[3 * i + 2], 77);
	}
	assert_true(out[3 * 19] < 125 && out[3 * 20] > 125);
	free(out);
}

static void
the_same_size_is_the_same_picture(void **state)
{
	uint8_t in[23 * 17 * 3], *out;

	(void)state;
	for (size_t i = 0; i < sizeof in; i++)
		in[i] = (uint8_t)(i * 2654435761u >> 7);
	out = resample(&(struct pixels){in, 23, 17, 3}, 23, 17);
	assert_memory_equal(out, in, sizeof in);
	free(out);
	out = resample(&(struct pixels){in, 23, 17, 3}, 1, 1);
	assert_in_range(out[0], 64, 192);
	free(out);
}

/* Green is where nothing is seen: the red beside it gets none of it. */
static void
what_is_hidden_colours_nothing(void **state)
{
	uint8_t in[64 * 64 * 4], *out;

	(void)state;
	for (int i = 0; i < 64 * 64; i++) {
		bool seen = i % 64 < 32;
		const uint8_t p[4] = {seen ? 200 : 0, seen ? 0 : 255, 0, seen ? 255 : 0};

		memcpy(in + 4 * i, p, 4);
	}
	out = resample(&(struct pixels){in, 64, 64, 4}, 8, 8);
	for (int i = 0; i < 8 * 8; i++) {
		const uint8_t *p = out + 4 * i;

		if (p[3] > 8)
			assert_true(p[0] >= 198 && p[0] <= 202 && p[1] <= 2);
		assert_true(i % 8 < 3 ? p[3] > 240 : i % 8 < 5 || p[3] < 15);
	}
	free(out);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(one_colour_stays_itself),
	    cmocka_unit_test(an_edge_stays_where_it_is),
	    cmocka_unit_test(the_same_size_is_the_same_picture),
	    cmocka_unit_test(what_is_hidden_colours_nothing),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
