-- A receipt never changes, but for the personal references of a document that is being erased, of its very bytes, or of
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
