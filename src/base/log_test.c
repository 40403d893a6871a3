/* SPDX-License-Identifier: AGPL-3.0-or-later */
/* log_test - one line per call, whatever the arguments hold; also ids of base/random. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include <unistd.h>

#include "base/arena.h"
#include "base/log.h"
#include "base/random.h"
#include "base/str.h"

/* What one call wrote to stderr, which is a pipe meanwhile. */
static struct str
logged(struct arena *a, enum log_level level, const char *text)
{
	char *to = arena_alloc(a, 8192);
	int fds[2], saved = dup(STDERR_FILENO);
	ssize_t n;

	assert_int_equal(pipe(fds), 0);
	assert_true(dup2(fds[1], STDERR_FILENO) >= 0);
	log_line(level, "%s", text);
	assert_true(dup2(saved, STDERR_FILENO) >= 0);
	close(saved);
	close(fds[1]);
	n = read(fds[0], to, 8192);
	assert_true(n >= 0);
	close(fds[0]);
	return (struct str){to, (size_t)n};
}

static void
a_line_has_time_role_level_text(void **state)
{
	AUTO(arena_free) struct arena *a = arena_new();
	struct str line;

	log_init("front", LOG_INFO);
	line = logged(a, LOG_WARN, "disk 91% full");
	assert_int_equal(str_find(line, 'T'), 10);
	assert_int_equal(str_find(line, 'Z'), 23);
	assert_true(str_eq_c(str_from(line, 24), " front warn disk 91% full\n"));
}

static void
below_the_level_is_silent(void **state)
{
	AUTO(arena_free) struct arena *a = arena_new();

	log_init("front", LOG_WARN);
	assert_int_equal(logged(a, LOG_INFO, "x").n, 0);
	assert_true(logged(a, LOG_ERROR, "x").n > 0);
}

static void
a_name_cannot_forge_a_line(void **state)
{
	AUTO(arena_free) struct arena *a = arena_new();
	struct str line;

	log_init("front", LOG_INFO);
	line = logged(a, LOG_INFO, "a\nb\x1b[2J\x7f\xc2\x9b \xc3\xa4");
	assert_int_equal(str_find(line, '\n'), line.n - 1);
	assert_true(str_ends(line, S(" a\\x0ab\\x1b[2J\\x7f\\xc2\\x9b \xc3\xa4\n")));
}

static void
a_long_line_is_cut(void **state)
{
	AUTO(arena_free) struct arena *a = arena_new();
	char *text = arena_alloc(a, 5000);
	struct str line;

	log_init("front", LOG_INFO);
	for (int c = 1; c <= 'x'; c += 'x' - 1) {
		memset(text, c, 4999);
		line = logged(a, LOG_INFO, text);
		assert_true(line.n > 2000 && line.n <= 2048);
		assert_true(str_ends(line, S("...\n")));
		assert_int_equal(str_find(line, '\n'), line.n - 1);
	}
}

static void
random_numbers_stay_below(void **state)
{
	unsigned seen = 0;

	for (int i = 0; i < 1000; i++) {
		uint32_t v = random_below(6);

		assert_true(v < 6);
		seen |= 1U << v;
	}
	assert_int_equal(seen, 63);
	assert_int_equal(random_below(1), 0);
}

static void
ids_are_positive_and_ordered(void **state)
{
	int64_t first = random_id(), last;

	usleep(2000);
	last = random_id();
	assert_true(first > 0);
	assert_true(last > first);
	assert_true(last - first < (10000LL << 22));
}

/* As many within a millisecond as there is time for: two of them must not be the same. */
static void
no_id_is_given_twice(void **state)
{
	int64_t last = random_id(), id, first = last;

	(void)state;
	for (int i = 0; i < 200000; i++) {
		id = random_id();
		assert_true(id > last);
		last = id;
	}
	assert_true(last - first < (60000LL << 22));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(a_line_has_time_role_level_text),
	    cmocka_unit_test(below_the_level_is_silent),
	    cmocka_unit_test(a_name_cannot_forge_a_line),
	    cmocka_unit_test(a_long_line_is_cut),
	    cmocka_unit_test(random_numbers_stay_below),
	    cmocka_unit_test(ids_are_positive_and_ordered),
	    cmocka_unit_test(no_id_is_given_twice),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
