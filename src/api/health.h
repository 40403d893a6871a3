/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * health - the processes that run, for status and health
 *
 * Layer: api.
 */
#pragma once

#include "api/api.h"

struct js;

/* "roles": [...] into an open object.  Errors: ERR_UNAVAILABLE. */
NODISCARD int status_roles_put(struct js *j, struct api *x, struct error *e);
