-- A receipt never changes, but for the personal references of a document that is being erased, of its very bytes, or of
-- what was refused of a batch whose last document it was.
CREATE OR REPLACE FUNCTION receipts_are_immutable() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF TG_OP = 'UPDATE' AND new.original_filename = '[ERASED]' AND new.details IS NULL
    AND (EXISTS (SELECT 1 FROM erasures e WHERE e.status = 'pending'
        AND (e.doc_id = old.doc_id OR (old.doc_id IS NULL AND e.raw_sha256 IN (old.sha256, old.details::json ->> 'actual_sha256'))))
      OR (old.doc_id IS NULL
        AND NOT EXISTS (SELECT 1 FROM document_batches l WHERE l.batch_id = old.batch_id)
        AND EXISTS (SELECT 1 FROM erasures e JOIN receipts r ON r.doc_id = e.doc_id
          WHERE e.status = 'pending' AND r.batch_id = old.batch_id)))
    AND (to_jsonb(new) - 'original_filename' - 'details') = (to_jsonb(old) - 'original_filename' - 'details')
  THEN
    RETURN new;
  END IF;
  RAISE EXCEPTION 'a receipt never changes' USING ERRCODE = 'integrity_constraint_violation';
END $$;
