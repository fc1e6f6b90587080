-- Totals that pages and the usage report show, kept in the transaction of each change, so that reading one is a row or a
-- few. They are in nobody's way: whoever changes one has the store's turn.

CREATE TABLE tallies (
  name text COLLATE "C" NOT NULL,
  state text COLLATE "C" NOT NULL,
  entries bigint NOT NULL DEFAULT 0,
  bytes bigint NOT NULL DEFAULT 0,
  PRIMARY KEY (name, state)
) WITH (fillfactor = 50);

CREATE FUNCTION keep_tally(of_name text, of_state text, more bigint, more_bytes bigint) RETURNS void
LANGUAGE sql AS $$
  INSERT INTO tallies AS t (name, state, entries, bytes) VALUES (of_name, of_state, more, more_bytes)
  ON CONFLICT (name, state) DO UPDATE SET entries = t.entries + excluded.entries, bytes = t.bytes + excluded.bytes
$$;

-- Tables whose rows count by one column: its name is the trigger's argument, the tally's name the table's.
CREATE FUNCTION tally_rows() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
  state_column text := TG_ARGV[0];
BEGIN
  IF TG_OP <> 'INSERT' THEN PERFORM keep_tally(TG_TABLE_NAME, to_jsonb(old) ->> state_column, -1, 0); END IF;
  IF TG_OP <> 'DELETE' THEN PERFORM keep_tally(TG_TABLE_NAME, to_jsonb(new) ->> state_column, 1, 0); END IF;
  RETURN NULL;
END $$;

CREATE TRIGGER tally_batch AFTER INSERT OR DELETE ON batches
FOR EACH ROW EXECUTE FUNCTION tally_rows('status');
CREATE TRIGGER tally_batch_moves AFTER UPDATE OF status ON batches
FOR EACH ROW WHEN (old.status <> new.status) EXECUTE FUNCTION tally_rows('status');

CREATE TRIGGER tally_erasure AFTER INSERT OR DELETE ON erasures
FOR EACH ROW EXECUTE FUNCTION tally_rows('status');
CREATE TRIGGER tally_erasure_moves AFTER UPDATE OF status ON erasures
FOR EACH ROW WHEN (old.status <> new.status) EXECUTE FUNCTION tally_rows('status');

CREATE TRIGGER tally_reprocess AFTER INSERT OR DELETE ON reprocesses
FOR EACH ROW EXECUTE FUNCTION tally_rows('status');
CREATE TRIGGER tally_reprocess_moves AFTER UPDATE OF status ON reprocesses
FOR EACH ROW WHEN (old.status <> new.status) EXECUTE FUNCTION tally_rows('status');

-- Dead letters count in all and by stage.
CREATE FUNCTION tally_dead_letters() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF TG_OP <> 'INSERT' THEN
    PERFORM keep_tally('dead_letters', old.status, -1, 0), keep_tally('dead_letters of ' || old.stage, old.status, -1, 0);
  END IF;
  IF TG_OP <> 'DELETE' THEN
    PERFORM keep_tally('dead_letters', new.status, 1, 0), keep_tally('dead_letters of ' || new.stage, new.status, 1, 0);
  END IF;
  RETURN NULL;
END $$;
CREATE TRIGGER tally_dead_letter AFTER INSERT OR DELETE ON dead_letters
FOR EACH ROW EXECUTE FUNCTION tally_dead_letters();
CREATE TRIGGER tally_dead_letter_moves AFTER UPDATE OF status ON dead_letters
FOR EACH ROW WHEN (old.status <> new.status) EXECUTE FUNCTION tally_dead_letters();

-- Uploads count with the bytes they announce.
CREATE FUNCTION tally_uploads() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF TG_OP <> 'INSERT' THEN PERFORM keep_tally('uploads', old.state, -1, -old.length); END IF;
  IF TG_OP <> 'DELETE' THEN PERFORM keep_tally('uploads', new.state, 1, new.length); END IF;
  RETURN NULL;
END $$;
CREATE TRIGGER tally_upload AFTER INSERT OR DELETE ON uploads
FOR EACH ROW EXECUTE FUNCTION tally_uploads();
CREATE TRIGGER tally_upload_moves AFTER UPDATE OF state ON uploads
FOR EACH ROW WHEN (old.state <> new.state) EXECUTE FUNCTION tally_uploads();

-- Documents count by state, by what they are in quarantine as, and by the request that ran them last. Those of a batch
-- come in one statement, and are counted in one.
CREATE FUNCTION tally_documents_in() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  INSERT INTO tallies AS t (name, state, entries, bytes)
    SELECT 'documents', state, count(*), sum(size_bytes) FROM arrived GROUP BY state
    UNION ALL
    SELECT 'quarantine', quarantine, count(*), sum(size_bytes) FROM arrived WHERE quarantine IS NOT NULL GROUP BY quarantine
  ON CONFLICT (name, state) DO UPDATE SET entries = t.entries + excluded.entries, bytes = t.bytes + excluded.bytes;
  RETURN NULL;
END $$;
CREATE TRIGGER tally_documents_in AFTER INSERT ON documents REFERENCING NEW TABLE AS arrived
FOR EACH STATEMENT EXECUTE FUNCTION tally_documents_in();

CREATE FUNCTION tally_documents() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  PERFORM keep_tally('documents', old.state, -1, -old.size_bytes);
  IF old.quarantine IS NOT NULL THEN PERFORM keep_tally('quarantine', old.quarantine, -1, -old.size_bytes); END IF;
  IF old.reprocess_id IS NOT NULL THEN PERFORM keep_tally('reprocess ' || old.reprocess_id, old.state, -1, 0); END IF;
  IF TG_OP = 'UPDATE' THEN
    PERFORM keep_tally('documents', new.state, 1, new.size_bytes);
    IF new.quarantine IS NOT NULL THEN PERFORM keep_tally('quarantine', new.quarantine, 1, new.size_bytes); END IF;
    IF new.reprocess_id IS NOT NULL THEN PERFORM keep_tally('reprocess ' || new.reprocess_id, new.state, 1, 0); END IF;
  END IF;
  RETURN NULL;
END $$;
CREATE TRIGGER tally_documents_out AFTER DELETE ON documents
FOR EACH ROW EXECUTE FUNCTION tally_documents();
CREATE TRIGGER tally_documents_move AFTER UPDATE ON documents
FOR EACH ROW WHEN (old.state <> new.state OR old.quarantine IS DISTINCT FROM new.quarantine
  OR old.reprocess_id IS DISTINCT FROM new.reprocess_id)
EXECUTE FUNCTION tally_documents();
