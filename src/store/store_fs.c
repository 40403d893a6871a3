/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * store_fs - blobs as files: DIR/parts/ID and DIR/blobs/xx/ID, xx the id's first byte
 *
 * The two folders are held as O_PATH descriptors: getting them needs no Landlock
 * right, so app (which may create and move, never read) and front (which may
 * read, never write) use the same code and the kernel refuses the rest.  Every
 * name is resolved below its folder without symlinks.
 *
 * Caveat: when the fsync of a fan-out folder fails, the blob is in place but may
 * not outlive a crash.  It is removed if this role may remove there; else no row
 * will ever name it and the sweeper takes it.
 */
#include "store/store.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include "base/arena.h"
#include "base/error.h"
#include "base/str.h"
#include "base/time.h"
#include "os/file.h"
#include "store/store_private.h"

#define DIR_MODE 02710 /* group geleit-blob may pass, not look */
#define PART_MODE 0640
#define FAN_OUT 256
#define BLOB_NAME_BYTES (3 + STORE_NAME_BYTES)

struct fs {
	struct store base;
	int parts, blobs; /* O_PATH */
};

static const struct store_ops ops;

static struct fs *
fs_of(struct store *s)
{
	return (struct fs *)s;
}

static void
blob_name(struct id128 id, char ret[BLOB_NAME_BYTES])
{
	store_name(id, ret + 3);
	memcpy(ret, ret + 3, 2);
	ret[2] = '/';
}

/*
 * Like openat, but never out of dir and through no link: folder by folder, none
 * of them may be a link.  openat2 would do it in one call, but no filter can see
 * its flags, so the sandbox refuses it (docs/decisions/0005).  Names are ours
 * alone: hexadecimal, and no dots.
 */
static int
open_below(int dir, const char *name, int flags, unsigned mode)
{
	const char *slash = strchr(name, '/');
	char first[BLOB_NAME_BYTES];
	int inner, fd;

	if (slash == NULL)
		return openat(dir, name, flags | O_CLOEXEC | O_NOFOLLOW, mode);
	snprintf(first, sizeof first, "%.*s", (int)(slash - name), name);
	inner = openat(dir, first, O_PATH | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW);
	if (inner < 0)
		return -1;
	fd = open_below(inner, slash + 1, flags, mode);
	fd_close(&inner);
	return fd;
}

/* chmod as well: the umask must not decide, and mkdir drops the setgid bit. */
static int
make_dir(int at, const char *name, struct error *e)
{
	if (mkdirat(at, name, 0700) < 0)
		return errno == EEXIST ? 0 : err_errno(e, "make %s", name);
	if (fchmodat(at, name, DIR_MODE, 0) < 0)
		return err_errno(e, "set the mode of %s", name);
	return 0;
}

static int
sync_dir(int at, const char *name, struct error *e)
{
	AUTO(fd_close) int fd = open_below(at, name, O_RDONLY | O_DIRECTORY, 0);

	if (fd < 0)
		return err_errno(e, "open %s", name);
	if (fsync(fd) < 0)
		return err_errno(e, "fsync %s", name);
	return 0;
}

int
store_fs_init(const char *dir, struct error *e)
{
	AUTO(fd_close) int top = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	char name[16];

	if (top < 0)
		return err_errno(e, "open %s", dir);
	if (make_dir(top, "parts", e) < 0 || make_dir(top, "blobs", e) < 0)
		return err_code(e);
	for (int i = 0; i < FAN_OUT; i++) {
		snprintf(name, sizeof name, "blobs/%02x", (unsigned)i);
		if (make_dir(top, name, e) < 0)
			return err_code(e);
	}
	if (sync_dir(top, "blobs", e) < 0)
		return err_code(e);
	return fsync(top) < 0 ? err_errno(e, "fsync %s", dir) : 0;
}

static void
fs_close(struct store *s)
{
	struct fs *fs = fs_of(s);

	fd_close(&fs->parts);
	fd_close(&fs->blobs);
	free(fs);
}

