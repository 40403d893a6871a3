-- SPDX-License-Identifier: AGPL-3.0-or-later
-- 0001 events, SQLite: what was written to the history stays as it is.
-- recursive_triggers is on, or REPLACE would delete past these.

CREATE TRIGGER event_no_update BEFORE UPDATE ON event
BEGIN
	SELECT RAISE(ABORT, 'event is append-only');
END;
CREATE TRIGGER event_no_delete BEFORE DELETE ON event
BEGIN
	SELECT RAISE(ABORT, 'event is append-only');
END;
CREATE TRIGGER log_leaf_no_update BEFORE UPDATE ON log_leaf
BEGIN
	SELECT RAISE(ABORT, 'log_leaf is append-only');
END;
CREATE TRIGGER log_leaf_no_delete BEFORE DELETE ON log_leaf
BEGIN
	SELECT RAISE(ABORT, 'log_leaf is append-only');
END;
