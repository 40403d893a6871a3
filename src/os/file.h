/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * file - descriptors, whole files, durable replacement
 *
 * Layer: os.
 */
#pragma once

#include "base/base.h"

struct arena;
struct error;

void fd_close(int *fd); /* for AUTO; accepts -1 */

NODISCARD int file_read(
    struct arena *a, const char *path, size_t max, struct str *ret, struct error *e);
NODISCARD int fd_read_all(struct arena *a, int fd, size_t max, struct str *ret, struct error *e);
NODISCARD int fd_write_all(int fd, const void *p, size_t n, struct error *e);
/* Write beside, fsync, rename over, fsync the directory. */
NODISCARD int file_replace(const char *path, struct str content, unsigned mode, struct error *e);
/* Like file_replace, but ERR_EXISTS when it is there. */
NODISCARD int file_create(const char *path, struct str content, unsigned mode, struct error *e);
NODISCARD int dir_make(const char *path, unsigned mode, struct error *e); /* there already: fine */
NODISCARD int dir_fsync(int dir_fd, struct error *e);
/* An exclusive flock held as long as the descriptor: ERR_BUSY when another holds it. */
NODISCARD int file_lock(const char *path, int *ret_fd, struct error *e);
