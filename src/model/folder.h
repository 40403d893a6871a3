/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * folder - the place of a file: a path of clean names, made on demand
 *
 * Layer: model.
 */
#pragma once

#include "base/base.h"

struct arena;
struct change;
struct error;

/* path as path_clean (text/name.h) made it; "" is the root.  Missing ones are made, parents first.
 */
NODISCARD int folder_need(
    struct change *c, struct arena *a, struct str path, folder_id *ret, struct error *e);
