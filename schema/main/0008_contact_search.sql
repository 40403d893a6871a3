-- SPDX-License-Identifier: AGPL-3.0-or-later
-- How often and when last a contact received, while his address is being typed.

CREATE INDEX recipient_contact ON recipient (contact_id, created_us);
