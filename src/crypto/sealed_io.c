/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * sealed_io - whole blobs to and from a descriptor
 *
 * Both sides use explicit offsets, so the descriptor's own position does not
 * matter and may be shared.  The reader keeps the last opened chunk: small reads
 * in a row open each chunk once.
 */
#include "crypto/sealed.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include <openssl/crypto.h>

#include "base/arena.h"
#include "base/error.h"

#define BATCH 16 /* sealed chunks per write */

struct sealed_writer {
	struct sealed *sealed;
	int fd;
	uint64_t chunk, plain_bytes, at; /* next chunk; taken; offset in the file */
	size_t n, out_n;
	bool ended;
	uint8_t plain[SEALED_CHUNK_BYTES];
	uint8_t out[SEALED_HEAD_BYTES + BATCH * SEALED_STEP_BYTES];
};

int
sealed_writer_new(int fd, const struct data_key *key, const uint8_t context[SEALED_CONTEXT_BYTES],
    struct sealed_writer **ret, struct error *e)
{
	AUTO(sealed_writer_free) struct sealed_writer *w = xcalloc(1, sizeof *w);

	w->fd = fd;
	if (sealed_new(key, context, w->out, &w->sealed, e) < 0)
		return err_code(e);
	w->out_n = SEALED_HEAD_BYTES;
	*ret = TAKE(w);
	return 0;
}

static int
flush(struct sealed_writer *w, struct error *e)
{
	size_t done = 0;

	while (done < w->out_n) {
		ssize_t n = pwrite(w->fd, w->out + done, w->out_n - done, (off_t)(w->at + done));

		if (n < 0 && errno != EINTR)
			return err_errno(e, "write a blob");
		if (n > 0)
			done += (size_t)n;
	}
	w->at += done;
	w->out_n = 0;
	return 0;
}

static int
put_chunk(struct sealed_writer *w, const void *p, size_t n, struct error *e)
{
	if (w->out_n + SEALED_STEP_BYTES > sizeof w->out && flush(w, e) < 0)
		return err_code(e);
	if (sealed_chunk_seal(w->sealed, w->chunk, p, n, w->out + w->out_n, e) < 0)
		return err_code(e);
	w->chunk++;
	w->out_n += n + SEALED_TAG_BYTES;
	return 0;
}

int
sealed_write(struct sealed_writer *w, const void *p, size_t n, struct error *e)
{
	const uint8_t *from = p;

	if (w->ended)
		return err_set(e, ERR_INTERNAL, "the blob has ended");
	while (n > 0) {
		size_t take = MIN(n, SEALED_CHUNK_BYTES - w->n);

		memcpy(w->plain + w->n, from, take);
		w->n += take;
		w->plain_bytes += take;
		from += take;
		n -= take;
		if (w->n < SEALED_CHUNK_BYTES)
			break;
		if (put_chunk(w, w->plain, w->n, e) < 0) {
			w->ended = true; /* half a blob: nothing may follow */
			return err_code(e);
		}
		w->n = 0;
	}
	return 0;
}

int
sealed_writer_end(struct sealed_writer *w, uint64_t *ret_plain_bytes, struct error *e)
{
	if (w->ended)
		return err_set(e, ERR_INTERNAL, "the blob has ended");
	w->ended = true;
	if (put_chunk(w, w->plain, w->n, e) < 0 || flush(w, e) < 0)
		return err_code(e);
	*ret_plain_bytes = w->plain_bytes;
	return 0;
}

uint64_t
sealed_written(const struct sealed_writer *w)
{
	return w->plain_bytes;
}

void
sealed_writer_free(struct sealed_writer **w)
{
	if (*w == NULL)
		return;
	sealed_free(&(*w)->sealed);
	OPENSSL_cleanse((*w)->plain, sizeof(*w)->plain);
	free(*w);
	*w = NULL;
}

struct sealed_reader {
	struct sealed *sealed;
	int fd;
	uint64_t file_bytes, plain_bytes;
	uint64_t held; /* the chunk in plain; UINT64_MAX: none */
	uint8_t cipher[SEALED_STEP_BYTES];
	uint8_t plain[SEALED_CHUNK_BYTES];
};

