/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * database - the two databases of a DIR, where its settings say they are
 *
 * Layer: roles.
 */
#pragma once

#include "base/base.h"

struct conf;
struct db;
struct error;

/* keys: that of the wrapped keys, else the main one.  For db_close.  Errors: as db_open. */
NODISCARD int database_open(const struct conf *c, bool keys, struct db **ret, struct error *e);
