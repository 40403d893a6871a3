-- SPDX-License-Identifier: AGPL-3.0-or-later
-- 0010 preview: who made what a version looks like, so that a better maker does it again.

ALTER TABLE version_media ADD COLUMN maker INT; -- RENDITION_MAKER of then; NULL: before it was told
