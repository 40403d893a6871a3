/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * sealed_test - round trips at every edge of a chunk, and every way to tamper
 *
 * Whatever is done to a blob, reading it must end in ERR_CORRUPT and must not
 * have let one byte of the touched chunk out.
 */
#include "crypto/sealed.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/arena.h"
#include "base/error.h"
#include "base/random.h"

#define THREE (3 * SEALED_CHUNK_BYTES)

static const size_t sizes[] = {0, 1, 16383, 16384, 16385, 32768, 1024 * 1024 + 7};
static const struct data_key key = {{1, 2, 3}};

struct blob {
	uint8_t context[SEALED_CONTEXT_BYTES];
	size_t n, sealed_n;
	uint8_t *plain, *sealed;
};

static int
memfd(const void *p, size_t n)
{
	int fd = memfd_create("blob", MFD_CLOEXEC);

	assert_true(fd >= 0);
	assert_int_equal(pwrite(fd, p, n, 0), n);
	return fd;
}

/* Sealed through the writer, in pieces that do not fit the chunks. */
static struct blob
blob_make(size_t n, size_t piece)
{
	struct blob b = {.n = n, .plain = xcalloc(1, n), .sealed_n = (size_t)sealed_size(n)};
	AUTO(sealed_writer_free) struct sealed_writer *w = NULL;
	int fd = memfd("", 0);
	struct error e;
	uint64_t total;

	random_bytes(b.plain, n);
	sealed_context(random_id128(), SEALED_ORIGINAL, b.context);
	assert_int_equal(sealed_writer_new(fd, &key, b.context, &w, &e), 0);
	for (size_t at = 0; at < n; at += piece)
		assert_int_equal(sealed_write(w, b.plain + at, MIN(piece, n - at), &e), 0);
	assert_int_equal(sealed_written(w), n);
	assert_int_equal(sealed_writer_end(w, &total, &e), 0);
	assert_int_equal(total, n);
	assert_int_equal(lseek(fd, 0, SEEK_END), b.sealed_n);
	b.sealed = xcalloc(1, b.sealed_n);
	assert_int_equal(pread(fd, b.sealed, b.sealed_n, 0), b.sealed_n);
	close(fd);
	return b;
}

static void
blob_fini(struct blob *b)
{
	free(b->plain);
	free(b->sealed);
}

/* Read all of b's sealed bytes; out is filled with 0xee before. */
static int
read_all(const struct blob *b, const struct data_key *k, uint8_t *out, size_t out_n, size_t *ret,
    struct error *e)
{
	AUTO(sealed_reader_free) struct sealed_reader *r = NULL;
	int fd = memfd(b->sealed, b->sealed_n), code;

	memset(out, 0xee, out_n);
	code = sealed_reader_new(fd, k, b->context, &r, e);
	if (code == 0)
		code = sealed_read(r, 0, out, out_n, ret, e);
	close(fd);
	return code;
}

static void
assert_refused(const struct blob *b, uint8_t *sealed, size_t n)
{
	struct blob hurt = *b;
	uint8_t *out = xcalloc(1, b->n + 65536);
	struct error e;
	size_t got;

	hurt.sealed = sealed;
	hurt.sealed_n = n;
	assert_int_equal(read_all(&hurt, &key, out, b->n + 65536, &got, &e), ERR_CORRUPT);
	free(out);
}

static void
test_round_trip(void **state)
{
	static const size_t pieces[] = {1 << 20, 16384, 1000, 16385};

	for (size_t i = 0; i < ARRAY_LEN(sizes); i++) {
		for (size_t j = 0; j < ARRAY_LEN(pieces); j++) {
			struct blob b = blob_make(sizes[i], pieces[j]);
			uint8_t *out = xcalloc(1, b.n + 10);
			struct error e;
			size_t got;

			assert_int_equal(read_all(&b, &key, out, b.n + 10, &got, &e), 0);
			assert_int_equal(got, b.n);
			assert_memory_equal(out, b.plain, b.n);
			free(out);
			blob_fini(&b);
		}
	}
}

static void
test_any_range(void **state)
{
	AUTO(sealed_reader_free) struct sealed_reader *r = NULL;
	struct blob b = blob_make(THREE + 100, 1 << 20);
	int fd = memfd(b.sealed, b.sealed_n);
	uint8_t *out = xcalloc(1, b.n + 1);
	struct error e;
	size_t got;

	assert_int_equal(sealed_reader_new(fd, &key, b.context, &r, &e), 0);
	assert_int_equal(sealed_reader_bytes(r), b.n);
	for (int i = 0; i < 300; i++) {
		size_t from = random_below((uint32_t)b.n + 20);
		size_t n = random_below(i % 2 == 0 ? 100 : 40000);
		size_t left = from < b.n ? b.n - from : 0;

		n = MIN(n, b.n);
		assert_int_equal(sealed_read(r, from, out, n, &got, &e), 0);
		assert_int_equal(got, MIN(n, left));
		if (got > 0)
			assert_memory_equal(out, b.plain + from, got);
	}
	free(out);
	close(fd);
	blob_fini(&b);
}

