-- SPDX-License-Identifier: AGPL-3.0-or-later
-- 0001 events, PostgreSQL: what was written to the history stays as it is.

CREATE FUNCTION append_only() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
	RAISE EXCEPTION '% is append-only', TG_TABLE_NAME;
END
$$;
CREATE TRIGGER event_no_change BEFORE UPDATE OR DELETE ON event
	FOR EACH ROW EXECUTE FUNCTION append_only();
CREATE TRIGGER event_no_truncate BEFORE TRUNCATE ON event
	FOR EACH STATEMENT EXECUTE FUNCTION append_only();
CREATE TRIGGER log_leaf_no_change BEFORE UPDATE OR DELETE ON log_leaf
	FOR EACH ROW EXECUTE FUNCTION append_only();
CREATE TRIGGER log_leaf_no_truncate BEFORE TRUNCATE ON log_leaf
	FOR EACH STATEMENT EXECUTE FUNCTION append_only();
