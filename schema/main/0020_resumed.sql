-- SPDX-License-Identifier: AGPL-3.0-or-later
-- Where a client goes on, it holds what is before: bytes that its TCP was given and whose acknowledgement was lost.

ALTER TABLE transfer ADD COLUMN given_to INT;   -- of the representation, to the client's TCP; NULL: it has not ended
ALTER TABLE transfer ADD COLUMN resumed_at INT; -- range_from, where If-Range says that all before it is there