static void
test_sizes(void **state)
{
	uint64_t n;

	for (uint64_t i = 0; i < 100000; i += 37) {
		assert_true(sealed_plain_size(sealed_size(i), &n));
		assert_int_equal(n, i);
	}
	for (uint64_t i = 0; i < 72; i++)
		assert_false(sealed_plain_size(i, &n));
	assert_true(sealed_plain_size(72, &n));
	for (uint64_t i = 0; i < 16; i++)
		assert_false(sealed_plain_size(56 + 2 * 16400 + i, &n));
	assert_int_equal(sealed_size(16383), 56 + 16399);
	assert_int_equal(sealed_size(16384), 56 + 16400 + 16);
}

/* One flipped bit in each class of byte. */
static void
test_flip(void **state)
{
	static const size_t at[] = {0, 23, 24, 55, 56, 56 + 16383, 56 + 16384, 56 + 16399,
	    56 + 16400, 56 + 2 * 16400, 56 + 3 * 16400, 56 + 3 * 16400 + 99, 56 + 3 * 16400 + 100,
	    56 + 3 * 16400 + 115};
	struct blob b = blob_make(THREE + 100, 1 << 20);

	assert_int_equal(b.sealed_n, at[ARRAY_LEN(at) - 1] + 1);
	for (size_t i = 0; i < ARRAY_LEN(at); i++) {
		for (int bit = 0; bit < 8; bit++) {
			b.sealed[at[i]] ^= (uint8_t)(1 << bit);
			assert_refused(&b, b.sealed, b.sealed_n);
			b.sealed[at[i]] ^= (uint8_t)(1 << bit);
		}
	}
	blob_fini(&b);
}

/* The chunk that is not authentic gives zeros, those before it their bytes. */
static void
test_nothing_leaves(void **state)
{
	struct blob b = blob_make(THREE, 1 << 20);
	static const uint8_t zeros[SEALED_CHUNK_BYTES];
	uint8_t *out = xcalloc(1, THREE);
	struct error e;
	size_t got;

	b.sealed[56 + 16400 + 8000] ^= 1;
	assert_int_equal(read_all(&b, &key, out, THREE, &got, &e), ERR_CORRUPT);
	assert_memory_equal(out, b.plain, SEALED_CHUNK_BYTES);
	assert_memory_equal(out + SEALED_CHUNK_BYTES, zeros, SEALED_CHUNK_BYTES);
	assert_int_equal(out[2 * SEALED_CHUNK_BYTES], 0xee);
	free(out);
	blob_fini(&b);
}

static void
test_truncate_and_append(void **state)
{
	struct blob b = blob_make(THREE, 1 << 20);
	uint8_t *longer = xcalloc(1, b.sealed_n + 20000);

	for (size_t chunks = 0; chunks <= 3; chunks++) {
		assert_refused(&b, b.sealed, 56 + chunks * 16400); /* at the border */
		if (chunks < 3)                                    /* inside */
			assert_refused(&b, b.sealed, 56 + chunks * 16400 + 17);
	}
	memcpy(longer, b.sealed, b.sealed_n);
	for (size_t extra = 1; extra < 20000; extra += 1999)
		assert_refused(&b, longer, b.sealed_n + extra);
	memcpy(longer + b.sealed_n, b.sealed + 56, 16400);
	assert_refused(&b, longer, b.sealed_n + 16400);
	free(longer);
	blob_fini(&b);
}

static void
test_reorder(void **state)
{
	struct blob b = blob_make(THREE, 1 << 20);
	uint8_t *copy = xcalloc(1, b.sealed_n);

	memcpy(copy, b.sealed, b.sealed_n);
	memcpy(copy + 56, b.sealed + 56 + 16400, 16400);
	memcpy(copy + 56 + 16400, b.sealed + 56, 16400);
	assert_refused(&b, copy, b.sealed_n);
	memcpy(copy, b.sealed, b.sealed_n);
	memcpy(copy + 56, b.sealed + 56 + 16400, 16400); /* doubled */
	assert_refused(&b, copy, b.sealed_n);
	/* one left out */
	memcpy(copy, b.sealed, b.sealed_n);
	memmove(copy + 56 + 16400, copy + 56 + 2 * 16400, b.sealed_n - 56 - 2 * 16400);
	assert_refused(&b, copy, b.sealed_n - 16400);
	free(copy);
	blob_fini(&b);
}

/* Another blob of the same key in this one's place, whole or by the chunk. */
static void
test_swap(void **state)
{
	struct blob a = blob_make(THREE, 1 << 20), b = blob_make(THREE, 1 << 20);

	assert_refused(&a, b.sealed, b.sealed_n);
	memcpy(a.sealed + 56, b.sealed + 56, 16400);
	assert_refused(&a, a.sealed, a.sealed_n);
	memcpy(a.sealed, b.sealed, 56);
	assert_refused(&a, a.sealed, a.sealed_n);
	blob_fini(&a);
	blob_fini(&b);
}

