-- SPDX-License-Identifier: AGPL-3.0-or-later
-- How the people of table person sign in: their credentials, one-time links and sessions.

CREATE TABLE credential (
	person_id ID NOT NULL PRIMARY KEY REFERENCES person (id),
	password TEXT,                   -- Argon2id, in libsodium's string form; NULL: none set
	totp BYTES,                      -- the secret, sealed under the person's key; NULL: none confirmed
	totp_offered BYTES,              -- shown, not confirmed yet
	totp_step INT NOT NULL,          -- the last 30-second step whose code was taken: each is good once
	failures INT NOT NULL,           -- in a row; they delay, and never lock out for good
	failed_us INT NOT NULL,          -- the last one
	signed_in_us INT                 -- the last time
);

CREATE TABLE recovery_code (
	person_id ID NOT NULL REFERENCES person (id),
	hash BYTES NOT NULL,             -- HMAC of the code
	used_us INT,
	PRIMARY KEY (person_id, hash)
);

CREATE TABLE sign_in_link (
	id ID NOT NULL PRIMARY KEY,
	person_id ID NOT NULL REFERENCES person (id),
	purpose TEXT NOT NULL,           -- first, invite, reset
	hash BYTES NOT NULL UNIQUE,      -- SHA-256 of the token
	created_us INT NOT NULL,
	expires_us INT NOT NULL,
	used_us INT                      -- used, or replaced by a newer one
);
CREATE INDEX sign_in_link_person ON sign_in_link (person_id);

CREATE TABLE staff_session (
	id ID NOT NULL PRIMARY KEY,
	person_id ID NOT NULL REFERENCES person (id),
	token_hash BYTES NOT NULL UNIQUE,  -- SHA-256 of the cookie
	state TEXT NOT NULL,             -- enrol: by a link, sets password and code; totp: password was right; active
	agent TEXT NOT NULL,             -- the browser, as it calls itself, shortened
	proved_us INT NOT NULL,          -- the last proof, for what asks for a fresh one; 0: none
	created_us INT NOT NULL,
	used_us INT NOT NULL,
	ended_us INT
);
CREATE INDEX staff_session_person ON staff_session (person_id);
