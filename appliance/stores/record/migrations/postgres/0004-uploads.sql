-- Resumable uploads: how far each has come, and which objects hold its bytes. `received` moves only together with the
-- segment that brought it there.

CREATE TABLE uploads (
  upload_id text COLLATE "C" PRIMARY KEY,
  state text NOT NULL CHECK (state IN ('open', 'finished', 'taken')),
  length bigint NOT NULL CHECK (length >= 0),
  received bigint NOT NULL CHECK (received BETWEEN 0 AND length),
  -- Segments ever appended: what was merged since counts too.
  pieces bigint NOT NULL DEFAULT 0,
  metadata text NOT NULL,
  submitted_by text NOT NULL,
  created_at text COLLATE "C" NOT NULL,
  updated_at text COLLATE "C" NOT NULL,
  expires_at text COLLATE "C" NOT NULL,
  -- The batch that took it.
  batch_id text COLLATE "C",
  CHECK ((state = 'open') = (received < length) OR state = 'taken'),
  CHECK ((state = 'taken') = (batch_id IS NOT NULL))
);
CREATE INDEX uploads_by_time ON uploads (created_at, upload_id);
CREATE INDEX uploads_by_state ON uploads (state, created_at, upload_id);
CREATE INDEX uploads_by_expiry ON uploads (expires_at, upload_id);
ALTER TABLE uploads ALTER COLUMN metadata SET STATISTICS 0;

CREATE TABLE upload_segments (
  upload_id text COLLATE "C" NOT NULL REFERENCES uploads (upload_id) ON DELETE CASCADE,
  start bigint NOT NULL,
  bytes bigint NOT NULL CHECK (bytes > 0),
  object_key text NOT NULL,
  PRIMARY KEY (upload_id, start)
);
