/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * acked_test - the ring against a plain list, with acknowledgements made up here
 *
 * The C file is included so that its question to the kernel can be answered by
 * the test.  Whatever the ring forgets, it never says more than the list, and
 * it says the same while nothing had to be thinned.
 */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

#include <linux/tcp.h>
#include <sys/socket.h>

static uint64_t acknowledged;

static int
fake_getsockopt(int fd, int level, int name, void *value, socklen_t *n)
{
	((struct tcp_info *)value)->tcpi_bytes_acked = acknowledged;
	return 0;
}
#define getsockopt fake_getsockopt
#include "net/acked.c"
#undef getsockopt

#include "base/random.h"

#define RECORDS 3000

/* Records of random size; the wire is behind by at most so many bytes. */
static void
play(uint64_t most_on_the_way, bool is_exact)
{
	static struct acked_mark all[RECORDS];
	struct acked a = {0};
	uint64_t wire = 3000, plain = 0, want = 0;

	acknowledged = wire;
	for (size_t i = 0, known = 0; i < RECORDS; i++) {
		uint32_t body = 1 + random_below(16384);

		wire += body + 22;
		plain += body;
		all[i] = (struct acked_mark){wire, plain};
		acked_add(&a, -1, wire, plain);
		if (wire - acknowledged > most_on_the_way)
			acknowledged += 1 + random_below((uint32_t)(wire - acknowledged));
		while (known <= i && all[known].wire <= acknowledged)
			want = all[known++].plain;
		if (random_below(3) == 0)
			continue;
		assert_true(acked_read(&a, -1) <= want);
		if (is_exact)
			assert_true(a.plain == want);
	}
	acknowledged = wire;
	assert_true(acked_read(&a, -1) == plain);
	assert_null(a.many);
	acked_fini(&a);
}

static void
test_exact(void **state)
{
	for (int i = 0; i < 20; i++)
		play(100000, true);
}

static void
test_thinned_is_never_more(void **state)
{
	for (int i = 0; i < 20; i++)
		play(10000000, false);
}

/* A page of two records never needs the heap. */
static void
test_few(void **state)
{
	struct acked a = {0};

	acknowledged = 0;
	acked_add(&a, -1, 100, 50);
	acked_add(&a, -1, 200, 120);
	assert_null(a.many);
	assert_true(acked_read(&a, -1) == 0);
	acknowledged = 199;
	assert_true(acked_read(&a, -1) == 50);
	acked_add(&a, -1, 300, 200);
	assert_null(a.many);
	acked_add(&a, -1, 400, 300);
	assert_non_null(a.many);
	acknowledged = 399;
	assert_true(acked_read(&a, -1) == 200);
	acknowledged = 400;
	assert_true(acked_read(&a, -1) == 300);
	assert_null(a.many);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_exact),
	    cmocka_unit_test(test_thinned_is_never_more),
	    cmocka_unit_test(test_few),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
