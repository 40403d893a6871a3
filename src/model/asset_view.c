/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * asset_view - see asset_view.h.  All columns are made anew each time, by the
 * statement of schema/main/0011_view.sql, so that none can be forgotten.
 */
#include "model/asset_view.h"

#include "db/db.h"
#include "model/change.h"

#define MADE_ANEW                                                                                  \
	"UPDATE asset SET (release_state, release_until_us, view_only, version_state, malware, "   \
	"media_type, width, height, media_us) = (SELECT r.state, r.until_us, r.view_only, "        \
	"v.state, v.malware, v.media_type, m.width, m.height, m.changed_us FROM release r "        \
	"LEFT JOIN version v ON v.id = asset.current_version_id "                                  \
	"LEFT JOIN version_media m ON m.version_id = asset.current_version_id "                    \
	"WHERE r.asset_id = asset.id) "

int
asset_view_keep(struct change *c, asset_id id, struct error *e)
{
	return db_exec(change_db(c), NULL, e, MADE_ANEW "WHERE id = ?", db_i(id.v));
}

int
asset_view_keep_version(struct change *c, version_id v, struct error *e)
{
	return db_exec(change_db(c), NULL, e,
	    MADE_ANEW "WHERE id = (SELECT asset_id FROM version WHERE id = ?) "
	              "AND current_version_id = ?",
	    db_i(v.v), db_i(v.v));
}
