/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * files - the items of a delivery with their verdicts, for page, file and fetch
 *
 * Layer: api.
 */
#pragma once

#include "api/api.h"
#include "model/delivery.h"
#include "model/package.h"
#include "model/recipient.h"
#include "model/transfer.h"
#include "model/verdict.h"

/* Of a verdict what is shown or asked here: all of it would be ten megabytes for 10,000 files. */
struct file_verdict {
	enum verdict_state state;
	struct str credit;
};
struct files {
	struct delivery_item *items;
	size_t count;
	struct file_verdict *verdicts; /* one per item */
	struct package_item *package;  /* with parts; see files_parts */
	int64_t recheck_us;            /* the earliest date at which one changes by itself */
};
/* level: what the recipient has reached. */
NODISCARD int files_load(struct api *x, const struct delivery *d, const struct recipient *r,
    int level, struct files *ret, struct error *e);
/* Those at some positions alone: what one file or one window of keys costs does not grow with
 * the delivery.  A position that is none is left out. */
NODISCARD int files_load_at(struct api *x, const struct delivery *d, const struct recipient *r,
    int level, struct positions at, struct files *ret, struct error *e);
/* Of the item at a position alone, or (0) of all. */
NODISCARD int files_parts(
    struct api *x, const struct delivery *d, int64_t position, struct files *f, struct error *e);
static inline bool
verdict_lets(const struct file_verdict *v)
{
	return v->state <= VERDICT_CONDITIONS;
}
/* What of each lies in [from, to) of the representation: of the one at a position, or (0) of
 * the ZIP of all, whose plan was made.  At most one of each; ret has room for count. */
size_t files_ranges(
    const struct files *f, int64_t position, int64_t from, int64_t to, struct item_range *ret);
/* All of them may go out. */
bool files_all_let(const struct files *f);
