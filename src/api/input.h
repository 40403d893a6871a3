/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * input - members and parameters as handlers of the staff API read them
 *
 * Errors are ERR_INVALID with a detail that names the member, so that whoever
 * typed it knows what to correct.
 *
 * Layer: api.
 */
#pragma once

#include "api/api.h"
#include "model/verdict.h"

struct json;

/* Parameter i of the path.  What is no id cannot exist: ERR_NOT_FOUND. */
NODISCARD int input_id(const struct request *q, size_t i, int64_t *ret, struct error *e);
/*
 * A date: RFC 3339, "14d", or "2026-12-01", the end of that day here.  1 there,
 * 0 absent; null is there and gives 0, which clears it.
 */
NODISCARD int input_date(
    struct api *x, struct json *o, const char *name, int64_t *ret, struct error *e);
/* A text, cleaned: 1 there, 0 absent.  Empty is allowed. */
struct input_text {
	const char *name;
	size_t max_bytes;
	bool many_lines;
};
NODISCARD int input_text(
    struct api *x, struct json *o, const struct input_text *t, struct str *ret, struct error *e);
/* cursor and limit of a list: an id to go on below (0: from the start), 1 to 100. */
NODISCARD int input_page(
    struct api *x, const struct request *q, int64_t *ret_before, int *ret_max, struct error *e);
/* A list of 1 to max different ids of files.  ERR_INVALID "missing", "too-many", "bad-id". */
struct input_ids {
	const char *name;
	size_t max;
};
NODISCARD int input_ids(struct api *x, struct json *o, const struct input_ids *w, asset_id **ret,
    size_t *ret_n, struct error *e);
/* The member "class": 1 there, 0 absent.  ERR_INVALID "bad-class". */
NODISCARD int input_class(struct json *o, enum asset_class *ret, struct error *e);
/* Up to 100 keywords: 1 there, 0 absent.  ERR_INVALID "too-many", "bad-keyword". */
struct input_words {
	struct str *list;
	size_t n;
};
NODISCARD int input_keywords(
    struct api *x, struct json *o, const char *name, struct input_words *ret, struct error *e);
