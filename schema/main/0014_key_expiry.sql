-- SPDX-License-Identifier: AGPL-3.0-or-later
-- 0014 key expiry: an api key may end by itself.

ALTER TABLE api_key ADD COLUMN expires_us INT;   -- NULL: only when it is revoked
