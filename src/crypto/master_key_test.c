/* SPDX-License-Identifier: AGPL-3.0-or-later */
/* master_key_test - the locked file opens with its passphrase alone, the kit tells slips by line */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/arena.h"
#include "base/error.h"
#include "base/str.h"
#include "crypto/master_key.h"

static const uint8_t key[MASTER_KEY_BYTES] = {0x00, 0x01, 0x02, 0xff, 0xfe, 0x80, 0x7f, 0x10, 0x20,
    0x30, 0x40, 0x50, 0x60, 0x70, 0x80, 0x90, 0xa0, 0xb0, 0xc0, 0xd0, 0xe0, 0xf0, 0x0f, 0x1f, 0x2f,
    0x3f, 0x4f, 0x5f, 0x6f, 0x7f, 0x8f, 0x9f};

/* A copy with one byte changed. */
static struct str
with(struct arena *a, struct str s, size_t at, char c)
{
	char *p = arena_alloc(a, s.n);

	memcpy(p, s.p, s.n);
	p[at] = c;
	return (struct str){p, s.n};
}

static void
a_locked_file_opens_with_its_passphrase_alone(void **state)
{
	AUTO(arena_free) struct arena *a = arena_new();
	uint8_t got[MASTER_KEY_BYTES];
	struct str file, again;
	struct error e;

	assert_int_equal(master_key_lock(a, key, S("correct horse battery"), &file, &e), 0);
	assert_true(master_key_is_locked(file));
	assert_true(file.n < MASTER_KEY_FILE_MOST);
	assert_int_equal(master_key_open(file, S("correct horse battery"), got, &e), 0);
	assert_memory_equal(got, key, sizeof key);
	assert_int_equal(master_key_open(file, S("correct horse batterY"), got, &e), ERR_DENIED);
	assert_string_equal(e.key, "wrong-passphrase");
	assert_int_equal(master_key_open(file, S(""), got, &e), ERR_DENIED);
	assert_int_equal(master_key_lock(a, key, S("correct horse battery"), &again, &e), 0);
	assert_false(str_eq(file, again)); /* a salt and a nonce of its own */
}

static void
a_changed_file_is_refused(void **state)
{
	AUTO(arena_free) struct arena *a = arena_new();
	uint8_t got[MASTER_KEY_BYTES];
	struct str file;
	struct error e;

	assert_int_equal(master_key_lock(a, key, S("correct horse battery"), &file, &e), 0);
	/* other costs: neither form, whatever the passphrase */
	assert_int_equal(master_key_open(with(a, file, 29, '9'), S("x"), got, &e), ERR_DENIED);
	assert_string_equal(e.key, "wrong-master-key");
	assert_int_equal(master_key_open(str_head(file, file.n - 8), S("x"), got, &e), ERR_DENIED);
	assert_string_equal(e.key, "wrong-master-key");
	assert_int_equal(
	    master_key_open(with(a, file, file.n - 9, file.p[file.n - 9] == 'A' ? 'B' : 'A'),
	        S("correct horse battery"), got, &e),
	    ERR_DENIED);
	assert_string_equal(e.key, "wrong-passphrase");
}

static void
a_plain_file_is_its_32_bytes(void **state)
{
	uint8_t got[MASTER_KEY_BYTES];
	struct error e;

	assert_int_equal(
	    master_key_open((struct str){(const char *)key, sizeof key}, S(""), got, &e), 0);
	assert_memory_equal(got, key, sizeof key);
	assert_int_equal(master_key_open(S("short"), S(""), got, &e), ERR_DENIED);
	assert_string_equal(e.key, "wrong-master-key");
}

static void
a_kit_is_read_as_people_write_it(void **state)
{
	AUTO(arena_free) struct arena *a = arena_new();
	struct str kit = master_key_kit(a, key);
	uint8_t got[MASTER_KEY_BYTES];
	struct error e;

	assert_int_equal(kit.n, 4 * (3 + 17 + 1));
	assert_true(str_starts(kit, S("1  000G5-ZZYG1-ZH")));
	assert_int_equal(master_key_of_kit(kit, got, &e), 0);
	assert_memory_equal(got, key, sizeof key);
	memset(got, 0, sizeof got);
	assert_int_equal(master_key_of_kit(arena_printf(a, "Recovery kit of 2026\r\n\r\n%.*s\nend",
	                                       STR(str_lower(a, kit))),
	                     got, &e),
	    0);
	assert_memory_equal(got, key, sizeof key);
	/* O for 0 */
	assert_int_equal(master_key_of_kit(with(a, kit, 3, 'o'), got, &e), 0);
	assert_memory_equal(got, key, sizeof key);
}

static void
every_slip_is_found_by_its_line(void **state)
{
	AUTO(arena_free) struct arena *a = arena_new();
	struct str kit = master_key_kit(a, key);
	uint8_t got[MASTER_KEY_BYTES];
	struct error e;

	for (size_t i = 0; i < kit.n; i++) {
		if (crockford_value(kit.p[i]) < 0 || i % 21 < 3)
			continue;
		assert_int_equal(
		    master_key_of_kit(with(a, kit, i, kit.p[i] == '7' ? '8' : '7'), got, &e),
		    ERR_INVALID);
		assert_string_equal(e.key, "kit-mistyped");
		assert_non_null(strstr(e.msg, arena_printf(a, "line %zu", i / 21 + 1).p));
	}
	assert_int_equal(master_key_of_kit(str_head(kit, 3 * 21), got, &e), ERR_INVALID);
	assert_non_null(strstr(e.msg, "line 4"));
	/* two lines exchanged */
	assert_int_equal(
	    master_key_of_kit(with(a, with(a, kit, 0, '2'), 21, '1'), got, &e), ERR_INVALID);
	assert_int_equal(master_key_of_kit(S(""), got, &e), ERR_INVALID);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(a_locked_file_opens_with_its_passphrase_alone),
	    cmocka_unit_test(a_changed_file_is_refused),
	    cmocka_unit_test(a_plain_file_is_its_32_bytes),
	    cmocka_unit_test(a_kit_is_read_as_people_write_it),
	    cmocka_unit_test(every_slip_is_found_by_its_line),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
