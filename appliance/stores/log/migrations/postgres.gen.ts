// Made by scripts/gen-sql.ts from the SQL files beside it. Do not edit.

export const MIGRATIONS = Object.freeze([
  {
    version: 1,
    name: '0001-log',
    sha256: 'b7daff11e244f8210fbf6ff661d7082ec2c9b760b440bbe59e00e43d08e06477',
    step: 'expand' as const,
    since: '0.1.0',
    sql: `-- The audit logs of all tenants and of the appliance, in the control database: every event a leaf of its log's RFC 6962
-- tree, at its position. Append-only. Every index begins with the log, which is the tenant, but for those that an auditor
-- asks across logs.

CREATE FUNCTION refuse_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  RAISE EXCEPTION 'the log is append-only' USING ERRCODE = 'integrity_constraint_violation';
END $$;

CREATE TABLE events (
  tenant_id text COLLATE "C" NOT NULL,
  log_index bigint NOT NULL CHECK (log_index >= 0),
  event_id text COLLATE "C" NOT NULL,
  event_type text NOT NULL,
  timestamp text COLLATE "C" NOT NULL,
  actor text NOT NULL,
  resource_type text NOT NULL,
  resource_id text COLLATE "C" NOT NULL,
  details text NOT NULL,
  previous_event_id text COLLATE "C",
  leaf_hash bytea NOT NULL CHECK (octet_length(leaf_hash) = 32),
  -- As \`details\` has it.
  status text,
  PRIMARY KEY (tenant_id, log_index),
  UNIQUE (tenant_id, event_id)
);
CREATE INDEX events_by_time ON events (tenant_id, timestamp, log_index);
CREATE INDEX events_by_resource_time ON events (tenant_id, resource_id, timestamp, log_index);
CREATE INDEX events_by_type_time ON events (event_type, timestamp);
CREATE INDEX events_by_previous ON events (previous_event_id);
-- Lists are in log order: an index per filter that carries it.
CREATE INDEX events_by_type ON events (tenant_id, event_type, log_index);
CREATE INDEX events_by_resource ON events (tenant_id, resource_type, resource_id, log_index);
CREATE INDEX events_by_actor ON events (tenant_id, actor, log_index);
CREATE INDEX events_by_status ON events (tenant_id, status, log_index);

CREATE TRIGGER events_stay BEFORE UPDATE OR DELETE OR TRUNCATE ON events
FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();

-- Refuses a place that is not the next one.
CREATE FUNCTION events_at_the_end() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF new.log_index <> (SELECT coalesce(max(log_index), -1) + 1 FROM events WHERE tenant_id = new.tenant_id) THEN
    RAISE EXCEPTION 'the log is append-only' USING ERRCODE = 'integrity_constraint_violation';
  END IF;
  RETURN new;
END $$;
CREATE TRIGGER events_at_the_end BEFORE INSERT ON events
FOR EACH ROW EXECUTE FUNCTION events_at_the_end();

-- Which documents a read or a search named.
CREATE TABLE event_links (
  tenant_id text COLLATE "C" NOT NULL,
  doc_id text COLLATE "C" NOT NULL,
  log_index bigint NOT NULL,
  PRIMARY KEY (tenant_id, doc_id, log_index)
);
CREATE TRIGGER event_links_stay BEFORE UPDATE OR DELETE OR TRUNCATE ON event_links
FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();

-- Personal references behind the commitments in an event: the one thing here that can be erased. Spread by resource, so
-- that what an erasure makes anew is a part of it. No samples of them are kept.
CREATE TABLE event_references (
  tenant_id text COLLATE "C" NOT NULL,
  log_index bigint NOT NULL,
  resource_type text NOT NULL,
  resource_id text COLLATE "C" NOT NULL,
  name text COLLATE "C" NOT NULL,
  salt text NOT NULL,
  value text NOT NULL,
  PRIMARY KEY (tenant_id, resource_id, log_index, name)
) PARTITION BY HASH (resource_id);

DO $$
BEGIN
  FOR n IN 0..15 LOOP
    EXECUTE format('CREATE TABLE event_references_%s PARTITION OF event_references
      FOR VALUES WITH (MODULUS 16, REMAINDER %s)', n, n);
    EXECUTE format('ALTER TABLE event_references_%s ALTER COLUMN value SET STATISTICS 0', n);
  END LOOP;
END $$;
ALTER TABLE event_references ALTER COLUMN value SET STATISTICS 0;

-- Tables in whose files something deleted may still lie.
CREATE TABLE unscrubbed (
  id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  table_name text NOT NULL
);

-- Written by a look at the store's health, which is to find a full disk.
CREATE TABLE store_check (
  one integer PRIMARY KEY CHECK (one = 1),
  checked_at text NOT NULL
);
`,
  },
]);
