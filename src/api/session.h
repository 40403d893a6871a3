/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * session - what the handlers of signing in share
 *
 * Layer: api.
 */
#pragma once

#include "api/staff.h"

struct js;

/* The session of a new cookie as JSON, with the csrf word that comes from it. */
NODISCARD int session_put_new(struct js *j, struct api *x, struct str token, struct error *e);
/* The same as a whole answer, which sets the cookie. */
NODISCARD int session_show_new(struct api *x, struct reply *r, struct str token, struct error *e);
