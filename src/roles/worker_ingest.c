/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * worker_ingest - one pass over a finished upload
 *
 * Reads the version's blobs in order, opened with its data key: SHA-256, CRC-32
 * and the type from the first bytes.  A part that does not authenticate makes
 * the version damaged: it stays, and goes nowhere.  When more than two parts
 * are small, the pass also writes the content anew into parts of up to 64 MiB;
 * the new rows replace the old in the change that ends the job; the old blobs
 * are the sweeper's, a day later.
 */
#include "roles/worker.h"

#include <stdlib.h>
#include <sys/stat.h>

#include "base/arena.h"
#include "base/error.h"
#include "base/log.h"
#include "base/random.h"
#include "base/str.h"
#include "base/time.h"
#include "conf/conf.h"
#include "crypto/sealed.h"
#include "model/change.h"
#include "model/job.h"
#include "model/rendition.h"
#include "model/scan.h"
#include "model/version.h"
#include "os/file.h"
#include "store/store.h"
#include "text/media_type.h"

#define STEP_BYTES (256 * 1024)
#define LEASE_US (60 * US_PER_S)
#define RENEW_US (20 * US_PER_S)
#define SMALL_PARTS_KEPT 2

struct pass {
	struct worker *w;
	const struct job *job;
	struct data_key key;
	const struct version_part *parts;
	size_t part_count;
	struct digest *sha;
	uint32_t crc;
	char head[MEDIA_TYPE_BYTES];
	size_t head_bytes;
	int64_t renewed_us;
	/* merging */
	bool merges;
	struct version_part *merged;
	size_t merged_count;
	int fd;
	struct sealed_writer *writer;
	uint8_t *step;
};

static void
pass_fini(struct pass *p)
{
	sealed_writer_free(&p->writer);
	fd_close(&p->fd);
	digest_free(&p->sha);
	explicit_bzero(&p->key, sizeof p->key);
	if (p->step != NULL)
		explicit_bzero(p->step, STEP_BYTES);
	free(p->step);
}

/* Many small parts, or more than a preview's job can be given though the file is no larger than
 * that: it came over a slow line. */
static bool
should_merge(const struct version_part *parts, size_t n)
{
	size_t small = 0;
	int64_t bytes = 0;

	for (size_t i = 0; i < n; i++) {
		small += parts[i].bytes < LIMIT_SMALL_PART_BYTES;
		bytes += parts[i].bytes;
	}
	return small > SMALL_PARTS_KEPT ||
	       (n > LIMIT_RENDER_PARTS && bytes <= LIMIT_RENDER_PARTS * (int64_t)LIMIT_PART_BYTES);
}

/* ---- merging ---- */

static int
merge_open(struct pass *p, struct error *e)
{
	struct version_part *part = &p->merged[p->merged_count];
	uint8_t context[SEALED_CONTEXT_BYTES];

	part->blob = random_id128();
	part->bytes = 0;
	sealed_context(part->blob, SEALED_ORIGINAL, context);
	if (store_part_create(p->w->store, part->blob, &p->fd, e) < 0)
		return err_code(e);
	p->merged_count++;
	return sealed_writer_new(p->fd, &p->key, context, &p->writer, e);
}

static int
merge_close(struct pass *p, struct error *e)
{
	uint64_t bytes;
	struct version_part *part;

	if (p->writer == NULL)
		return 0;
	part = &p->merged[p->merged_count - 1];
	if (sealed_writer_end(p->writer, &bytes, e) < 0)
		return err_code(e);
	sealed_writer_free(&p->writer);
	fd_close(&p->fd);
	part->bytes = (int64_t)bytes;
	if (store_part_publish(p->w->store, part->blob, sealed_size(bytes), e) == 0)
		return 0;
	/* a copy of ours that went wrong says nothing about the original */
	return e->code == ERR_CORRUPT ? err_set(e, ERR_IO, "a merged part is not whole")
	                              : err_code(e);
}

static int
merge_add(struct pass *p, const uint8_t *bytes, size_t n, struct error *e)
{
	while (n > 0) {
		size_t now;

		if (p->writer == NULL && merge_open(p, e) < 0)
			return err_code(e);
		now = (size_t)MIN((uint64_t)n, LIMIT_PART_BYTES - sealed_written(p->writer));
		if (sealed_write(p->writer, bytes, now, e) < 0)
			return err_code(e);
		bytes += now;
		n -= now;
		if (sealed_written(p->writer) == LIMIT_PART_BYTES && merge_close(p, e) < 0)
			return err_code(e);
	}
	return 0;
}

/* ---- reading ---- */

static int
take(struct pass *p, const uint8_t *bytes, size_t n, struct error *e)
{
	size_t first = MIN(n, sizeof p->head - p->head_bytes);

	digest_add(p->sha, bytes, n);
	p->crc = crc32_add(p->crc, bytes, n);
	memcpy(p->head + p->head_bytes, bytes, first);
	p->head_bytes += first;
	if (p->merges && merge_add(p, bytes, n, e) < 0)
		return err_code(e);
	if (time_monotonic_us() - p->renewed_us < RENEW_US)
		return 0;
	p->renewed_us = time_monotonic_us();
	return job_renew(p->w->db, p->job, LEASE_US, e);
}

