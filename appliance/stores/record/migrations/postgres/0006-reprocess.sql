-- A request to run documents again, worked off behind a cursor in the documents' order of receipt.

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
