-- expand, since 0.1.0
-- Which versions of a document were served, so that two parses of it can be compared: hashes and versions, no words. They go
-- with the document.
CREATE TABLE document_versions (
  doc_id TEXT NOT NULL REFERENCES documents (doc_id) ON DELETE CASCADE,
  run INTEGER NOT NULL,
  canonical_sha256 TEXT,
  enriched_sha256 TEXT,
  config_version INTEGER NOT NULL,
  published_at TEXT NOT NULL,
  lineage TEXT NOT NULL,
  PRIMARY KEY (doc_id, run)
) STRICT, WITHOUT ROWID;

INSERT INTO document_versions (doc_id, run, canonical_sha256, enriched_sha256, config_version, published_at, lineage)
  SELECT doc_id, served ->> '$.run', served ->> '$.canonical_sha256', served ->> '$.enriched_sha256',
    served ->> '$.config_version', coalesce(indexed_at, updated_at), coalesce(served -> '$.lineage', '{}')
  FROM documents WHERE served IS NOT NULL;
