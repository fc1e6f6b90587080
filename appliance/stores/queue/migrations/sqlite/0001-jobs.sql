-- Jobs that wait or are claimed; a finished job has no row.
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
