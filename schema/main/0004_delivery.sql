-- SPDX-License-Identifier: AGPL-3.0-or-later
-- 0004 deliveries: who receives what, and what came of it.

CREATE TABLE contact (
	id ID NOT NULL PRIMARY KEY,
	address TEXT NOT NULL UNIQUE,    -- as written in the domain's and our lower case
	name TEXT,
	blocked_us INT,                  -- NULL: may receive
	created_us INT NOT NULL
);

CREATE TABLE delivery (
	id ID NOT NULL PRIMARY KEY,
	number TEXT NOT NULL UNIQUE,     -- XXXX-XXXX, Crockford base32
	sender_id ID NOT NULL REFERENCES person (id),
	method TEXT NOT NULL,            -- package
	subject TEXT NOT NULL,
	message TEXT NOT NULL,
	lang TEXT NOT NULL,              -- de, en
	valid_from_us INT NOT NULL,
	expires_us INT NOT NULL,
	download_limit INT NOT NULL,     -- per recipient and item; 0: none
	level INT NOT NULL,              -- identity level demanded, 0..4
	revoked_us INT,
	revoke_reason TEXT,
	stamp INT NOT NULL,              -- grows with everything that may change a verdict
	item_count INT NOT NULL,
	total_bytes INT NOT NULL,
	created_us INT NOT NULL
);

CREATE TABLE delivery_item (
	delivery_id ID NOT NULL REFERENCES delivery (id),
	position INT NOT NULL,           -- N of /file/N, from 1
	asset_id ID NOT NULL REFERENCES asset (id),
	version_id ID NOT NULL REFERENCES version (id),
	name TEXT NOT NULL,              -- in the package: unique there, Windows-safe
	PRIMARY KEY (delivery_id, position)
);
CREATE INDEX delivery_item_asset ON delivery_item (asset_id, delivery_id);

CREATE TABLE recipient (
	id ID NOT NULL PRIMARY KEY,
	delivery_id ID NOT NULL REFERENCES delivery (id),
	contact_id ID NOT NULL REFERENCES contact (id),
	address TEXT NOT NULL,           -- committed with the delivery, mail is rendered from it
	token_hash BYTES NOT NULL UNIQUE,  -- HMAC of the link's token; replaced by a new link
	state TEXT NOT NULL,             -- pending, mailed, undeliverable, opened, verified, downloading, complete
	opened_us INT,
	verified_us INT,
	revoked_us INT,
	failures INT NOT NULL,           -- wrong codes, never reset by a new code
	created_us INT NOT NULL,
	UNIQUE (delivery_id, contact_id)
);

CREATE TABLE session (
	id ID NOT NULL PRIMARY KEY,      -- one recipient in one browser
	token_hash BYTES NOT NULL,       -- SHA-256 of the cookie; one browser, several rows
	recipient_id ID NOT NULL REFERENCES recipient (id),
	level INT NOT NULL,              -- 0: link only, 1: mail code
	created_us INT NOT NULL,
	used_us INT NOT NULL,
	ended_us INT,
	UNIQUE (token_hash, recipient_id)
);
CREATE INDEX session_recipient ON session (recipient_id);

CREATE TABLE code (
	id ID NOT NULL PRIMARY KEY,
	recipient_id ID NOT NULL REFERENCES recipient (id),
	session_id ID NOT NULL REFERENCES session (id),  -- bound to the browser that asked
	hash BYTES NOT NULL,             -- HMAC of id || code
	tries INT NOT NULL,
	created_us INT NOT NULL,
	expires_us INT NOT NULL,
	used_us INT                      -- right, or replaced by a newer one
);
CREATE INDEX code_session ON code (session_id, id);
CREATE INDEX code_recipient ON code (recipient_id, created_us);

CREATE TABLE session_item (
	session_id ID NOT NULL REFERENCES session (id),
	delivery_id ID NOT NULL,
	position INT NOT NULL,
	recipient_id ID NOT NULL REFERENCES recipient (id),
	ranges BYTES NOT NULL,           -- union of acknowledged ranges of the item: pairs of 64-bit big-endian from, to
	sent_bytes INT NOT NULL,         -- their sum
	complete_us INT,                 -- when the union covered the item
	created_us INT NOT NULL,         -- first body byte: one use of the download limit
	PRIMARY KEY (session_id, position),
	FOREIGN KEY (delivery_id, position) REFERENCES delivery_item (delivery_id, position)
);
CREATE INDEX session_item_recipient ON session_item (recipient_id, position);

CREATE TABLE transfer (
	id BYTES NOT NULL PRIMARY KEY,
	session_id ID NOT NULL REFERENCES session (id),
	recipient_id ID NOT NULL REFERENCES recipient (id),
	delivery_id ID NOT NULL REFERENCES delivery (id),
	position INT NOT NULL,           -- item, or 0: the ZIP
	range_from INT NOT NULL,         -- asked for, in the representation
	range_to INT NOT NULL,           -- exclusive
	seq INT NOT NULL,                -- last SENT taken; older ones change nothing
	sent_bytes INT NOT NULL,         -- acknowledged by the client's TCP, of the representation
	state TEXT NOT NULL,             -- running, complete, interrupted
	started_us INT NOT NULL,
	seen_us INT NOT NULL,            -- last SENT; the sweeper ends silent ones
	ended_us INT
);
CREATE INDEX transfer_running ON transfer (state, seen_us);
CREATE INDEX transfer_recipient ON transfer (recipient_id);
