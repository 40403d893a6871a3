/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * store_contract_test - what every driver of the store must do
 *
 * One suite, run against the file system and memory.  Failures to order exist
 * in memory only; what the file system alone promises (modes, symlinks, folder
 * rights) follows at the end.
 */
#include "store/store.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/arena.h"
#include "base/error.h"
#include "base/random.h"
#include "base/str.h"
#include "base/time.h"
#include "os/file.h"

#define PUBLISH_STEPS 4

struct rig {
	struct store *s;
	char dir[64]; /* "": in memory */
};

static int
fs_setup(void **state)
{
	struct rig *r = xcalloc(1, sizeof *r);
	struct error e;

	snprintf(r->dir, sizeof r->dir, "%s", "/tmp/store_test.XXXXXX");
	if (mkdtemp(r->dir) == NULL || store_fs_init(r->dir, &e) < 0 ||
	    store_fs_open(r->dir, &r->s, &e) < 0)
		return -1;
	*state = r;
	return 0;
}

static int
mem_setup(void **state)
{
	struct rig *r = xcalloc(1, sizeof *r);
	struct error e;

	*state = r;
	return store_mem_open(&r->s, &e);
}

static int
drop(const char *path, const struct stat *st, int flag, struct FTW *ftw)
{
	return remove(path);
}

static int
teardown(void **state)
{
	struct rig *r = *state;

	store_close(&r->s);
	if (r->dir[0] != '\0')
		nftw(r->dir, drop, 16, FTW_DEPTH | FTW_PHYS);
	free(r);
	return 0;
}

/* A part holding text. */
static int
part(struct store *s, struct id128 id, const char *text, struct error *e)
{
	AUTO(fd_close) int fd = -1;

	if (store_part_create(s, id, &fd, e) < 0)
		return err_code(e);
	assert_int_equal(write(fd, text, strlen(text)), strlen(text));
	return 0;
}

static void
assert_blob(struct store *s, struct id128 id, const char *text)
{
	AUTO(fd_close) int fd = -1;
	char got[100];
	struct error e;

	assert_int_equal(store_blob_open(s, id, &fd, &e), 0);
	assert_int_equal(read(fd, got, sizeof got), strlen(text));
	assert_memory_equal(got, text, strlen(text));
	assert_int_equal(write(fd, "x", 1), -1); /* read-only */
}

static int
blob_code(struct store *s, struct id128 id)
{
	AUTO(fd_close) int fd = -1;
	struct error e;

	return store_blob_open(s, id, &fd, &e);
}

struct seen {
	size_t parts, blobs;
	uint64_t bytes;
	int64_t oldest;
	struct id128 last;
	int stop; /* returned at once when nonzero */
};

static int
count(void *arg, struct id128 id, bool is_part, uint64_t bytes, int64_t mtime_us)
{
	struct seen *c = arg;

	c->parts += is_part;
	c->blobs += !is_part;
	c->bytes += bytes;
	c->oldest = c->oldest == 0 ? mtime_us : MIN(c->oldest, mtime_us);
	c->last = id;
	return c->stop;
}

static struct seen
list(struct store *s)
{
	struct seen c = {0};
	struct error e;

	assert_int_equal(store_list(s, count, &c, &e), 0);
	return c;
}

static void
test_publish(void **state)
{
	struct store *s = ((struct rig *)*state)->s;
	struct id128 id = random_id128();
	struct error e;

	assert_int_equal(part(s, id, "hello", &e), 0);
	assert_int_equal(blob_code(s, id), ERR_NOT_FOUND); /* not before it is published */
	assert_int_equal(store_part_publish(s, id, 5, &e), 0);
	assert_blob(s, id, "hello");
	assert_int_equal(store_part_remove(s, id, &e), ERR_NOT_FOUND);
	assert_blob(s, id, "hello");
}

