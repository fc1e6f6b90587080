-- What people decided about a document, as data that the policy gates honour, and the list of what is in quarantine.

-- JSON: the class a person named; what an administrator let out of quarantine; what was refused for good.
ALTER TABLE documents ADD COLUMN review TEXT;
ALTER TABLE documents ADD COLUMN release TEXT;
ALTER TABLE documents ADD COLUMN rejection TEXT;
-- How many of the chunks in quarantine were refused for good.
ALTER TABLE documents ADD COLUMN chunks_rejected INTEGER;

-- What a document is in quarantine as: 'scope reason status', NULL where nothing of it is. A document that no gate could
-- judge waits there too.
ALTER TABLE documents ADD COLUMN quarantine TEXT GENERATED ALWAYS AS (
  CASE
    WHEN state = 'quarantined' OR (state = 'policy_failed' AND quarantine_reason IS NOT NULL) THEN
      'document ' || coalesce(quarantine_reason, 'GATE_UNAVAILABLE')
      || iif(rejection ->> '$.scope' IS 'document', ' rejected', ' open')
    WHEN state = 'indexed' AND chunks_quarantined > 0 THEN
      'chunks INJECTION_DETECTED' || iif(coalesce(chunks_rejected, 0) >= chunks_quarantined, ' rejected', ' open')
  END
) VIRTUAL;
CREATE INDEX documents_in_quarantine ON documents (quarantine, received_at, doc_id) WHERE quarantine IS NOT NULL;

INSERT INTO tallies (name, state, entries, bytes)
  SELECT 'quarantine', quarantine, count(*), sum(size_bytes) FROM documents WHERE quarantine IS NOT NULL GROUP BY quarantine;

CREATE TRIGGER tally_quarantine_in AFTER INSERT ON documents WHEN new.quarantine IS NOT NULL
BEGIN
  INSERT INTO tallies (name, state, entries, bytes) VALUES ('quarantine', new.quarantine, 1, new.size_bytes)
    ON CONFLICT (name, state) DO UPDATE SET entries = entries + 1, bytes = bytes + excluded.bytes;
END;
CREATE TRIGGER tally_quarantine_out AFTER DELETE ON documents WHEN old.quarantine IS NOT NULL
BEGIN
  UPDATE tallies SET entries = entries - 1, bytes = bytes - old.size_bytes
    WHERE name = 'quarantine' AND state = old.quarantine;
END;
CREATE TRIGGER tally_quarantine_moves AFTER UPDATE ON documents WHEN old.quarantine IS NOT new.quarantine
BEGIN
  UPDATE tallies SET entries = entries - 1, bytes = bytes - old.size_bytes
    WHERE name = 'quarantine' AND state = old.quarantine;
  INSERT INTO tallies (name, state, entries, bytes)
    SELECT 'quarantine', new.quarantine, 1, new.size_bytes WHERE new.quarantine IS NOT NULL
    ON CONFLICT (name, state) DO UPDATE SET entries = entries + 1, bytes = bytes + excluded.bytes;
END;
