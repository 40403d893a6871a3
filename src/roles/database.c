/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * database - see database.h; the one place that knows where the locks of writers lie
 */
#include "roles/database.h"

#include "base/arena.h"
#include "base/str.h"
#include "conf/conf.h"
#include "db/db.h"

int
database_open(const struct conf *c, bool keys, struct db **ret, struct error *e)
{
	AUTO(arena_free) struct arena *a = arena_new();
	struct str lock = arena_printf(a, "%.*s/db/%s", STR(c->dir), keys ? "keys.lock" : "lock");

	return db_open_within(conf_db_url(a, c, keys).p, lock.p, (int)c->db_seconds, ret, e);
}
