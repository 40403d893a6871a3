/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * sealed_fuzz - hostile heads, chunks and whole blobs
 *
 * The input is taken as a blob of a fixed key.  None can be made without the
 * key, so anything that opens is a finding.  The second half seals the input
 * and hurts one byte chosen by it: that must not open either.
 */
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/arena.h"
#include "base/error.h"
#include "crypto/sealed.h"

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n);

static const struct data_key key = {{5}};
static const uint8_t context[SEALED_CONTEXT_BYTES] = {1};

static void
must(bool ok)
{
	if (!ok)
		abort();
}

static void
try_file(const uint8_t *p, size_t n)
{
	AUTO(sealed_reader_free) struct sealed_reader *r = NULL;
	int fd = memfd_create("fuzz", MFD_CLOEXEC);
	struct error e;

	must(pwrite(fd, p, n, 0) == (ssize_t)n);
	must(sealed_reader_new(fd, &key, context, &r, &e) == ERR_CORRUPT);
	close(fd);
}

static void
try_chunk(const uint8_t *p, size_t n)
{
	AUTO(sealed_free) struct sealed *s = NULL, *o = NULL;
	uint8_t head[SEALED_HEAD_BYTES];
	uint8_t *sealed = xcalloc(1, SEALED_STEP_BYTES), *out = xcalloc(1, SEALED_STEP_BYTES);
	struct error e;

	n = MIN(n, (size_t)SEALED_CHUNK_BYTES);
	must(sealed_new(&key, context, head, &s, &e) == 0);
	must(sealed_open(&key, context, head, &o, &e) == 0);
	must(sealed_chunk_seal(s, 0, p, n, sealed, &e) == 0);
	must(sealed_chunk_open(o, 0, sealed, n + SEALED_TAG_BYTES, out, &e) == 0);
	must(n == 0 || memcmp(out, p, n) == 0);
	must(sealed_chunk_open(o, 1, sealed, n + SEALED_TAG_BYTES, out, &e) == ERR_CORRUPT);
	sealed[n > 0 ? p[0] % (n + SEALED_TAG_BYTES) : 0] ^= 1;
	must(sealed_chunk_open(o, 0, sealed, n + SEALED_TAG_BYTES, out, &e) == ERR_CORRUPT);
	must(n == 0 || (out[0] == 0 && out[n - 1] == 0));
	must(sealed_chunk_open(o, 0, p, n, out, &e) == ERR_CORRUPT);
	free(sealed);
	free(out);
}

int
LLVMFuzzerTestOneInput(const uint8_t *p, size_t n)
{
	AUTO(sealed_free) struct sealed *s = NULL;
	struct error e;

	if (n >= SEALED_HEAD_BYTES)
		must(sealed_open(&key, context, p, &s, &e) == ERR_CORRUPT);
	try_file(p, n);
	try_chunk(p, n);
	return 0;
}
