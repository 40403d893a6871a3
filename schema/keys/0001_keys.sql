-- SPDX-License-Identifier: AGPL-3.0-or-later
-- keys 0001: wrapped keys only, in a database of its own with short backup
-- retention, so that destroying a wrap really shreds what it opened.

CREATE TABLE meta (
	id INT NOT NULL PRIMARY KEY,     -- always 1
	check_value BYTES NOT NULL       -- tells the right master key from a wrong one
);

CREATE TABLE epoch_key (
	epoch INT NOT NULL PRIMARY KEY,  -- YYYYMM
	wrap BYTES NOT NULL              -- under the master key
);

CREATE TABLE version_key (
	version_id ID NOT NULL PRIMARY KEY,
	epoch INT NOT NULL REFERENCES epoch_key (epoch),
	wrap BYTES NOT NULL,
	created_us INT NOT NULL          -- without a version or upload after 24 h: swept
);

CREATE TABLE person_key (
	person_id ID NOT NULL PRIMARY KEY,  -- person or contact
	epoch INT NOT NULL REFERENCES epoch_key (epoch),
	wrap BYTES NOT NULL
);
