// Made by scripts/gen-sql.ts from the SQL files beside it. Do not edit.

export const MIGRATIONS = Object.freeze([
  {
    version: 1,
    name: '0001-samples',
    sha256: 'd37aba9b5717898cb21d2431995194083b333c1fbc0c09b5623d13d27a5798b9',
    step: 'expand' as const,
    since: '0.1.0',
    sql: `-- What was measured of a tenant (or of the whole box, '') at a moment. A ring: rows fall out behind as new ones come.
CREATE TABLE samples (
  step_seconds INTEGER NOT NULL,
  tenant_id TEXT NOT NULL,
  at INTEGER NOT NULL,
  taken TEXT NOT NULL,
  PRIMARY KEY (step_seconds, tenant_id, at)
) STRICT, WITHOUT ROWID;
`,
  },
]);
