-- Events committed beside the change they report, waiting for the relay to the tenant's log. Append-only.

CREATE TABLE audit_events (
  -- One more than the last: whoever appends has the store's turn, so the order is that of the commits, without a gap.
  seq bigint PRIMARY KEY,
  event_id text COLLATE "C" NOT NULL UNIQUE,
  tenant_id text NOT NULL,
  event_type text NOT NULL,
  timestamp text COLLATE "C" NOT NULL,
  actor text NOT NULL,
  resource_type text NOT NULL,
  resource_id text COLLATE "C" NOT NULL,
  details text NOT NULL,
  previous_event_id text COLLATE "C"
);
CREATE INDEX audit_events_by_time ON audit_events (tenant_id, timestamp);
CREATE INDEX audit_events_by_resource_time ON audit_events (tenant_id, resource_id, timestamp);
CREATE INDEX audit_events_by_type ON audit_events (event_type, timestamp);
CREATE INDEX audit_events_by_previous ON audit_events (previous_event_id);
-- Finds the last event of a resource, which the next one names.
CREATE INDEX audit_events_by_resource ON audit_events (resource_type, resource_id, seq);

CREATE TRIGGER audit_events_stay BEFORE UPDATE OR DELETE OR TRUNCATE ON audit_events
FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();

CREATE FUNCTION audit_events_at_the_end() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF new.seq <> (SELECT coalesce(max(seq), 0) + 1 FROM audit_events) THEN
    RAISE EXCEPTION 'audit events are appended at the end' USING ERRCODE = 'integrity_constraint_violation';
  END IF;
  RETURN new;
END $$;
CREATE TRIGGER audit_events_at_the_end BEFORE INSERT ON audit_events
FOR EACH ROW EXECUTE FUNCTION audit_events_at_the_end();

-- Personal references behind the commitments in an event. Erasable, and gone once the log has taken them over.
CREATE TABLE audit_references (
  event_id text COLLATE "C" NOT NULL REFERENCES audit_events (event_id),
  name text COLLATE "C" NOT NULL,
  salt text NOT NULL,
  value text NOT NULL,
  PRIMARY KEY (event_id, name)
);
ALTER TABLE audit_references ALTER COLUMN value SET STATISTICS 0;

-- Where the log put an event. Rows grow in order of seq; the largest is how far the relay has come.
CREATE TABLE audit_relay (
  seq bigint PRIMARY KEY REFERENCES audit_events (seq),
  event_id text COLLATE "C" NOT NULL UNIQUE,
  log_index bigint NOT NULL UNIQUE
);
