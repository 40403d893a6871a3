/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * pages - what the pages of the recipient area share
 *
 * Layer: api.
 */
#pragma once

#include "api/api.h"

/* An error as a page in the brand: 400, 403, 404 (the neutral page), 429, 503, 507. */
void page_error(struct api *x, const struct request *q, struct reply *r, const struct error *e);
