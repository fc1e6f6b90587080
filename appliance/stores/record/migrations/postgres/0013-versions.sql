-- expand, since 0.1.0
-- Which versions of a document were served, so that two parses of it can be compared: hashes and versions, no words. They go
-- with the document.
CREATE TABLE document_versions (
  doc_id text COLLATE "C" NOT NULL REFERENCES documents (doc_id) ON DELETE CASCADE,
  run bigint NOT NULL,
  canonical_sha256 text,
  enriched_sha256 text,
  config_version bigint NOT NULL,
  published_at text NOT NULL,
  lineage text NOT NULL,
  PRIMARY KEY (doc_id, run)
);

INSERT INTO document_versions (doc_id, run, canonical_sha256, enriched_sha256, config_version, published_at, lineage)
  SELECT doc_id, (served::json ->> 'run')::bigint, served::json ->> 'canonical_sha256', served::json ->> 'enriched_sha256',
    (served::json ->> 'config_version')::bigint, coalesce(indexed_at, updated_at), coalesce(served::json ->> 'lineage', '{}')
  FROM documents WHERE served IS NOT NULL;
