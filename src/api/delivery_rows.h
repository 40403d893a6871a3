/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * delivery_rows - deliveries as lists show them
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
