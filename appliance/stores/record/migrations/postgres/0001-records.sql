-- Records of one tenant: batches, receipts, documents, chunks, jobs on their way to the queue, dead letters.
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
  -- When somebody cancelled it; it is `cancelled` once all of it is at rest.
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

-- Every batch that holds a document. `received_at` is the document's, so that a batch's pages need no sort; its state is
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

-- Values of documents' metadata, so that a filter is a look-up instead of a walk through every document. `place` is a
-- digest of field, kind and, for a text, the text itself; numbers and moments are in `value`. Nothing here can be read.
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
  -- The code in `error`.
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