int
store_fs_open(const char *dir, struct store **ret, struct error *e)
{
	AUTO(fd_close) int top = open(dir, O_PATH | O_DIRECTORY | O_CLOEXEC);
	AUTO(store_close) struct store *s = NULL;
	struct fs *fs;

	if (top < 0)
		return err_errno(e, "open %s", dir);
	fs = xcalloc(1, sizeof *fs);
	s = &fs->base;
	fs->base.ops = &ops;
	fs->blobs = -1;
	fs->parts = open_below(top, "parts", O_PATH | O_DIRECTORY, 0);
	if (fs->parts < 0)
		return err_errno(e, "open %s/parts", dir);
	fs->blobs = open_below(top, "blobs", O_PATH | O_DIRECTORY, 0);
	if (fs->blobs < 0)
		return err_errno(e, "open %s/blobs", dir);
	*ret = TAKE(s);
	return 0;
}

static int
fs_part_create(struct store *s, struct id128 id, int *ret_fd, struct error *e)
{
	AUTO(fd_close) int fd = -1;
	char name[STORE_NAME_BYTES];

	store_name(id, name);
	fd = open_below(fs_of(s)->parts, name, O_WRONLY | O_CREAT | O_EXCL, PART_MODE);
	if (fd < 0)
		return err_errno(e, "create part %s", name);
	if (fchmod(fd, PART_MODE) < 0) {
		err_put_errno(e, "set the mode of part %s", name);
		unlinkat(fs_of(s)->parts, name, 0);
		return err_code(e);
	}
	*ret_fd = TAKE_FD(fd);
	return 0;
}

/* The part's content is on the disk and has the length the caller was told. */
static int
settle_part(struct fs *fs, const char *name, uint64_t bytes, struct error *e)
{
	AUTO(fd_close) int fd = open_below(fs->parts, name, O_WRONLY, 0);
	struct stat st;

	if (fd < 0)
		return err_errno(e, "open part %s", name);
	if (fstat(fd, &st) < 0)
		return err_errno(e, "stat part %s", name);
	if (!S_ISREG(st.st_mode) || (uint64_t)st.st_size != bytes)
		return err_set(e, ERR_CORRUPT, "part %s has %lld bytes, not %llu", name,
		    (long long)st.st_size, (unsigned long long)bytes);
	if (fsync(fd) < 0)
		return err_errno(e, "fsync part %s", name);
	return 0;
}

static int
fs_part_publish(struct store *s, struct id128 id, uint64_t bytes, struct error *e)
{
	struct fs *fs = fs_of(s);
	char part[STORE_NAME_BYTES], blob[BLOB_NAME_BYTES], folder[3] = "";
	struct stat st;

	store_name(id, part);
	blob_name(id, blob);
	memcpy(folder, blob, 2);
	if (settle_part(fs, part, bytes, e) < 0) {
		if (e->code == ERR_NOT_FOUND &&
		    fstatat(fs->blobs, blob, &st, AT_SYMLINK_NOFOLLOW) == 0)
			return err_set(e, ERR_EXISTS, "blob %s is there already", part);
		unlinkat(fs->parts, part, 0);
		return err_code(e);
	}
	if (renameat2(fs->parts, part, fs->blobs, blob, RENAME_NOREPLACE) < 0) {
		err_put_errno(e, "publish part %s", part);
		unlinkat(fs->parts, part, 0);
		return err_code(e);
	}
	if (sync_dir(fs->blobs, folder, e) < 0) {
		unlinkat(fs->blobs, blob, 0);
		return err_prefix(e, "publish part %s", part);
	}
	return 0;
}

static int
fs_part_remove(struct store *s, struct id128 id, struct error *e)
{
	char name[STORE_NAME_BYTES];

	store_name(id, name);
	if (unlinkat(fs_of(s)->parts, name, 0) < 0)
		return err_errno(e, "remove part %s", name);
	return 0;
}

