/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * delivery_rows - deliveries as lists show them, and the one of a path
 *
 * Layer: api.
 */
#pragma once

#include "api/api.h"
#include "model/delivery.h"

struct js;

/* A list of objects as the value that is due. */
NODISCARD int delivery_rows_put(
    struct js *j, struct api *x, const struct delivery *list, size_t n, struct error *e);
/* That of /api/v1/deliveries/{number}.  Errors: ERR_NOT_FOUND. */
NODISCARD int delivery_of_path(
    struct api *x, const struct request *q, struct delivery *ret, struct error *e);
