/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * folder - the place of a file: a path of clean names, made on demand
 *
 * Layer: model.
 */
#pragma once

#include "base/base.h"

struct arena;
struct change;
struct db;
struct error;

/* path as path_clean (text/name.h) made it; "" is the root.  Missing ones are made, parents first.
 */
NODISCARD int folder_need(
    struct change *c, struct arena *a, struct str path, folder_id *ret, struct error *e);

struct folder {
	folder_id id;
	struct str path;
	int64_t count; /* files in it and below it, without the trash */
};
/* All but the root, by path. */
NODISCARD int folder_list(
    struct db *db, struct arena *a, struct folder **ret, size_t *ret_n, struct error *e);
/* The ids of a folder and of all below it, ascending; none when there is no such folder. */
NODISCARD int folder_subtree(
    struct db *db, struct arena *a, struct str path, int64_t **ret, size_t *ret_n, struct error *e);

/* Errors: ERR_EXISTS "folder-exists". */
NODISCARD int folder_create(
    struct change *c, struct arena *a, struct str path, folder_id *ret, struct error *e);
/*
 * To another place or name, with everything below it; missing parents are made.
 * Errors: ERR_NOT_FOUND, ERR_EXISTS "folder-exists", ERR_INVALID "bad-folder"
 * (into itself, or no name).
 */
NODISCARD int folder_move(
    struct change *c, struct arena *a, folder_id id, struct str path, struct error *e);
