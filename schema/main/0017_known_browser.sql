-- SPDX-License-Identifier: AGPL-3.0-or-later
-- Browsers in which a person has signed in: each has tries of its own for the second factor.

CREATE TABLE known_browser (
	person_id ID NOT NULL REFERENCES person (id),
	hash BYTES NOT NULL,             -- SHA-256 of the cookie __Host-geleit-known
	failures INT NOT NULL,           -- in a row, as credential.failures
	failed_us INT NOT NULL,
	used_us INT NOT NULL,            -- when he signed in with it last
	PRIMARY KEY (person_id, hash)
);
