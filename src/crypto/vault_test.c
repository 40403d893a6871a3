/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * vault_test - wraps, texts, tickets and the vault above them
 */
#include "crypto/vault.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <sodium.h>

#include "base/arena.h"
#include "base/error.h"
#include "base/limits.h"
#include "base/random.h"
#include "base/str.h"
#include "crypto/ticket.h"

static const struct data_key under = {{42}}, inner = {{1, 2, 3, 4}};
static const struct id128 id = {{0, 0, 0, 0, 0, 0, 0, 0, 1}};
static const uint8_t master[MASTER_KEY_BYTES] = {9, 9, 9};

static void
test_wrap_aad(void **state)
{
	struct id128 other = id;
	struct key_wrap w;
	struct data_key got = {{0}};
	struct error e;

	other.b[15] ^= 1;
	assert_int_equal(wrap_seal(&under, WRAP_VERSION, 202611, id, &inner, &w, &e), 0);
	assert_int_equal(wrap_open(&under, WRAP_VERSION, 202611, id, &w, &got, &e), 0);
	assert_memory_equal(&got, &inner, sizeof got);
	assert_int_equal(wrap_open(&under, WRAP_PERSON, 202611, id, &w, &got, &e), ERR_CORRUPT);
	assert_int_equal(wrap_open(&under, WRAP_VERSION, 202612, id, &w, &got, &e), ERR_CORRUPT);
	assert_int_equal(wrap_open(&under, WRAP_VERSION, 202611, other, &w, &got, &e), ERR_CORRUPT);
	assert_int_equal(wrap_open(&inner, WRAP_VERSION, 202611, id, &w, &got, &e), ERR_CORRUPT);
	for (size_t i = 0; i < WRAP_BYTES; i++) {
		w.b[i] ^= 0x80;
		assert_int_equal(
		    wrap_open(&under, WRAP_VERSION, 202611, id, &w, &got, &e), ERR_CORRUPT);
		w.b[i] ^= 0x80;
	}
}

/* The format as the header states it, opened by libsodium's own AES-GCM. */
static void
test_wrap_bytes(void **state)
{
	static const uint8_t aad[21] = {'v', 0, 3, 0x17, 0x73, 0, 0, 0, 0, 0, 0, 0, 0, 1};
	struct key_wrap w;
	uint8_t got[32];
	struct error e;

	if (sodium_init() < 0 || !crypto_aead_aes256gcm_is_available())
		skip();
	assert_int_equal(wrap_seal(&under, WRAP_VERSION, 202611, id, &inner, &w, &e), 0);
	assert_int_equal(crypto_aead_aes256gcm_decrypt(
	                     got, NULL, NULL, w.b + 12, 48, aad, sizeof aad, w.b, under.b),
	    0);
	assert_memory_equal(got, inner.b, sizeof got);
}

static void
test_text(void **state)
{
	AUTO(arena_free) struct arena *a = arena_new();
	struct str sealed, got;
	struct error e;

	assert_int_equal(text_seal(a, &under, S("mail 7"), S("Guten Tag"), &sealed, &e), 0);
	assert_int_equal(sealed.n, 12 + 9 + 16);
	assert_int_equal(text_open(a, &under, S("mail 7"), sealed, &got, &e), 0);
	assert_true(str_eq(got, S("Guten Tag")));
	assert_int_equal(text_open(a, &under, S("mail 8"), sealed, &got, &e), ERR_CORRUPT);
	assert_int_equal(text_open(a, &inner, S("mail 7"), sealed, &got, &e), ERR_CORRUPT);
	for (size_t n = 0; n < sealed.n; n++)
		assert_int_equal(
		    text_open(a, &under, S("mail 7"), str_head(sealed, n), &got, &e), ERR_CORRUPT);
	assert_int_equal(text_seal(a, &under, S(""), S(""), &sealed, &e), 0);
	assert_int_equal(text_open(a, &under, S(""), sealed, &got, &e), 0);
	assert_int_equal(got.n, 0);
}

static void
test_ticket(void **state)
{
	AUTO(arena_free) struct arena *a = arena_new();
	struct str t = ticket_make(a, &under, S("request 1")), got;
	char copy[64], big[LIMIT_TICKET_BYTES + 1] = {0};
	struct error e;

	assert_int_equal(t.n, 16 + 9);
	assert_int_equal(ticket_open(&under, t, &got, &e), 0);
	assert_true(str_eq(got, S("request 1")));
	assert_int_equal(ticket_open(&inner, t, &got, &e), ERR_DENIED);
	for (size_t i = 0; i < t.n; i++) {
		memcpy(copy, t.p, t.n);
		copy[i] ^= 1;
		assert_int_equal(
		    ticket_open(&under, (struct str){copy, t.n}, &got, &e), ERR_DENIED);
		assert_int_equal(ticket_open(&under, str_head(t, i), &got, &e), ERR_DENIED);
	}
	assert_int_equal(ticket_open(&under, (struct str){big, sizeof big}, &got, &e), ERR_DENIED);
	t = ticket_make(a, &under, (struct str){big, LIMIT_TICKET_BYTES - 16});
	assert_int_equal(t.n, LIMIT_TICKET_BYTES);
	assert_int_equal(ticket_open(&under, t, &got, &e), 0);
}

