-- SPDX-License-Identifier: AGPL-3.0-or-later
-- Where a client goes on, it holds what is before, acknowledged or not; never more than its TCP was given.

ALTER TABLE transfer ADD COLUMN given_to INT;   -- of the representation, to the client's TCP; NULL: it has not ended
ALTER TABLE transfer ADD COLUMN resumed_at INT; -- range_from, where it is asked for as somebody does who holds all before it
