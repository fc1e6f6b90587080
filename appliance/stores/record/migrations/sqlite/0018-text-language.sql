-- expand, since 0.1.0
-- The language by whose stems a chunk is found, and its terms and its title's in that language; null where they are cut as English
-- is, which the tokenizer does by itself. Full text is given the terms where there are some, and takes the same away again: never
-- have it rebuilt of its content, which would put the text in their place.
ALTER TABLE chunks ADD COLUMN language TEXT;
ALTER TABLE chunks ADD COLUMN terms TEXT;
ALTER TABLE chunks ADD COLUMN title_terms TEXT;

DROP TRIGGER chunks_into_text;
CREATE TRIGGER chunks_into_text AFTER INSERT ON chunks
BEGIN
  INSERT INTO chunks_fts (rowid, text, section_title)
    VALUES (new.id, coalesce(new.terms, new.text), coalesce(new.title_terms, new.section_title));
END;
DROP TRIGGER chunks_out_of_text;
CREATE TRIGGER chunks_out_of_text AFTER DELETE ON chunks
BEGIN
  INSERT INTO chunks_fts (chunks_fts, rowid, text, section_title)
    VALUES ('delete', old.id, coalesce(old.terms, old.text), coalesce(old.title_terms, old.section_title));
END;

-- How many chunks there are of each language, which search reads to know what to ask for.
CREATE TRIGGER tally_language_in AFTER INSERT ON chunks WHEN new.language IS NOT NULL
BEGIN
  INSERT INTO tallies (name, state, entries) VALUES ('language', new.language, 1)
    ON CONFLICT (name, state) DO UPDATE SET entries = entries + 1;
END;
CREATE TRIGGER tally_language_out AFTER DELETE ON chunks WHEN old.language IS NOT NULL
BEGIN
  UPDATE tallies SET entries = entries - 1 WHERE name = 'language' AND state = old.language;
END;
