-- SPDX-License-Identifier: AGPL-3.0-or-later
-- 0011 view: what a view of the library asks of every file stands in its own row.
-- Copies of release, version and version_media, of the current version; model/asset_view.c
-- writes them in the change that changes what they are copied from.

ALTER TABLE asset ADD COLUMN release_state TEXT;
ALTER TABLE asset ADD COLUMN release_until_us INT;
ALTER TABLE asset ADD COLUMN view_only BOOL;
ALTER TABLE asset ADD COLUMN version_state TEXT;
ALTER TABLE asset ADD COLUMN malware TEXT;
ALTER TABLE asset ADD COLUMN media_type TEXT;
ALTER TABLE asset ADD COLUMN width INT;
ALTER TABLE asset ADD COLUMN height INT;
ALTER TABLE asset ADD COLUMN media_us INT;

UPDATE asset SET (release_state, release_until_us, view_only, version_state, malware, media_type,
	width, height, media_us) = (SELECT r.state, r.until_us, r.view_only, v.state, v.malware,
	v.media_type, m.width, m.height, m.changed_us FROM release r
	LEFT JOIN version v ON v.id = asset.current_version_id
	LEFT JOIN version_media m ON m.version_id = asset.current_version_id
	WHERE r.asset_id = asset.id);

-- All that layout.c reads, in its two orders: a view is one walk along one index.
DROP INDEX asset_view;
DROP INDEX asset_name;
CREATE INDEX asset_view ON asset (trashed_us, id, folder_id, stamp, width, height, media_us, class,
	embargo_us, expires_us, release_state, release_until_us, view_only, version_state, malware,
	media_type);
CREATE INDEX asset_name ON asset (trashed_us, sort_key, id, folder_id, stamp, width, height,
	media_us, class, embargo_us, expires_us, release_state, release_until_us, view_only,
	version_state, malware, media_type);
