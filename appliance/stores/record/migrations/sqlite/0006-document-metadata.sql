-- Values of documents' metadata by field, so that a filter is a look-up instead of a walk through every document. Derived
-- from `documents.metadata` by triggers and gone with its document; nothing else writes here.

CREATE TABLE document_metadata (
  field TEXT NOT NULL,
  -- A date is there twice: as the text it is, and as the moment it stands for, in milliseconds since the epoch.
  kind TEXT NOT NULL CHECK (kind IN ('text', 'number', 'boolean', 'moment')),
  -- 0: the field's own value; 1: an item of its array.
  item INTEGER NOT NULL,
  value ANY NOT NULL,
  doc_id TEXT NOT NULL REFERENCES documents (doc_id) ON DELETE CASCADE,
  PRIMARY KEY (field, kind, item, value, doc_id)
) STRICT, WITHOUT ROWID;
CREATE INDEX document_metadata_of ON document_metadata (doc_id);

-- Scalars of the metadata and of their arrays. Metadata nested deeper than SQLite reads have none.
CREATE VIEW metadata_scalars AS
  SELECT d.doc_id, m.key AS field, 0 AS item, m.type, m.value
  FROM documents d, json_each(iif(json_valid(d.metadata), d.metadata, '{}')) m
  UNION ALL
  SELECT d.doc_id, m.key, 1, i.type, i.value
  FROM documents d, json_each(iif(json_valid(d.metadata), d.metadata, '{}')) m,
    json_each(iif(m.type = 'array', m.value, '[]')) i;

-- Texts longer than a filter can ask for are left out. A moment is a day of the calendar, with or without time and offset.
CREATE VIEW metadata_values AS
  SELECT doc_id, field, item,
    CASE type WHEN 'text' THEN 'text' WHEN 'integer' THEN 'number' WHEN 'real' THEN 'number' ELSE 'boolean' END AS kind,
    value
  FROM metadata_scalars
  WHERE type IN ('text', 'integer', 'real', 'true', 'false') AND octet_length(value) <= 3000
  UNION ALL
  SELECT doc_id, field, item, 'moment', CAST(round((julianday(value) - 2440587.5) * 86400000) AS INTEGER)
  FROM metadata_scalars
  WHERE type = 'text' AND octet_length(value) <= 35 AND julianday(value) IS NOT NULL
    AND value GLOB '[0-9][0-9][0-9][0-9]-[0-9][0-9]-[0-9][0-9]*' AND date(substr(value, 1, 10)) = substr(value, 1, 10)
    AND (octet_length(value) = 10 OR (value GLOB '??????????T[0-9][0-9]:*' AND substr(value, 12, 2) < '24'
      AND (value GLOB '*[0-9]Z' OR value GLOB '*[0-9][-+][0-9][0-9]:[0-9][0-9]')));

CREATE TRIGGER metadata_in AFTER INSERT ON documents
BEGIN
  INSERT OR IGNORE INTO document_metadata (field, kind, item, value, doc_id)
  SELECT field, kind, item, value, doc_id FROM metadata_values WHERE doc_id = new.doc_id;
END;
CREATE TRIGGER metadata_moves AFTER UPDATE OF metadata ON documents WHEN old.metadata <> new.metadata
BEGIN
  DELETE FROM document_metadata WHERE doc_id = old.doc_id;
  INSERT OR IGNORE INTO document_metadata (field, kind, item, value, doc_id)
  SELECT field, kind, item, value, doc_id FROM metadata_values WHERE doc_id = new.doc_id;
END;

INSERT OR IGNORE INTO document_metadata (field, kind, item, value, doc_id)
SELECT field, kind, item, value, doc_id FROM metadata_values;