static void
test_wrong_key_and_context(void **state)
{
	struct blob b = blob_make(100, 100);
	struct data_key other = key;
	uint8_t out[100];
	struct error e;
	size_t got;

	other.b[31] ^= 1;
	assert_int_equal(read_all(&b, &other, out, 100, &got, &e), ERR_CORRUPT);
	assert_int_equal(out[0], 0xee);
	for (size_t i = 0; i < SEALED_CONTEXT_BYTES; i++) {
		b.context[i] ^= 2; /* the last: another purpose */
		assert_int_equal(read_all(&b, &key, out, 100, &got, &e), ERR_CORRUPT);
		assert_int_equal(out[0], 0xee);
		b.context[i] ^= 2;
	}
	assert_int_equal(read_all(&b, &key, out, 100, &got, &e), 0);
	blob_fini(&b);
}

static void
test_seal_in_turn_only(void **state)
{
	static const uint8_t context[SEALED_CONTEXT_BYTES], plain[SEALED_CHUNK_BYTES + 1];
	AUTO(sealed_free) struct sealed *s = NULL, *o = NULL;
	uint8_t head[SEALED_HEAD_BYTES], out[SEALED_STEP_BYTES + 1];
	struct error e;

	assert_int_equal(sealed_new(&key, context, head, &s, &e), 0);
	assert_int_equal(sealed_chunk_seal(s, 1, plain, 16384, out, &e), ERR_INTERNAL);
	assert_int_equal(sealed_chunk_seal(s, 0, plain, 16385, out, &e), ERR_INVALID);
	assert_int_equal(sealed_chunk_seal(s, 0, plain, 16384, out, &e), 0);
	assert_int_equal(sealed_chunk_seal(s, 0, plain, 16384, out, &e), ERR_INTERNAL);
	assert_int_equal(sealed_chunk_seal(s, 1, plain, 5, out, &e), 0);
	assert_int_equal(sealed_chunk_seal(s, 2, plain, 5, out, &e), ERR_INTERNAL);
	assert_int_equal(sealed_chunk_open(s, 0, out, 21, out, &e), ERR_INTERNAL);

	assert_int_equal(sealed_open(&key, context, head, &o, &e), 0);
	assert_int_equal(sealed_chunk_seal(o, 0, plain, 5, out, &e), ERR_INTERNAL);
	assert_int_equal(sealed_chunk_open(o, 0, out, 15, out, &e), ERR_CORRUPT);
	assert_int_equal(sealed_chunk_open(o, 0, out, 16401, out, &e), ERR_CORRUPT);
}

/* Two blobs of the same bytes and key share nothing. */
static void
test_salt(void **state)
{
	static const uint8_t context[SEALED_CONTEXT_BYTES], plain[64];
	AUTO(sealed_free) struct sealed *a = NULL, *b = NULL;
	uint8_t head[2][SEALED_HEAD_BYTES], out[2][80];
	struct error e;

	assert_int_equal(sealed_new(&key, context, head[0], &a, &e), 0);
	assert_int_equal(sealed_new(&key, context, head[1], &b, &e), 0);
	assert_int_equal(sealed_chunk_seal(a, 0, plain, 64, out[0], &e), 0);
	assert_int_equal(sealed_chunk_seal(b, 0, plain, 64, out[1], &e), 0);
	assert_memory_not_equal(head[0], head[1], 24);
	assert_memory_not_equal(head[0] + 24, head[1] + 24, 32);
	assert_memory_not_equal(out[0], out[1], 80);
}

static void
test_writer_disk_full(void **state)
{
	AUTO(sealed_writer_free) struct sealed_writer *w = NULL;
	static const uint8_t context[SEALED_CONTEXT_BYTES], plain[1 << 20];
	int fd = memfd_create("small", MFD_CLOEXEC | MFD_ALLOW_SEALING);
	struct error e;
	uint64_t n;

	assert_int_equal(ftruncate(fd, 300000), 0);
	assert_int_equal(fcntl(fd, F_ADD_SEALS, F_SEAL_GROW), 0);
	assert_int_equal(sealed_writer_new(fd, &key, context, &w, &e), 0);
	assert_true(sealed_write(w, plain, sizeof plain, &e) < 0);
	assert_int_equal(sealed_writer_end(w, &n, &e), ERR_INTERNAL); /* no half blob passes */
	close(fd);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_round_trip),
	    cmocka_unit_test(test_any_range),
	    cmocka_unit_test(test_sizes),
	    cmocka_unit_test(test_flip),
	    cmocka_unit_test(test_nothing_leaves),
	    cmocka_unit_test(test_truncate_and_append),
	    cmocka_unit_test(test_reorder),
	    cmocka_unit_test(test_swap),
	    cmocka_unit_test(test_wrong_key_and_context),
	    cmocka_unit_test(test_seal_in_turn_only),
	    cmocka_unit_test(test_salt),
	    cmocka_unit_test(test_writer_disk_full),
	};

	return cmocka_run_group_tests_name("sealed", tests, NULL, NULL);
}
