/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * asset_view - what a view of the library asks of every file, kept in the file's row
 *
 * State and end of its release, state, malware and type of its current version,
 * width and height: copies, so that layout.c reads one index and joins nothing.
 * Whoever changes release, version, version_media or which version is current
 * calls one of these in the same change.
 *
 * Layer: model.
 */
#pragma once

#include "base/base.h"

struct change;
struct error;

NODISCARD int asset_view_keep(struct change *c, asset_id id, struct error *e);
/* Of the file whose current version it is; of another version: nothing. */
NODISCARD int asset_view_keep_version(struct change *c, version_id v, struct error *e);
