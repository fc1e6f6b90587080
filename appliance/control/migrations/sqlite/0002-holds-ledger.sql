-- Legal holds (spec 3): while one is in force nothing that it covers is erased, and its tenant is not deleted.
-- A hold without `confirmed_at` is being set: it holds already, and goes if what it names is not there.
CREATE TABLE holds (
  hold_id TEXT PRIMARY KEY,
  tenant_id TEXT NOT NULL REFERENCES tenants,
  scope TEXT NOT NULL CHECK (scope IN ('tenant', 'batch', 'document')),
  resource_id TEXT NOT NULL,
  reason TEXT NOT NULL,
  set_by TEXT NOT NULL,
  set_at TEXT NOT NULL,
  confirmed_at TEXT,
  lifted_by TEXT,
  lifted_at TEXT,
  lift_reason TEXT,
  CHECK ((lifted_at IS NULL) = (lifted_by IS NULL) AND (lifted_at IS NULL) = (lift_reason IS NULL)),
  CHECK (lifted_at IS NULL OR confirmed_at IS NOT NULL)
) STRICT, WITHOUT ROWID;
CREATE UNIQUE INDEX holds_in_force ON holds (tenant_id, scope, resource_id) WHERE lifted_at IS NULL;
CREATE INDEX holds_by_tenant ON holds (tenant_id, hold_id);
CREATE INDEX holds_being_set ON holds (hold_id) WHERE confirmed_at IS NULL;
CREATE TRIGGER holds_stay BEFORE DELETE ON holds WHEN OLD.confirmed_at IS NOT NULL
  BEGIN SELECT RAISE(ABORT, 'a hold is lifted, never deleted'); END;
CREATE TRIGGER holds_are_lifted_once BEFORE UPDATE ON holds WHEN OLD.lifted_at IS NOT NULL
  BEGIN SELECT RAISE(ABORT, 'a lifted hold never changes'); END;

-- What no restore may undo (spec 7): erasures, holds, suspensions, revocations, in order, each with the hash of the one
-- before it. Ids only.
CREATE TABLE ledger (
  seq INTEGER PRIMARY KEY CHECK (seq > 0),
  kind TEXT NOT NULL,
  tenant_id TEXT NOT NULL,
  resource_id TEXT NOT NULL,
  at TEXT NOT NULL,
  details TEXT NOT NULL,
  -- The audit event that reports the same.
  event_id TEXT NOT NULL UNIQUE,
  previous_hash TEXT NOT NULL CHECK (length(previous_hash) = 64),
  hash TEXT NOT NULL CHECK (length(hash) = 64)
) STRICT;
CREATE INDEX ledger_by_tenant ON ledger (tenant_id, seq);
CREATE TRIGGER ledger_no_update BEFORE UPDATE ON ledger
  BEGIN SELECT RAISE(ABORT, 'the ledger is append-only'); END;
CREATE TRIGGER ledger_no_delete BEFORE DELETE ON ledger
  BEGIN SELECT RAISE(ABORT, 'the ledger is append-only'); END;
-- Refuses a place that is not the next one, and with it INSERT OR REPLACE, which deletes without asking.
CREATE TRIGGER ledger_at_the_end BEFORE INSERT ON ledger
  WHEN NEW.seq IS NOT (SELECT coalesce(max(seq), 0) + 1 FROM ledger)
    OR NEW.previous_hash IS NOT coalesce((SELECT hash FROM ledger WHERE seq = NEW.seq - 1), printf('%064d', 0))
    OR EXISTS (SELECT 1 FROM ledger WHERE event_id = NEW.event_id)
  BEGIN SELECT RAISE(ABORT, 'the ledger is append-only'); END;
