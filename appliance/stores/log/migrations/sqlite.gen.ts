// Made by scripts/gen-sql.ts from the SQL files beside it. Do not edit.

export const MIGRATIONS = Object.freeze([
  {
    version: 1,
    name: '0001-log',
    sha256: '6d3b6a424f0d206987caf8f679b7b6a53292e922964c0c1043a3346f0a46e3f6',
    step: 'expand' as const,
    since: '0.1.0',
    sql: `-- The audit log of one tenant: every event a leaf of an RFC 6962 tree, at its position. Append-only.

-- The one tenant this file belongs to, set when it is first opened.
CREATE TABLE store_owner (
  one INTEGER PRIMARY KEY CHECK (one = 1),
  tenant_id TEXT NOT NULL
) STRICT;
CREATE TRIGGER store_owner_stays BEFORE UPDATE ON store_owner
BEGIN
  SELECT RAISE(ABORT, 'a store keeps its owner');
END;

CREATE TABLE events (
  log_index INTEGER PRIMARY KEY CHECK (log_index >= 0),
  event_id TEXT NOT NULL UNIQUE,
  tenant_id TEXT NOT NULL,
  event_type TEXT NOT NULL,
  timestamp TEXT NOT NULL,
  actor TEXT NOT NULL,
  resource_type TEXT NOT NULL,
  resource_id TEXT NOT NULL,
  details TEXT NOT NULL,
  previous_event_id TEXT,
  leaf_hash BLOB NOT NULL CHECK (length(leaf_hash) = 32),
  status TEXT GENERATED ALWAYS AS (details ->> '$.status') VIRTUAL
) STRICT;
CREATE INDEX events_by_time ON events (tenant_id, timestamp);
CREATE INDEX events_by_resource_time ON events (tenant_id, resource_id, timestamp);
CREATE INDEX events_by_type_time ON events (event_type, timestamp);
CREATE INDEX events_by_previous ON events (previous_event_id);
-- Lists are in log order: an index per filter that carries it.
CREATE INDEX events_by_type ON events (event_type, log_index);
CREATE INDEX events_by_resource ON events (resource_type, resource_id, log_index);
CREATE INDEX events_by_actor ON events (actor, log_index);
CREATE INDEX events_by_status ON events (status, log_index);

CREATE TRIGGER events_no_update BEFORE UPDATE ON events
BEGIN
  SELECT RAISE(ABORT, 'the log is append-only');
END;
CREATE TRIGGER events_no_delete BEFORE DELETE ON events
BEGIN
  SELECT RAISE(ABORT, 'the log is append-only');
END;
-- Refuses a place that is not the next one, and with it INSERT OR REPLACE, which deletes without asking.
CREATE TRIGGER events_at_the_end BEFORE INSERT ON events
WHEN new.log_index IS NOT (SELECT coalesce(max(log_index), -1) + 1 FROM events)
  OR EXISTS (SELECT 1 FROM events WHERE event_id = new.event_id)
BEGIN
  SELECT RAISE(ABORT, 'the log is append-only');
END;

-- Which documents a read or a search named.
CREATE TABLE event_links (
  doc_id TEXT NOT NULL,
  log_index INTEGER NOT NULL REFERENCES events (log_index),
  PRIMARY KEY (doc_id, log_index)
) STRICT, WITHOUT ROWID;
CREATE TRIGGER event_links_no_update BEFORE UPDATE ON event_links
BEGIN
  SELECT RAISE(ABORT, 'the log is append-only');
END;
CREATE TRIGGER event_links_no_delete BEFORE DELETE ON event_links
BEGIN
  SELECT RAISE(ABORT, 'the log is append-only');
END;

-- Personal references behind the commitments in an event: the one thing here that can be erased.
CREATE TABLE event_references (
  log_index INTEGER NOT NULL REFERENCES events (log_index),
  name TEXT NOT NULL,
  salt TEXT NOT NULL,
  value TEXT NOT NULL,
  PRIMARY KEY (log_index, name)
) STRICT, WITHOUT ROWID;
`,
  },
]);
