// Made by scripts/gen-sql.ts from the SQL files beside it. Do not edit.

export const MIGRATIONS = Object.freeze([
  {
    version: 1,
    name: '0001-records',
    sha256: '10333e5b7c14d8b57ffe572e974fb92ac543c20d10031182d810b95a43a2d229',
    step: 'expand' as const,
    since: '0.1.0',
    sql: `-- Records of one tenant: batches, receipts, documents, chunks, jobs on their way to the queue, dead letters.
-- JSON stands in text columns, since jsonb holds neither NUL nor deep nesting; times are UTC ISO 8601 with milliseconds,
-- so that text order is time order. What is ordered or compared as a range is collated by bytes, whatever the database's
-- own collation. Columns that hold what must be erasable have no statistics: the planner's samples would keep it.

-- The one tenant this database belongs to, set when it is first opened.
CREATE TABLE store_owner (
  one integer PRIMARY KEY CHECK (one = 1),
  tenant_id text NOT NULL
);

CREATE FUNCTION refuse_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  RAISE EXCEPTION '% stays as it is', TG_TABLE_NAME USING ERRCODE = 'integrity_constraint_violation';
END $$;

CREATE TRIGGER store_owner_stays BEFORE UPDATE OR DELETE OR TRUNCATE ON store_owner
FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();

-- Written by a look at the store's health, which is to find a full disk.
CREATE TABLE store_check (
  one integer PRIMARY KEY CHECK (one = 1),
  checked_at text NOT NULL
);

CREATE TABLE configs (
  version bigint PRIMARY KEY,
  config text NOT NULL
);

CREATE TABLE batches (
  batch_id text COLLATE "C" PRIMARY KEY,
  manifest_sha256 text NOT NULL,
  file_count integer NOT NULL,
  status text NOT NULL CHECK (status IN ('receiving', 'processing', 'held', 'completed', 'cancelled')),
  submitted_at text COLLATE "C" NOT NULL,
  updated_at text COLLATE "C" NOT NULL,
  submitted_by text NOT NULL,
  submitter text,
  metadata text NOT NULL,
  config_version bigint NOT NULL REFERENCES configs (version),
  files text NOT NULL,
  report text,
  -- When somebody cancelled it; it is \`cancelled\` once all of it is at rest.
  cancelled_at text COLLATE "C"
);
CREATE INDEX batches_by_time ON batches (submitted_at, batch_id);
CREATE INDEX batches_by_status ON batches (status, submitted_at, batch_id);
CREATE INDEX batches_open ON batches (batch_id) WHERE status IN ('processing', 'held');
ALTER TABLE batches ALTER COLUMN metadata SET STATISTICS 0, ALTER COLUMN files SET STATISTICS 0,
  ALTER COLUMN report SET STATISTICS 0, ALTER COLUMN submitter SET STATISTICS 0;

CREATE TABLE receipts (
  receipt_id text COLLATE "C" PRIMARY KEY,
  tenant_id text NOT NULL,
  batch_id text COLLATE "C" NOT NULL REFERENCES batches (batch_id),
  file_id text NOT NULL,
  position integer NOT NULL,
  doc_id text COLLATE "C",
  original_filename text NOT NULL,
  mime_type text NOT NULL,
  size_bytes bigint NOT NULL,
  sha256 text NOT NULL,
  scan_result text NOT NULL,
  received_at text COLLATE "C" NOT NULL,
  storage_path text,
  status text NOT NULL CHECK (status IN ('accepted', 'rejected', 'quarantined')),
  duplicate_of text,
  submitted_by text NOT NULL,
  reason text,
  message text,
  remediation text,
  details text,
  UNIQUE (batch_id, file_id),
  CHECK ((status = 'rejected') = (doc_id IS NULL)),
  CHECK ((status = 'rejected') = (storage_path IS NULL))
);
CREATE UNIQUE INDEX receipts_in_order ON receipts (batch_id, position);
CREATE INDEX receipts_by_document ON receipts (doc_id, receipt_id);
ALTER TABLE receipts ALTER COLUMN original_filename SET STATISTICS 0, ALTER COLUMN details SET STATISTICS 0;

CREATE TABLE documents (
  doc_id text COLLATE "C" PRIMARY KEY,
  raw_sha256 text NOT NULL,
  storage_path text NOT NULL,
  original_filename text NOT NULL,
  mime_type text NOT NULL,
  size_bytes bigint NOT NULL,
  scan_result text NOT NULL,
  state text NOT NULL CHECK (state IN ('processing', 'held', 'indexed', 'quarantined', 'cancelled', 'parse_failed', 'policy_failed', 'embed_failed', 'index_failed')),
  quarantine_reason text,
  -- What it is in quarantine as: 'scope reason status', NULL where nothing of it is. The adapter derives it.
  quarantine text,
  current_stage text NOT NULL,
  stages text NOT NULL,
  run integer NOT NULL,
  config_version bigint NOT NULL REFERENCES configs (version),
  batch_id text NOT NULL,
  receipt_id text NOT NULL,
  metadata text NOT NULL,
  received_at text COLLATE "C" NOT NULL,
  updated_at text COLLATE "C" NOT NULL,
  -- Until when it is kept; from then on the sweeper erases it unless a hold keeps it.
  retention_until text COLLATE "C" NOT NULL,
  parsed_at text,
  indexed_at text,
  canonical_sha256 text,
  enriched_sha256 text,
  vectors_sha256 text,
  embed_model text,
  embed_version text,
  page_count bigint,
  chunk_count bigint,
  chunks_indexed bigint,
  chunks_quarantined bigint,
  -- How many of those in quarantine were refused for good.
  chunks_rejected bigint,
  classification text,
  classification_confidence double precision,
  findings text NOT NULL,
  error text,
  last_output_hash text,
  index_event_id text,
  -- When a worker first took it for its current stage in its current run: what a dead letter reports.
  first_attempt_at text,
  -- What people decided about it, as data that the policy gates honour.
  review text,
  release text,
  rejection text,
  -- Which version its chunks are of: the other columns follow the run at work, which may be further.
  served text,
  -- The request that ran it last.
  reprocess_id text,
  -- The erasure that is under way; no verb shows a document that has one.
  erasure_id text
);
CREATE INDEX documents_by_time ON documents (received_at, doc_id);
CREATE INDEX documents_by_state ON documents (state, received_at, doc_id);
CREATE INDEX documents_unfinished ON documents (doc_id) WHERE state = 'processing';
CREATE INDEX documents_in_quarantine ON documents (quarantine, received_at, doc_id) WHERE quarantine IS NOT NULL;
CREATE INDEX documents_by_retention ON documents (retention_until, doc_id);
CREATE INDEX documents_erasing ON documents (state, quarantine) WHERE erasure_id IS NOT NULL;
ALTER TABLE documents ALTER COLUMN original_filename SET STATISTICS 0, ALTER COLUMN metadata SET STATISTICS 0,
  ALTER COLUMN findings SET STATISTICS 0, ALTER COLUMN error SET STATISTICS 0;

-- Every batch that holds a document. \`received_at\` is the document's, so that a batch's pages need no sort; its state is
-- kept beside it, so that what of a batch is under way is found in one index.
CREATE TABLE document_batches (
  doc_id text COLLATE "C" NOT NULL REFERENCES documents (doc_id) ON DELETE CASCADE,
  batch_id text COLLATE "C" NOT NULL REFERENCES batches (batch_id),
  received_at text COLLATE "C" NOT NULL,
  state text NOT NULL,
  PRIMARY KEY (doc_id, batch_id)
);
CREATE INDEX document_batches_in_order ON document_batches (batch_id, received_at, doc_id);
CREATE INDEX document_batches_by_state ON document_batches (batch_id, state, received_at, doc_id);

CREATE FUNCTION batch_state_moves() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  UPDATE document_batches SET state = new.state WHERE doc_id = new.doc_id;
  RETURN NULL;
END $$;
CREATE TRIGGER batch_state_moves AFTER UPDATE OF state ON documents
FOR EACH ROW WHEN (old.state <> new.state) EXECUTE FUNCTION batch_state_moves();

-- Values of documents' metadata, so that a filter is a look-up instead of a walk through every document. \`place\` is a
-- digest of field, kind and, for a text, the text itself; numbers and moments are in \`value\`. Nothing here can be read.
CREATE TABLE document_metadata (
  place text COLLATE "C" NOT NULL,
  value double precision NOT NULL,
  doc_id text COLLATE "C" NOT NULL REFERENCES documents (doc_id) ON DELETE CASCADE,
  PRIMARY KEY (place, value, doc_id)
);
CREATE INDEX document_metadata_of ON document_metadata (doc_id);

CREATE TABLE outbox (
  seq bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  job_id text COLLATE "C" NOT NULL UNIQUE,
  stage text NOT NULL,
  doc_id text COLLATE "C" NOT NULL,
  run integer NOT NULL
);
CREATE INDEX outbox_of ON outbox (doc_id);

CREATE TABLE dead_letters (
  dlq_entry_id text COLLATE "C" PRIMARY KEY,
  tenant_id text NOT NULL,
  original_job_id text NOT NULL,
  stage text NOT NULL,
  resource_type text NOT NULL,
  resource_id text COLLATE "C" NOT NULL,
  first_attempt_at text NOT NULL,
  last_attempt_at text NOT NULL,
  resolved_at text,
  retry_count integer NOT NULL,
  error text NOT NULL,
  -- The code in \`error\`.
  error_code text NOT NULL,
  status text NOT NULL CHECK (status IN ('pending_review', 'resolved', 'abandoned')),
  resolution text CHECK (resolution IN ('reprocessed', 'skipped', 'manual_fix'))
);
CREATE INDEX dead_letters_by_status ON dead_letters (status, dlq_entry_id);
CREATE INDEX dead_letters_by_stage ON dead_letters (stage, dlq_entry_id);
CREATE INDEX dead_letters_by_stage_and_status ON dead_letters (stage, status, dlq_entry_id);
CREATE INDEX dead_letters_by_resource ON dead_letters (resource_id);
-- What halts a tenant's embedding (spec 2 D): asked before every claim, so it must cost nothing while there is none.
CREATE INDEX dead_letters_halting ON dead_letters (dlq_entry_id)
WHERE status = 'pending_review' AND error_code = 'DIMENSION_MISMATCH';
ALTER TABLE dead_letters ALTER COLUMN error SET STATISTICS 0;

-- A receipt never changes, but for the personal references of a document that is being erased.
CREATE FUNCTION receipts_are_immutable() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF TG_OP = 'UPDATE' AND new.original_filename = '[ERASED]' AND new.details IS NULL
    AND EXISTS (SELECT 1 FROM erasures e WHERE e.doc_id = old.doc_id AND e.status = 'pending')
    AND (to_jsonb(new) - 'original_filename' - 'details') = (to_jsonb(old) - 'original_filename' - 'details')
  THEN
    RETURN new;
  END IF;
  RAISE EXCEPTION 'a receipt never changes' USING ERRCODE = 'integrity_constraint_violation';
END $$;
CREATE TRIGGER receipts_are_immutable BEFORE UPDATE OR DELETE ON receipts
FOR EACH ROW EXECUTE FUNCTION receipts_are_immutable();
CREATE TRIGGER receipts_are_kept BEFORE TRUNCATE ON receipts
FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
`,
  },
  {
    version: 2,
    name: '0002-chunks',
    sha256: '096f41c7c59fc06d2ed17836d97f709a09fce8f4096260abd197280d93a70221',
    step: 'expand' as const,
    since: '0.1.0',
    sql: `-- A chunk is here exactly while it is visible to search. Spread by document over partitions, so that making a table anew
-- after an erasure (nothing of the deleted may stay in its file) costs a part of it.
--
-- There is no reference to \`documents\`: a publication writes its chunks before it has its turn, and must not hold a lock
-- on the document meanwhile. Whoever deletes a document deletes its chunks.
CREATE TABLE chunks (
  chunk_id text COLLATE "C" NOT NULL,
  doc_id text COLLATE "C" NOT NULL,
  -- The run that made it: a new version is written beside the one it replaces.
  run integer NOT NULL,
  position integer NOT NULL,
  text text NOT NULL,
  page integer NOT NULL,
  start_char bigint NOT NULL,
  end_char bigint NOT NULL,
  element_type text NOT NULL,
  boxes text,
  path text,
  metadata text NOT NULL,
  policy text NOT NULL,
  classification text NOT NULL,
  -- Stems of text and section title, each with its places; those of the title have weight A.
  words tsvector NOT NULL,
  -- How many words there are, repeated ones too.
  length integer NOT NULL,
  -- The index record (spec 2 D).
  tenant_id text NOT NULL,
  embed_model text NOT NULL,
  embed_version text NOT NULL,
  embed_dimensions integer NOT NULL,
  vector_sha256 text NOT NULL,
  indexed_at text NOT NULL,
  PRIMARY KEY (chunk_id, doc_id, run),
  UNIQUE (doc_id, position, run)
) PARTITION BY HASH (doc_id);

DO $$
BEGIN
  FOR n IN 0..7 LOOP
    EXECUTE format('CREATE TABLE chunks_%s PARTITION OF chunks FOR VALUES WITH (MODULUS 8, REMAINDER %s)', n, n);
    EXECUTE format('ALTER TABLE chunks_%s ALTER COLUMN text SET STATISTICS 0, ALTER COLUMN words SET STATISTICS 0,
      ALTER COLUMN metadata SET STATISTICS 0, ALTER COLUMN boxes SET STATISTICS 0, ALTER COLUMN path SET STATISTICS 0,
      ALTER COLUMN policy SET STATISTICS 0', n);
  END LOOP;
END $$;
ALTER TABLE chunks ALTER COLUMN text SET STATISTICS 0, ALTER COLUMN words SET STATISTICS 0,
  ALTER COLUMN metadata SET STATISTICS 0, ALTER COLUMN boxes SET STATISTICS 0, ALTER COLUMN path SET STATISTICS 0,
  ALTER COLUMN policy SET STATISTICS 0;

CREATE INDEX chunks_by_words ON chunks USING gin (words);

CREATE TRIGGER chunks_are_replaced BEFORE UPDATE ON chunks
FOR EACH ROW EXECUTE FUNCTION refuse_change();

CREATE VIEW index_records AS
  SELECT chunk_id, doc_id, tenant_id, embed_model, embed_version, embed_dimensions, vector_sha256, indexed_at FROM chunks;
`,
  },
  {
    version: 3,
    name: '0003-audit',
    sha256: '9c8bfb472370d7848a4a856bf71ae5d5f1e128420fb67d902f786513da8c4f55',
    step: 'expand' as const,
    since: '0.1.0',
    sql: `-- Events committed beside the change they report, waiting for the relay to the tenant's log. Append-only.

CREATE TABLE audit_events (
  -- One more than the last: whoever appends has the store's turn, so the order is that of the commits, without a gap.
  seq bigint PRIMARY KEY,
  event_id text COLLATE "C" NOT NULL UNIQUE,
  tenant_id text NOT NULL,
  event_type text NOT NULL,
  timestamp text COLLATE "C" NOT NULL,
  actor text NOT NULL,
  resource_type text NOT NULL,
  resource_id text COLLATE "C" NOT NULL,
  details text NOT NULL,
  previous_event_id text COLLATE "C"
);
CREATE INDEX audit_events_by_time ON audit_events (tenant_id, timestamp);
CREATE INDEX audit_events_by_resource_time ON audit_events (tenant_id, resource_id, timestamp);
CREATE INDEX audit_events_by_type ON audit_events (event_type, timestamp);
CREATE INDEX audit_events_by_previous ON audit_events (previous_event_id);
-- Finds the last event of a resource, which the next one names.
CREATE INDEX audit_events_by_resource ON audit_events (resource_type, resource_id, seq);

CREATE TRIGGER audit_events_stay BEFORE UPDATE OR DELETE OR TRUNCATE ON audit_events
FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();

CREATE FUNCTION audit_events_at_the_end() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF new.seq <> (SELECT coalesce(max(seq), 0) + 1 FROM audit_events) THEN
    RAISE EXCEPTION 'audit events are appended at the end' USING ERRCODE = 'integrity_constraint_violation';
  END IF;
  RETURN new;
END $$;
CREATE TRIGGER audit_events_at_the_end BEFORE INSERT ON audit_events
FOR EACH ROW EXECUTE FUNCTION audit_events_at_the_end();

-- Personal references behind the commitments in an event. Erasable, and gone once the log has taken them over.
CREATE TABLE audit_references (
  event_id text COLLATE "C" NOT NULL REFERENCES audit_events (event_id),
  name text COLLATE "C" NOT NULL,
  salt text NOT NULL,
  value text NOT NULL,
  PRIMARY KEY (event_id, name)
);
ALTER TABLE audit_references ALTER COLUMN value SET STATISTICS 0;

-- Where the log put an event. Rows grow in order of seq; the largest is how far the relay has come.
CREATE TABLE audit_relay (
  seq bigint PRIMARY KEY REFERENCES audit_events (seq),
  event_id text COLLATE "C" NOT NULL UNIQUE,
  log_index bigint NOT NULL UNIQUE
);
`,
  },
  {
    version: 4,
    name: '0004-uploads',
    sha256: '965cf4f7b9066f2d6d69ae80596a4c51163c6b9a3599602280f74e9491f037b8',
    step: 'expand' as const,
    since: '0.1.0',
    sql: `-- Resumable uploads: how far each has come, and which objects hold its bytes. \`received\` moves only together with the
-- segment that brought it there.

CREATE TABLE uploads (
  upload_id text COLLATE "C" PRIMARY KEY,
  state text NOT NULL CHECK (state IN ('open', 'finished', 'taken')),
  length bigint NOT NULL CHECK (length >= 0),
  received bigint NOT NULL CHECK (received BETWEEN 0 AND length),
  -- Segments ever appended: what was merged since counts too.
  pieces bigint NOT NULL DEFAULT 0,
  metadata text NOT NULL,
  submitted_by text NOT NULL,
  created_at text COLLATE "C" NOT NULL,
  updated_at text COLLATE "C" NOT NULL,
  expires_at text COLLATE "C" NOT NULL,
  -- The batch that took it.
  batch_id text COLLATE "C",
  CHECK ((state = 'open') = (received < length) OR state = 'taken'),
  CHECK ((state = 'taken') = (batch_id IS NOT NULL))
);
CREATE INDEX uploads_by_time ON uploads (created_at, upload_id);
CREATE INDEX uploads_by_state ON uploads (state, created_at, upload_id);
CREATE INDEX uploads_by_expiry ON uploads (expires_at, upload_id);
ALTER TABLE uploads ALTER COLUMN metadata SET STATISTICS 0;

CREATE TABLE upload_segments (
  upload_id text COLLATE "C" NOT NULL REFERENCES uploads (upload_id) ON DELETE CASCADE,
  start bigint NOT NULL,
  bytes bigint NOT NULL CHECK (bytes > 0),
  object_key text NOT NULL,
  PRIMARY KEY (upload_id, start)
);
`,
  },
  {
    version: 5,
    name: '0005-erasures',
    sha256: '511b0636fbc29e04393f91f353c3678aabf961fab1e976b648986a616395334a',
    step: 'expand' as const,
    since: '0.1.0',
    sql: `-- Erasures under way and, completed, the deletion receipts. Ids, hashes and counts: nothing of the document.

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
`,
  },
  {
    version: 6,
    name: '0006-reprocess',
    sha256: '06ef664951af73657621b13bcdb13fc11a02d7c46082583f686bd83a993b83ae',
    step: 'expand' as const,
    since: '0.1.0',
    sql: `-- A request to run documents again, worked off behind a cursor in the documents' order of receipt.

CREATE TABLE reprocesses (
  reprocess_id text COLLATE "C" PRIMARY KEY,
  scope text NOT NULL CHECK (scope IN ('document', 'batch', 'below')),
  doc_id text COLLATE "C",
  batch_id text COLLATE "C" REFERENCES batches (batch_id),
  below text,
  from_stage text NOT NULL CHECK (from_stage IN ('parse', 'policy', 'embed')),
  reason text NOT NULL,
  requested_by text NOT NULL,
  requested_at text COLLATE "C" NOT NULL,
  config_version bigint NOT NULL REFERENCES configs (version),
  status text NOT NULL CHECK (status IN ('restarting', 'restarted')),
  restarted_at text,
  -- When cancelling its batch ended it.
  cancelled_at text,
  candidates bigint NOT NULL,
  examined bigint NOT NULL,
  restarted bigint NOT NULL,
  skipped bigint NOT NULL,
  cursor_received_at text COLLATE "C",
  cursor_doc_id text COLLATE "C"
);
CREATE INDEX reprocesses_open ON reprocesses (reprocess_id) WHERE status = 'restarting';

ALTER TABLE documents ADD FOREIGN KEY (reprocess_id) REFERENCES reprocesses (reprocess_id);
`,
  },
  {
    version: 7,
    name: '0007-tallies',
    sha256: '63561f5cfd124c9ee7096ebf6d1607b370ac5f9d0f5b5e0839ae330f78668ddb',
    step: 'expand' as const,
    since: '0.1.0',
    sql: `-- Totals that pages and the usage report show, kept in the transaction of each change, so that reading one is a row or a
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
`,
  },
  {
    version: 8,
    name: '0008-refused-files',
    sha256: '8f4cd3cec8d9894d8a95ccfc5acc6d7b1f806d8939168540705207698095fea3',
    step: 'expand' as const,
    since: '0.1.0',
    sql: `-- Files that were refused, by their bytes: an erasure blanks their names with those of the document.
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
`,
  },
  {
    version: 9,
    name: '0009-refused-bytes',
    sha256: 'eea331e9e61a8cba08f339ceddf81de755ea50926497fc394bae5327bb43449d',
    step: 'expand' as const,
    since: '0.1.0',
    sql: `-- Files that were refused since their bytes were not those that the manifest said: found by the bytes that came.
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
`,
  },
  {
    version: 10,
    name: '0010-emptied-batches',
    sha256: 'b13dd68190c1cbbabb43ab8c09d67b00a7833bd211ee6f1732627fc6058abc61',
    step: 'expand' as const,
    since: '0.1.0',
    sql: `-- A receipt never changes, but for the personal references of a document that is being erased, of its very bytes, or of
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
`,
  },
  {
    version: 11,
    name: '0011-reindex',
    sha256: '0922d63a00fe0fd5cb03ef7a31483502b132c880ab34565599500ff16c03af21',
    step: 'expand' as const,
    since: '0.1.0',
    sql: `-- A second index is built beside the one that is served, under the other of two numbers. Without a row: 0.
CREATE TABLE vector_index (
  one integer PRIMARY KEY CHECK (one = 1),
  served integer NOT NULL CHECK (served IN (0, 1))
);

CREATE TABLE reindexes (
  reindex_id text COLLATE "C" PRIMARY KEY,
  number integer NOT NULL CHECK (number IN (0, 1)),
  embed_model text NOT NULL,
  embed_version text NOT NULL,
  reason text NOT NULL,
  requested_by text NOT NULL,
  requested_at text COLLATE "C" NOT NULL,
  status text NOT NULL CHECK (status IN ('building', 'switched', 'cancelled')),
  ended_at text,
  ended_by text,
  -- What the index that is not served any more held is gone.
  dropped_at text,
  documents bigint NOT NULL,
  documents_done bigint NOT NULL,
  chunks_done bigint NOT NULL,
  error_code text,
  worker text,
  held_until text COLLATE "C"
);
CREATE UNIQUE INDEX reindexes_open ON reindexes ((1)) WHERE dropped_at IS NULL;

-- What the second index has, and has yet to get, while it is built: a row for each document that is served. A worker holds
-- those that it is at.
CREATE TABLE reindex_documents (
  doc_id text COLLATE "C" PRIMARY KEY REFERENCES documents (doc_id) ON DELETE CASCADE,
  worker text,
  held_until text COLLATE "C",
  staged_at text,
  vectors_sha256 text,
  output_hash text,
  index_event_id text
);
CREATE INDEX reindex_documents_open ON reindex_documents (doc_id) WHERE staged_at IS NULL;
CREATE INDEX reindex_documents_held ON reindex_documents (worker) WHERE worker IS NOT NULL;

-- Index records of chunks whose vectors a reindex made. Under the number that is served they stand for those beside the
-- chunk: so the switch is one row, whatever the number of chunks. Whoever takes a chunk away takes these too.
CREATE TABLE reindexed_chunks (
  chunk_id text COLLATE "C" NOT NULL,
  number integer NOT NULL,
  doc_id text COLLATE "C" NOT NULL,
  embed_model text NOT NULL,
  embed_version text NOT NULL,
  vector_sha256 text NOT NULL,
  indexed_at text NOT NULL,
  PRIMARY KEY (doc_id, chunk_id, number)
);
CREATE INDEX reindexed_chunks_number ON reindexed_chunks (number);

CREATE OR REPLACE VIEW index_records AS
  SELECT c.chunk_id, c.doc_id, c.tenant_id, coalesce(r.embed_model, c.embed_model) AS embed_model,
    coalesce(r.embed_version, c.embed_version) AS embed_version, c.embed_dimensions,
    coalesce(r.vector_sha256, c.vector_sha256) AS vector_sha256, coalesce(r.indexed_at, c.indexed_at) AS indexed_at
  FROM chunks c LEFT JOIN reindexed_chunks r ON r.doc_id = c.doc_id AND r.chunk_id = c.chunk_id
    AND r.number = (SELECT coalesce(max(served), 0) FROM vector_index);
`,
  },
  {
    version: 12,
    name: '0012-text-language',
    sha256: '469cc73857a85fd815f745ee67f12b17a49df0478d4d9a7047641a954f4a75cc',
    step: 'expand' as const,
    since: '0.1.0',
    sql: `-- expand, since 0.1.0
-- The language by whose stems the words of a chunk were cut; null where they were cut as English is. How many chunks there are of
-- each is a total, which search reads to know what to ask for.
ALTER TABLE chunks ADD COLUMN language text COLLATE "C";
`,
  },
  {
    version: 13,
    name: '0013-versions',
    sha256: 'becacbf975c33624bd56c4d8d790bbdf6452a3cafd281093f3ac214f2f90cc44',
    step: 'expand' as const,
    since: '0.1.0',
    sql: `-- expand, since 0.1.0
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
`,
  },
]);
