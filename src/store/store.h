/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * store - blobs: immutable ciphertext named by a random 128-bit id
 *
 * A blob is born as a part (parts/ID, O_EXCL), filled through a descriptor by
 * whoever may, then published: fsync, rename without replacing to
 * blobs/xx/ID, fsync of that directory.  Only then may a row name it.  A blob
 * without a row is invisible and swept after 24 h.
 *
 * The drivers are store_fs.c and store_mem.c (memfds; can fail the n-th call);
 * both pass store_contract_test.c.  Under Landlock, a process may have only
 * some of these rights: open() of a part for publishing uses O_WRONLY, so app
 * needs no right to read.
 *
 * Errors everywhere: ERR_NO_SPACE, ERR_IO, ERR_NOT_FOUND, ERR_EXISTS.  After a
 * failed fsync the part is removed: it is never tried again.
 *
 * Layer: store.
 */
#pragma once

#include "base/base.h"

struct error;
struct store;

/* dir holds parts/ and blobs/00 .. blobs/ff, made by store_fs_init. */
NODISCARD int store_fs_init(const char *dir, struct error *e);
NODISCARD int store_fs_open(const char *dir, struct store **ret, struct error *e);
NODISCARD int store_mem_open(struct store **ret, struct error *e);
/* Tests: the n-th step from now fails with code (0: never); publish has four, other calls one. */
void store_mem_fail(struct store *s, int n, int code);
void store_close(struct store **s);

/* A new empty part, opened for writing (0640). */
NODISCARD int store_part_create(struct store *s, struct id128 id, int *ret_fd, struct error *e);
/*
 * Make it a blob of exactly `bytes` on disk.  ERR_CORRUPT when the length
 * differs, ERR_EXISTS when the blob is there already.  When this fails the part
 * is gone.
 */
NODISCARD int store_part_publish(struct store *s, struct id128 id, uint64_t bytes, struct error *e);
NODISCARD int store_part_remove(struct store *s, struct id128 id, struct error *e);

/* Read-only descriptor; no symlink on the way. */
NODISCARD int store_blob_open(struct store *s, struct id128 id, int *ret_fd, struct error *e);
NODISCARD int store_blob_remove(struct store *s, struct id128 id, struct error *e);

/*
 * Each part or blob: id, size on disk, mtime; stop with a nonzero return, which
 * is returned.  seen may remove what it is shown.  Foreign names are passed over.
 */
typedef int (*store_seen)(
    void *arg, struct id128 id, bool is_part, uint64_t bytes, int64_t mtime_us);
NODISCARD int store_list(struct store *s, store_seen seen, void *arg, struct error *e);

/* Free bytes for new parts, for the disk-full warning. */
NODISCARD int store_free_bytes(struct store *s, uint64_t *ret, struct error *e);
/* Of the disk, free and used together. */
NODISCARD int store_total_bytes(struct store *s, uint64_t *ret, struct error *e);
