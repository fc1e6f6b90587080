-- Who holds a claimed job, so that the jobs of a worker known to be dead need not wait for their leases to run out.
ALTER TABLE jobs ADD COLUMN worker TEXT;
CREATE INDEX jobs_by_worker ON jobs (worker) WHERE worker IS NOT NULL;
