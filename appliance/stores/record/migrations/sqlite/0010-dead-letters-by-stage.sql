-- Dead letters of one stage, listed, counted, and decided about all at once.
CREATE INDEX dead_letters_by_stage ON dead_letters (stage, dlq_entry_id);
CREATE INDEX dead_letters_by_stage_and_status ON dead_letters (stage, status, dlq_entry_id);
