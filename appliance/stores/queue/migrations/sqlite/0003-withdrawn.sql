-- A job that was taken away while a worker held it: it goes when the worker lets go of it.
ALTER TABLE jobs ADD COLUMN withdrawn INTEGER NOT NULL DEFAULT 0;
