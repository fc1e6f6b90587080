-- Erasing documents, keeping them for their time, and cancelling batches (spec 3, 4).

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

-- When somebody cancelled the batch; it is `cancelled` once all of it is at rest.
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
