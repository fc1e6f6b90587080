-- When a worker first took the document for its current stage in its current run: what a dead letter reports.
ALTER TABLE documents ADD COLUMN first_attempt_at TEXT;
