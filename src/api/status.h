/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * status - the processes that run and what they say, for status and health
 *
 * Layer: api.
 */
#pragma once

#include "api/api.h"

struct js;

/* "roles": [...] into an open object.  Errors: ERR_UNAVAILABLE. */
NODISCARD int status_roles_put(struct js *j, struct api *x, struct error *e);
/* The first end of a certificate that a front shows, 0: none has said so yet.  Errors:
 * ERR_UNAVAILABLE. */
NODISCARD int status_certificate_end(struct api *x, int64_t *ret_us, struct error *e);
