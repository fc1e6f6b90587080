-- Documents run again, one by one or many at once, while what an earlier version serves stays visible.

-- Which version of a document its chunks are of: the other columns follow the run at work, which may be further.
ALTER TABLE documents ADD COLUMN served TEXT;
UPDATE documents SET served = json_object(
  'run', run,
  'config_version', config_version,
  'canonical_sha256', coalesce(
    (SELECT json_extract(e.details, '$.canonical_sha256') FROM audit_events e WHERE e.event_id = documents.index_event_id),
    canonical_sha256),
  'enriched_sha256', enriched_sha256,
  'vectors_sha256', vectors_sha256,
  'embed_model', embed_model,
  'embed_version', embed_version,
  'lineage', json_patch(
    coalesce(json_extract(findings, '$.parsing.lineage'), '{}'),
    json_object('policy_version', json_extract(findings, '$.policy.policy_version'))))
WHERE state = 'indexed' OR EXISTS (SELECT 1 FROM chunks c WHERE c.doc_id = documents.doc_id);

-- A request to run documents again, worked off behind a cursor in the documents' order of receipt.
CREATE TABLE reprocesses (
  reprocess_id TEXT PRIMARY KEY,
  scope TEXT NOT NULL CHECK (scope IN ('document', 'batch', 'below')),
  doc_id TEXT,
  batch_id TEXT REFERENCES batches (batch_id),
  below TEXT,
  from_stage TEXT NOT NULL CHECK (from_stage IN ('parse', 'policy', 'embed')),
  reason TEXT NOT NULL,
  requested_by TEXT NOT NULL,
  requested_at TEXT NOT NULL,
  config_version INTEGER NOT NULL REFERENCES configs (version),
  status TEXT NOT NULL CHECK (status IN ('restarting', 'restarted')),
  restarted_at TEXT,
  candidates INTEGER NOT NULL,
  examined INTEGER NOT NULL,
  restarted INTEGER NOT NULL,
  skipped INTEGER NOT NULL,
  cursor_received_at TEXT,
  cursor_doc_id TEXT
) STRICT, WITHOUT ROWID;
CREATE INDEX reprocesses_open ON reprocesses (reprocess_id) WHERE status = 'restarting';

-- The request that ran a document last, and per request how many of its documents stand where: a page of requests is
-- read without a look at their documents.
ALTER TABLE documents ADD COLUMN reprocess_id TEXT REFERENCES reprocesses (reprocess_id);
CREATE TABLE reprocess_states (
  reprocess_id TEXT NOT NULL REFERENCES reprocesses (reprocess_id),
  state TEXT NOT NULL,
  entries INTEGER NOT NULL,
  PRIMARY KEY (reprocess_id, state)
) STRICT, WITHOUT ROWID;

CREATE TRIGGER reprocess_takes_document AFTER UPDATE OF state, reprocess_id ON documents
WHEN old.state <> new.state OR old.reprocess_id IS NOT new.reprocess_id
BEGIN
  UPDATE reprocess_states SET entries = entries - 1 WHERE reprocess_id = old.reprocess_id AND state = old.state;
  INSERT INTO reprocess_states (reprocess_id, state, entries)
    SELECT new.reprocess_id, new.state, 1 WHERE new.reprocess_id IS NOT NULL
    ON CONFLICT (reprocess_id, state) DO UPDATE SET entries = entries + 1;
END;
CREATE TRIGGER reprocess_loses_document AFTER DELETE ON documents WHEN old.reprocess_id IS NOT NULL
BEGIN
  UPDATE reprocess_states SET entries = entries - 1 WHERE reprocess_id = old.reprocess_id AND state = old.state;
END;

INSERT INTO tallies (name, state) VALUES ('reprocesses', 'restarting'), ('reprocesses', 'restarted');
CREATE TRIGGER tally_reprocess_in AFTER INSERT ON reprocesses
BEGIN
  UPDATE tallies SET entries = entries + 1 WHERE name = 'reprocesses' AND state = new.status;
END;
CREATE TRIGGER tally_reprocess_moves AFTER UPDATE OF status ON reprocesses WHEN old.status <> new.status
BEGIN
  UPDATE tallies SET entries = entries - 1 WHERE name = 'reprocesses' AND state = old.status;
  UPDATE tallies SET entries = entries + 1 WHERE name = 'reprocesses' AND state = new.status;
END;
