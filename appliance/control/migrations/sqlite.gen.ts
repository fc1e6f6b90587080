// Made by scripts/gen-sql.ts from the SQL files beside it. Do not edit.

export const MIGRATIONS = Object.freeze([
  {
    version: 1,
    name: '0001-registry',
    sha256: 'a0777042ca094c0f990642a22b61cd64b61cd211a33fdc2a8da4cfb368a74d8e',
    step: 'expand' as const,
    since: '0.1.0',
    sql: `-- Control's own file: tenants and their configurations, plans, tokens, keys, and the events about them (spec 3, 4, 5).

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

-- Durable plans of provisioning and deprovisioning. \`back\` means that the steps are being undone.
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
  -- \`started\`: it may have had an effect, so it is undone like a finished one.
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

-- A token is dead once its tenant's epoch has moved on. The scope \`_appliance\` holds the tokens without a tenant.
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

-- Events of control, committed with the change they report and relayed to the log of \`tenant_id\` in the order of \`seq\`.
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

-- Where the log put a relayed event. The highest \`seq\` of a tenant is the relay's position.
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
`,
  },
  {
    version: 2,
    name: '0002-holds-ledger',
    sha256: '7fed4062b9a6d1d1b4c3816ee2d9a2aa6d1ed655d903d5edb4bafd90f9bcf903',
    step: 'expand' as const,
    since: '0.1.0',
    sql: `-- Legal holds (spec 3): while one is in force nothing that it covers is erased, and its tenant is not deleted.
-- A hold without \`confirmed_at\` is being set: it holds already, and goes if what it names is not there.
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
`,
  },
  {
    version: 3,
    name: '0003-break-glass',
    sha256: '29414c0c3db12685165779fab43658fcc4e46774d394c2975284649ec6d07a1f',
    step: 'expand' as const,
    since: '0.1.0',
    sql: `-- Break-glass: who may look at a tenant's content, why and until when. And what tenants are told, in more kinds than one.

-- A grant is live while it is not closed and not over. It never grows: more time is another grant.
CREATE TABLE break_glass_grants (
  grant_id TEXT PRIMARY KEY,
  tenant_id TEXT NOT NULL REFERENCES tenants,
  subject TEXT NOT NULL,
  role TEXT NOT NULL,
  reason TEXT NOT NULL,
  opened_at TEXT NOT NULL,
  expires_at TEXT NOT NULL CHECK (expires_at > opened_at),
  -- Closed by a person before its time, or noted as over when it was refused (then by nobody).
  closed_at TEXT,
  closed_by TEXT,
  CHECK (closed_by IS NULL OR closed_at IS NOT NULL)
) STRICT, WITHOUT ROWID;
CREATE INDEX break_glass_grants_by_tenant ON break_glass_grants (tenant_id, grant_id);
CREATE INDEX break_glass_grants_open ON break_glass_grants (tenant_id, subject, expires_at) WHERE closed_at IS NULL;
CREATE INDEX break_glass_grants_of_subject ON break_glass_grants (tenant_id, subject, grant_id);
CREATE TRIGGER break_glass_grants_only_end BEFORE UPDATE ON break_glass_grants
  WHEN OLD.closed_at IS NOT NULL OR NEW.closed_at IS NULL OR NEW.closed_at > OLD.expires_at
    OR NEW.grant_id IS NOT OLD.grant_id OR NEW.tenant_id IS NOT OLD.tenant_id OR NEW.subject IS NOT OLD.subject
    OR NEW.role IS NOT OLD.role OR NEW.reason IS NOT OLD.reason OR NEW.opened_at IS NOT OLD.opened_at
    OR NEW.expires_at IS NOT OLD.expires_at
  BEGIN SELECT RAISE(ABORT, 'a break-glass grant only ends'); END;
CREATE TRIGGER break_glass_grants_stay BEFORE DELETE ON break_glass_grants
  BEGIN SELECT RAISE(ABORT, 'a break-glass grant stays'); END;

-- Kinds are listed in control/notices.ts. A withdrawn notice is over; an acknowledged one was read by the tenant's admin.
CREATE TABLE notices (
  notice_id TEXT PRIMARY KEY,
  tenant_id TEXT NOT NULL REFERENCES tenants,
  kind TEXT NOT NULL,
  created_at TEXT NOT NULL,
  -- Who did what the notice tells, and why; null for notices of before these columns.
  actor TEXT,
  role TEXT,
  reason TEXT,
  -- Until when it holds, where it has an end of its own.
  until TEXT,
  grant_id TEXT REFERENCES break_glass_grants,
  withdrawn_at TEXT,
  acknowledged_at TEXT,
  acknowledged_by TEXT
) STRICT, WITHOUT ROWID;

-- How many rows each list has, kept in the transaction of each change, so that a page need not count them.
CREATE TABLE list_totals (
  tenant_id TEXT NOT NULL REFERENCES tenants,
  list TEXT NOT NULL CHECK (list IN ('grants', 'notices', 'unread')),
  entries INTEGER NOT NULL,
  PRIMARY KEY (tenant_id, list)
) STRICT, WITHOUT ROWID;
CREATE TRIGGER total_grant_in AFTER INSERT ON break_glass_grants
BEGIN
  INSERT INTO list_totals (tenant_id, list, entries) VALUES (NEW.tenant_id, 'grants', 1)
    ON CONFLICT DO UPDATE SET entries = entries + 1;
END;
CREATE TRIGGER total_notice_in AFTER INSERT ON notices
BEGIN
  INSERT INTO list_totals (tenant_id, list, entries) VALUES (NEW.tenant_id, 'notices', 1)
    ON CONFLICT DO UPDATE SET entries = entries + 1;
  INSERT INTO list_totals (tenant_id, list, entries)
    VALUES (NEW.tenant_id, 'unread', NEW.acknowledged_at IS NULL AND NEW.withdrawn_at IS NULL)
    ON CONFLICT DO UPDATE SET entries = entries + excluded.entries;
END;
CREATE TRIGGER total_notice_read AFTER UPDATE OF acknowledged_at, withdrawn_at ON notices
  WHEN OLD.acknowledged_at IS NULL AND OLD.withdrawn_at IS NULL
    AND (NEW.acknowledged_at IS NOT NULL OR NEW.withdrawn_at IS NOT NULL)
BEGIN
  UPDATE list_totals SET entries = entries - 1 WHERE tenant_id = NEW.tenant_id AND list = 'unread';
END;
-- What was acknowledged or withdrawn stays so.
CREATE TRIGGER notices_stay_read BEFORE UPDATE ON notices
  WHEN (OLD.acknowledged_at IS NOT NULL AND NEW.acknowledged_at IS NOT OLD.acknowledged_at)
    OR (OLD.withdrawn_at IS NOT NULL AND NEW.withdrawn_at IS NOT OLD.withdrawn_at)
  BEGIN SELECT RAISE(ABORT, 'a notice that was read stays read'); END;

-- Ids in the order of the rows, as UUID v7 of the time each was made.
INSERT INTO notices (notice_id, tenant_id, kind, created_at, withdrawn_at)
  SELECT lower(printf('%08x-%04x-7%03x-%04x-', made / 65536, made % 65536, id % 4096, 32768 + abs(random() % 16384))
      || hex(randomblob(6))), tenant_id, kind, created_at, withdrawn_at
  FROM (SELECT *, CAST(round((julianday(created_at) - 2440587.5) * 86400000) AS INTEGER) AS made FROM tenant_notices);
DROP TABLE tenant_notices;

CREATE INDEX notices_by_tenant ON notices (tenant_id, notice_id);
CREATE INDEX notices_unread ON notices (tenant_id, notice_id) WHERE acknowledged_at IS NULL AND withdrawn_at IS NULL;
`,
  },
  {
    version: 4,
    name: '0004-hold-lists',
    sha256: 'b8011b8eab0adeeddbd4085b27618bb00e192a42acf4d2ad807e1eff17d089af',
    step: 'expand' as const,
    since: '0.1.0',
    sql: `-- Lists of holds, by where they stand: each page and each count from one index, which holds the terms too.
CREATE INDEX holds_confirmed ON holds (tenant_id, hold_id, confirmed_at) WHERE confirmed_at IS NOT NULL;
CREATE INDEX holds_standing ON holds (tenant_id, hold_id, confirmed_at, lifted_at)
  WHERE confirmed_at IS NOT NULL AND lifted_at IS NULL;
CREATE INDEX holds_lifted ON holds (tenant_id, hold_id, lifted_at) WHERE lifted_at IS NOT NULL;
`,
  },
  {
    version: 5,
    name: '0005-hold-totals',
    sha256: 'b5bec3c0e62b9cd94d46b6863517ca4b840e3896b8e336cc494ec61f90e88d11',
    step: 'expand' as const,
    since: '0.1.0',
    sql: `-- How many holds each list has, kept in the transaction of each change, so that a page need not count them. A hold that is
-- being set is in none.
CREATE TABLE hold_totals (
  tenant_id TEXT NOT NULL REFERENCES tenants,
  list TEXT NOT NULL CHECK (list IN ('all', 'in_force', 'lifted')),
  entries INTEGER NOT NULL,
  PRIMARY KEY (tenant_id, list)
) STRICT, WITHOUT ROWID;
INSERT INTO hold_totals (tenant_id, list, entries)
  SELECT h.tenant_id, l.value, sum(l.value = 'all' OR (h.lifted_at IS NULL) = (l.value = 'in_force'))
  FROM holds h, json_each('["all", "in_force", "lifted"]') l WHERE h.confirmed_at IS NOT NULL GROUP BY 1, 2;

CREATE TRIGGER total_hold_confirmed AFTER UPDATE OF confirmed_at ON holds
  WHEN OLD.confirmed_at IS NULL AND NEW.confirmed_at IS NOT NULL
BEGIN
  INSERT INTO hold_totals (tenant_id, list, entries) VALUES
    (NEW.tenant_id, 'all', 1), (NEW.tenant_id, 'in_force', NEW.lifted_at IS NULL), (NEW.tenant_id, 'lifted', NEW.lifted_at IS NOT NULL)
    ON CONFLICT DO UPDATE SET entries = entries + excluded.entries;
END;
CREATE TRIGGER total_hold_made AFTER INSERT ON holds WHEN NEW.confirmed_at IS NOT NULL
BEGIN
  INSERT INTO hold_totals (tenant_id, list, entries) VALUES
    (NEW.tenant_id, 'all', 1), (NEW.tenant_id, 'in_force', NEW.lifted_at IS NULL), (NEW.tenant_id, 'lifted', NEW.lifted_at IS NOT NULL)
    ON CONFLICT DO UPDATE SET entries = entries + excluded.entries;
END;
CREATE TRIGGER total_hold_lifted AFTER UPDATE OF lifted_at ON holds
  WHEN OLD.confirmed_at IS NOT NULL AND OLD.lifted_at IS NULL AND NEW.lifted_at IS NOT NULL
BEGIN
  UPDATE hold_totals SET entries = entries - 1 WHERE tenant_id = NEW.tenant_id AND list = 'in_force';
  UPDATE hold_totals SET entries = entries + 1 WHERE tenant_id = NEW.tenant_id AND list = 'lifted';
END;
`,
  },
  {
    version: 6,
    name: '0006-keys',
    sha256: 'a5217e07384131311c5bd2ea332e805054ddc2c4ef02f8f16e712bdab6a61a84',
    step: 'expand' as const,
    since: '0.1.0',
    sql: `-- Keys of tenants (spec 3): storage identities beside the rotating ones, what is being done with keys, escrow files and
-- other copies that lie outside the box, and the backups that need a key.

CREATE UNIQUE INDEX tenant_key_history_once ON tenant_key_history (tenant_id, public_key_hash);
CREATE UNIQUE INDEX tenant_key_history_active ON tenant_key_history (tenant_id)
  WHERE archived_at IS NULL AND purged_at IS NULL;
CREATE INDEX tenants_by_key_due ON tenants (key_rotation_due_at) WHERE key_rotation_due_at IS NOT NULL;

CREATE TABLE tenant_storage_keys (
  tenant_id TEXT NOT NULL REFERENCES tenants,
  storage_version INTEGER NOT NULL CHECK (storage_version > 0),
  public_key_hash TEXT NOT NULL,
  created_at TEXT NOT NULL,
  archived_at TEXT,
  purged_at TEXT,
  PRIMARY KEY (tenant_id, storage_version)
) STRICT, WITHOUT ROWID;

-- A rotation that has begun; the row goes in the transaction that reports it. Numbers are those it leads to.
CREATE TABLE key_rotations (
  tenant_id TEXT PRIMARY KEY REFERENCES tenants,
  actor TEXT NOT NULL,
  reason TEXT NOT NULL,
  emergency INTEGER NOT NULL CHECK (emergency IN (0, 1)),
  key_version INTEGER NOT NULL,
  storage_version INTEGER NOT NULL,
  started_at TEXT NOT NULL,
  -- Not before this time is it tried again.
  retry_at TEXT,
  error_code TEXT
) STRICT, WITHOUT ROWID;

-- The latest walk over a tenant's objects that seals them for the newest storage identity, and how far it is.
CREATE TABLE reencryptions (
  tenant_id TEXT PRIMARY KEY REFERENCES tenants,
  actor TEXT NOT NULL,
  reason TEXT NOT NULL,
  storage_version INTEGER NOT NULL,
  started_at TEXT NOT NULL,
  -- The last object that is done.
  after_key TEXT,
  examined INTEGER NOT NULL DEFAULT 0,
  moved INTEGER NOT NULL DEFAULT 0,
  moved_bytes INTEGER NOT NULL DEFAULT 0,
  -- Objects that no key opens, or that are damaged: they stay as they are.
  failed INTEGER NOT NULL DEFAULT 0,
  completed_at TEXT,
  retry_at TEXT,
  error_code TEXT
) STRICT, WITHOUT ROWID;
CREATE INDEX reencryptions_open ON reencryptions (tenant_id) WHERE completed_at IS NULL;

-- Escrow files as they lie on the box.
CREATE TABLE tenant_escrows (
  tenant_id TEXT PRIMARY KEY REFERENCES tenants,
  recipient TEXT NOT NULL,
  file_sha256 TEXT NOT NULL,
  keys_hash TEXT NOT NULL,
  written_at TEXT NOT NULL
) STRICT, WITHOUT ROWID;

-- Copies of a tenant's keys or content that left the box: the site destroys them when the tenant goes.
CREATE TABLE outside_copies (
  copy_id TEXT PRIMARY KEY,
  tenant_id TEXT NOT NULL REFERENCES tenants,
  kind TEXT NOT NULL CHECK (kind IN ('escrow', 'backup')),
  -- Where it went, or the backup's id.
  label TEXT NOT NULL,
  sha256 TEXT,
  made_at TEXT NOT NULL,
  -- The site said that it is destroyed; a backup needs its keys until then.
  destroyed_at TEXT
) STRICT, WITHOUT ROWID;
CREATE INDEX outside_copies_by_tenant ON outside_copies (tenant_id, copy_id);

-- Tenants of before have one storage identity; its public half is noted when it is next seen.
INSERT INTO tenant_storage_keys (tenant_id, storage_version, public_key_hash, created_at, purged_at)
  SELECT h.tenant_id, 1, '', min(h.created_at), max(h.purged_at) FROM tenant_key_history h GROUP BY h.tenant_id;
`,
  },
  {
    version: 7,
    name: '0007-networks',
    sha256: '65085a16345d1693a9ad47f104336cc0eecec84ce7f3de92d5b91f27d40f8f09',
    step: 'expand' as const,
    since: '0.1.0',
    sql: `-- Which /24 of the configured range each tenant's network has (spec 3, "Provisioning", step 4). The row goes when the
-- network is gone. Tenants that are not in the registry have one too: the probe.
CREATE TABLE tenant_networks (
  number INTEGER PRIMARY KEY CHECK (number BETWEEN 1 AND 254),
  tenant_id TEXT NOT NULL UNIQUE
) STRICT;
`,
  },
  {
    version: 8,
    name: '0008-isolation-reports',
    sha256: '04aaec2e322bf32709f63e6d4b94a1b4e69087e954a4e78d26bc9296c0a77469',
    step: 'expand' as const,
    since: '0.1.0',
    sql: `-- Reports of isolation checks, the last ones of each tenant (control/isolation/reports.ts). \`report\` is canonical JSON,
-- deflated: hundreds of like lines. The event ISOLATION_VERIFIED has its hash.
CREATE TABLE isolation_reports (
  report_id TEXT PRIMARY KEY,
  tenant_id TEXT NOT NULL REFERENCES tenants,
  checked_at TEXT NOT NULL,
  overall_pass INTEGER NOT NULL CHECK (overall_pass IN (0, 1)),
  checks INTEGER NOT NULL,
  allowed INTEGER NOT NULL,
  report_sha256 TEXT NOT NULL CHECK (length(report_sha256) = 64),
  report BLOB NOT NULL
) STRICT, WITHOUT ROWID;
-- With how each ended, so that a look at the last one reads no report.
CREATE INDEX isolation_reports_by_tenant ON isolation_reports (tenant_id, report_id, checked_at, overall_pass);
CREATE TRIGGER isolation_reports_are_final BEFORE UPDATE ON isolation_reports
  BEGIN SELECT RAISE(ABORT, 'a report stays as it was made'); END;
`,
  },
  {
    version: 9,
    name: '0009-one-time-codes',
    sha256: 'd8622fe50995cedcc5b14ac4fdf3b9e55013f49a623db5124b3c45693873252e',
    step: 'expand' as const,
    since: '0.1.0',
    sql: `-- Codes that are exchanged for a token, once each and within minutes. Only hashes are kept: who reads this file has no code.
CREATE TABLE one_time_codes (
  code_id TEXT PRIMARY KEY,
  code_sha256 TEXT NOT NULL UNIQUE CHECK (length(code_sha256) = 64),
  subject TEXT NOT NULL,
  role TEXT NOT NULL,
  scopes TEXT NOT NULL,
  tenant_id TEXT REFERENCES tenants,
  ttl_seconds INTEGER NOT NULL,
  -- Seconds since the epoch, as those of tokens.
  expires_at INTEGER NOT NULL,
  redeemed_at TEXT
) STRICT, WITHOUT ROWID;
CREATE INDEX one_time_codes_by_subject ON one_time_codes (subject) WHERE redeemed_at IS NULL;
CREATE INDEX one_time_codes_by_tenant ON one_time_codes (tenant_id) WHERE redeemed_at IS NULL;
`,
  },
  {
    version: 10,
    name: '0010-users-sessions',
    sha256: '3de5325b340180e88614682aa21ba48a4e1145ef15345bb227f12bbfc34d1f24',
    step: 'expand' as const,
    since: '0.1.0',
    sql: `-- People who sign in at the user interface, and their sessions. Passwords are kept as argon2id, sessions as hashes: who reads
-- this file signs in as nobody.
CREATE TABLE users (
  username TEXT PRIMARY KEY,
  role TEXT NOT NULL CHECK (role IN ('tenant_user', 'tenant_admin', 'admin', 'auditor')),
  tenant_id TEXT REFERENCES tenants,
  -- Null: nothing opens it until a password is set, as after a restore.
  password TEXT,
  created_at TEXT NOT NULL,
  changed_at TEXT NOT NULL,
  CHECK ((tenant_id IS NOT NULL) = (role IN ('tenant_user', 'tenant_admin')))
) STRICT, WITHOUT ROWID;

-- A session is a token that stays on the box: its row in \`tokens\` says whose it is, until when, and whether it was revoked.
CREATE TABLE sessions (
  session_sha256 TEXT PRIMARY KEY CHECK (length(session_sha256) = 64),
  jti TEXT NOT NULL UNIQUE REFERENCES tokens ON DELETE CASCADE,
  -- Seconds since the epoch, as those of tokens.
  seen_at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
`,
  },
]);
