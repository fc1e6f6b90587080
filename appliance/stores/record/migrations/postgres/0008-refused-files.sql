-- Files that were refused, by their bytes: an erasure blanks their names with those of the document.
CREATE INDEX receipts_refused ON receipts (sha256) WHERE doc_id IS NULL;

-- A receipt never changes, but for the personal references of a document that is being erased, or of its very bytes.
CREATE OR REPLACE FUNCTION receipts_are_immutable() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF TG_OP = 'UPDATE' AND new.original_filename = '[ERASED]' AND new.details IS NULL
    AND EXISTS (SELECT 1 FROM erasures e WHERE e.status = 'pending'
      AND (e.doc_id = old.doc_id OR (old.doc_id IS NULL AND e.raw_sha256 = old.sha256)))
    AND (to_jsonb(new) - 'original_filename' - 'details') = (to_jsonb(old) - 'original_filename' - 'details')
  THEN
    RETURN new;
  END IF;
  RAISE EXCEPTION 'a receipt never changes' USING ERRCODE = 'integrity_constraint_violation';
END $$;
