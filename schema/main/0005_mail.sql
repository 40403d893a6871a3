-- SPDX-License-Identifier: AGPL-3.0-or-later
-- 0005 mail, the one brand there is, and answers kept for Idempotency-Key.

CREATE TABLE mail (
	id ID NOT NULL PRIMARY KEY,
	kind TEXT NOT NULL,              -- delivery, code, notice
	delivery_id ID REFERENCES delivery (id),
	recipient_id ID REFERENCES recipient (id),
	address TEXT NOT NULL,
	subject TEXT NOT NULL,
	message_id TEXT NOT NULL UNIQUE, -- without brackets
	epoch INT,                       -- with wrap: the mail's key; NULL when wiped
	wrap BYTES,
	sealed BYTES,                    -- form says of what; AAD = mail id
	form TEXT NOT NULL,              -- request: JSON to render; message: RFC 5322 text; wiped
	state TEXT NOT NULL,             -- queued, accepted, deferred, failed, unknown, not_sent
	reply TEXT,                      -- the server's own words
	tries INT NOT NULL,
	due_us INT NOT NULL,
	lease_until_us INT,
	fence INT NOT NULL,
	give_up_us INT NOT NULL,
	created_us INT NOT NULL,
	settled_us INT
);
CREATE INDEX mail_due ON mail (state, due_us);
CREATE INDEX mail_recipient ON mail (recipient_id, id);

CREATE TABLE brand (
	id INT NOT NULL PRIMARY KEY,     -- always 1 for now
	name TEXT NOT NULL,
	colour TEXT NOT NULL,            -- #RRGGBB
	logo BYTES,                      -- PNG, at most 64 KiB
	logo_hash TEXT,                  -- first 16 hex digits of its SHA-256, in its address
	imprint TEXT NOT NULL,
	privacy_url TEXT NOT NULL,
	changed_us INT NOT NULL
);
INSERT INTO brand (id, name, colour, logo, logo_hash, imprint, privacy_url, changed_us)
	VALUES (1, 'Geleit', '#005c60', NULL, NULL, '', '', 0);

CREATE TABLE idempotency (
	key_id ID NOT NULL,              -- the api key that asked
	idem TEXT NOT NULL,              -- Idempotency-Key
	fingerprint BYTES NOT NULL,      -- SHA-256 of method, path and body
	status INT NOT NULL,
	body TEXT NOT NULL,
	created_us INT NOT NULL,
	PRIMARY KEY (key_id, idem)
);
