-- What was measured of a tenant (or of the whole box, '') at a moment. A ring: rows fall out behind as new ones come.
CREATE TABLE samples (
  step_seconds INTEGER NOT NULL,
  tenant_id TEXT NOT NULL,
  at INTEGER NOT NULL,
  taken TEXT NOT NULL,
  PRIMARY KEY (step_seconds, tenant_id, at)
) STRICT, WITHOUT ROWID;
