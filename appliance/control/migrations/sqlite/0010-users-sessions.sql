-- People who sign in at the user interface, and their sessions. Passwords are kept as argon2id, sessions as hashes: who reads
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

-- A session is a token that stays on the box: its row in `tokens` says whose it is, until when, and whether it was revoked.
CREATE TABLE sessions (
  session_sha256 TEXT PRIMARY KEY CHECK (length(session_sha256) = 64),
  jti TEXT NOT NULL UNIQUE REFERENCES tokens ON DELETE CASCADE,
  -- Seconds since the epoch, as those of tokens.
  seen_at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
