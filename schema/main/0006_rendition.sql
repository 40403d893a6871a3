-- SPDX-License-Identifier: AGPL-3.0-or-later
-- 0006 renditions: what a version looks like, made from its bytes by geleit-media.

CREATE TABLE version_media (
	version_id ID NOT NULL PRIMARY KEY REFERENCES version (id),
	state TEXT NOT NULL,             -- pending, ready, refused, damaged, timed_out, killed
	reason TEXT,                     -- a code, when it is not ready
	blob_id BYTES UNIQUE,            -- all renditions, one after another; NULL: there are none
	width INT,                       -- of the original, as the eye sees it
	height INT,
	pages INT,                       -- pages or frames; NULL: one
	colour TEXT,                     -- dominant, #rrggbb
	blurhash TEXT,                   -- 4 x 3
	camera TEXT,                     -- as the camera wrote it
	taken TEXT,                      -- 'YYYY-MM-DD HH:MM:SS', the camera's clock, no zone
	space TEXT,                      -- srgb, cmyk, grey, ...: of the original
	changed_us INT NOT NULL
);
CREATE INDEX version_media_state ON version_media (state, version_id);

CREATE TABLE rendition (
	version_id ID NOT NULL REFERENCES version_media (version_id),
	page INT NOT NULL,               -- from 1
	size INT NOT NULL,               -- wanted longest side: 64, 320, 640, 1600
	width INT NOT NULL,              -- what it is
	height INT NOT NULL,
	format TEXT NOT NULL,            -- jpeg, webp
	at INT NOT NULL,                 -- where it begins in the blob, plaintext
	bytes INT NOT NULL,
	PRIMARY KEY (version_id, page, size)
);

-- A bulk upload's renders wait behind those of people who look at the screen.
ALTER TABLE job ADD COLUMN batch BOOL;
