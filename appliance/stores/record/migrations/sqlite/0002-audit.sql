-- Events committed beside the change they report, waiting for the relay to the tenant's log. Append-only.

CREATE TABLE audit_events (
  seq INTEGER PRIMARY KEY AUTOINCREMENT,
  event_id TEXT NOT NULL UNIQUE,
  tenant_id TEXT NOT NULL,
  event_type TEXT NOT NULL,
  timestamp TEXT NOT NULL,
  actor TEXT NOT NULL,
  resource_type TEXT NOT NULL,
  resource_id TEXT NOT NULL,
  details TEXT NOT NULL,
  previous_event_id TEXT
) STRICT;
CREATE INDEX audit_events_by_time ON audit_events (tenant_id, timestamp);
CREATE INDEX audit_events_by_resource_time ON audit_events (tenant_id, resource_id, timestamp);
CREATE INDEX audit_events_by_type ON audit_events (event_type, timestamp);
CREATE INDEX audit_events_by_previous ON audit_events (previous_event_id);
-- Finds the last event of a resource, which the next one names.
CREATE INDEX audit_events_by_resource ON audit_events (resource_type, resource_id, seq);

CREATE TRIGGER audit_events_no_update BEFORE UPDATE ON audit_events
BEGIN
  SELECT RAISE(ABORT, 'audit events are append-only');
END;
CREATE TRIGGER audit_events_no_delete BEFORE DELETE ON audit_events
BEGIN
  SELECT RAISE(ABORT, 'audit events are append-only');
END;
-- INSERT OR REPLACE deletes without asking the trigger above.
CREATE TRIGGER audit_events_no_replace BEFORE INSERT ON audit_events
WHEN EXISTS (SELECT 1 FROM audit_events WHERE event_id = new.event_id OR seq = new.seq)
BEGIN
  SELECT RAISE(ABORT, 'audit events are append-only');
END;

-- Personal references behind the commitments in an event. Erasable, and gone once the log has taken them over.
CREATE TABLE audit_references (
  event_id TEXT NOT NULL REFERENCES audit_events (event_id),
  name TEXT NOT NULL,
  salt TEXT NOT NULL,
  value TEXT NOT NULL,
  PRIMARY KEY (event_id, name)
) STRICT, WITHOUT ROWID;

-- Where the log put an event. Rows grow in order of seq; the largest is how far the relay has come.
CREATE TABLE audit_relay (
  seq INTEGER PRIMARY KEY REFERENCES audit_events (seq),
  event_id TEXT NOT NULL UNIQUE,
  log_index INTEGER NOT NULL UNIQUE
) STRICT;
