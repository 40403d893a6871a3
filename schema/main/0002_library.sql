-- SPDX-License-Identifier: AGPL-3.0-or-later
-- 0002 library: people, keys, folders, files and their rights.

CREATE TABLE person (
	id ID NOT NULL PRIMARY KEY,
	name TEXT NOT NULL,              -- shown to recipients as the sender
	address TEXT NOT NULL UNIQUE,    -- mail address, lower case; '' only for the first administrator
	role TEXT NOT NULL,              -- administrator, editor, sender, viewer
	created_us INT NOT NULL,
	disabled_us INT                  -- NULL: may sign in
);

CREATE TABLE api_key (
	id ID NOT NULL PRIMARY KEY,
	person_id ID NOT NULL REFERENCES person (id),
	name TEXT NOT NULL,
	scopes TEXT NOT NULL,            -- comma separated: all, read, upload, edit, release, send, outbox, admin
	hash BYTES NOT NULL UNIQUE,      -- SHA-256 of the secret
	created_us INT NOT NULL,
	used_us INT,                     -- written at most once a minute
	revoked_us INT
);

CREATE TABLE folder (
	id ID NOT NULL PRIMARY KEY,
	parent_id ID REFERENCES folder (id),  -- NULL: at the top
	name TEXT NOT NULL,
	path TEXT NOT NULL UNIQUE,       -- 'A/B', for lookup; the root is ''
	created_us INT NOT NULL
);

CREATE TABLE asset (
	id ID NOT NULL PRIMARY KEY,
	folder_id ID NOT NULL REFERENCES folder (id),
	title TEXT NOT NULL,
	class TEXT NOT NULL,             -- public, internal, confidential
	embargo_us INT,                  -- not before
	expires_us INT,                  -- not after
	current_version_id ID,           -- NULL only inside the creating change
	created_by ID NOT NULL REFERENCES person (id),
	created_us INT NOT NULL,
	changed_us INT NOT NULL,
	stamp INT NOT NULL               -- grows with every change; the ETag
);
CREATE INDEX asset_folder ON asset (folder_id, id);

CREATE TABLE version (
	id ID NOT NULL PRIMARY KEY,
	asset_id ID NOT NULL REFERENCES asset (id),
	number INT NOT NULL,             -- 1, 2, ...
	name TEXT NOT NULL,              -- file name, made safe
	bytes INT NOT NULL,
	sha256 BYTES,                    -- NULL until ingested
	crc32 INT,
	media_type TEXT,                 -- from the content, never from the client
	malware TEXT NOT NULL,           -- not_scanned, clean, infected, error
	state TEXT NOT NULL,             -- pending, ready, damaged
	created_by ID NOT NULL REFERENCES person (id),
	created_us INT NOT NULL,
	ingested_us INT,
	UNIQUE (asset_id, number)
);

CREATE TABLE version_part (
	version_id ID NOT NULL REFERENCES version (id),
	position INT NOT NULL,           -- 0, 1, ...
	blob_id BYTES NOT NULL UNIQUE,   -- 16 bytes, the name in the store
	bytes INT NOT NULL,              -- plaintext
	PRIMARY KEY (version_id, position)
);

CREATE TABLE keyword (
	id ID NOT NULL PRIMARY KEY,
	parent_id ID REFERENCES keyword (id),
	label TEXT NOT NULL,
	folded TEXT NOT NULL UNIQUE      -- label normalised in C, for lookup
);

CREATE TABLE asset_keyword (
	asset_id ID NOT NULL REFERENCES asset (id),
	keyword_id ID NOT NULL REFERENCES keyword (id),
	PRIMARY KEY (asset_id, keyword_id)
);

CREATE TABLE note (
	id ID NOT NULL PRIMARY KEY,
	asset_id ID NOT NULL REFERENCES asset (id),
	text TEXT NOT NULL,
	created_by ID NOT NULL REFERENCES person (id),
	created_us INT NOT NULL
);
CREATE INDEX note_asset ON note (asset_id, id);

CREATE TABLE release (
	asset_id ID NOT NULL PRIMARY KEY REFERENCES asset (id),
	state TEXT NOT NULL,             -- draft, in_review, cleared, conditions, blocked; expired is computed
	until_us INT,                    -- cleared and conditions: no longer than
	reason TEXT,
	credit TEXT,                     -- conditions: the credit line to print
	view_only BOOL NOT NULL,
	set_by ID REFERENCES person (id),
	set_us INT NOT NULL
);
