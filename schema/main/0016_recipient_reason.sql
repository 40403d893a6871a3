-- SPDX-License-Identifier: AGPL-3.0-or-later
-- 0016 recipient reason: why one recipient's part was revoked, for colleagues.

ALTER TABLE recipient ADD COLUMN revoke_reason TEXT;
