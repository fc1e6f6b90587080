-- A second index is built beside the one that is served, under the other of two numbers. Without a row: 0.
CREATE TABLE vector_index (
  one INTEGER PRIMARY KEY CHECK (one = 1),
  served INTEGER NOT NULL CHECK (served IN (0, 1))
) STRICT;

CREATE TABLE reindexes (
  reindex_id TEXT PRIMARY KEY,
  number INTEGER NOT NULL CHECK (number IN (0, 1)),
  embed_model TEXT NOT NULL,
  embed_version TEXT NOT NULL,
  reason TEXT NOT NULL,
  requested_by TEXT NOT NULL,
  requested_at TEXT NOT NULL,
  status TEXT NOT NULL CHECK (status IN ('building', 'switched', 'cancelled')),
  ended_at TEXT,
  ended_by TEXT,
  -- What the index that is not served any more held is gone.
  dropped_at TEXT,
  documents INTEGER NOT NULL,
  documents_done INTEGER NOT NULL,
  chunks_done INTEGER NOT NULL,
  error_code TEXT,
  worker TEXT,
  held_until TEXT
) STRICT, WITHOUT ROWID;
CREATE UNIQUE INDEX reindexes_open ON reindexes ((1)) WHERE dropped_at IS NULL;

-- What the second index has, and has yet to get, while it is built: a row for each document that is served. A worker holds
-- those that it is at.
CREATE TABLE reindex_documents (
  doc_id TEXT PRIMARY KEY REFERENCES documents (doc_id) ON DELETE CASCADE,
  worker TEXT,
  held_until TEXT,
  staged_at TEXT,
  vectors_sha256 TEXT,
  output_hash TEXT,
  index_event_id TEXT
) STRICT, WITHOUT ROWID;
CREATE INDEX reindex_documents_open ON reindex_documents (doc_id) WHERE staged_at IS NULL;
CREATE INDEX reindex_documents_held ON reindex_documents (worker) WHERE worker IS NOT NULL;

-- Index records of chunks whose vectors a reindex made. Under the number that is served they stand for those beside the
-- chunk: so the switch is one row, whatever the number of chunks.
CREATE TABLE reindexed_chunks (
  chunk_id TEXT NOT NULL REFERENCES chunks (chunk_id) ON DELETE CASCADE,
  number INTEGER NOT NULL,
  doc_id TEXT NOT NULL,
  embed_model TEXT NOT NULL,
  embed_version TEXT NOT NULL,
  vector_sha256 TEXT NOT NULL,
  indexed_at TEXT NOT NULL,
  PRIMARY KEY (chunk_id, number)
) STRICT, WITHOUT ROWID;
