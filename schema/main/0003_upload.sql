-- SPDX-License-Identifier: AGPL-3.0-or-later
-- 0003 uploads and jobs: what is on its way to become a version.

CREATE TABLE upload (
	id BYTES NOT NULL PRIMARY KEY,   -- 16 random bytes, in the tus address
	person_id ID NOT NULL REFERENCES person (id),
	version_id ID NOT NULL UNIQUE,   -- chosen at creation: the data key is wrapped for it
	asset_id ID,                     -- NULL: a new asset
	folder_path TEXT NOT NULL,
	name TEXT NOT NULL,              -- file name, made safe
	metadata TEXT NOT NULL,          -- Upload-Metadata as it came, echoed by HEAD
	length INT NOT NULL,             -- Upload-Length
	committed INT NOT NULL,          -- Upload-Offset: durable bytes
	parts INT NOT NULL,
	release_state TEXT,              -- 'cleared': cleared by the same command, when complete
	result_asset_id ID,              -- set when complete
	created_us INT NOT NULL,
	touched_us INT NOT NULL,
	expires_us INT NOT NULL
);
CREATE INDEX upload_expires ON upload (expires_us);

CREATE TABLE upload_part (
	upload_id BYTES NOT NULL REFERENCES upload (id),
	position INT NOT NULL,
	blob_id BYTES NOT NULL UNIQUE,
	bytes INT NOT NULL,
	PRIMARY KEY (upload_id, position)
);

CREATE TABLE job (
	id ID NOT NULL PRIMARY KEY,
	kind TEXT NOT NULL,              -- ingest, ...
	version_id ID,                   -- subject
	dedupe TEXT UNIQUE,              -- kind || subject while open; NULL when done
	state TEXT NOT NULL,             -- queued, running, done, dead
	due_us INT NOT NULL,
	lease_until_us INT,              -- running: claimed until
	fence INT NOT NULL,              -- grows with each claim; done only with the same one
	tries INT NOT NULL,
	error TEXT,                      -- the last failure, for the administrator
	created_us INT NOT NULL
);
CREATE INDEX job_due ON job (state, due_us);
