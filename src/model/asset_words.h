/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * asset_words - keywords and notes of an asset (private to src/model but for asset.h's readers)
 *
 * Layer: model.
 */
#pragma once

#include "base/base.h"

struct arena;
struct change;
struct error;

/* The keyword is made when it is new; twice is once. */
NODISCARD int keyword_add(
    struct change *c, struct arena *a, asset_id id, struct str label, struct error *e);
NODISCARD int note_add(
    struct change *c, asset_id id, struct str text, person_id by, struct error *e);
