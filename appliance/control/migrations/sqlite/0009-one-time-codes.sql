-- Codes that are exchanged for a token, once each and within minutes. Only hashes are kept: who reads this file has no code.
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
