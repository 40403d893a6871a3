-- SPDX-License-Identifier: AGPL-3.0-or-later
-- 0012 settings: those that an administrator has changed while the server runs.

CREATE TABLE setting (
	name TEXT NOT NULL PRIMARY KEY,  -- of src/conf/conf.c; wins over DIR/geleit.conf
	value TEXT NOT NULL,
	changed_by ID REFERENCES person (id),
	changed_us INT NOT NULL
);
