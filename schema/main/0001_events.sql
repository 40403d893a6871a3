-- SPDX-License-Identifier: AGPL-3.0-or-later
-- 0001 events: the append-only usage history (design 9).  Triggers in the
-- files beside refuse UPDATE and DELETE on event and log_leaf.

CREATE TABLE event (
	id BYTES NOT NULL PRIMARY KEY,   -- 16 random bytes, chosen before the commit
	at_us INT NOT NULL,              -- when the change began
	kind TEXT NOT NULL,              -- model/event_kinds.def
	v INT NOT NULL,                  -- version of the entry's form
	actor_kind TEXT NOT NULL,        -- system, person, key, recipient
	actor_id ID,
	asset_id ID,                     -- these five for queries; all are inside entry too
	version_id ID,
	delivery_id ID,
	recipient_id ID,
	transfer_id BYTES,
	entry TEXT NOT NULL              -- the leaf: one flat line of RFC 8785 JSON
);
CREATE INDEX event_asset ON event (asset_id, at_us);
CREATE INDEX event_delivery ON event (delivery_id, at_us);

CREATE TABLE event_person (
	event_id BYTES NOT NULL REFERENCES event (id),
	person_id ID NOT NULL,           -- person or contact
	field TEXT NOT NULL,             -- name, address, ip, ...
	sealed BYTES,                    -- under the person's key, AAD = event_id || field; NULL: erased
	PRIMARY KEY (event_id, field)
);

CREATE TABLE event_todo (
	event_id BYTES NOT NULL PRIMARY KEY REFERENCES event (id)  -- not yet in the log
);

CREATE TABLE log_leaf (
	seq INT NOT NULL PRIMARY KEY,    -- gapless from 0
	event_id BYTES NOT NULL UNIQUE REFERENCES event (id),
	leaf_hash BYTES NOT NULL         -- SHA-256(0x00 || entry)
);

CREATE TABLE log_head (
	id INT NOT NULL PRIMARY KEY,     -- always 1: the sequencer's lease row
	next_seq INT NOT NULL,
	lease_until_us INT NOT NULL
);
INSERT INTO log_head (id, next_seq, lease_until_us) VALUES (1, 0, 0);
