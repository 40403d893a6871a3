/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * migrate_sql - the portable schema text as one of the two databases reads it
 *
 * Layer: db, private (and its test).
 */
#pragma once

#include "base/base.h"

/* Type words replaced, SQLite tables STRICT; on the heap. */
char *migrate_sql(const char *sql, bool pg);
