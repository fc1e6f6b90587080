-- Control's own file: tenants and their configurations, plans, tokens, keys, and the events about them (spec 3, 4, 5).

CREATE TABLE tenants (
  tenant_id TEXT PRIMARY KEY,
  tenant_name TEXT NOT NULL,
  contact_email TEXT NOT NULL,
  tier TEXT NOT NULL CHECK (tier IN ('standard', 'premium', 'enterprise')),
  state TEXT NOT NULL CHECK (state IN
    ('PENDING', 'PROVISIONING', 'ACTIVE', 'SUSPENDED', 'DEPROVISIONING', 'DEPROVISIONED', 'FAILED')),
  failed_during TEXT CHECK (failed_during IN ('provisioning', 'deprovisioning')),
  created_at TEXT NOT NULL,
  provisioned_at TEXT,
  config_version INTEGER NOT NULL,
  age_public_key TEXT,
  key_version INTEGER,
  key_rotated_at TEXT,
  key_rotation_due_at TEXT,
  CHECK ((state = 'FAILED') = (failed_during IS NOT NULL))
) STRICT;
CREATE INDEX tenants_by_state ON tenants (state, tenant_id);

CREATE TABLE tenant_configs (
  tenant_id TEXT NOT NULL REFERENCES tenants,
  config_version INTEGER NOT NULL,
  config TEXT NOT NULL,
  changed_by TEXT NOT NULL,
  reason TEXT NOT NULL,
  changed_at TEXT NOT NULL,
  PRIMARY KEY (tenant_id, config_version)
) STRICT, WITHOUT ROWID;

-- What a tenant is to be told; the user interface shows the ones that are not withdrawn.
CREATE TABLE tenant_notices (
  id INTEGER PRIMARY KEY,
  tenant_id TEXT NOT NULL REFERENCES tenants,
  kind TEXT NOT NULL CHECK (kind IN ('suspended')),
  created_at TEXT NOT NULL,
  withdrawn_at TEXT
) STRICT;
CREATE INDEX tenant_notices_by_tenant ON tenant_notices (tenant_id, id);

-- Durable plans of provisioning and deprovisioning. `back` means that the steps are being undone.
CREATE TABLE plans (
  tenant_id TEXT NOT NULL REFERENCES tenants,
  kind TEXT NOT NULL CHECK (kind IN ('provisioning', 'deprovisioning')),
  direction TEXT NOT NULL CHECK (direction IN ('forward', 'back')),
  actor TEXT NOT NULL,
  started_at TEXT NOT NULL,
  completed_at TEXT,
  failed_step TEXT,
  error_code TEXT,
  PRIMARY KEY (tenant_id, kind)
) STRICT, WITHOUT ROWID;

CREATE TABLE plan_steps (
  tenant_id TEXT NOT NULL,
  kind TEXT NOT NULL,
  position INTEGER NOT NULL,
  step TEXT NOT NULL,
  -- `started`: it may have had an effect, so it is undone like a finished one.
  status TEXT NOT NULL CHECK (status IN ('pending', 'started', 'done', 'undone', 'failed')),
  at TEXT,
  error_code TEXT,
  PRIMARY KEY (tenant_id, kind, position),
  FOREIGN KEY (tenant_id, kind) REFERENCES plans ON DELETE CASCADE
) STRICT, WITHOUT ROWID;

CREATE TABLE tokens (
  jti TEXT PRIMARY KEY,
  kid TEXT NOT NULL,
  subject TEXT NOT NULL,
  role TEXT NOT NULL CHECK (role IN ('tenant_user', 'tenant_admin', 'admin', 'auditor')),
  scopes TEXT NOT NULL,
  tenant_id TEXT REFERENCES tenants,
  epoch INTEGER NOT NULL,
  issued_at INTEGER NOT NULL,
  expires_at INTEGER NOT NULL,
  revoked_at TEXT,
  CHECK ((tenant_id IS NOT NULL) = (role IN ('tenant_user', 'tenant_admin')))
) STRICT, WITHOUT ROWID;
CREATE INDEX tokens_by_tenant ON tokens (tenant_id, expires_at);
CREATE INDEX tokens_by_subject ON tokens (subject);
CREATE INDEX tokens_by_key ON tokens (kid, expires_at);
CREATE INDEX tokens_by_expiry ON tokens (expires_at);
CREATE TRIGGER tokens_stay_revoked BEFORE UPDATE OF revoked_at ON tokens
  WHEN OLD.revoked_at IS NOT NULL
  BEGIN SELECT RAISE(ABORT, 'a revoked token stays revoked'); END;

