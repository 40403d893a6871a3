/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * check - the verdict over files and addresses, as check and send ask it
 *
 * One line per file and address, in the order given.  Files and addresses named
 * twice count once.
 *
 * Layer: api.
 */
#pragma once

#include "api/api.h"
#include "model/verdict.h"

struct js;
struct json;

struct check_ask {
	asset_id *assets;
	version_id *versions; /* of each: the one asked for, 0: the current one until check_lines */
	size_t asset_count;
	struct str *addresses;
	size_t address_count;
	enum send_method method;
	struct str typed; /* after ERR_INVALID "bad-address": which one */
};
struct check_line {
	asset_id asset;
	version_id version; /* which would be sent */
	struct str address;
	const struct verdict *verdict; /* shared by those of whom the same is known */
};

/* Members assets (ids, or {"asset", "version"}), to, method of a JSON object.  Errors: ERR_INVALID.
 */
NODISCARD int check_ask_read(struct api *x, struct json *o, struct check_ask *ret, struct error *e);
/* That error as a problem of its own, 422 with the address; any other is given back. */
NODISCARD int check_ask_refuse(
    struct reply *r, struct api *x, const struct check_ask *ask, const struct error *e);
/* asset_count * address_count lines.  Errors: ERR_NOT_FOUND for an unknown file. */
NODISCARD int check_lines(struct api *x, const struct request *q, struct check_ask *ask,
    struct check_line **ret, struct error *e);
/* Is there one that may not go out? */
bool check_refuses(const struct check_line *lines, size_t n);
/* The worst state of all lines. */
enum verdict_state check_worst(const struct check_line *lines, size_t n);
/* "lines": [...] into an open object. */
void check_lines_put(struct js *j, struct api *x, const struct check_line *lines, size_t n);
/* "reasons": [...] of one verdict into an open object. */
void reasons_put(struct js *j, struct api *x, const struct verdict *v);
