// Made by scripts/gen-sql.ts from the SQL files beside it. Do not edit.

export const MIGRATIONS = Object.freeze([
  {
    version: 1,
    name: '0001-records',
    sha256: '4136c6444bdc70c2d4a0c53a25cd44e3d8d1439ea45dd7bd79c305a9e14490b3',
    step: 'expand' as const,
    since: '0.1.0',
    sql: `-- Records of one tenant: batches, receipts, documents, chunks, jobs on their way to the queue, dead letters.
-- JSON stands in text columns; times are UTC ISO 8601 with milliseconds, so that text order is time order.

-- The one tenant this file belongs to, set when it is first opened.
CREATE TABLE store_owner (
  one INTEGER PRIMARY KEY CHECK (one = 1),
  tenant_id TEXT NOT NULL
) STRICT;
CREATE TRIGGER store_owner_stays BEFORE UPDATE ON store_owner
BEGIN
  SELECT RAISE(ABORT, 'a store keeps its owner');
END;

CREATE TABLE configs (
  version INTEGER PRIMARY KEY,
  config TEXT NOT NULL
) STRICT;

CREATE TABLE batches (
  batch_id TEXT PRIMARY KEY,
  manifest_sha256 TEXT NOT NULL,
  file_count INTEGER NOT NULL,
  status TEXT NOT NULL CHECK (status IN ('receiving', 'processing', 'held', 'completed', 'cancelled')),
  submitted_at TEXT NOT NULL,
  updated_at TEXT NOT NULL,
  submitted_by TEXT NOT NULL,
  submitter TEXT,
  metadata TEXT NOT NULL,
  config_version INTEGER NOT NULL REFERENCES configs (version),
  files TEXT NOT NULL,
  report TEXT
) STRICT;
CREATE INDEX batches_by_time ON batches (submitted_at, batch_id);
CREATE INDEX batches_by_status ON batches (status, submitted_at, batch_id);
CREATE INDEX batches_open ON batches (batch_id) WHERE status IN ('processing', 'held');

CREATE TABLE receipts (
  receipt_id TEXT PRIMARY KEY,
  tenant_id TEXT NOT NULL,
  batch_id TEXT NOT NULL REFERENCES batches (batch_id),
  file_id TEXT NOT NULL,
  position INTEGER NOT NULL,
  doc_id TEXT,
  original_filename TEXT NOT NULL,
  mime_type TEXT NOT NULL,
  size_bytes INTEGER NOT NULL,
  sha256 TEXT NOT NULL,
  scan_result TEXT NOT NULL,
  received_at TEXT NOT NULL,
  storage_path TEXT,
  status TEXT NOT NULL CHECK (status IN ('accepted', 'rejected', 'quarantined')),
  duplicate_of TEXT,
  submitted_by TEXT NOT NULL,
  reason TEXT,
  message TEXT,
  remediation TEXT,
  details TEXT,
  UNIQUE (batch_id, file_id),
  CHECK ((status = 'rejected') = (doc_id IS NULL)),
  CHECK ((status = 'rejected') = (storage_path IS NULL))
) STRICT;
CREATE UNIQUE INDEX receipts_in_order ON receipts (batch_id, position);
CREATE INDEX receipts_by_document ON receipts (doc_id);

CREATE TRIGGER receipts_are_immutable BEFORE UPDATE ON receipts
BEGIN
  SELECT RAISE(ABORT, 'a receipt never changes');
END;

CREATE TABLE documents (
  doc_id TEXT PRIMARY KEY,
  raw_sha256 TEXT NOT NULL,
  storage_path TEXT NOT NULL,
  original_filename TEXT NOT NULL,
  mime_type TEXT NOT NULL,
  size_bytes INTEGER NOT NULL,
  scan_result TEXT NOT NULL,
  state TEXT NOT NULL CHECK (state IN ('processing', 'held', 'indexed', 'quarantined', 'cancelled', 'parse_failed', 'policy_failed', 'embed_failed', 'index_failed')),
  quarantine_reason TEXT,
  current_stage TEXT NOT NULL,
  stages TEXT NOT NULL,
  run INTEGER NOT NULL,
  config_version INTEGER NOT NULL REFERENCES configs (version),
  batch_id TEXT NOT NULL,
  receipt_id TEXT NOT NULL,
  metadata TEXT NOT NULL,
  received_at TEXT NOT NULL,
  updated_at TEXT NOT NULL,
  parsed_at TEXT,
  indexed_at TEXT,
  canonical_sha256 TEXT,
  enriched_sha256 TEXT,
  vectors_sha256 TEXT,
  embed_model TEXT,
  embed_version TEXT,
  page_count INTEGER,
  chunk_count INTEGER,
  chunks_indexed INTEGER,
  chunks_quarantined INTEGER,
  classification TEXT,
  classification_confidence REAL,
  findings TEXT NOT NULL,
  error TEXT,
  last_output_hash TEXT,
  index_event_id TEXT
) STRICT;
CREATE INDEX documents_by_time ON documents (received_at, doc_id);
CREATE INDEX documents_by_state ON documents (state, received_at, doc_id);
CREATE INDEX documents_unfinished ON documents (doc_id) WHERE state = 'processing';

-- Every batch that holds a document. \`received_at\` is the document's, so that a batch's pages need no sort.
CREATE TABLE document_batches (
  doc_id TEXT NOT NULL REFERENCES documents (doc_id) ON DELETE CASCADE,
  batch_id TEXT NOT NULL REFERENCES batches (batch_id),
  received_at TEXT NOT NULL,
  PRIMARY KEY (doc_id, batch_id)
) STRICT, WITHOUT ROWID;
CREATE INDEX document_batches_in_order ON document_batches (batch_id, received_at, doc_id);

-- A chunk is here exactly while it is visible to search.
CREATE TABLE chunks (
  id INTEGER PRIMARY KEY,
  chunk_id TEXT NOT NULL UNIQUE,
  doc_id TEXT NOT NULL REFERENCES documents (doc_id) ON DELETE CASCADE,
  position INTEGER NOT NULL,
  text TEXT NOT NULL,
  section_title TEXT NOT NULL,
  page INTEGER NOT NULL,
  start_char INTEGER NOT NULL,
  end_char INTEGER NOT NULL,
  element_type TEXT NOT NULL,
  boxes TEXT,
  path TEXT,
  metadata TEXT NOT NULL,
  policy TEXT NOT NULL,
  classification TEXT NOT NULL,
  UNIQUE (doc_id, position)
) STRICT;

CREATE TABLE index_records (
  chunk_id TEXT PRIMARY KEY REFERENCES chunks (chunk_id) ON DELETE CASCADE,
  doc_id TEXT NOT NULL,
  tenant_id TEXT NOT NULL,
  embed_model TEXT NOT NULL,
  embed_version TEXT NOT NULL,
  embed_dimensions INTEGER NOT NULL,
  vector_sha256 TEXT NOT NULL,
  indexed_at TEXT NOT NULL
) STRICT, WITHOUT ROWID;

-- Full text over the chunks' own columns (external content: no second copy of the text). Deleting removes a term's
-- entries at once instead of writing a tombstone beside them: erased words must be gone from the file.
CREATE VIRTUAL TABLE chunks_fts USING fts5 (
  text, section_title,
  content = 'chunks', content_rowid = 'id', tokenize = 'porter unicode61 remove_diacritics 2'
);
INSERT INTO chunks_fts (chunks_fts, rank) VALUES ('secure-delete', 1);
INSERT INTO chunks_fts (chunks_fts, rank) VALUES ('rank', 'bm25(1.0, 1.5)');

CREATE TRIGGER chunks_into_text AFTER INSERT ON chunks
BEGIN
  INSERT INTO chunks_fts (rowid, text, section_title) VALUES (new.id, new.text, new.section_title);
END;
CREATE TRIGGER chunks_out_of_text AFTER DELETE ON chunks
BEGIN
  INSERT INTO chunks_fts (chunks_fts, rowid, text, section_title) VALUES ('delete', old.id, old.text, old.section_title);
END;
CREATE TRIGGER chunks_are_replaced BEFORE UPDATE ON chunks
BEGIN
  SELECT RAISE(ABORT, 'a chunk is replaced, never changed');
END;

CREATE TABLE outbox (
  seq INTEGER PRIMARY KEY AUTOINCREMENT,
  job_id TEXT NOT NULL UNIQUE,
  stage TEXT NOT NULL,
  doc_id TEXT NOT NULL,
  run INTEGER NOT NULL
) STRICT;

CREATE TABLE dead_letters (
  dlq_entry_id TEXT PRIMARY KEY,
  tenant_id TEXT NOT NULL,
  original_job_id TEXT NOT NULL,
  stage TEXT NOT NULL,
  resource_type TEXT NOT NULL,
  resource_id TEXT NOT NULL,
  first_attempt_at TEXT NOT NULL,
  last_attempt_at TEXT NOT NULL,
  resolved_at TEXT,
  retry_count INTEGER NOT NULL,
  error TEXT NOT NULL,
  status TEXT NOT NULL CHECK (status IN ('pending_review', 'resolved', 'abandoned')),
  resolution TEXT CHECK (resolution IN ('reprocessed', 'skipped', 'manual_fix'))
) STRICT;
CREATE INDEX dead_letters_by_status ON dead_letters (status, dlq_entry_id);
CREATE INDEX dead_letters_pending ON dead_letters (resource_id) WHERE status = 'pending_review';
`,
  },
  {
    version: 2,
    name: '0002-audit',
    sha256: '187a328da224a88b7680bff39e2834f4196b101bd3f6272415685d45d2abb7c8',
    step: 'expand' as const,
    since: '0.1.0',
    sql: `-- Events committed beside the change they report, waiting for the relay to the tenant's log. Append-only.

CREATE TABLE audit_events (
  seq INTEGER PRIMARY KEY AUTOINCREMENT,
  event_id TEXT NOT NULL UNIQUE,
  tenant_id TEXT NOT NULL,
  event_type TEXT NOT NULL,
  timestamp TEXT NOT NULL,
  actor TEXT NOT NULL,
  resource_type TEXT NOT NULL,
  resource_id TEXT NOT NULL,
  details TEXT NOT NULL,
  previous_event_id TEXT
) STRICT;
CREATE INDEX audit_events_by_time ON audit_events (tenant_id, timestamp);
CREATE INDEX audit_events_by_resource_time ON audit_events (tenant_id, resource_id, timestamp);
CREATE INDEX audit_events_by_type ON audit_events (event_type, timestamp);
CREATE INDEX audit_events_by_previous ON audit_events (previous_event_id);
-- Finds the last event of a resource, which the next one names.
CREATE INDEX audit_events_by_resource ON audit_events (resource_type, resource_id, seq);

CREATE TRIGGER audit_events_no_update BEFORE UPDATE ON audit_events
BEGIN
  SELECT RAISE(ABORT, 'audit events are append-only');
END;
CREATE TRIGGER audit_events_no_delete BEFORE DELETE ON audit_events
BEGIN
  SELECT RAISE(ABORT, 'audit events are append-only');
END;
-- INSERT OR REPLACE deletes without asking the trigger above.
CREATE TRIGGER audit_events_no_replace BEFORE INSERT ON audit_events
WHEN EXISTS (SELECT 1 FROM audit_events WHERE event_id = new.event_id OR seq = new.seq)
BEGIN
  SELECT RAISE(ABORT, 'audit events are append-only');
END;

-- Personal references behind the commitments in an event. Erasable, and gone once the log has taken them over.
CREATE TABLE audit_references (
  event_id TEXT NOT NULL REFERENCES audit_events (event_id),
  name TEXT NOT NULL,
  salt TEXT NOT NULL,
  value TEXT NOT NULL,
  PRIMARY KEY (event_id, name)
) STRICT, WITHOUT ROWID;

-- Where the log put an event. Rows grow in order of seq; the largest is how far the relay has come.
CREATE TABLE audit_relay (
  seq INTEGER PRIMARY KEY REFERENCES audit_events (seq),
  event_id TEXT NOT NULL UNIQUE,
  log_index INTEGER NOT NULL UNIQUE
) STRICT;
`,
  },
  {
    version: 3,
    name: '0003-tallies',
    sha256: 'fe22a0fa00c7ffcae742eb8f2c3f31a6b61b90d33f4bc2c5e110234bb39d8b49',
    step: 'expand' as const,
    since: '0.1.0',
    sql: `-- Totals that pages and the usage report show, kept in the transaction of each change, so that reading one is one row.

CREATE TABLE tallies (
  name TEXT NOT NULL,
  state TEXT NOT NULL,
  entries INTEGER NOT NULL DEFAULT 0,
  bytes INTEGER NOT NULL DEFAULT 0,
  PRIMARY KEY (name, state)
) STRICT, WITHOUT ROWID;

INSERT INTO tallies (name, state) VALUES
  ('batches', 'receiving'), ('batches', 'processing'), ('batches', 'held'), ('batches', 'completed'), ('batches', 'cancelled'),
  ('documents', 'processing'), ('documents', 'held'), ('documents', 'indexed'), ('documents', 'quarantined'),
  ('documents', 'cancelled'), ('documents', 'parse_failed'), ('documents', 'policy_failed'), ('documents', 'embed_failed'),
  ('documents', 'index_failed'),
  ('dead_letters', 'pending_review'), ('dead_letters', 'resolved'), ('dead_letters', 'abandoned'),
  ('chunks', 'visible');

CREATE TRIGGER tally_batch_in AFTER INSERT ON batches
BEGIN
  UPDATE tallies SET entries = entries + 1 WHERE name = 'batches' AND state = new.status;
END;
CREATE TRIGGER tally_batch_out AFTER DELETE ON batches
BEGIN
  UPDATE tallies SET entries = entries - 1 WHERE name = 'batches' AND state = old.status;
END;
CREATE TRIGGER tally_batch_moves AFTER UPDATE OF status ON batches WHEN old.status <> new.status
BEGIN
  UPDATE tallies SET entries = entries - 1 WHERE name = 'batches' AND state = old.status;
  UPDATE tallies SET entries = entries + 1 WHERE name = 'batches' AND state = new.status;
END;

CREATE TRIGGER tally_document_in AFTER INSERT ON documents
BEGIN
  UPDATE tallies SET entries = entries + 1, bytes = bytes + new.size_bytes WHERE name = 'documents' AND state = new.state;
END;
CREATE TRIGGER tally_document_out AFTER DELETE ON documents
BEGIN
  UPDATE tallies SET entries = entries - 1, bytes = bytes - old.size_bytes WHERE name = 'documents' AND state = old.state;
END;
CREATE TRIGGER tally_document_moves AFTER UPDATE OF state ON documents WHEN old.state <> new.state
BEGIN
  UPDATE tallies SET entries = entries - 1, bytes = bytes - old.size_bytes WHERE name = 'documents' AND state = old.state;
  UPDATE tallies SET entries = entries + 1, bytes = bytes + new.size_bytes WHERE name = 'documents' AND state = new.state;
END;

CREATE TRIGGER tally_dead_letter_in AFTER INSERT ON dead_letters
BEGIN
  UPDATE tallies SET entries = entries + 1 WHERE name = 'dead_letters' AND state = new.status;
END;
CREATE TRIGGER tally_dead_letter_out AFTER DELETE ON dead_letters
BEGIN
  UPDATE tallies SET entries = entries - 1 WHERE name = 'dead_letters' AND state = old.status;
END;
CREATE TRIGGER tally_dead_letter_moves AFTER UPDATE OF status ON dead_letters WHEN old.status <> new.status
BEGIN
  UPDATE tallies SET entries = entries - 1 WHERE name = 'dead_letters' AND state = old.status;
  UPDATE tallies SET entries = entries + 1 WHERE name = 'dead_letters' AND state = new.status;
END;

CREATE TRIGGER tally_chunk_in AFTER INSERT ON chunks
BEGIN
  UPDATE tallies SET entries = entries + 1, bytes = bytes + length(new.text) WHERE name = 'chunks' AND state = 'visible';
END;
CREATE TRIGGER tally_chunk_out AFTER DELETE ON chunks
BEGIN
  UPDATE tallies SET entries = entries - 1, bytes = bytes - length(old.text) WHERE name = 'chunks' AND state = 'visible';
END;
`,
  },
  {
    version: 4,
    name: '0004-halts',
    sha256: 'c8a3c85e217f34b09c5b582f573316ea056f29ef77ea9915e6d128f8e418c3ee',
    step: 'expand' as const,
    since: '0.1.0',
    sql: `-- Finds the dead letters that halt a tenant's embedding (spec 2 D): asked before every claim, so it must cost nothing
-- while there is none.
CREATE INDEX dead_letters_halting ON dead_letters (dlq_entry_id)
WHERE status = 'pending_review' AND json_extract(error, '$.code') = 'DIMENSION_MISMATCH';
`,
  },
  {
    version: 5,
    name: '0005-attempts',
    sha256: 'fadad3879e13130e228d0b93ea854571c066cd59261f83d0d0c573e6e460a917',
    step: 'expand' as const,
    since: '0.1.0',
    sql: `-- When a worker first took the document for its current stage in its current run: what a dead letter reports.
ALTER TABLE documents ADD COLUMN first_attempt_at TEXT;
`,
  },
  {
    version: 6,
    name: '0006-document-metadata',
    sha256: 'eb76ffd99426767569cc62a91fbbbc97d02cfcfa586f9376c6cb31d18fdc663b',
    step: 'expand' as const,
    since: '0.1.0',
    sql: `-- Values of documents' metadata by field, so that a filter is a look-up instead of a walk through every document. Derived
-- from \`documents.metadata\` by triggers and gone with its document; nothing else writes here.

CREATE TABLE document_metadata (
  field TEXT NOT NULL,
  -- A date is there twice: as the text it is, and as the moment it stands for, in milliseconds since the epoch.
  kind TEXT NOT NULL CHECK (kind IN ('text', 'number', 'boolean', 'moment')),
  -- 0: the field's own value; 1: an item of its array.
  item INTEGER NOT NULL,
  value ANY NOT NULL,
  doc_id TEXT NOT NULL REFERENCES documents (doc_id) ON DELETE CASCADE,
  PRIMARY KEY (field, kind, item, value, doc_id)
) STRICT, WITHOUT ROWID;
CREATE INDEX document_metadata_of ON document_metadata (doc_id);

-- Scalars of the metadata and of their arrays. Metadata nested deeper than SQLite reads have none.
CREATE VIEW metadata_scalars AS
  SELECT d.doc_id, m.key AS field, 0 AS item, m.type, m.value
  FROM documents d, json_each(iif(json_valid(d.metadata), d.metadata, '{}')) m
  UNION ALL
  SELECT d.doc_id, m.key, 1, i.type, i.value
  FROM documents d, json_each(iif(json_valid(d.metadata), d.metadata, '{}')) m,
    json_each(iif(m.type = 'array', m.value, '[]')) i;

-- Texts longer than a filter can ask for are left out. A moment is a day of the calendar, with or without time and offset.
CREATE VIEW metadata_values AS
  SELECT doc_id, field, item,
    CASE type WHEN 'text' THEN 'text' WHEN 'integer' THEN 'number' WHEN 'real' THEN 'number' ELSE 'boolean' END AS kind,
    value
  FROM metadata_scalars
  WHERE type IN ('text', 'integer', 'real', 'true', 'false') AND octet_length(value) <= 3000
  UNION ALL
  SELECT doc_id, field, item, 'moment', CAST(round((julianday(value) - 2440587.5) * 86400000) AS INTEGER)
  FROM metadata_scalars
  WHERE type = 'text' AND octet_length(value) <= 35 AND julianday(value) IS NOT NULL
    AND value GLOB '[0-9][0-9][0-9][0-9]-[0-9][0-9]-[0-9][0-9]*' AND date(substr(value, 1, 10)) = substr(value, 1, 10)
    AND (octet_length(value) = 10 OR (value GLOB '??????????T[0-9][0-9]:*' AND substr(value, 12, 2) < '24'
      AND (value GLOB '*[0-9]Z' OR value GLOB '*[0-9][-+][0-9][0-9]:[0-9][0-9]')));

CREATE TRIGGER metadata_in AFTER INSERT ON documents
BEGIN
  INSERT OR IGNORE INTO document_metadata (field, kind, item, value, doc_id)
  SELECT field, kind, item, value, doc_id FROM metadata_values WHERE doc_id = new.doc_id;
END;
CREATE TRIGGER metadata_moves AFTER UPDATE OF metadata ON documents WHEN old.metadata <> new.metadata
BEGIN
  DELETE FROM document_metadata WHERE doc_id = old.doc_id;
  INSERT OR IGNORE INTO document_metadata (field, kind, item, value, doc_id)
  SELECT field, kind, item, value, doc_id FROM metadata_values WHERE doc_id = new.doc_id;
END;

INSERT OR IGNORE INTO document_metadata (field, kind, item, value, doc_id)
SELECT field, kind, item, value, doc_id FROM metadata_values;
`,
  },
  {
    version: 7,
    name: '0007-decisions',
    sha256: '0383a957a3f86f46f981740fd4c49e4954000ebc1cd8bc02ad2e105681a82ff2',
    step: 'expand' as const,
    since: '0.1.0',
    sql: `-- What people decided about a document, as data that the policy gates honour, and the list of what is in quarantine.

-- JSON: the class a person named; what an administrator let out of quarantine; what was refused for good.
ALTER TABLE documents ADD COLUMN review TEXT;
ALTER TABLE documents ADD COLUMN release TEXT;
ALTER TABLE documents ADD COLUMN rejection TEXT;
-- How many of the chunks in quarantine were refused for good.
ALTER TABLE documents ADD COLUMN chunks_rejected INTEGER;

-- What a document is in quarantine as: 'scope reason status', NULL where nothing of it is. A document that no gate could
-- judge waits there too.
ALTER TABLE documents ADD COLUMN quarantine TEXT GENERATED ALWAYS AS (
  CASE
    WHEN state = 'quarantined' OR (state = 'policy_failed' AND quarantine_reason IS NOT NULL) THEN
      'document ' || coalesce(quarantine_reason, 'GATE_UNAVAILABLE')
      || iif(rejection ->> '$.scope' IS 'document', ' rejected', ' open')
    WHEN state = 'indexed' AND chunks_quarantined > 0 THEN
      'chunks INJECTION_DETECTED' || iif(coalesce(chunks_rejected, 0) >= chunks_quarantined, ' rejected', ' open')
  END
) VIRTUAL;
CREATE INDEX documents_in_quarantine ON documents (quarantine, received_at, doc_id) WHERE quarantine IS NOT NULL;

INSERT INTO tallies (name, state, entries, bytes)
  SELECT 'quarantine', quarantine, count(*), sum(size_bytes) FROM documents WHERE quarantine IS NOT NULL GROUP BY quarantine;

CREATE TRIGGER tally_quarantine_in AFTER INSERT ON documents WHEN new.quarantine IS NOT NULL
BEGIN
  INSERT INTO tallies (name, state, entries, bytes) VALUES ('quarantine', new.quarantine, 1, new.size_bytes)
    ON CONFLICT (name, state) DO UPDATE SET entries = entries + 1, bytes = bytes + excluded.bytes;
END;
CREATE TRIGGER tally_quarantine_out AFTER DELETE ON documents WHEN old.quarantine IS NOT NULL
BEGIN
  UPDATE tallies SET entries = entries - 1, bytes = bytes - old.size_bytes
    WHERE name = 'quarantine' AND state = old.quarantine;
END;
CREATE TRIGGER tally_quarantine_moves AFTER UPDATE ON documents WHEN old.quarantine IS NOT new.quarantine
BEGIN
  UPDATE tallies SET entries = entries - 1, bytes = bytes - old.size_bytes
    WHERE name = 'quarantine' AND state = old.quarantine;
  INSERT INTO tallies (name, state, entries, bytes)
    SELECT 'quarantine', new.quarantine, 1, new.size_bytes WHERE new.quarantine IS NOT NULL
    ON CONFLICT (name, state) DO UPDATE SET entries = entries + 1, bytes = bytes + excluded.bytes;
END;
`,
  },
  {
    version: 8,
    name: '0008-uploads',
    sha256: 'c2b37d7b94ed59c0dfa8af4bc0db750abfef2a0e8b6c8177d116b4973c10a9b1',
    step: 'expand' as const,
    since: '0.1.0',
    sql: `-- Resumable uploads: how far each has come, and which objects hold its bytes. \`received\` moves only together with the
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
`,
  },
  {
    version: 9,
    name: '0009-erasures',
    sha256: '29631a514c731671b6c61e7268bfd45968879861b904cd8bf64eebb314e6459b',
    step: 'expand' as const,
    since: '0.1.0',
    sql: `-- Erasing documents, keeping them for their time, and cancelling batches (spec 3, 4).

-- Until when a document is kept; from then on the sweeper erases it unless a hold keeps it. Old rows count from their
-- receipt, by the config they were received under.
ALTER TABLE documents ADD COLUMN retention_until TEXT;
UPDATE documents SET retention_until = strftime(
  '%Y-%m-%dT%H:%M:%fZ', received_at,
  '+' || coalesce((SELECT c.config ->> '$.retention_days' FROM configs c WHERE c.version = documents.config_version), 2555) || ' days'
);
CREATE INDEX documents_by_retention ON documents (retention_until, doc_id);

-- The erasure that is under way; no verb shows a document that has one.
ALTER TABLE documents ADD COLUMN erasure_id TEXT;
CREATE INDEX documents_erasing ON documents (state) WHERE erasure_id IS NOT NULL;

-- When somebody cancelled the batch; it is \`cancelled\` once all of it is at rest.
ALTER TABLE batches ADD COLUMN cancelled_at TEXT;

-- Erasures under way and, completed, the deletion receipts. Ids, hashes and counts: nothing of the document.
CREATE TABLE erasures (
  deletion_receipt_id TEXT PRIMARY KEY,
  doc_id TEXT NOT NULL,
  raw_sha256 TEXT NOT NULL,
  receipt_id TEXT NOT NULL,
  run INTEGER NOT NULL,
  retention_until TEXT,
  cause TEXT NOT NULL CHECK (cause IN ('request', 'retention')),
  reason TEXT NOT NULL,
  requested_by TEXT NOT NULL,
  requested_at TEXT NOT NULL,
  status TEXT NOT NULL CHECK (status IN ('pending', 'completed')),
  decided_at TEXT,
  inventory TEXT,
  removed TEXT NOT NULL,
  verified TEXT NOT NULL,
  erased_at TEXT,
  settled_at TEXT,
  CHECK ((status = 'completed') = (erased_at IS NOT NULL))
) STRICT;
CREATE UNIQUE INDEX erasures_pending ON erasures (doc_id) WHERE status = 'pending';
CREATE INDEX erasures_by_document ON erasures (doc_id, deletion_receipt_id);
CREATE INDEX erasures_unsettled ON erasures (erased_at) WHERE status = 'completed' AND settled_at IS NULL;

INSERT INTO tallies (name, state) VALUES ('erasures', 'pending'), ('erasures', 'completed');
CREATE TRIGGER tally_erasure_in AFTER INSERT ON erasures
BEGIN
  UPDATE tallies SET entries = entries + 1 WHERE name = 'erasures' AND state = new.status;
END;
CREATE TRIGGER tally_erasure_out AFTER DELETE ON erasures
BEGIN
  UPDATE tallies SET entries = entries - 1 WHERE name = 'erasures' AND state = old.status;
END;
CREATE TRIGGER tally_erasure_moves AFTER UPDATE OF status ON erasures WHEN old.status <> new.status
BEGIN
  UPDATE tallies SET entries = entries - 1 WHERE name = 'erasures' AND state = old.status;
  UPDATE tallies SET entries = entries + 1 WHERE name = 'erasures' AND state = new.status;
END;

-- All dead letters of a document, decided ones too.
CREATE INDEX dead_letters_by_resource ON dead_letters (resource_id);

-- A deletion receipt never changes, but for the note that it was looked after once more.
CREATE TRIGGER erasures_stay BEFORE UPDATE ON erasures
WHEN old.status = 'completed' AND NOT (
  old.settled_at IS NULL AND
  (new.deletion_receipt_id, new.doc_id, new.raw_sha256, new.receipt_id, new.run, new.retention_until, new.cause,
    new.reason, new.requested_by, new.requested_at, new.status, new.decided_at, new.inventory, new.removed,
    new.verified, new.erased_at)
  IS (old.deletion_receipt_id, old.doc_id, old.raw_sha256, old.receipt_id, old.run, old.retention_until, old.cause,
    old.reason, old.requested_by, old.requested_at, old.status, old.decided_at, old.inventory, old.removed,
    old.verified, old.erased_at))
BEGIN
  SELECT RAISE(ABORT, 'a deletion receipt never changes');
END;
CREATE TRIGGER erasures_are_kept BEFORE DELETE ON erasures
WHEN old.decided_at IS NOT NULL
BEGIN
  SELECT RAISE(ABORT, 'a deletion receipt is kept');
END;

-- INSERT OR REPLACE deletes without asking the trigger above.
CREATE TRIGGER erasures_no_replace BEFORE INSERT ON erasures
WHEN EXISTS (SELECT 1 FROM erasures WHERE deletion_receipt_id = new.deletion_receipt_id)
BEGIN
  SELECT RAISE(ABORT, 'a deletion receipt is kept');
END;

-- A receipt never changes, but for the personal references of a document that is being erased.
DROP TRIGGER receipts_are_immutable;
CREATE TRIGGER receipts_are_immutable BEFORE UPDATE ON receipts
WHEN NOT (
  new.original_filename = '[ERASED]' AND new.details IS NULL AND
  EXISTS (SELECT 1 FROM erasures e WHERE e.doc_id = old.doc_id AND e.status = 'pending') AND
  (new.receipt_id, new.tenant_id, new.batch_id, new.file_id, new.position, new.doc_id, new.mime_type, new.size_bytes,
    new.sha256, new.scan_result, new.received_at, new.storage_path, new.status, new.duplicate_of, new.submitted_by,
    new.reason, new.message, new.remediation)
  IS (old.receipt_id, old.tenant_id, old.batch_id, old.file_id, old.position, old.doc_id, old.mime_type, old.size_bytes,
    old.sha256, old.scan_result, old.received_at, old.storage_path, old.status, old.duplicate_of, old.submitted_by,
    old.reason, old.message, old.remediation))
BEGIN
  SELECT RAISE(ABORT, 'a receipt never changes');
END;
`,
  },
  {
    version: 10,
    name: '0010-dead-letters-by-stage',
    sha256: '21bdea3f28a4d03121ae8db4f6f8cf78ca9b9890c74d37c6d5bdf605e392d6d8',
    step: 'expand' as const,
    since: '0.1.0',
    sql: `-- Dead letters of one stage, listed, counted, and decided about all at once.
CREATE INDEX dead_letters_by_stage ON dead_letters (stage, dlq_entry_id);
CREATE INDEX dead_letters_by_stage_and_status ON dead_letters (stage, status, dlq_entry_id);

-- Their totals, kept like those of all dead letters.
INSERT INTO tallies (name, state, entries)
  SELECT 'dead_letters of ' || s.value, t.value,
    (SELECT count(*) FROM dead_letters d WHERE d.stage = s.value AND d.status = t.value)
  FROM json_each('["parse", "policy", "embed", "index"]') s, json_each('["pending_review", "resolved", "abandoned"]') t;

CREATE TRIGGER tally_dead_letter_of_stage_in AFTER INSERT ON dead_letters
BEGIN
  UPDATE tallies SET entries = entries + 1 WHERE name = 'dead_letters of ' || new.stage AND state = new.status;
END;
CREATE TRIGGER tally_dead_letter_of_stage_out AFTER DELETE ON dead_letters
BEGIN
  UPDATE tallies SET entries = entries - 1 WHERE name = 'dead_letters of ' || old.stage AND state = old.status;
END;
CREATE TRIGGER tally_dead_letter_of_stage_moves AFTER UPDATE OF status ON dead_letters WHEN old.status <> new.status
BEGIN
  UPDATE tallies SET entries = entries - 1 WHERE name = 'dead_letters of ' || old.stage AND state = old.status;
  UPDATE tallies SET entries = entries + 1 WHERE name = 'dead_letters of ' || new.stage AND state = new.status;
END;
`,
  },
  {
    version: 11,
    name: '0011-batch-states',
    sha256: '70a5bb418aa71e8b3639330754ac4e5e9f9c0a551ef8819f2e4bf94f0175bdfc',
    step: 'expand' as const,
    since: '0.1.0',
    sql: `-- The state of each document beside the batches that hold it, kept in the transaction of each change: how many of a batch
-- are in a state, which they are, and whether one is under way, is then found in one index.
ALTER TABLE document_batches ADD COLUMN state TEXT NOT NULL DEFAULT 'processing';
UPDATE document_batches SET state = (SELECT d.state FROM documents d WHERE d.doc_id = document_batches.doc_id);
CREATE INDEX document_batches_by_state ON document_batches (batch_id, state, received_at, doc_id);

CREATE TRIGGER batch_state_in AFTER INSERT ON document_batches
BEGIN
  UPDATE document_batches SET state = (SELECT d.state FROM documents d WHERE d.doc_id = new.doc_id)
  WHERE doc_id = new.doc_id AND batch_id = new.batch_id;
END;
CREATE TRIGGER batch_state_moves AFTER UPDATE OF state ON documents WHEN old.state <> new.state
BEGIN
  UPDATE document_batches SET state = new.state WHERE doc_id = new.doc_id;
END;
`,
  },
  {
    version: 12,
    name: '0012-reprocess',
    sha256: 'ca262206cfc9ff5a8dbb74e4d08991b135e2b102a14d665ddc7af3d3d4d9a876',
    step: 'expand' as const,
    since: '0.1.0',
    sql: `-- Documents run again, one by one or many at once, while what an earlier version serves stays visible.

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
`,
  },
  {
    version: 13,
    name: '0013-cancelled-requests',
    sha256: '9b01a8869ff5c2a575ae1013da4afc4796724596e36264b4b5da0f07712ade35',
    step: 'expand' as const,
    since: '0.1.0',
    sql: `-- Cancelling a batch ends the requests that were still running its documents again.
ALTER TABLE reprocesses ADD COLUMN cancelled_at TEXT;
`,
  },
  {
    version: 14,
    name: '0014-refused-files',
    sha256: '3f775d5c4e6fd4f3e45166de5a3f3ef4e8f6db1f4c3cd957d4ce6651f50aab99',
    step: 'expand' as const,
    since: '0.1.0',
    sql: `-- Files that were refused, by their bytes: an erasure blanks their names with those of the document.
CREATE INDEX receipts_refused ON receipts (sha256) WHERE doc_id IS NULL;

-- A receipt never changes, but for the personal references of a document that is being erased, or of its very bytes.
DROP TRIGGER receipts_are_immutable;
CREATE TRIGGER receipts_are_immutable BEFORE UPDATE ON receipts
WHEN NOT (
  new.original_filename = '[ERASED]' AND new.details IS NULL AND
  CASE WHEN old.doc_id IS NULL
    THEN EXISTS (SELECT 1 FROM erasures e WHERE e.raw_sha256 = old.sha256 AND e.status = 'pending')
    ELSE EXISTS (SELECT 1 FROM erasures e WHERE e.doc_id = old.doc_id AND e.status = 'pending') END AND
  (new.receipt_id, new.tenant_id, new.batch_id, new.file_id, new.position, new.doc_id, new.mime_type, new.size_bytes,
    new.sha256, new.scan_result, new.received_at, new.storage_path, new.status, new.duplicate_of, new.submitted_by,
    new.reason, new.message, new.remediation)
  IS (old.receipt_id, old.tenant_id, old.batch_id, old.file_id, old.position, old.doc_id, old.mime_type, old.size_bytes,
    old.sha256, old.scan_result, old.received_at, old.storage_path, old.status, old.duplicate_of, old.submitted_by,
    old.reason, old.message, old.remediation))
BEGIN
  SELECT RAISE(ABORT, 'a receipt never changes');
END;
`,
  },
  {
    version: 15,
    name: '0015-refused-bytes',
    sha256: 'b75a2edb288b704ba965b94b6b1adada6f026bb7f7935e42fff7f36e374ae6bc',
    step: 'expand' as const,
    since: '0.1.0',
    sql: `-- Files that were refused since their bytes were not those that the manifest said: found by the bytes that came.
CREATE INDEX receipts_refused_bytes ON receipts (json_extract(details, '$.actual_sha256')) WHERE doc_id IS NULL;

-- A receipt never changes, but for the personal references of a document that is being erased, or of its very bytes.
DROP TRIGGER receipts_are_immutable;
CREATE TRIGGER receipts_are_immutable BEFORE UPDATE ON receipts
WHEN NOT (
  new.original_filename = '[ERASED]' AND new.details IS NULL AND
  CASE WHEN old.doc_id IS NULL
    THEN EXISTS (SELECT 1 FROM erasures e WHERE e.status = 'pending'
      AND e.raw_sha256 IN (old.sha256, json_extract(old.details, '$.actual_sha256')))
    ELSE EXISTS (SELECT 1 FROM erasures e WHERE e.doc_id = old.doc_id AND e.status = 'pending') END AND
  (new.receipt_id, new.tenant_id, new.batch_id, new.file_id, new.position, new.doc_id, new.mime_type, new.size_bytes,
    new.sha256, new.scan_result, new.received_at, new.storage_path, new.status, new.duplicate_of, new.submitted_by,
    new.reason, new.message, new.remediation)
  IS (old.receipt_id, old.tenant_id, old.batch_id, old.file_id, old.position, old.doc_id, old.mime_type, old.size_bytes,
    old.sha256, old.scan_result, old.received_at, old.storage_path, old.status, old.duplicate_of, old.submitted_by,
    old.reason, old.message, old.remediation))
BEGIN
  SELECT RAISE(ABORT, 'a receipt never changes');
END;
`,
  },
  {
    version: 16,
    name: '0016-emptied-batches',
    sha256: '3cf111c984b4cdaf7c80161d998b6b7526133ccaab2ad0a77c6fc42b0b1be1c2',
    step: 'expand' as const,
    since: '0.1.0',
    sql: `-- A receipt never changes, but for the personal references of a document that is being erased, of its very bytes, or of
-- what was refused of a batch whose last document it was.
DROP TRIGGER receipts_are_immutable;
CREATE TRIGGER receipts_are_immutable BEFORE UPDATE ON receipts
WHEN NOT (
  new.original_filename = '[ERASED]' AND new.details IS NULL AND
  CASE WHEN old.doc_id IS NULL
    THEN EXISTS (SELECT 1 FROM erasures e WHERE e.status = 'pending'
        AND e.raw_sha256 IN (old.sha256, json_extract(old.details, '$.actual_sha256')))
      OR (NOT EXISTS (SELECT 1 FROM document_batches l WHERE l.batch_id = old.batch_id)
        -- By the document: a batch may have ten thousand receipts.
        AND EXISTS (SELECT 1 FROM erasures e CROSS JOIN receipts r
          WHERE e.status = 'pending' AND r.doc_id = e.doc_id AND +r.batch_id = old.batch_id))
    ELSE EXISTS (SELECT 1 FROM erasures e WHERE e.doc_id = old.doc_id AND e.status = 'pending') END AND
  (new.receipt_id, new.tenant_id, new.batch_id, new.file_id, new.position, new.doc_id, new.mime_type, new.size_bytes,
    new.sha256, new.scan_result, new.received_at, new.storage_path, new.status, new.duplicate_of, new.submitted_by,
    new.reason, new.message, new.remediation)
  IS (old.receipt_id, old.tenant_id, old.batch_id, old.file_id, old.position, old.doc_id, old.mime_type, old.size_bytes,
    old.sha256, old.scan_result, old.received_at, old.storage_path, old.status, old.duplicate_of, old.submitted_by,
    old.reason, old.message, old.remediation))
BEGIN
  SELECT RAISE(ABORT, 'a receipt never changes');
END;
`,
  },
  {
    version: 17,
    name: '0017-reindex',
    sha256: '3b2b9c4909c1b24e765ee1849f0fe158cd4774554a862f87f216fe180c3e36f5',
    step: 'expand' as const,
    since: '0.1.0',
    sql: `-- A second index is built beside the one that is served, under the other of two numbers. Without a row: 0.
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
`,
  },
  {
    version: 18,
    name: '0018-text-language',
    sha256: 'b10103ae0a7fd3f558124b76e23f72e4af637e2b758559ee5a7512f0c9eaa7f0',
    step: 'expand' as const,
    since: '0.1.0',
    sql: `-- expand, since 0.1.0
-- The language by whose stems a chunk is found, and its terms and its title's in that language; null where they are cut as English
-- is, which the tokenizer does by itself. Full text is given the terms where there are some, and takes the same away again: never
-- have it rebuilt of its content, which would put the text in their place.
ALTER TABLE chunks ADD COLUMN language TEXT;
ALTER TABLE chunks ADD COLUMN terms TEXT;
ALTER TABLE chunks ADD COLUMN title_terms TEXT;

DROP TRIGGER chunks_into_text;
CREATE TRIGGER chunks_into_text AFTER INSERT ON chunks
BEGIN
  INSERT INTO chunks_fts (rowid, text, section_title)
    VALUES (new.id, coalesce(new.terms, new.text), coalesce(new.title_terms, new.section_title));
END;
DROP TRIGGER chunks_out_of_text;
CREATE TRIGGER chunks_out_of_text AFTER DELETE ON chunks
BEGIN
  INSERT INTO chunks_fts (chunks_fts, rowid, text, section_title)
    VALUES ('delete', old.id, coalesce(old.terms, old.text), coalesce(old.title_terms, old.section_title));
END;

-- How many chunks there are of each language, which search reads to know what to ask for.
CREATE TRIGGER tally_language_in AFTER INSERT ON chunks WHEN new.language IS NOT NULL
BEGIN
  INSERT INTO tallies (name, state, entries) VALUES ('language', new.language, 1)
    ON CONFLICT (name, state) DO UPDATE SET entries = entries + 1;
END;
CREATE TRIGGER tally_language_out AFTER DELETE ON chunks WHEN old.language IS NOT NULL
BEGIN
  UPDATE tallies SET entries = entries - 1 WHERE name = 'language' AND state = old.language;
END;
`,
  },
  {
    version: 19,
    name: '0019-versions',
    sha256: '5baafa746d2331fd28a7c1db2c0dcaaafafc03070a1d1db9cdc576048009dd75',
    step: 'expand' as const,
    since: '0.1.0',
    sql: `-- expand, since 0.1.0
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
`,
  },
]);
