-- Dead letters of one stage, listed, counted, and decided about all at once.
CREATE INDEX dead_letters_by_stage ON dead_letters (stage, dlq_entry_id);
CREATE INDEX dead_letters_by_stage_and_status ON dead_letters (stage, status, dlq_entry_id);

-- Their totals, kept like those of all dead letters.
INSERT INTO tallies (name, state, entries)
  SELECT 'dead_letters of ' || s.value, t.value,
    (SELECT count(*) FROM dead_letters d WHERE d.stage = s.value AND d.status = t.value)
  FROM json_each('["parse", "policy", "embed", "index"]') s, json_each('["pending_review", "resolved", "abandoned"]') t;

CREATE TRIGGER tally_dead_letter_of_stage_in AFTER INSERT ON dead_letters
BEGIN
  UPDATE tallies SET entries = entries + 1 WHERE name = 'dead_letters of ' || new.stage AND state = new.status;
END;
CREATE TRIGGER tally_dead_letter_of_stage_out AFTER DELETE ON dead_letters
BEGIN
  UPDATE tallies SET entries = entries - 1 WHERE name = 'dead_letters of ' || old.stage AND state = old.status;
END;
CREATE TRIGGER tally_dead_letter_of_stage_moves AFTER UPDATE OF status ON dead_letters WHEN old.status <> new.status
BEGIN
  UPDATE tallies SET entries = entries - 1 WHERE name = 'dead_letters of ' || old.stage AND state = old.status;
  UPDATE tallies SET entries = entries + 1 WHERE name = 'dead_letters of ' || new.stage AND state = new.status;
END;
