-- A chunk is here exactly while it is visible to search. Spread by document over partitions, so that making a table anew
-- after an erasure (nothing of the deleted may stay in its file) costs a part of it.
--
-- There is no reference to `documents`: a publication writes its chunks before it has its turn, and must not hold a lock
-- on the document meanwhile. Whoever deletes a document deletes its chunks.
CREATE TABLE chunks (
  chunk_id text COLLATE "C" NOT NULL,
  doc_id text COLLATE "C" NOT NULL,
  -- The run that made it: a new version is written beside the one it replaces.
  run integer NOT NULL,
  position integer NOT NULL,
  text text NOT NULL,
  page integer NOT NULL,
  start_char bigint NOT NULL,
  end_char bigint NOT NULL,
  element_type text NOT NULL,
  boxes text,
  path text,
  metadata text NOT NULL,
  policy text NOT NULL,
  classification text NOT NULL,
  -- Stems of text and section title, each with its places; those of the title have weight A.
  words tsvector NOT NULL,
  -- How many words there are, repeated ones too.
  length integer NOT NULL,
  -- The index record (spec 2 D).
  tenant_id text NOT NULL,
  embed_model text NOT NULL,
  embed_version text NOT NULL,
  embed_dimensions integer NOT NULL,
  vector_sha256 text NOT NULL,
  indexed_at text NOT NULL,
  PRIMARY KEY (chunk_id, doc_id, run),
  UNIQUE (doc_id, position, run)
) PARTITION BY HASH (doc_id);

DO $$
BEGIN
  FOR n IN 0..7 LOOP
    EXECUTE format('CREATE TABLE chunks_%s PARTITION OF chunks FOR VALUES WITH (MODULUS 8, REMAINDER %s)', n, n);
    EXECUTE format('ALTER TABLE chunks_%s ALTER COLUMN text SET STATISTICS 0, ALTER COLUMN words SET STATISTICS 0,
      ALTER COLUMN metadata SET STATISTICS 0, ALTER COLUMN boxes SET STATISTICS 0, ALTER COLUMN path SET STATISTICS 0,
      ALTER COLUMN policy SET STATISTICS 0', n);
  END LOOP;
END $$;
ALTER TABLE chunks ALTER COLUMN text SET STATISTICS 0, ALTER COLUMN words SET STATISTICS 0,
  ALTER COLUMN metadata SET STATISTICS 0, ALTER COLUMN boxes SET STATISTICS 0, ALTER COLUMN path SET STATISTICS 0,
  ALTER COLUMN policy SET STATISTICS 0;

CREATE INDEX chunks_by_words ON chunks USING gin (words);

CREATE TRIGGER chunks_are_replaced BEFORE UPDATE ON chunks
FOR EACH ROW EXECUTE FUNCTION refuse_change();

CREATE VIEW index_records AS
  SELECT chunk_id, doc_id, tenant_id, embed_model, embed_version, embed_dimensions, vector_sha256, indexed_at FROM chunks;
