-- Resumable uploads: how far each has come, and which objects hold its bytes. `received` moves only together with the
-- segment that brought it there.

CREATE TABLE uploads (
  upload_id TEXT PRIMARY KEY,
  state TEXT NOT NULL CHECK (state IN ('open', 'finished', 'taken')),
  length INTEGER NOT NULL CHECK (length >= 0),
  received INTEGER NOT NULL CHECK (received BETWEEN 0 AND length),
  -- Segments ever appended: what was merged since counts too.
  pieces INTEGER NOT NULL DEFAULT 0,
  metadata TEXT NOT NULL,
  submitted_by TEXT NOT NULL,
  created_at TEXT NOT NULL,
  updated_at TEXT NOT NULL,
  expires_at TEXT NOT NULL,
  -- The batch that took it.
  batch_id TEXT,
  CHECK ((state = 'open') = (received < length) OR state = 'taken'),
  CHECK ((state = 'taken') = (batch_id IS NOT NULL))
) STRICT;
CREATE INDEX uploads_by_time ON uploads (created_at, upload_id);
CREATE INDEX uploads_by_state ON uploads (state, created_at, upload_id);
CREATE INDEX uploads_by_expiry ON uploads (expires_at, upload_id);

CREATE TABLE upload_segments (
  upload_id TEXT NOT NULL REFERENCES uploads (upload_id) ON DELETE CASCADE,
  start INTEGER NOT NULL,
  bytes INTEGER NOT NULL CHECK (bytes > 0),
  object_key TEXT NOT NULL,
  PRIMARY KEY (upload_id, start)
) STRICT, WITHOUT ROWID;

INSERT INTO tallies (name, state) VALUES ('uploads', 'open'), ('uploads', 'finished'), ('uploads', 'taken');

CREATE TRIGGER tally_upload_in AFTER INSERT ON uploads
BEGIN
  UPDATE tallies SET entries = entries + 1, bytes = bytes + new.length WHERE name = 'uploads' AND state = new.state;
END;
CREATE TRIGGER tally_upload_out AFTER DELETE ON uploads
BEGIN
  UPDATE tallies SET entries = entries - 1, bytes = bytes - old.length WHERE name = 'uploads' AND state = old.state;
END;
CREATE TRIGGER tally_upload_moves AFTER UPDATE OF state ON uploads WHEN old.state <> new.state
BEGIN
  UPDATE tallies SET entries = entries - 1, bytes = bytes - old.length WHERE name = 'uploads' AND state = old.state;
  UPDATE tallies SET entries = entries + 1, bytes = bytes + new.length WHERE name = 'uploads' AND state = new.state;
END;
