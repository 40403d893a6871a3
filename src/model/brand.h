/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * brand - the corporate design of recipient pages and mails
 *
 * Layer: model.
 */
#pragma once

#include "base/base.h"

struct arena;
struct change;
struct db;
struct error;

struct brand {
	struct str name, colour; /* #RRGGBB */
	struct str logo;         /* PNG, "" none */
	struct str logo_hash;    /* part of its address */
	struct str imprint, privacy_url;
};
NODISCARD int brand_get(struct db *db, struct arena *a, struct brand *ret, struct error *e);
/* Writes all of it; the hash is computed.  Adds the event brand.changed. */
NODISCARD int brand_set(struct change *c, struct arena *a, const struct brand *b, struct error *e);
