/* SPDX-License-Identifier: AGPL-3.0-or-later */
/* password_test - Argon2id hashes, and the vectors of RFC 6238 and RFC 4648 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/arena.h"
#include "base/error.h"
#include "base/str.h"
#include "crypto/password.h"
#include "crypto/totp.h"

static const uint8_t secret[] = "12345678901234567890"; /* RFC 6238 appendix B */

static void
a_hash_matches_its_password_alone(void **state)
{
	AUTO(arena_free) struct arena *a = arena_new();
	struct str h, again;
	struct error e;

	assert_int_equal(password_hash(a, S("correct horse battery"), &h, &e), 0);
	assert_true(str_starts(h, S("$argon2id$v=19$m=65536,t=3,p=1$")));
	assert_true(password_matches(h, S("correct horse battery")));
	assert_false(password_matches(h, S("correct horse batterY")));
	assert_false(password_matches(h, S("")));
	assert_false(password_matches(S(""), S("correct horse battery")));
	assert_false(password_matches(S("nonsense"), S("correct horse battery")));
	assert_int_equal(password_hash(a, S("correct horse battery"), &again, &e), 0);
	assert_false(str_eq(h, again)); /* a salt of its own */
	password_matches_nobody(S("correct horse battery"));
}

static void
short_and_monotonous_passwords_are_unfit(void **state)
{
	assert_true(password_is_fit(S("zwölf Zeichen")));
	assert_true(password_is_fit(S("ääääääääääää"))); /* bytes vary; harmless */
	assert_false(password_is_fit(S("elf Zeichen")));
	assert_false(password_is_fit(S("ääääääx"))); /* 7 characters, 13 bytes */
	assert_false(password_is_fit(S("aaaaaaaaaaaaaaaaaaaa")));
	assert_false(password_is_fit(S("\xff\xfe 1234567890")));
}

static void
codes_are_those_of_rfc_6238(void **state)
{
	static const struct {
		int64_t s;
		uint32_t code; /* the last six of the eight digits there */
	} v[] = {{59, 287082}, {1111111109, 81804}, {1111111111, 50471}, {1234567890, 5924},
	    {2000000000, 279037}, {20000000000, 353130}};

	for (size_t i = 0; i < ARRAY_LEN(v); i++)
		assert_int_equal(totp_code(secret, v[i].s / 30), v[i].code);
}

static void
a_code_is_taken_once_and_near_its_time(void **state)
{
	const int64_t now = 59LL * 1000 * 1000;
	int64_t step = 0;

	assert_true(totp_check(secret, S("287082"), now, 0, &step));
	assert_int_equal(step, 1);
	assert_true(
	    totp_check(secret, S("287 082"), now + 2 * TOTP_STEP_US - 30 * 1000 * 1000, 0, &step));
	assert_false(totp_check(secret, S("287082"), now, 1, &step)); /* again */
	assert_false(totp_check(secret, S("287082"), now + 2 * TOTP_STEP_US, 0, &step));
	assert_false(totp_check(secret, S("287083"), now, 0, &step));
	assert_false(totp_check(secret, S("28708"), now, 0, &step));
	assert_false(totp_check(secret, S("0287082"), now, 0, &step));
	assert_false(totp_check(secret, S("28708a"), now, 0, &step));
	assert_false(totp_check(secret, S(""), now, 0, &step));
}

static void
base32_is_that_of_rfc_4648(void **state)
{
	AUTO(arena_free) struct arena *a = arena_new();

	assert_true(str_eq(base32(a, (const uint8_t *)"foobar", 6), S("MZXW6YTBOI")));
	assert_true(str_eq(base32(a, (const uint8_t *)"foob", 4), S("MZXW6YQ")));
	assert_true(str_eq(base32(a, (const uint8_t *)"f", 1), S("MY")));
	assert_true(str_eq(base32(a, (const uint8_t *)"", 0), S("")));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(a_hash_matches_its_password_alone),
	    cmocka_unit_test(short_and_monotonous_passwords_are_unfit),
	    cmocka_unit_test(codes_are_those_of_rfc_6238),
	    cmocka_unit_test(a_code_is_taken_once_and_near_its_time),
	    cmocka_unit_test(base32_is_that_of_rfc_4648),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
