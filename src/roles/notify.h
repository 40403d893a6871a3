/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * notify - tell the service manager how we are (sd_notify(3), without its library)
 *
 * Layer: roles.
 */
#pragma once

/* A state such as "READY=1".  Without NOTIFY_SOCKET, or when nobody listens there: nothing. */
void notify_manager(const char *state);