static int
fs_blob_open(struct store *s, struct id128 id, int *ret_fd, struct error *e)
{
	char name[BLOB_NAME_BYTES];
	int fd;

	blob_name(id, name);
	fd = open_below(fs_of(s)->blobs, name, O_RDONLY, 0);
	if (fd < 0)
		return err_errno(e, "open blob %s", name);
	*ret_fd = fd;
	return 0;
}

static int
fs_blob_remove(struct store *s, struct id128 id, struct error *e)
{
	char name[BLOB_NAME_BYTES];

	blob_name(id, name);
	if (unlinkat(fs_of(s)->blobs, name, 0) < 0)
		return err_errno(e, "remove blob %s", name);
	return 0;
}

static void
dir_close(DIR **d)
{
	if (*d != NULL)
		closedir(*d);
	*d = NULL;
}

static int
dir_open(int at, const char *name, DIR **ret, struct error *e)
{
	AUTO(fd_close) int fd = open_below(at, name, O_RDONLY | O_DIRECTORY, 0);

	if (fd < 0)
		return err_errno(e, "open %s", name);
	*ret = fdopendir(fd);
	if (*ret == NULL)
		return err_errno(e, "list %s", name);
	(void)TAKE_FD(fd); /* closedir closes it */
	return 0;
}

/* Exactly as we write it; anything else in the folder is not ours. */
static bool
name_id(const char *name, struct id128 *ret)
{
	char again[STORE_NAME_BYTES];

	if (!id128_parse(str_c(name), ret))
		return false;
	store_name(*ret, again);
	return strcmp(name, again) == 0;
}

static int
list_dir(int at, const char *name, bool is_parts, store_seen seen, void *arg, struct error *e)
{
	AUTO(dir_close) DIR *d = NULL;
	struct dirent *entry;
	struct id128 id;
	struct stat st;
	int r;

	if (dir_open(at, name, &d, e) < 0)
		return err_code(e);
	while (errno = 0, (entry = readdir(d)) != NULL) {
		/* A failing stat: published or removed since; not there any more. */
		if (!name_id(entry->d_name, &id) ||
		    fstatat(dirfd(d), entry->d_name, &st, AT_SYMLINK_NOFOLLOW) < 0 ||
		    !S_ISREG(st.st_mode))
			continue;
		r = seen(arg, id, is_parts, (uint64_t)st.st_size,
		    st.st_mtim.tv_sec * US_PER_S + st.st_mtim.tv_nsec / 1000);
		if (r != 0)
			return r;
	}
	return errno != 0 ? err_errno(e, "list %s", name) : 0;
}

static int
fs_list(struct store *s, store_seen seen, void *arg, struct error *e)
{
	struct fs *fs = fs_of(s);
	char name[3];
	int r = list_dir(fs->parts, ".", true, seen, arg, e);

	for (int i = 0; i < FAN_OUT && r == 0; i++) {
		snprintf(name, sizeof name, "%02x", (unsigned)i & 0xff);
		r = list_dir(fs->blobs, name, false, seen, arg, e);
	}
	return r;
}

static int
fs_free_bytes(struct store *s, uint64_t *ret, struct error *e)
{
	struct statvfs v;

	if (fstatvfs(fs_of(s)->parts, &v) < 0)
		return err_errno(e, "ask for free space");
	*ret = (uint64_t)v.f_bavail * v.f_frsize;
	return 0;
}

static int
fs_total_bytes(struct store *s, uint64_t *ret, struct error *e)
{
	struct statvfs v;

	if (fstatvfs(fs_of(s)->parts, &v) < 0)
		return err_errno(e, "ask for the size of the disk");
	*ret = (uint64_t)v.f_blocks * v.f_frsize;
	return 0;
}

static const struct store_ops ops = {
    .close = fs_close,
    .part_create = fs_part_create,
    .part_publish = fs_part_publish,
    .part_remove = fs_part_remove,
    .blob_open = fs_blob_open,
    .blob_remove = fs_blob_remove,
    .list = fs_list,
    .free_bytes = fs_free_bytes,
    .total_bytes = fs_total_bytes,
};
