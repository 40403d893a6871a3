/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * store_private - what a driver of the store provides
 *
 * A driver's own struct begins with struct store, so that one pointer serves
 * both.  Layer: store, private.
 */
#pragma once

#include "store/store.h"

struct store_ops {
	void (*close)(struct store *s);
	int (*part_create)(struct store *s, struct id128 id, int *ret_fd, struct error *e);
	int (*part_publish)(struct store *s, struct id128 id, uint64_t bytes, struct error *e);
	int (*part_remove)(struct store *s, struct id128 id, struct error *e);
	int (*blob_open)(struct store *s, struct id128 id, int *ret_fd, struct error *e);
	int (*blob_remove)(struct store *s, struct id128 id, struct error *e);
	int (*list)(struct store *s, store_seen seen, void *arg, struct error *e);
	int (*free_bytes)(struct store *s, uint64_t *ret, struct error *e);
	int (*total_bytes)(struct store *s, uint64_t *ret, struct error *e);
};

struct store {
	const struct store_ops *ops;
};

/* 32 lower-case hex digits and a NUL: the name of a part, and a blob's in its folder. */
#define STORE_NAME_BYTES 33
void store_name(struct id128 id, char ret[STORE_NAME_BYTES]);
