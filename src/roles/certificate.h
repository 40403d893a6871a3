/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * certificate - a self-signed certificate for a new DIR
 *
 * Layer: roles.
 */
#pragma once

#include "base/base.h"

struct arena;
struct error;

/* Both as PEM, in the arena. */
NODISCARD int certificate_make(
    struct arena *a, struct str host, struct str *ret_cert, struct str *ret_key, struct error *e);
