/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * session - what the handlers of signing in share
 *
 * Layer: api.
 */
#pragma once

#include "api/staff.h"

/* The session as JSON; token: its cookie, from which the csrf word comes. */
void session_put(struct api *x, struct reply *r, const struct staff_session *s, struct str token);
/* The same after a change of the cookie, which is set. */
NODISCARD int session_show_new(struct api *x, struct reply *r, struct str token, struct error *e);