static void
test_empty(void **state)
{
	struct store *s = ((struct rig *)*state)->s;
	struct id128 id = random_id128();
	struct error e;

	assert_int_equal(part(s, id, "", &e), 0);
	assert_int_equal(store_part_publish(s, id, 0, &e), 0);
	assert_blob(s, id, "");
}

static void
test_wrong_length(void **state)
{
	struct store *s = ((struct rig *)*state)->s;
	struct id128 id = random_id128();
	struct error e;

	for (uint64_t n = 4; n <= 6; n += 2) {
		assert_int_equal(part(s, id, "hello", &e), 0);
		assert_int_equal(store_part_publish(s, id, n, &e), ERR_CORRUPT);
		assert_int_equal(store_part_publish(s, id, 5, &e), ERR_NOT_FOUND); /* it is gone */
		assert_int_equal(blob_code(s, id), ERR_NOT_FOUND);
	}
}

static void
test_twice(void **state)
{
	struct store *s = ((struct rig *)*state)->s;
	struct id128 id = random_id128();
	struct error e;

	assert_int_equal(part(s, id, "first", &e), 0);
	assert_int_equal(part(s, id, "other", &e), ERR_EXISTS); /* O_EXCL */
	assert_int_equal(store_part_publish(s, id, 5, &e), 0);
	assert_int_equal(store_part_publish(s, id, 5, &e), ERR_EXISTS);
	assert_int_equal(part(s, id, "second", &e), 0);
	assert_int_equal(store_part_publish(s, id, 6, &e), ERR_EXISTS);
	assert_blob(s, id, "first");
	assert_int_equal(list(s).parts, 0);
}

static void
test_remove(void **state)
{
	struct store *s = ((struct rig *)*state)->s;
	struct id128 id = random_id128();
	AUTO(fd_close) int fd = -1;
	char got[10];
	struct error e;

	assert_int_equal(part(s, id, "hello", &e), 0);
	assert_int_equal(store_blob_remove(s, id, &e), ERR_NOT_FOUND);
	assert_int_equal(store_part_remove(s, id, &e), 0);
	assert_int_equal(store_part_publish(s, id, 5, &e), ERR_NOT_FOUND);

	assert_int_equal(part(s, id, "hello", &e), 0);
	assert_int_equal(store_part_publish(s, id, 5, &e), 0);
	assert_int_equal(store_blob_open(s, id, &fd, &e), 0);
	assert_int_equal(store_blob_remove(s, id, &e), 0);
	assert_int_equal(blob_code(s, id), ERR_NOT_FOUND);
	assert_int_equal(store_blob_remove(s, id, &e), ERR_NOT_FOUND);
	assert_int_equal(read(fd, got, sizeof got), 5); /* an open transfer goes on */
}

static void
test_list(void **state)
{
	struct store *s = ((struct rig *)*state)->s;
	int64_t start = time_now_us() - 2 * US_PER_S; /* the disk's clock is coarse */
	struct id128 id, ids[5];
	struct seen c = list(s);
	struct error e;

	assert_int_equal(c.parts + c.blobs, 0);
	for (size_t i = 0; i < ARRAY_LEN(ids); i++) {
		ids[i] = random_id128();
		assert_int_equal(part(s, ids[i], "hello", &e), 0);
		if (i < 3)
			assert_int_equal(store_part_publish(s, ids[i], 5, &e), 0);
	}
	c = list(s);
	assert_int_equal(c.parts, 2);
	assert_int_equal(c.blobs, 3);
	assert_int_equal(c.bytes, 25);
	assert_true(c.oldest >= start && c.oldest <= time_now_us() + US_PER_S);
	c = (struct seen){.stop = 77};
	assert_int_equal(store_list(s, count, &c, &e), 77);
	assert_int_equal(c.parts + c.blobs, 1);
	id = c.last;
	assert_true(id128_eq(id, ids[0]) || id128_eq(id, ids[1]) || id128_eq(id, ids[2]) ||
	            id128_eq(id, ids[3]) || id128_eq(id, ids[4]));
}

