-- SPDX-License-Identifier: AGPL-3.0-or-later
-- 0013 draft: what somebody has typed for a delivery and not sent yet; its files are the basket's.

CREATE TABLE draft (
	person_id ID NOT NULL PRIMARY KEY REFERENCES person (id),
	content TEXT NOT NULL,           -- JSON as api/draft.c made it, for who typed it alone
	stamp INT NOT NULL,              -- grows with every change; the ETag
	changed_us INT NOT NULL
);
