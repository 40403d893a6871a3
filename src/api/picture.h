/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * picture - a rendition as the body of a reply, for staff and recipients
 *
 * Layer: api.
 */
#pragma once

#include "api/api.h"
#include "model/rendition.h"

/* Type, ETag and plan of one rendition; the caller sets Cache-Control and the ticket. */
void preview_plan(struct reply *r, struct api *x, const struct request *q,
    const struct rendition_wanted *w, const struct rendition *p, struct id128 blob);
