-- Cancelling a batch ends the requests that were still running its documents again.
ALTER TABLE reprocesses ADD COLUMN cancelled_at TEXT;
