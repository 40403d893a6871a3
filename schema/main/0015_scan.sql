-- SPDX-License-Identifier: AGPL-3.0-or-later
-- 0015 scan: what the scanner for malware said of a version, and when.

ALTER TABLE version ADD COLUMN scan_detail TEXT;   -- infected: the signature; not_scanned: why not
ALTER TABLE version ADD COLUMN scanned_us INT;     -- NULL: nobody has tried yet
CREATE INDEX version_malware ON version (malware, id);
CREATE INDEX delivery_item_version ON delivery_item (version_id, delivery_id);
