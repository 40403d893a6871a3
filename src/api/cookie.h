/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * cookie - the names of our cookies; each holds a token (crypto/token.h)
 *
 * Layer: api.
 */
#pragma once

#define COOKIE_RECIPIENT "__Host-geleit-r"   /* a browser in the recipient area */
#define COOKIE_STAFF "__Host-geleit-s"       /* somebody who signs in or is signed in */
#define COOKIE_BROWSER "__Host-geleit-known" /* a browser in which somebody has signed in */
