-- A second index is built beside the one that is served, under the other of two numbers. Without a row: 0.
CREATE TABLE vector_index (
  one integer PRIMARY KEY CHECK (one = 1),
  served integer NOT NULL CHECK (served IN (0, 1))
);

CREATE TABLE reindexes (
  reindex_id text COLLATE "C" PRIMARY KEY,
  number integer NOT NULL CHECK (number IN (0, 1)),
  embed_model text NOT NULL,
  embed_version text NOT NULL,
  reason text NOT NULL,
  requested_by text NOT NULL,
  requested_at text COLLATE "C" NOT NULL,
  status text NOT NULL CHECK (status IN ('building', 'switched', 'cancelled')),
  ended_at text,
  ended_by text,
  -- What the index that is not served any more held is gone.
  dropped_at text,
  documents bigint NOT NULL,
  documents_done bigint NOT NULL,
  chunks_done bigint NOT NULL,
  error_code text,
  worker text,
  held_until text COLLATE "C"
);
CREATE UNIQUE INDEX reindexes_open ON reindexes ((1)) WHERE dropped_at IS NULL;

-- What the second index has, and has yet to get, while it is built: a row for each document that is served. A worker holds
-- those that it is at.
CREATE TABLE reindex_documents (
  doc_id text COLLATE "C" PRIMARY KEY REFERENCES documents (doc_id) ON DELETE CASCADE,
  worker text,
  held_until text COLLATE "C",
  staged_at text,
  vectors_sha256 text,
  output_hash text,
  index_event_id text
);
CREATE INDEX reindex_documents_open ON reindex_documents (doc_id) WHERE staged_at IS NULL;
CREATE INDEX reindex_documents_held ON reindex_documents (worker) WHERE worker IS NOT NULL;

-- Index records of chunks whose vectors a reindex made. Under the number that is served they stand for those beside the
-- chunk: so the switch is one row, whatever the number of chunks. Whoever takes a chunk away takes these too.
CREATE TABLE reindexed_chunks (
  chunk_id text COLLATE "C" NOT NULL,
  number integer NOT NULL,
  doc_id text COLLATE "C" NOT NULL,
  embed_model text NOT NULL,
  embed_version text NOT NULL,
  vector_sha256 text NOT NULL,
  indexed_at text NOT NULL,
  PRIMARY KEY (doc_id, chunk_id, number)
);
CREATE INDEX reindexed_chunks_number ON reindexed_chunks (number);

CREATE OR REPLACE VIEW index_records AS
  SELECT c.chunk_id, c.doc_id, c.tenant_id, coalesce(r.embed_model, c.embed_model) AS embed_model,
    coalesce(r.embed_version, c.embed_version) AS embed_version, c.embed_dimensions,
    coalesce(r.vector_sha256, c.vector_sha256) AS vector_sha256, coalesce(r.indexed_at, c.indexed_at) AS indexed_at
  FROM chunks c LEFT JOIN reindexed_chunks r ON r.doc_id = c.doc_id AND r.chunk_id = c.chunk_id
    AND r.number = (SELECT coalesce(max(served), 0) FROM vector_index);
