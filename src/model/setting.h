/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * setting - what an administrator has set while the server runs
 *
 * A row wins over the line of DIR/geleit.conf until it is taken away, in the app
 * or by `script/server --set` of the same name.  What may stand in it is known by
 * conf.h alone (conf_overlay).
 *
 * Layer: model.
 */
#pragma once

#include "base/base.h"
#include "conf/conf.h"

struct arena;
struct change;
struct db;
struct error;

NODISCARD int setting_list(
    struct db *db, struct arena *a, struct conf_value **ret, size_t *ret_n, struct error *e);
/*
 * value.p NULL takes the row away.  Adds the event setting.changed with NAME:VALUE; another rule
 * for unscanned files makes every running transfer ask the verdict again.
 */
NODISCARD int setting_set(
    struct change *c, struct arena *a, const struct conf_value *v, person_id by, struct error *e);
