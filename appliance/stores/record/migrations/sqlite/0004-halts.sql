-- Finds the dead letters that halt a tenant's embedding (spec 2 D): asked before every claim, so it must cost nothing
-- while there is none.
CREATE INDEX dead_letters_halting ON dead_letters (dlq_entry_id)
WHERE status = 'pending_review' AND json_extract(error, '$.code') = 'DIMENSION_MISMATCH';
