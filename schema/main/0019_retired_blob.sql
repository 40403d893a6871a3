-- SPDX-License-Identifier: AGPL-3.0-or-later
-- 0019 retired blobs: what others took the place of stays for a day, since a backup may just now be under way.

CREATE TABLE retired_blob (
	blob_id BYTES NOT NULL PRIMARY KEY, -- a part that was merged, an older preview
	retired_us INT NOT NULL
);
CREATE INDEX retired_blob_time ON retired_blob (retired_us);
