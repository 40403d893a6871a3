-- SPDX-License-Identifier: AGPL-3.0-or-later
-- 0018 review: how many files wait for a release, without reading all of them.

CREATE INDEX release_state ON release (state, asset_id);
