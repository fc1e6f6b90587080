-- Break-glass: who may look at a tenant's content, why and until when. And what tenants are told, in more kinds than one.

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