static int
sweep(void *arg, struct id128 id, bool is_part, uint64_t bytes, int64_t mtime_us)
{
	struct error e;

	return is_part ? store_part_remove(arg, id, &e) : store_blob_remove(arg, id, &e);
}

static void
test_remove_while_listing(void **state)
{
	struct store *s = ((struct rig *)*state)->s;
	struct error e;

	for (int i = 0; i < 40; i++) {
		struct id128 id = random_id128();

		id.b[0] = (uint8_t)(i % 3); /* many in one folder */
		assert_int_equal(part(s, id, "x", &e), 0);
		if (i % 2 == 0)
			assert_int_equal(store_part_publish(s, id, 1, &e), 0);
	}
	assert_int_equal(store_list(s, sweep, s, &e), 0);
	assert_int_equal(list(s).parts + list(s).blobs, 0);
}

static void
test_free_bytes(void **state)
{
	uint64_t total;
	struct error e;
	uint64_t n = 0;

	assert_int_equal(store_free_bytes(((struct rig *)*state)->s, &n, &e), 0);
	assert_true(n > 0);
	assert_int_equal(store_total_bytes(((struct rig *)*state)->s, &total, &e), 0);
	assert_true(total >= n);
}

/* Whatever fails: the caller hears of it, and then there is neither blob nor part. */
static void
test_mem_every_failure(void **state)
{
	struct store *s = ((struct rig *)*state)->s;
	static const int codes[] = {ERR_IO, ERR_NO_SPACE};
	struct error e;

	for (int n = 1; n <= PUBLISH_STEPS + 2; n++) {
		for (size_t i = 0; i < ARRAY_LEN(codes); i++) {
			struct id128 id = random_id128();
			int code;

			store_mem_fail(s, n, codes[i]);
			code = part(s, id, "hello", &e);
			if (code == 0)
				code = store_part_publish(s, id, 5, &e);
			store_mem_fail(s, 0, 0);
			assert_int_equal(code, n <= PUBLISH_STEPS + 1 ? codes[i] : 0);
			assert_int_equal(blob_code(s, id), code == 0 ? 0 : ERR_NOT_FOUND);
			assert_int_equal(list(s).parts, 0);
		}
	}
}

static void
test_mem_failed_fsync(void **state)
{
	struct store *s = ((struct rig *)*state)->s;
	struct id128 id = random_id128();
	struct error e;

	assert_int_equal(part(s, id, "hello", &e), 0);
	store_mem_fail(s, 2, ERR_IO); /* open, fsync */
	assert_int_equal(store_part_publish(s, id, 5, &e), ERR_IO);
	assert_int_equal(store_part_publish(s, id, 5, &e), ERR_NOT_FOUND); /* never tried again */
}

static void
path_of(const struct rig *r, const char *kind, struct id128 id, char *ret, size_t n)
{
	AUTO(arena_free) struct arena *a = arena_new();
	struct str hex = id128_hex(a, id);

	if (strcmp(kind, "parts") == 0)
		snprintf(ret, n, "%s/parts/%.*s", r->dir, STR(hex));
	else
		snprintf(ret, n, "%s/blobs/%.2s/%.*s", r->dir, hex.p, STR(hex));
}

static unsigned
mode_of(const char *path)
{
	struct stat st;

	return stat(path, &st) == 0 ? st.st_mode & 07777u : 0;
}

static void
test_fs_modes(void **state)
{
	struct rig *r = *state;
	struct id128 id = random_id128();
	mode_t before = umask(077);
	char path[200];
	struct error e;

	assert_int_equal(part(r->s, id, "hello", &e), 0);
	umask(before);
	path_of(r, "parts", id, path, sizeof path);
	assert_int_equal(mode_of(path), 0640);
	assert_int_equal(store_part_publish(r->s, id, 5, &e), 0);
	path_of(r, "blobs", id, path, sizeof path);
	assert_int_equal(mode_of(path), 0640);
	snprintf(path, sizeof path, "%s/parts", r->dir);
	assert_int_equal(mode_of(path), 02710);
	for (unsigned i = 0; i < 256; i++) {
		snprintf(path, sizeof path, "%s/blobs/%02x", r->dir, i);
		assert_int_equal(mode_of(path), 02710);
	}
	assert_int_equal(store_fs_init(r->dir, &e), 0); /* again: nothing happens */
}

