/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * routes - the handlers that routes.c names, one line each, grouped by file
 *
 * Layer: api.
 */
#pragma once

#include "api/api.h"

#define HANDLER(name) int name(struct api *x, const struct request *q, struct reply *r, struct error *e)