static int
read_part(struct pass *p, const struct version_part *part, struct error *e)
{
	AUTO(fd_close) int fd = -1;
	AUTO(sealed_reader_free) struct sealed_reader *reader = NULL;
	uint8_t context[SEALED_CONTEXT_BYTES];
	uint64_t at = 0;
	size_t n = 0;

	sealed_context(part->blob, SEALED_ORIGINAL, context);
	if (store_blob_open(p->w->store, part->blob, &fd, e) < 0)
		return e->code == ERR_NOT_FOUND ? err_set(e, ERR_CORRUPT, "a blob is missing")
		                                : err_code(e);
	if (sealed_reader_new(fd, &p->key, context, &reader, e) < 0)
		return err_code(e);
	if (sealed_reader_bytes(reader) != (uint64_t)part->bytes)
		return err_set(e, ERR_CORRUPT, "a blob is not as long as its row says");
	do {
		if (sealed_read(reader, at, p->step, STEP_BYTES, &n, e) < 0 ||
		    take(p, p->step, n, e) < 0)
			return err_code(e);
		at += n;
	} while (n > 0 && at < (uint64_t)part->bytes);
	return 0;
}

static int
read_all(struct pass *p, struct error *e)
{
	for (size_t i = 0; i < p->part_count; i++) {
		if (read_part(p, &p->parts[i], e) < 0)
			return err_code(e);
	}
	return merge_close(p, e);
}

/* ---- the end ---- */

/* The pictures of it are another process's work, later. */
static int
expect_renditions(
    struct change *c, const struct version *v, const struct ingested *in, struct error *e)
{
	enum media_kind kind;

	if (in->damaged || !render_kind(in->media_type, v->name, &kind))
		return 0;
	return media_expect(c, v->id, v->created_by, e);
}

static int
expect_scan(struct worker *w, struct change *c, const struct version *v, const struct ingested *in,
    struct error *e)
{
	if (in->damaged || w->conf->clamd_socket.n == 0)
		return 0;
	return scan_expect(c, v->id, e);
}

static int
commit(struct pass *p, const struct version *v, const struct ingested *in, struct error *e)
{
	AUTO(change_abort) struct change *c = NULL;

	if (change_begin(p->w->db, (struct actor){ACTOR_SYSTEM, 0}, EVENT_VERSION_INGESTED, &c, e) <
	        0 ||
	    version_ingested(c, p->job->version, in, e) < 0 || expect_renditions(c, v, in, e) < 0 ||
	    expect_scan(p->w, c, v, in, e) < 0 || job_done(c, p->job, e) < 0)
		return err_code(e);
	return change_commit(&c, e);
}

/* Damaged is a result, everything else that fails is tried again. */
static int
finish(struct pass *p, const struct version *v, int read, struct error *e)
{
	struct ingested in = {.malware = MALWARE_NOT_SCANNED, .damaged = read == ERR_CORRUPT};
	int r = ERR_RETRY;

	if (read < 0 && read != ERR_CORRUPT)
		return read;
	in.sha256 = digest_end_sha256(p->sha);
	in.crc32 = p->crc;
	in.media_type = media_type((struct str){p->head, p->head_bytes}, v->name);
	if (p->merges && !in.damaged) {
		in.parts = p->merged;
		in.part_count = p->merged_count;
	}
	for (int i = 0; i < LIMIT_CHANGE_RETRIES && r == ERR_RETRY; i++)
		r = commit(p, v, &in, e);
	return r;
}

static int
ingest(struct worker *w, const struct job *j, struct error *e)
{
	AUTO(pass_fini)
	struct pass p = {.w = w, .job = j, .fd = -1, .renewed_us = time_monotonic_us()};
	struct version_part *parts;
	struct version v;

	if (version_get(w->db, w->a, j->version, &v, e) < 0 ||
	    version_parts(w->db, w->a, j->version, &parts, &p.part_count, e) < 0 ||
	    keyring_version_get(&w->keys, j->version, &p.key, e) < 0)
		return err_code(e);
	p.parts = parts;
	p.sha = digest_new(DIGEST_SHA256);
	p.step = xcalloc(1, STEP_BYTES);
	p.merges = should_merge(parts, p.part_count);
	p.merged = ARENA_ARRAY(w->a, struct version_part, p.part_count + 1);
	return finish(&p, &v, read_all(&p, e), e);
}

/* Given back for later; while that cannot be written no other one is taken. */
static int
give_back(struct worker *w, struct error *e)
{
	if (w->failed.id.v != 0 && job_failed(w->db, &w->failed, w->failure.msg, e) < 0)
		return err_code(e);
	w->failed.id.v = 0;
	return 0;
}

int
ingest_next(struct worker *w, struct error *e)
{
	struct job j;
	int r;

	arena_reset(w->a);
	if (give_back(w, e) < 0)
		return err_code(e);
	r = job_claim(w->db, "ingest", LEASE_US, &j, e);
	if (r <= 0 || ingest(w, &j, &w->failure) == 0)
		return r;
	log_warn("job %.*s of %lld: %s", STR(j.kind), (long long)j.version.v, w->failure.msg);
	w->failed = j;
	return give_back(w, e) < 0 ? err_code(e) : 1;
}
