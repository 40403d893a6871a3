/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * owners - the folders of a DIR, and who owns what in it (docs/internals/roles.md)
 *
 * As root each thing gets its user, group and mode; as anybody else all is the
 * caller's and only modes are set.  Everything may be done again.
 *
 * Layer: roles.
 */
#pragma once

#include "base/base.h"

struct arena;
struct error;

/* Makes what is missing of keys, db, tls, run, parts, blobs and blobs/00..ff, and owns them. */
NODISCARD int owners_folders(struct arena *a, const char *dir, struct error *e);
/* cert.pem and key.pem. */
NODISCARD int owners_certificate(struct arena *a, const char *dir, struct error *e);
/* Files of the two databases, those that there are. */
NODISCARD int owners_databases(struct arena *a, const char *dir, struct error *e);
/* All of these and every stored file: what a copy from another machine has lost. */
NODISCARD int owners_mend(struct arena *a, const char *dir, struct error *e);
