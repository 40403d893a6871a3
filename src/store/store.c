/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * store - hands each call to the driver; see store.h and store_private.h
 */
#include "store/store.h"

#include "base/error.h"
#include "store/store_private.h"

void
store_name(struct id128 id, char ret[STORE_NAME_BYTES])
{
	static const char digits[] = "0123456789abcdef";

	for (size_t i = 0; i < sizeof id.b; i++) {
		ret[2 * i] = digits[id.b[i] >> 4];
		ret[2 * i + 1] = digits[id.b[i] & 15];
	}
	ret[2 * sizeof id.b] = '\0';
}

void
store_close(struct store **s)
{
	if (*s != NULL)
		(*s)->ops->close(*s);
	*s = NULL;
}

int
store_part_create(struct store *s, struct id128 id, int *ret_fd, struct error *e)
{
	return s->ops->part_create(s, id, ret_fd, e);
}

int
store_part_publish(struct store *s, struct id128 id, uint64_t bytes, struct error *e)
{
	return s->ops->part_publish(s, id, bytes, e);
}

int
store_part_remove(struct store *s, struct id128 id, struct error *e)
{
	return s->ops->part_remove(s, id, e);
}

int
store_blob_open(struct store *s, struct id128 id, int *ret_fd, struct error *e)
{
	return s->ops->blob_open(s, id, ret_fd, e);
}

int
store_blob_remove(struct store *s, struct id128 id, struct error *e)
{
	return s->ops->blob_remove(s, id, e);
}

int
store_list(struct store *s, store_seen seen, void *arg, struct error *e)
{
	return s->ops->list(s, seen, arg, e);
}

int
store_free_bytes(struct store *s, uint64_t *ret, struct error *e)
{
	return s->ops->free_bytes(s, ret, e);
}

int
store_total_bytes(struct store *s, uint64_t *ret, struct error *e)
{
	return s->ops->total_bytes(s, ret, e);
}
