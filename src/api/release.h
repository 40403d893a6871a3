/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * release - a release as JSON sets it, of one file or of many at once
 *
 * Layer: api.
 */
#pragma once

#include "api/api.h"

struct json;
struct release;

/* The members of a release: set whole, what is not named is none.  Refuses others. */
NODISCARD int release_read(struct api *x, struct json *o, struct release *ret, struct error *e);
