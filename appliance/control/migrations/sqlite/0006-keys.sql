-- Keys of tenants (spec 3): storage identities beside the rotating ones, what is being done with keys, escrow files and
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
