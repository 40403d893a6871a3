-- SPDX-License-Identifier: AGPL-3.0-or-later
-- 0009 library: trash, order by name, words to search, baskets, and what can be undone.

ALTER TABLE asset ADD COLUMN trashed_us INT;   -- NULL: not in the trash
ALTER TABLE asset ADD COLUMN sort_key BYTES;   -- of the title, made in C: order by name

-- What a view reads of each file, in its two orders, without the row itself.
CREATE INDEX asset_view ON asset (trashed_us, id, folder_id, stamp, current_version_id);
CREATE INDEX asset_name ON asset (trashed_us, sort_key, id, folder_id, stamp, current_version_id);
CREATE INDEX asset_folder_count ON asset (folder_id, trashed_us);

CREATE INDEX version_sha256 ON version (sha256);      -- duplicates
CREATE INDEX asset_keyword_keyword ON asset_keyword (keyword_id, asset_id);

CREATE TABLE asset_term (
	term TEXT NOT NULL,              -- a word of title, file name or keyword, normalised in C
	asset_id ID NOT NULL REFERENCES asset (id),
	PRIMARY KEY (term, asset_id)
);
CREATE INDEX asset_term_asset ON asset_term (asset_id);

CREATE TABLE basket (
	person_id ID NOT NULL REFERENCES person (id),
	asset_id ID NOT NULL REFERENCES asset (id),
	position INT NOT NULL,           -- in the order in which they were put in
	PRIMARY KEY (person_id, asset_id)
);

CREATE TABLE undo (
	id BYTES NOT NULL PRIMARY KEY,   -- 16 random bytes: the token
	person_id ID NOT NULL REFERENCES person (id),
	what TEXT NOT NULL,              -- trash, restore, folder, add_keywords, remove_keywords, class
	made INT NOT NULL,               -- what was made of all: the folder, the class; else 0
	until_us INT NOT NULL
);
CREATE INDEX undo_until ON undo (until_us);

CREATE TABLE undo_item (
	undo_id BYTES NOT NULL REFERENCES undo (id),
	asset_id ID NOT NULL REFERENCES asset (id),
	was INT NOT NULL,                -- its folder, class or time of trash; the keyword added or removed
	PRIMARY KEY (undo_id, asset_id, was)
);
