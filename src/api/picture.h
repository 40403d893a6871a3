/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * picture - a rendition as the body of a reply, for staff and recipients
 *
 * Layer: api.
 */
#pragma once

#include "api/api.h"
#include "model/rendition.h"

/*
 * Type, ETag, plan and key of one rendition; the caller has asked whether it may be
 * shown, and sets Cache-Control.  The key comes with the answer, since so little is
 * sent that asking for it again would ask the same moment twice (decision 0011).
 */
NODISCARD int picture_reply(struct reply *r, struct api *x, const struct request *q,
    const struct rendition_wanted *w, struct error *e);
