// Made by scripts/gen-sql.ts from the SQL files beside it. Do not edit.

export const MIGRATIONS = Object.freeze([
  {
    version: 1,
    name: '0001-jobs',
    sha256: 'f8325daf9ea8a6d91107356b5d0cddaa6b29200b2f94bf67bf31873309013769',
    step: 'expand' as const,
    since: '0.1.0',
    sql: `-- Jobs that wait or are claimed; a finished job has no row.
CREATE TABLE jobs (
  -- Order of insertion, for jobs due at the same moment.
  seq INTEGER PRIMARY KEY AUTOINCREMENT,
  job_id TEXT NOT NULL UNIQUE,
  stage TEXT NOT NULL CHECK (stage IN ('parse', 'policy', 'embed', 'index')),
  doc_id TEXT NOT NULL,
  run INTEGER NOT NULL,
  failures INTEGER NOT NULL DEFAULT 0,
  deliveries INTEGER NOT NULL DEFAULT 0,
  -- When it became (or becomes) due, milliseconds since the epoch; a released job goes back to it.
  due_at INTEGER NOT NULL,
  -- When it can be taken: due_at while it waits, the end of the lease while it is claimed.
  available_at INTEGER NOT NULL,
  lease TEXT
) STRICT;

CREATE INDEX jobs_by_stage ON jobs (stage, available_at, seq);
CREATE INDEX jobs_by_document ON jobs (doc_id);
`,
  },
  {
    version: 2,
    name: '0002-lease-holder',
    sha256: '00692dcb70c1a2b4afffdca8c2f0c5b8b745cb666f0a85877806c36f6e4a57c1',
    step: 'expand' as const,
    since: '0.1.0',
    sql: `-- Who holds a claimed job, so that the jobs of a worker known to be dead need not wait for their leases to run out.
ALTER TABLE jobs ADD COLUMN worker TEXT;
CREATE INDEX jobs_by_worker ON jobs (worker) WHERE worker IS NOT NULL;
`,
  },
  {
    version: 3,
    name: '0003-withdrawn',
    sha256: '2e90689d9d2b3a35778ad6270b7e2965cc2450535aaee5b39757e763a95bed7a',
    step: 'expand' as const,
    since: '0.1.0',
    sql: `-- A job that was taken away while a worker held it: it goes when the worker lets go of it.
ALTER TABLE jobs ADD COLUMN withdrawn INTEGER NOT NULL DEFAULT 0;
`,
  },
]);
