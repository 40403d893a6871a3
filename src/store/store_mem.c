/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * store_mem - the store for tests: memfds in an array, and failure to order
 *
 * Counts the steps that can fail on a disk: one for most calls, four for
 * publish (open, fsync, rename, fsync of the folder).  A failing step leaves
 * what store_fs would leave.  Descriptors handed out are opened anew through
 * /proc, so that each has its own offset and only the rights it should have.
 */
#include "store/store.h"

#include <assert.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/error.h"
#include "base/str.h"
#include "base/time.h"
#include "base/vec.h"
#include "os/file.h"
#include "store/store_private.h"

struct object {
	struct id128 id;
	bool is_part;
	int fd;
	int64_t created_us;
};

struct mem {
	struct store base;
	VEC(struct object) objects;
	int fail_in, fail_code; /* 0: nothing fails */
};

static const struct store_ops ops;

static struct mem *
mem_of(struct store *s)
{
	return (struct mem *)s;
}

int
store_mem_open(struct store **ret, struct error *e)
{
	struct mem *m = xcalloc(1, sizeof *m);

	m->base.ops = &ops;
	*ret = &m->base;
	return 0;
}

void
store_mem_fail(struct store *s, int n, int code)
{
	assert(s->ops == &ops);
	mem_of(s)->fail_in = n;
	mem_of(s)->fail_code = code;
}

static int
step(struct mem *m, const char *what, struct error *e)
{
	if (m->fail_in == 0 || --m->fail_in > 0)
		return 0;
	return err_set(e, m->fail_code, "%s failed as ordered", what);
}

static struct object *
find(struct mem *m, struct id128 id, bool is_part)
{
	for (size_t i = 0; i < m->objects.n; i++)
		if (m->objects.v[i].is_part == is_part && id128_eq(m->objects.v[i].id, id))
			return &m->objects.v[i];
	return NULL;
}

static void
drop(struct mem *m, struct object *o)
{
	fd_close(&o->fd);
	*o = m->objects.v[--m->objects.n];
}

static int
reopen(const struct object *o, int flags, int *ret_fd, struct error *e)
{
	char path[40];
	int fd;

	snprintf(path, sizeof path, "/proc/self/fd/%d", o->fd);
	fd = open(path, flags | O_CLOEXEC);
	if (fd < 0)
		return err_errno(e, "open %s", path);
	*ret_fd = fd;
	return 0;
}

static int
mem_part_create(struct store *s, struct id128 id, int *ret_fd, struct error *e)
{
	struct mem *m = mem_of(s);
	struct object o = {.id = id, .is_part = true, .created_us = time_now_us()};

	if (step(m, "create", e) < 0)
		return err_code(e);
	if (find(m, id, true) != NULL)
		return err_set(e, ERR_EXISTS, "the part is there already");
	o.fd = memfd_create("part", MFD_CLOEXEC);
	if (o.fd < 0)
		return err_errno(e, "memfd");
	if (reopen(&o, O_WRONLY, ret_fd, e) < 0) {
		fd_close(&o.fd);
		return err_code(e);
	}
	*VEC_ADD(&m->objects) = o;
	return 0;
}

static int
settle_part(struct mem *m, const struct object *o, uint64_t bytes, struct error *e)
{
	struct stat st;

	if (step(m, "open", e) < 0)
		return err_code(e);
	if (fstat(o->fd, &st) < 0)
		return err_errno(e, "stat");
	if ((uint64_t)st.st_size != bytes)
		return err_set(e, ERR_CORRUPT, "the part has %lld bytes, not %llu",
		    (long long)st.st_size, (unsigned long long)bytes);
	if (step(m, "fsync", e) < 0 || step(m, "rename", e) < 0)
		return err_code(e);
	if (find(m, o->id, false) != NULL)
		return err_set(e, ERR_EXISTS, "the blob is there already");
	return 0;
}

static int
mem_part_publish(struct store *s, struct id128 id, uint64_t bytes, struct error *e)
{
	struct mem *m = mem_of(s);
	struct object *o = find(m, id, true);

	if (o == NULL && find(m, id, false) != NULL)
		return err_set(e, ERR_EXISTS, "the blob is there already");
	if (o == NULL)
		return err_set(e, ERR_NOT_FOUND, "no such part");
	if (settle_part(m, o, bytes, e) < 0 || step(m, "fsync of the folder", e) < 0) {
		drop(m, o);
		return err_code(e);
	}
	o->is_part = false;
	return 0;
}

static int
remove_object(struct mem *m, struct id128 id, bool is_part, struct error *e)
{
	struct object *o;

	if (step(m, "remove", e) < 0)
		return err_code(e);
	o = find(m, id, is_part);
	if (o == NULL)
		return err_set(e, ERR_NOT_FOUND, "no such part or blob");
	drop(m, o);
	return 0;
}

static int
mem_part_remove(struct store *s, struct id128 id, struct error *e)
{
	return remove_object(mem_of(s), id, true, e);
}

static int
mem_blob_remove(struct store *s, struct id128 id, struct error *e)
{
	return remove_object(mem_of(s), id, false, e);
}

static int
mem_blob_open(struct store *s, struct id128 id, int *ret_fd, struct error *e)
{
	struct object *o;

	if (step(mem_of(s), "open", e) < 0)
		return err_code(e);
	o = find(mem_of(s), id, false);
	if (o == NULL)
		return err_set(e, ERR_NOT_FOUND, "no such blob");
	return reopen(o, O_RDONLY, ret_fd, e);
}

static int
mem_list(struct store *s, store_seen seen, void *arg, struct error *e)
{
	struct mem *m = mem_of(s);
	struct stat st;
	int r = step(m, "list", e);

	/* Backwards, so that seen() may remove what it is shown. */
	for (size_t i = m->objects.n; r == 0 && i-- > 0;) {
		struct object o = m->objects.v[i];

		if (fstat(o.fd, &st) < 0)
			return err_errno(e, "stat");
		r = seen(arg, o.id, o.is_part, (uint64_t)st.st_size, o.created_us);
	}
	return r;
}

static int
mem_free_bytes(struct store *s, uint64_t *ret, struct error *e)
{
	if (step(mem_of(s), "ask for free space", e) < 0)
		return err_code(e);
	*ret = 1ULL << 30;
	return 0;
}

static void
mem_close(struct store *s)
{
	struct mem *m = mem_of(s);

	while (m->objects.n > 0)
		drop(m, &m->objects.v[m->objects.n - 1]);
	VEC_FINI(&m->objects);
	free(m);
}

static const struct store_ops ops = {
    .close = mem_close,
    .part_create = mem_part_create,
    .part_publish = mem_part_publish,
    .part_remove = mem_part_remove,
    .blob_open = mem_blob_open,
    .blob_remove = mem_blob_remove,
    .list = mem_list,
    .free_bytes = mem_free_bytes,
    .total_bytes = mem_free_bytes, /* there is no disk */
};