static void
test_fs_no_links(void **state)
{
	struct rig *r = *state;
	struct id128 id = random_id128(), other = random_id128();
	char path[200], target[200];
	struct error e;

	assert_int_equal(part(r->s, other, "secret", &e), 0);
	path_of(r, "parts", other, target, sizeof target);
	path_of(r, "blobs", id, path, sizeof path);
	assert_int_equal(symlink(target, path), 0);
	assert_true(blob_code(r->s, id) < 0);
	path_of(r, "parts", id, path, sizeof path);
	assert_int_equal(symlink(target, path), 0);
	assert_true(store_part_publish(r->s, id, 6, &e) < 0);
	assert_int_equal(mode_of(target), 0640); /* the target is untouched */
}

static void
test_fs_foreign_names(void **state)
{
	static const char *const names[] = {
	    "README", "0123456789ABCDEF0123456789ABCDEF", "0123456789abcdef0123456789abcdef.tmp"};
	struct rig *r = *state;
	char path[200];
	struct seen c;

	for (size_t i = 0; i < ARRAY_LEN(names); i++) {
		AUTO(fd_close) int fd = -1;

		snprintf(path, sizeof path, "%s/parts/%s", r->dir, names[i]);
		fd = open(path, O_CREAT | O_WRONLY | O_CLOEXEC, 0600);
		assert_true(fd >= 0);
	}
	c = list(r->s);
	assert_int_equal(c.parts + c.blobs, 0);
}

/* The folder cannot be synced: said, and no blob stays. */
static void
test_fs_no_folder(void **state)
{
	struct rig *r = *state;
	struct id128 id = random_id128();
	char path[200];
	struct error e;

	snprintf(path, sizeof path, "%s/blobs/%02x", r->dir, id.b[0]);
	assert_int_equal(rmdir(path), 0);
	assert_int_equal(part(r->s, id, "hello", &e), 0);
	assert_true(store_part_publish(r->s, id, 5, &e) < 0);
	path_of(r, "parts", id, path, sizeof path);
	assert_int_equal(access(path, F_OK), -1);
}

static void
test_fs_absent(void **state)
{
	struct store *s = NULL;
	struct error e;

	assert_int_equal(store_fs_open("/nonexistent", &s, &e), ERR_NOT_FOUND);
	assert_int_equal(store_fs_init("/nonexistent", &e), ERR_NOT_FOUND);
	assert_null(s);
}

#define ON(test, setup) cmocka_unit_test_setup_teardown(test, setup, teardown)
#define CONTRACT(setup)                                                                            \
	ON(test_publish, setup), ON(test_empty, setup), ON(test_wrong_length, setup),              \
	    ON(test_twice, setup), ON(test_remove, setup), ON(test_list, setup),                   \
	    ON(test_remove_while_listing, setup), ON(test_free_bytes, setup)

int
main(void)
{
	const struct CMUnitTest fs[] = {
	    CONTRACT(fs_setup),
	    ON(test_fs_modes, fs_setup),
	    ON(test_fs_no_links, fs_setup),
	    ON(test_fs_foreign_names, fs_setup),
	    ON(test_fs_no_folder, fs_setup),
	    ON(test_fs_absent, fs_setup),
	};
	const struct CMUnitTest mem[] = {
	    CONTRACT(mem_setup),
	    ON(test_mem_every_failure, mem_setup),
	    ON(test_mem_failed_fsync, mem_setup),
	};

	return cmocka_run_group_tests_name("store_fs", fs, NULL, NULL) +
	       cmocka_run_group_tests_name("store_mem", mem, NULL, NULL);
}
