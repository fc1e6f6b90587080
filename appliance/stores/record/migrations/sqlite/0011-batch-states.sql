-- The state of each document beside the batches that hold it, kept in the transaction of each change: how many of a batch
-- are in a state, which they are, and whether one is under way, is then found in one index.
ALTER TABLE document_batches ADD COLUMN state TEXT NOT NULL DEFAULT 'processing';
UPDATE document_batches SET state = (SELECT d.state FROM documents d WHERE d.doc_id = document_batches.doc_id);
CREATE INDEX document_batches_by_state ON document_batches (batch_id, state, received_at, doc_id);

CREATE TRIGGER batch_state_in AFTER INSERT ON document_batches
BEGIN
  UPDATE document_batches SET state = (SELECT d.state FROM documents d WHERE d.doc_id = new.doc_id)
  WHERE doc_id = new.doc_id AND batch_id = new.batch_id;
END;
CREATE TRIGGER batch_state_moves AFTER UPDATE OF state ON documents WHEN old.state <> new.state
BEGIN
  UPDATE document_batches SET state = new.state WHERE doc_id = new.doc_id;
END;
