/* SPDX-License-Identifier: AGPL-3.0-or-later */
/* record - what a taken-over job may write, and what of it is believed */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/arena.h"
#include "base/buf.h"
#include "base/error.h"
#include "base/str.h"
#include "msg/record.h"

/* The smallest that says 64 x 48 and has JPEG's two ends. */
#define JPEG_64_48 S("\xff\xd8\xff\xc0\x00\x0b\x08\x00\x30\x00\x40\x01\x01\x11\x00\xff\xd9")

static struct render_picture
picture(uint32_t page, uint32_t size)
{
	return (struct render_picture){page, size, 64, 48, PICTURE_JPEG, JPEG_64_48};
}

static int
read_with(struct buf *b, struct render_result *ret)
{
	static struct arena *a;
	struct error e;
	int r;

	arena_free(&a);
	a = arena_new();
	r = record_read((struct str){b->p, b->n}, a, ret, &e);
	return r;
}

/* One record and a good end. */
static int
info(const char *key, struct str value)
{
	AUTO(buf_fini) struct buf b = {0};
	struct render_picture p = picture(1, 64);
	struct render_result r;

	buf_init(&b, 4096);
	record_info(&b, key, value);
	record_picture(&b, &p);
	record_done(&b, RENDER_READY, "");
	return read_with(&b, &r);
}

static int
pictures(const struct render_picture *first, const struct render_picture *second)
{
	AUTO(buf_fini) struct buf b = {0};
	struct render_result r;

	buf_init(&b, 4096);
	record_picture(&b, first);
	if (second != NULL)
		record_picture(&b, second);
	record_done(&b, RENDER_READY, "");
	return read_with(&b, &r);
}

static void
test_texts(void **state)
{
	(void)state;
	assert_int_equal(info("colour", S("#00ff1a")), 0);
	assert_int_equal(info("colour", S("#00FF1A")), ERR_PROTOCOL);
	assert_int_equal(info("colour", S("red")), ERR_PROTOCOL);
	assert_int_equal(info("width", S("4000")), 0);
	assert_int_equal(info("width", S("-4")), ERR_PROTOCOL);
	assert_int_equal(info("width", S("0")), ERR_PROTOCOL);
	assert_int_equal(info("camera", S("Nikon Z\xc3\xa4")), 0);
	assert_int_equal(info("camera", S("a\nb")), ERR_PROTOCOL);
	assert_int_equal(info("camera", S("\xff")), ERR_PROTOCOL);
	assert_int_equal(info("taken", S("2024-05-01 12:30:00")), 0);
	assert_int_equal(info("taken", S("2024-05-01T12:30:00")), ERR_PROTOCOL);
	assert_int_equal(info("blurhash", S("L00000fQfQfQfQfQfQfQfQfQfQfQ")), 0);
	assert_int_equal(info("blurhash", S("L00000\"Q")), ERR_PROTOCOL);
	assert_int_equal(info("owner", S("x")), ERR_PROTOCOL);
}

static void
test_pictures(void **state)
{
	struct render_picture a = picture(1, 64), b = picture(1, 320), other;

	(void)state;
	assert_int_equal(pictures(&a, &b), 0);
	assert_int_equal(pictures(&b, &a), ERR_PROTOCOL); /* out of order */
	assert_int_equal(pictures(&a, &a), ERR_PROTOCOL);
	other = a;
	other.width = 63; /* not what the picture says */
	assert_int_equal(pictures(&other, NULL), ERR_PROTOCOL);
	other = picture(11, 64);
	assert_int_equal(pictures(&other, NULL), ERR_PROTOCOL);
	other = picture(1, 65);
	assert_int_equal(pictures(&other, NULL), ERR_PROTOCOL);
	other = a;
	other.format = PICTURE_WEBP;
	assert_int_equal(pictures(&other, NULL), ERR_PROTOCOL);
	other = a;
	other.bytes = S("<script>alert(1)</script>");
	assert_int_equal(pictures(&other, NULL), ERR_PROTOCOL);
	other.bytes = str_head(JPEG_64_48, JPEG_64_48.n - 1); /* cut */
	assert_int_equal(pictures(&other, NULL), ERR_PROTOCOL);
}

/* Whatever is cut off: nothing counts. */
static void
test_ends(void **state)
{
	AUTO(buf_fini) struct buf b = {0};
	struct render_picture p = picture(1, 64);
	struct render_result r;

	(void)state;
	buf_init(&b, 4096);
	record_info(&b, "space", S("srgb"));
	record_picture(&b, &p);
	record_done(&b, RENDER_DAMAGED, "ends-early");
	assert_int_equal(read_with(&b, &r), 0);
	assert_int_equal(r.state, RENDER_DAMAGED);
	assert_true(str_eq_c(r.reason, "ends-early"));
	assert_int_equal(r.picture_count, 1);
	for (size_t whole = b.n; b.n > 0;) {
		b.n--;
		assert_int_equal(read_with(&b, &r), ERR_PROTOCOL);
		assert_true(b.n < whole);
	}
	record_done(&b, RENDER_READY, ""); /* ready without a picture */
	assert_int_equal(read_with(&b, &r), ERR_PROTOCOL);
	buf_clear(&b);
	record_done(&b, RENDER_REFUSED, "locked");
	record_done(&b, RENDER_REFUSED, "locked"); /* something follows the end */
	assert_int_equal(read_with(&b, &r), ERR_PROTOCOL);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_texts),
	    cmocka_unit_test(test_pictures),
	    cmocka_unit_test(test_ends),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
