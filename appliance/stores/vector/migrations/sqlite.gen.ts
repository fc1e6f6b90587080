// Made by scripts/gen-sql.ts from the SQL files beside it. Do not edit.

export const MIGRATIONS = Object.freeze([
  {
    version: 1,
    name: '0001-points',
    sha256: '124174aac5655f1d82ac90f7b07bdeb482fb9e39a0d1f71cffe7b49d4083d07d',
    step: 'expand' as const,
    since: '0.1.0',
    sql: `-- One row per chunk. \`vector\` is 768 float32, little-endian, as the caller gave it. The vector comes last, so that a
-- filter on the columns before it is decided without reading it.
CREATE TABLE point (
  slot INTEGER PRIMARY KEY,
  chunk_id TEXT NOT NULL UNIQUE,
  doc_id TEXT NOT NULL,
  classification TEXT NOT NULL,
  page INTEGER NOT NULL,
  -- Milliseconds since the epoch.
  ingested_at INTEGER NOT NULL,
  vector BLOB NOT NULL CHECK (length(vector) = 3072)
) STRICT;

CREATE INDEX point_doc ON point (doc_id, chunk_id);

-- Which slots changed, in commit order: a process that holds sketches in memory reads from where it stopped. Old
-- entries are pruned; who is further behind loads everything again.
CREATE TABLE change (
  seq INTEGER PRIMARY KEY AUTOINCREMENT,
  slot INTEGER NOT NULL
) STRICT;

CREATE TRIGGER point_added AFTER INSERT ON point BEGIN
  INSERT INTO change (slot) VALUES (new.slot);
END;

CREATE TRIGGER point_changed AFTER UPDATE ON point BEGIN
  INSERT INTO change (slot) VALUES (new.slot);
END;

CREATE TRIGGER point_removed AFTER DELETE ON point BEGIN
  INSERT INTO change (slot) VALUES (old.slot);
END;
`,
  },
]);
