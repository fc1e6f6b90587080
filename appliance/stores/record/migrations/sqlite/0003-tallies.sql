-- Totals that pages and the usage report show, kept in the transaction of each change, so that reading one is one row.

CREATE TABLE tallies (
  name TEXT NOT NULL,
  state TEXT NOT NULL,
  entries INTEGER NOT NULL DEFAULT 0,
  bytes INTEGER NOT NULL DEFAULT 0,
  PRIMARY KEY (name, state)
) STRICT, WITHOUT ROWID;

INSERT INTO tallies (name, state) VALUES
  ('batches', 'receiving'), ('batches', 'processing'), ('batches', 'held'), ('batches', 'completed'), ('batches', 'cancelled'),
  ('documents', 'processing'), ('documents', 'held'), ('documents', 'indexed'), ('documents', 'quarantined'),
  ('documents', 'cancelled'), ('documents', 'parse_failed'), ('documents', 'policy_failed'), ('documents', 'embed_failed'),
  ('documents', 'index_failed'),
  ('dead_letters', 'pending_review'), ('dead_letters', 'resolved'), ('dead_letters', 'abandoned'),
  ('chunks', 'visible');

CREATE TRIGGER tally_batch_in AFTER INSERT ON batches
BEGIN
  UPDATE tallies SET entries = entries + 1 WHERE name = 'batches' AND state = new.status;
END;
CREATE TRIGGER tally_batch_out AFTER DELETE ON batches
BEGIN
  UPDATE tallies SET entries = entries - 1 WHERE name = 'batches' AND state = old.status;
END;
CREATE TRIGGER tally_batch_moves AFTER UPDATE OF status ON batches WHEN old.status <> new.status
BEGIN
  UPDATE tallies SET entries = entries - 1 WHERE name = 'batches' AND state = old.status;
  UPDATE tallies SET entries = entries + 1 WHERE name = 'batches' AND state = new.status;
END;

CREATE TRIGGER tally_document_in AFTER INSERT ON documents
BEGIN
  UPDATE tallies SET entries = entries + 1, bytes = bytes + new.size_bytes WHERE name = 'documents' AND state = new.state;
END;
CREATE TRIGGER tally_document_out AFTER DELETE ON documents
BEGIN
  UPDATE tallies SET entries = entries - 1, bytes = bytes - old.size_bytes WHERE name = 'documents' AND state = old.state;
END;
CREATE TRIGGER tally_document_moves AFTER UPDATE OF state ON documents WHEN old.state <> new.state
BEGIN
  UPDATE tallies SET entries = entries - 1, bytes = bytes - old.size_bytes WHERE name = 'documents' AND state = old.state;
  UPDATE tallies SET entries = entries + 1, bytes = bytes + new.size_bytes WHERE name = 'documents' AND state = new.state;
END;

CREATE TRIGGER tally_dead_letter_in AFTER INSERT ON dead_letters
BEGIN
  UPDATE tallies SET entries = entries + 1 WHERE name = 'dead_letters' AND state = new.status;
END;
CREATE TRIGGER tally_dead_letter_out AFTER DELETE ON dead_letters
BEGIN
  UPDATE tallies SET entries = entries - 1 WHERE name = 'dead_letters' AND state = old.status;
END;
CREATE TRIGGER tally_dead_letter_moves AFTER UPDATE OF status ON dead_letters WHEN old.status <> new.status
BEGIN
  UPDATE tallies SET entries = entries - 1 WHERE name = 'dead_letters' AND state = old.status;
  UPDATE tallies SET entries = entries + 1 WHERE name = 'dead_letters' AND state = new.status;
END;

CREATE TRIGGER tally_chunk_in AFTER INSERT ON chunks
BEGIN
  UPDATE tallies SET entries = entries + 1, bytes = bytes + length(new.text) WHERE name = 'chunks' AND state = 'visible';
END;
CREATE TRIGGER tally_chunk_out AFTER DELETE ON chunks
BEGIN
  UPDATE tallies SET entries = entries - 1, bytes = bytes - length(old.text) WHERE name = 'chunks' AND state = 'visible';
END;
