-- expand, since 0.1.0
-- The language by whose stems the words of a chunk were cut; null where they were cut as English is. How many chunks there are of
-- each is a total, which search reads to know what to ask for.
ALTER TABLE chunks ADD COLUMN language text COLLATE "C";
