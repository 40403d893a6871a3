/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * file - see file.h.
 *
 * A new content is written beside under a random name, so that a crash leaves
 * the old file or the new one and never half of either.
 */
#include "os/file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/arena.h"
#include "base/error.h"
#include "base/random.h"

#define READ_STEP_BYTES 16384

void
fd_close(int *fd)
{
	int saved = errno;

	if (*fd >= 0)
		close(*fd);
	*fd = -1;
	errno = saved;
}

/* ---- reading ---- */

static ssize_t
read_some(int fd, void *p, size_t n)
{
	ssize_t r;

	do
		r = read(fd, p, n);
	while (r < 0 && errno == EINTR);
	return r;
}

int
fd_read_all(struct arena *a, int fd, size_t max, struct str *ret, struct error *e)
{
	size_t cap = MIN(max + 1, (size_t)READ_STEP_BYTES), n = 0;
	char *p = arena_alloc(a, cap + 1);

	for (;;) {
		ssize_t r = read_some(fd, p + n, cap - n);

		if (r < 0)
			return err_errno(e, "read");
		if (r == 0)
			break;
		n += (size_t)r;
		if (n > max)
			return err_set(e, ERR_TOO_LARGE, "more than %zu bytes", max);
		if (n == cap) {
			char *old = p;

			cap = MIN(cap * 2, max + 1);
			p = arena_alloc(a, cap + 1);
			memcpy(p, old, n);
		}
	}
	p[n] = '\0';
	*ret = (struct str){p, n};
	return 0;
}

int
file_read(struct arena *a, const char *path, size_t max, struct str *ret, struct error *e)
{
	AUTO(fd_close) int fd = open(path, O_RDONLY | O_CLOEXEC);

	if (fd < 0)
		return err_errno(e, "open %s", path);
	if (fd_read_all(a, fd, max, ret, e) < 0)
		return err_prefix(e, "%s", path);
	return 0;
}

/* ---- writing ---- */

int
fd_write_all(int fd, const void *p, size_t n, struct error *e)
{
	const char *at = p;

	while (n > 0) {
		ssize_t r = write(fd, at, n);

		if (r < 0 && errno == EINTR)
			continue;
		if (r < 0)
			return err_errno(e, "write");
		at += r;
		n -= (size_t)r;
	}
	return 0;
}

int
dir_fsync(int dir_fd, struct error *e)
{
	return fsync(dir_fd) < 0 ? err_errno(e, "fsync of the directory") : 0;
}

static int
open_parent(struct arena *a, const char *path, struct error *e)
{
	const char *slash = strrchr(path, '/');
	const char *dir = ".";
	int fd;

	if (slash == path)
		dir = "/";
	else if (slash != NULL)
		dir = arena_cstr(a, (struct str){path, (size_t)(slash - path)});
	fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	return fd < 0 ? err_errno(e, "open %s", dir) : fd;
}

static int
write_beside(const char *path, struct str content, unsigned mode, struct error *e)
{
	AUTO(fd_close) int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, mode);

	if (fd < 0)
		return err_errno(e, "create %s", path);
	/* the umask must not decide who reads a key, nor who cannot read a list */
	if (fchmod(fd, (mode_t)mode) < 0)
		return err_errno(e, "chmod %s", path);
	if (fd_write_all(fd, content.p, content.n, e) < 0)
		return err_prefix(e, "%s", path);
	return fsync(fd) < 0 ? err_errno(e, "fsync %s", path) : 0;
}

static int
put_file(
    const char *path, struct str content, unsigned mode, unsigned rename_flags, struct error *e)
{
	AUTO(arena_free) struct arena *a = arena_new();
	AUTO(fd_close) int dir = open_parent(a, path, e);
	const char *beside = arena_printf(a, "%s.%08x.new", path, random_below(UINT32_MAX)).p;
	int r;

	if (dir < 0)
		return err_code(e);
	if (write_beside(beside, content, mode, e) < 0) {
		if (e->code != ERR_EXISTS)
			(void)unlink(beside);
		return err_code(e);
	}
	if (renameat2(AT_FDCWD, beside, AT_FDCWD, path, rename_flags) < 0) {
		r = err_errno(e, "rename to %s", path);
		(void)unlink(beside);
		return r;
	}
	return dir_fsync(dir, e);
}

int
file_replace(const char *path, struct str content, unsigned mode, struct error *e)
{
	return put_file(path, content, mode, 0, e);
}

int
file_create(const char *path, struct str content, unsigned mode, struct error *e)
{
	return put_file(path, content, mode, RENAME_NOREPLACE, e);
}

int
dir_make(const char *path, unsigned mode, struct error *e)
{
	struct stat st;

	if (mkdir(path, (mode_t)mode) < 0) {
		if (errno != EEXIST)
			return err_errno(e, "mkdir %s", path);
		if (stat(path, &st) < 0 || !S_ISDIR(st.st_mode))
			return err_set(e, ERR_EXISTS, "%s is not a directory", path);
		return 0;
	}
	return chmod(path, (mode_t)mode) < 0 ? err_errno(e, "chmod %s", path) : 0;
}

int
file_lock(const char *path, int *ret_fd, struct error *e)
{
	AUTO(fd_close) int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0640);

	if (fd < 0)
		return err_errno(e, "open %s", path);
	if (flock(fd, LOCK_EX | LOCK_NB) < 0) {
		if (errno == EWOULDBLOCK)
			return err_set(e, ERR_BUSY, "%s is locked by another process", path);
		return err_errno(e, "lock %s", path);
	}
	*ret_fd = TAKE_FD(fd);
	return 0;
}
