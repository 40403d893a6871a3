/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * assets - what a change of a file answers when somebody else was faster
 *
 * Layer: api.
 */
#pragma once

#include "api/api.h"

/* Compares If-Match: ERR_PRECONDITION when it does not name the file as it is.  The stamp it
 * holds for, 0 without the header. */
NODISCARD int asset_condition(
    struct api *x, const struct request *q, asset_id id, int64_t *ret_stamp, struct error *e);
/* 412 with the file as somebody else made it, so that both can be put side by side. */
NODISCARD int asset_put_changed(struct api *x, struct reply *r, asset_id id, struct error *e);