static int
read_at(int fd, uint64_t offset, uint8_t *p, size_t n, struct error *e)
{
	size_t done = 0;

	while (done < n) {
		ssize_t k = pread(fd, p + done, n - done, (off_t)(offset + done));

		if (k == 0)
			return err_set(e, ERR_CORRUPT, "the blob ends early");
		if (k < 0 && errno != EINTR)
			return err_errno(e, "read a blob");
		if (k > 0)
			done += (size_t)k;
	}
	return 0;
}

int
sealed_reader_new(int fd, const struct data_key *key, const uint8_t context[SEALED_CONTEXT_BYTES],
    struct sealed_reader **ret, struct error *e)
{
	AUTO(sealed_reader_free) struct sealed_reader *r = xcalloc(1, sizeof *r);
	uint8_t head[SEALED_HEAD_BYTES];
	struct stat st;

	r->fd = fd;
	r->held = UINT64_MAX;
	if (fstat(fd, &st) < 0)
		return err_errno(e, "stat a blob");
	r->file_bytes = (uint64_t)st.st_size;
	if (!sealed_plain_size(r->file_bytes, &r->plain_bytes))
		return err_set(
		    e, ERR_CORRUPT, "no blob has %llu bytes", (unsigned long long)r->file_bytes);
	if (read_at(fd, 0, head, sizeof head, e) < 0)
		return err_code(e);
	if (sealed_open(key, context, head, &r->sealed, e) < 0)
		return err_code(e);
	*ret = TAKE(r);
	return 0;
}

static size_t
chunk_plain_bytes(const struct sealed_reader *r, uint64_t k)
{
	return (size_t)MIN(r->plain_bytes - k * SEALED_CHUNK_BYTES, (uint64_t)SEALED_CHUNK_BYTES);
}

static int
open_chunk(struct sealed_reader *r, uint64_t k, void *out, struct error *e)
{
	size_t n = chunk_plain_bytes(r, k) + SEALED_TAG_BYTES;

	if (read_at(r->fd, SEALED_HEAD_BYTES + k * SEALED_STEP_BYTES, r->cipher, n, e) < 0)
		return err_code(e);
	return sealed_chunk_open(r->sealed, k, r->cipher, n, out, e);
}

static int
read_part(
    struct sealed_reader *r, uint64_t k, size_t start, uint8_t *out, size_t n, struct error *e)
{
	if (r->held != k && n == SEALED_CHUNK_BYTES)
		return open_chunk(r, k, out, e);
	if (r->held != k) {
		r->held = UINT64_MAX;
		if (open_chunk(r, k, r->plain, e) < 0)
			return err_code(e);
		r->held = k;
	}
	memcpy(out, r->plain + start, n);
	return 0;
}

/*
 * Whoever reads to the end must have seen the last chunk, also when it is
 * empty: it alone proves that nothing was cut off behind a full one.
 */
static int
prove_end(struct sealed_reader *r, struct error *e)
{
	uint64_t last = r->plain_bytes / SEALED_CHUNK_BYTES;

	if (r->held == last)
		return 0;
	r->held = UINT64_MAX;
	if (open_chunk(r, last, r->plain, e) < 0)
		return err_code(e);
	r->held = last;
	return 0;
}

int
sealed_read(
    struct sealed_reader *r, uint64_t offset, void *p, size_t n, size_t *ret, struct error *e)
{
	uint64_t want = offset < r->plain_bytes ? MIN(r->plain_bytes - offset, (uint64_t)n) : 0;
	uint64_t end = offset + want;
	uint8_t *out = p;

	while (offset < end) {
		uint64_t k = offset / SEALED_CHUNK_BYTES;
		size_t start = offset % SEALED_CHUNK_BYTES;
		size_t take = (size_t)MIN(end - offset, (uint64_t)(SEALED_CHUNK_BYTES - start));

		if (read_part(r, k, start, out, take, e) < 0)
			return err_code(e);
		out += take;
		offset += take;
	}
	if (end >= r->plain_bytes && prove_end(r, e) < 0)
		return err_code(e);
	*ret = (size_t)want;
	return 0;
}

uint64_t
sealed_reader_bytes(const struct sealed_reader *r)
{
	return r->plain_bytes;
}

void
sealed_reader_free(struct sealed_reader **r)
{
	if (*r == NULL)
		return;
	sealed_free(&(*r)->sealed);
	OPENSSL_cleanse((*r)->plain, sizeof(*r)->plain);
	free(*r);
	*r = NULL;
}
