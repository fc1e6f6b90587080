-- Files that were refused since their bytes were not those that the manifest said: found by the bytes that came.
CREATE INDEX receipts_refused_bytes ON receipts ((details::json ->> 'actual_sha256')) WHERE doc_id IS NULL;

-- A receipt never changes, but for the personal references of a document that is being erased, or of its very bytes.
CREATE OR REPLACE FUNCTION receipts_are_immutable() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF TG_OP = 'UPDATE' AND new.original_filename = '[ERASED]' AND new.details IS NULL
    AND EXISTS (SELECT 1 FROM erasures e WHERE e.status = 'pending'
      AND (e.doc_id = old.doc_id OR (old.doc_id IS NULL AND e.raw_sha256 IN (old.sha256, old.details::json ->> 'actual_sha256'))))
    AND (to_jsonb(new) - 'original_filename' - 'details') = (to_jsonb(old) - 'original_filename' - 'details')
  THEN
    RETURN new;
  END IF;
  RAISE EXCEPTION 'a receipt never changes' USING ERRCODE = 'integrity_constraint_violation';
END $$;
