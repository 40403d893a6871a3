/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * colour_test - every brand colour stays legible, light and dark
 */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include "base/arena.h"
#include "base/buf.h"
#include "base/str.h"
#include "text/colour.h"

static void
parses(void **state)
{
	AUTO(arena_free) struct arena *a = arena_new();
	struct rgb c;

	assert_true(colour_parse(S("#1c3f2B"), &c));
	assert_string_equal(colour_hex(a, c).p, "#1c3f2b");
	assert_false(colour_parse(S("1c3f2b"), &c));
	assert_false(colour_parse(S("#1c3f2"), &c));
	assert_false(colour_parse(S("#1c3f2g"), &c));
	assert_false(colour_parse(S("#1c3f2b;}"), &c));
	assert_false(colour_parse(S(""), &c));
}

static void
measures(void **state)
{
	struct rgb white = {255, 255, 255}, black = {0, 0, 0}, grey = {0x76, 0x76, 0x76};

	assert_true(colour_contrast(white, black) > 20.99 && colour_contrast(black, white) < 21.01);
	assert_true(colour_contrast(white, grey) > 4.53 && colour_contrast(white, grey) < 4.55);
}

static void
check(struct rgb brand)
{
	static const struct rgb light[] = {{0xf4, 0xf7, 0xf8}, {255, 255, 255}};
	static const struct rgb dark[] = {{0x0b, 0x13, 0x15}, {0x13, 0x1c, 0x1e}};
	struct brand_colours c;

	brand_colours(brand, &c);
	assert_true(colour_contrast(c.brand, c.on) >= 4.5);
	for (size_t i = 0; i < 2; i++) {
		assert_true(colour_contrast(c.light.ink, light[i]) >= 4.5);
		assert_true(colour_contrast(c.dark.ink, dark[i]) >= 4.5);
	}
	assert_true(colour_contrast(c.light.ink, c.light.weak) >= 4.5);
	assert_true(colour_contrast(c.dark.ink, c.dark.weak) >= 4.5);
}

static void
stays_legible(void **state)
{
	for (int r = 0; r < 256; r += 17)
		for (int g = 0; g < 256; g += 17)
			for (int b = 0; b < 256; b += 17)
				check((struct rgb){(uint8_t)r, (uint8_t)g, (uint8_t)b});
}

/* A dark brand colour is used as it is; the hue of the shades is the brand's. */
static void
keeps_the_brand(void **state)
{
	AUTO(arena_free) struct arena *a = arena_new();
	struct brand_colours c;
	struct rgb brand = {0x1c, 0x3f, 0x2b};
	struct buf b;

	brand_colours(brand, &c);
	assert_memory_equal(&c.light.ink, &brand, sizeof brand);
	assert_true(c.dark.ink.g > c.dark.ink.r && c.dark.ink.g > c.dark.ink.b);
	assert_true(c.light.weak.g > c.light.weak.r);
	buf_init_arena(&b, a, 4096);
	brand_css(&b, &c);
	assert_true(str_starts(buf_view(&b), S(":root{--brand:#1c3f2b;--brand-on:#ffffff;")));
	brand_colours((struct rgb){255, 221, 0}, &c); /* yellow: dark text on it, darker ink */
	assert_int_equal(c.on.r, 0);
	assert_true(c.light.ink.r < 180 && c.light.ink.r > c.light.ink.b);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(parses),
	    cmocka_unit_test(measures),
	    cmocka_unit_test(stays_legible),
	    cmocka_unit_test(keeps_the_brand),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
