/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * hash_test - published vectors: FIPS 180-2, RFC 4231, RFC 5869, and for HKDF
 * with SHA-512 its definition, written out here with HMAC
 */
#include "crypto/hash.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <openssl/evp.h>
#include <openssl/hmac.h>

#include "base/str.h"

static struct str
of(const void *p, size_t n)
{
	return (struct str){p, n};
}

static void
assert_hex(const void *p, size_t n, const char *hex)
{
	uint8_t want[128];

	assert_true(n <= sizeof want);
	assert_true(str_unhex(str_c(hex), want, n));
	assert_memory_equal(p, want, n);
}

static void
test_sha256(void **state)
{
	static const char two[] = "abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq";
	struct sha256 d = sha256("abc", 3);

	assert_hex(d.b, 32, "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
	d = sha256(NULL, 0);
	assert_hex(d.b, 32, "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
	d = sha256(two, sizeof two - 1);
	assert_hex(d.b, 32, "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1");
}

static void
test_sha256_stream(void **state)
{
	AUTO(digest_free) struct digest *s = digest_new(DIGEST_SHA256);
	char a[1000];
	struct sha256 d;

	memset(a, 'a', sizeof a);
	for (int i = 0; i < 1000; i++)
		digest_add(s, a, sizeof a);
	d = digest_end_sha256(s);
	assert_hex(d.b, 32, "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0");
}

static void
test_hmac(void **state)
{
	uint8_t key[131];
	struct sha256 d = hmac_sha256(S("Jefe"), S("what do ya want for nothing?"));

	assert_hex(d.b, 32, "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843");
	memset(key, 0xaa, sizeof key);
	d = hmac_sha256(
	    of(key, sizeof key), S("Test Using Larger Than Block-Size Key - Hash Key First"));
	assert_hex(d.b, 32, "60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54");
	d = hmac_sha256(S(""), S(""));
	assert_hex(d.b, 32, "b613679a0814d9ec772f95d778c35fc5ff1697c493715653c6c712144292c5ad");
}

static void
test_hkdf_sha256(void **state)
{
	uint8_t ikm[22], salt[13], info[10], out[42];

	memset(ikm, 0x0b, sizeof ikm);
	for (uint8_t i = 0; i < sizeof salt; i++)
		salt[i] = i;
	for (uint8_t i = 0; i < sizeof info; i++)
		info[i] = 0xf0 + i;
	hkdf_sha256(of(ikm, 22), of(salt, 13), of(info, 10), out, sizeof out);
	assert_hex(out, sizeof out,
	    "3cb25f25faacd57a90434f64d0362f2a2d2d0a90cf1a5a4c5db02d56ecc4c5bf34007208d5b887185865");
	hkdf_sha256(of(ikm, 22), S(""), S(""), out, sizeof out);
	assert_hex(out, sizeof out,
	    "8da4e775a563c18f715f802a063c5a31b8a11f5c5ee1879ec3454e5f3c738d2d9d201395faa4b61a96c8");
}

/* T(1) = HMAC(prk, info || 1), T(2) = HMAC(prk, T(1) || info || 2). */
static void
test_hkdf_expand_sha512(void **state)
{
	uint8_t prk[32], info[90], in[64 + 90 + 1], want[128], out[76];

	memset(prk, 7, sizeof prk);
	memset(info, 9, sizeof info);
	memcpy(in + 64, info, sizeof info);
	in[64 + 90] = 1;
	HMAC(EVP_sha512(), prk, sizeof prk, in + 64, 91, want, NULL);
	memcpy(in, want, 64);
	in[64 + 90] = 2;
	HMAC(EVP_sha512(), prk, sizeof prk, in, sizeof in, want + 64, NULL);
	hkdf_expand_sha512(of(prk, sizeof prk), of(info, sizeof info), out, sizeof out);
	assert_memory_equal(out, want, sizeof out);
}

static void
test_crc32(void **state)
{
	uint32_t crc = crc32_add(0, "1234", 4);

	assert_int_equal(crc32_add(crc, "56789", 5), 0xcbf43926);
	assert_int_equal(crc32_add(crc, NULL, 0), crc);
	assert_int_equal(crc32_add(0, "", 0), 0);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_sha256),
	    cmocka_unit_test(test_sha256_stream),
	    cmocka_unit_test(test_hmac),
	    cmocka_unit_test(test_hkdf_sha256),
	    cmocka_unit_test(test_hkdf_expand_sha512),
	    cmocka_unit_test(test_crc32),
	};

	return cmocka_run_group_tests_name("hash", tests, NULL, NULL);
}
