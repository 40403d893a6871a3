/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * migrate - bring a database to the schema of this program
 *
 * schema/main/NNNN_*.sql and schema/keys/NNNN_*.sql are linked into the program.  Each runs once,
 * in its own transaction, forward only, with the type words ID INT TEXT BYTES BOOL replaced per
 * database; NNNN_*.sqlite.sql and NNNN_*.pg.sql run after the common file of the same number, in
 * the same transaction.
 *
 * Layer: db.
 */
#pragma once

#include "base/base.h"

struct db;
struct error;

struct migration {
	int number;
	const char *name;
	const char *common, *sqlite, *pg; /* sqlite and pg may be NULL */
};

/* Generated from schema/ at build time; ends with number 0. */
extern const struct migration schema_main[];
extern const struct migration schema_keys[];

/* Errors: ERR_CONFLICT with key "schema-newer" when the database is ahead of us (nothing is
 * written). */
NODISCARD int migrate(struct db *db, const struct migration *list, struct error *e);
/* Only look: ERR_CONFLICT "schema-newer", or 0 and the version in *ret (0: empty). */
NODISCARD int migrate_version(
    struct db *db, const struct migration *list, int *ret, struct error *e);
