-- Erasures under way and, completed, the deletion receipts. Ids, hashes and counts: nothing of the document.

CREATE TABLE erasures (
  deletion_receipt_id text COLLATE "C" PRIMARY KEY,
  doc_id text COLLATE "C" NOT NULL,
  raw_sha256 text NOT NULL,
  receipt_id text COLLATE "C" NOT NULL,
  run integer NOT NULL,
  retention_until text,
  cause text NOT NULL CHECK (cause IN ('request', 'retention')),
  reason text NOT NULL,
  requested_by text NOT NULL,
  requested_at text NOT NULL,
  status text NOT NULL CHECK (status IN ('pending', 'completed')),
  decided_at text,
  inventory text,
  removed text NOT NULL,
  verified text NOT NULL,
  erased_at text COLLATE "C",
  settled_at text,
  CHECK ((status = 'completed') = (erased_at IS NOT NULL))
);
CREATE UNIQUE INDEX erasures_pending ON erasures (doc_id) WHERE status = 'pending';
CREATE INDEX erasures_under_way ON erasures (deletion_receipt_id) WHERE status = 'pending';
CREATE INDEX erasures_by_document ON erasures (doc_id, deletion_receipt_id);
CREATE INDEX erasures_unsettled ON erasures (erased_at) WHERE status = 'completed' AND settled_at IS NULL;

-- A deletion receipt never changes, but for the note that it was looked after once more.
CREATE FUNCTION erasures_stay() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF TG_OP = 'DELETE' AND old.decided_at IS NULL THEN
    RETURN old;
  END IF;
  IF TG_OP = 'UPDATE' AND (old.status <> 'completed'
    OR (old.settled_at IS NULL AND (to_jsonb(new) - 'settled_at') = (to_jsonb(old) - 'settled_at')))
  THEN
    RETURN new;
  END IF;
  RAISE EXCEPTION 'a deletion receipt is kept as it is' USING ERRCODE = 'integrity_constraint_violation';
END $$;
CREATE TRIGGER erasures_stay BEFORE UPDATE OR DELETE ON erasures
FOR EACH ROW EXECUTE FUNCTION erasures_stay();
CREATE TRIGGER erasures_are_kept BEFORE TRUNCATE ON erasures
FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();

-- Tables in whose files something deleted may still lie. A row each time, and only rows that were seen before a table was
-- made anew are taken away, so that no deletion is missed.
CREATE TABLE unscrubbed (
  id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  table_name text NOT NULL
);