static void
test_vault_keys(void **state)
{
	AUTO(vault_free) struct vault *v = NULL, *again = NULL;
	struct vault_epoch november = {.epoch = 202611}, december = {.epoch = 202612}, bad;
	struct key_wrap w;
	struct data_key got;
	struct error e;

	assert_int_equal(vault_new(master, &v, &e), 0);
	assert_int_equal(vault_epoch_new(v, 202611, &november.wrap, &e), 0);
	assert_int_equal(vault_wrap(v, &november, WRAP_VERSION, id, &inner, &w, &e), 0);
	assert_int_equal(vault_epoch_new(v, 202612, &december.wrap, &e), 0);
	assert_int_equal(vault_new(master, &again, &e), 0); /* after a restart */
	assert_int_equal(vault_unwrap(again, &november, WRAP_VERSION, id, &w, &got, &e), 0);
	assert_memory_equal(&got, &inner, sizeof got);
	bad = (struct vault_epoch){202612, november.wrap};
	assert_int_equal(vault_unwrap(again, &bad, WRAP_VERSION, id, &w, &got, &e), ERR_CORRUPT);
	assert_int_equal(
	    vault_unwrap(again, &december, WRAP_VERSION, id, &w, &got, &e), ERR_CORRUPT);
	bad = november;
	bad.wrap.b[59] ^= 1; /* also right after the right one was held */
	assert_int_equal(vault_unwrap(again, &november, WRAP_VERSION, id, &w, &got, &e), 0);
	assert_int_equal(vault_unwrap(again, &bad, WRAP_VERSION, id, &w, &got, &e), ERR_CORRUPT);
	assert_int_equal(vault_unwrap(again, &november, WRAP_VERSION, id, &w, &got, &e), 0);
	/* Keys of epochs and of the vault itself never come out. */
	assert_int_equal(
	    vault_unwrap(again, &november, WRAP_EPOCH, id, &november.wrap, &got, &e), ERR_DENIED);
}

static void
test_vault_foreign_master(void **state)
{
	AUTO(vault_free) struct vault *v = NULL, *other = NULL;
	struct vault_epoch epoch = {.epoch = 202611};
	uint8_t key[MASTER_KEY_BYTES], a[16], b[16];
	struct key_wrap w;
	struct data_key got;
	struct error e;

	memcpy(key, master, sizeof key);
	assert_int_equal(vault_new(key, &v, &e), 0);
	key[31] ^= 1;
	assert_int_equal(vault_new(key, &other, &e), 0);
	vault_check_value(v, a);
	vault_check_value(other, b);
	assert_memory_not_equal(a, b, sizeof a);
	assert_int_equal(vault_epoch_new(v, 202611, &epoch.wrap, &e), 0);
	assert_int_equal(vault_wrap(v, &epoch, WRAP_MAIL, id, &inner, &w, &e), 0);
	assert_int_equal(vault_unwrap(other, &epoch, WRAP_MAIL, id, &w, &got, &e), ERR_CORRUPT);
}

/* Every branch as documented, derived here from the master key alone. */
static void
test_vault_branches(void **state)
{
	AUTO(vault_free) struct vault *v = NULL;
	struct str m = {(const char *)master, sizeof master};
	struct id128 boot = random_id128();
	uint8_t want[32], got[32];
	struct sha256 mac;
	struct data_key ticket;
	char info[32] = "geleit/ticket/v1";
	struct error e;

	assert_int_equal(vault_new(master, &v, &e), 0);
	hkdf_sha256(m, S(""), S("geleit/check/v1"), want, 16);
	vault_check_value(v, got);
	assert_memory_equal(got, want, 16);

	hkdf_sha256(m, S(""), S("geleit/pepper/v1"), want, 32);
	mac = hmac_sha256((struct str){(char *)want, 32}, S("link\0token"));
	assert_memory_equal(vault_pepper(v, S("link"), S("token")).b, mac.b, 32);
	assert_memory_not_equal(vault_pepper(v, S("code"), S("token")).b, mac.b, 32);

	memcpy(info + 16, boot.b, 16);
	hkdf_sha256(m, S(""), (struct str){info, 32}, want, 32);
	ticket = vault_ticket_key(v, boot);
	assert_memory_equal(ticket.b, want, 32);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_wrap_aad),
	    cmocka_unit_test(test_wrap_bytes),
	    cmocka_unit_test(test_text),
	    cmocka_unit_test(test_ticket),
	    cmocka_unit_test(test_vault_keys),
	    cmocka_unit_test(test_vault_foreign_master),
	    cmocka_unit_test(test_vault_branches),
	};

	return cmocka_run_group_tests_name("vault", tests, NULL, NULL);
}