-- A token is dead once its tenant's epoch has moved on. The scope `_appliance` holds the tokens without a tenant.
CREATE TABLE token_epochs (
  scope TEXT PRIMARY KEY,
  epoch INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE TRIGGER token_epochs_only_grow BEFORE UPDATE ON token_epochs
  WHEN NEW.epoch <= OLD.epoch
  BEGIN SELECT RAISE(ABORT, 'token epochs only grow'); END;

CREATE TABLE tenant_key_history (
  id INTEGER PRIMARY KEY,
  tenant_id TEXT NOT NULL REFERENCES tenants,
  key_version INTEGER NOT NULL,
  public_key_hash TEXT NOT NULL,
  created_at TEXT NOT NULL,
  archived_at TEXT,
  purged_at TEXT,
  rotation_reason TEXT NOT NULL
) STRICT;
CREATE INDEX tenant_key_history_by_tenant ON tenant_key_history (tenant_id, key_version);

-- Events of control, committed with the change they report and relayed to the log of `tenant_id` in the order of `seq`.
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
CREATE INDEX audit_events_by_log ON audit_events (tenant_id, seq);
CREATE INDEX audit_events_by_resource ON audit_events (tenant_id, resource_type, resource_id, seq);
CREATE TRIGGER audit_events_no_update BEFORE UPDATE ON audit_events
  BEGIN SELECT RAISE(ABORT, 'audit events are append-only'); END;
CREATE TRIGGER audit_events_no_delete BEFORE DELETE ON audit_events
  BEGIN SELECT RAISE(ABORT, 'audit events are append-only'); END;
-- INSERT OR REPLACE deletes without asking the trigger above.
CREATE TRIGGER audit_events_no_replace BEFORE INSERT ON audit_events
  WHEN EXISTS (SELECT 1 FROM audit_events WHERE seq = NEW.seq OR event_id = NEW.event_id)
  BEGIN SELECT RAISE(ABORT, 'audit events are append-only'); END;

-- Personal references beside an event; they leave this file once the log holds them.
CREATE TABLE audit_references (
  event_seq INTEGER NOT NULL REFERENCES audit_events,
  name TEXT NOT NULL,
  salt TEXT NOT NULL,
  value TEXT NOT NULL,
  PRIMARY KEY (event_seq, name)
) STRICT, WITHOUT ROWID;

-- Where the log put a relayed event. The highest `seq` of a tenant is the relay's position.
CREATE TABLE audit_relayed (
  tenant_id TEXT NOT NULL,
  seq INTEGER NOT NULL REFERENCES audit_events,
  log_index INTEGER NOT NULL,
  PRIMARY KEY (tenant_id, seq)
) STRICT, WITHOUT ROWID;
CREATE TRIGGER audit_relayed_no_update BEFORE UPDATE ON audit_relayed
  BEGIN SELECT RAISE(ABORT, 'relay positions are append-only'); END;
CREATE TRIGGER audit_relayed_no_delete BEFORE DELETE ON audit_relayed
  BEGIN SELECT RAISE(ABORT, 'relay positions are append-only'); END;
CREATE TRIGGER audit_relayed_no_replace BEFORE INSERT ON audit_relayed
  WHEN EXISTS (SELECT 1 FROM audit_relayed
    WHERE tenant_id = NEW.tenant_id AND seq = NEW.seq AND log_index <> NEW.log_index)
  BEGIN SELECT RAISE(ABORT, 'relay positions are append-only'); END;
