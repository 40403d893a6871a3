/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * assets - a file of the library as JSON, for every handler that shows one
 *
 * Layer: api.
 */
#pragma once

#include "api/api.h"

struct asset;
struct js;
struct json;
struct release;

/* The strong ETag of an asset: its stamp. */
struct str asset_etag(struct api *x, const struct asset *f);
/* The whole object with its current version, release, keywords and notes. */
NODISCARD int asset_put(struct js *j, struct api *x, const struct asset *f, struct error *e);
/* The members of a release: set whole, what is not named is none.  Refuses others. */
NODISCARD int release_read(struct api *x, struct json *o, struct release *ret, struct error *e);
