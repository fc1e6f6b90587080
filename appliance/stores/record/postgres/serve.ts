import type { DocumentState } from '../../../kernel/pipeline.ts';
import type { TextLanguage } from '../../../kernel/text-language.ts';
import type { Statements } from '../../postgres/connection.ts';
import type { ServedChunk, ServeRecords } from '../port.ts';
import { type Cell, CHUNKS, DOCUMENTS, INDEX_RECORDS, VERSIONS } from '../rules/codec.ts';
import type { ListShape } from '../rules/cursor.ts';
import { REINDEXED_COLUMNS, SERVED_NUMBER } from '../rules/reindexing.ts';
import type { RecordContext } from './context.ts';
import { DOCUMENT_PLACE } from './documents.ts';
import { documentsWith } from './metadata.ts';
import { readPage, tally } from './page.ts';
import { searchText } from './search.ts';

const DOCUMENT_LIST: ListShape = {
  from: 'documents d',
  where: 'd.erasure_id IS NULL',
  select: DOCUMENTS.select('d'),
  order: ['d.received_at', 'd.doc_id'],
  cursor: DOCUMENT_PLACE,
};
const BATCH_DOCUMENT_LIST: ListShape = {
  ...DOCUMENT_LIST,
  from: 'document_batches l JOIN documents d ON d.doc_id = l.doc_id',
  order: ['l.received_at', 'l.doc_id'],
};
const COUNT_IN_BATCH = 'SELECT count(*)::bigint AS entries FROM document_batches WHERE batch_id = @batch_id';
const COUNT_IN_BATCH_OF_STATE = `${COUNT_IN_BATCH} AND state = @state`;
const COUNT_ERASING = `SELECT count(*)::bigint AS entries FROM documents
  WHERE erasure_id IS NOT NULL AND (@state::text IS NULL OR state = @state::text)`;
const COUNT_ERASING_IN_BATCH = `SELECT count(*)::bigint AS entries FROM documents d
  JOIN document_batches l ON l.doc_id = d.doc_id AND l.batch_id = @batch_id
  WHERE d.erasure_id IS NOT NULL AND (@state::text IS NULL OR d.state = @state::text)`;

/** A column of the index record: what a reindex wrote, where the index that is served came of one. */
const recorded = (name: (typeof INDEX_RECORDS.names)[number]): string =>
  (REINDEXED_COLUMNS as readonly string[]).includes(name) ? `coalesce(r.${name}, c.${name})` : `c.${name}`;

const SERVED = `SELECT ${CHUNKS.select('c')}, c.language, d.original_filename, d.raw_sha256,
    d.served::json ->> 'canonical_sha256' AS canonical_sha256, d.received_at,
    d.indexed_at, d.metadata AS document_metadata, d.index_event_id, a.log_index,
    ${INDEX_RECORDS.names.map((name) => `${recorded(name)} AS index_${name}`).join(', ')}
  FROM chunks c
  JOIN documents d ON d.doc_id = c.doc_id AND d.erasure_id IS NULL
  LEFT JOIN reindexed_chunks r ON r.doc_id = c.doc_id AND r.chunk_id = c.chunk_id AND r.number = ${SERVED_NUMBER}
  LEFT JOIN audit_relay a ON a.event_id = d.index_event_id`;
const SERVED_BY_ID = `${SERVED} WHERE c.chunk_id = ANY (@ids::text[])`;
// Positions are 0, 1, 2 and so on: a page far into a long document is found, not counted out.
const SERVED_OF_DOCUMENT = `${SERVED} WHERE c.doc_id = ? AND c.position >= ? ORDER BY c.position LIMIT ?`;

const VERSIONS_OF = `SELECT ${VERSIONS.select('v')} FROM document_versions v
  JOIN documents d ON d.doc_id = v.doc_id AND d.erasure_id IS NULL WHERE v.doc_id = ? ORDER BY v.run DESC LIMIT ?`;

/** What search and the document routes read. */
export function serveRecords(context: RecordContext): Omit<ServeRecords, 'appendEntries'> {
  const { db } = context;
  const count = async (tx: Statements, sql: string, parameters: Record<string, Cell>): Promise<number> =>
    (await tx.get<{ entries: number }>(sql, parameters))?.entries ?? 0;
  /** O(documents of the batch in the state), from the index alone, and those that are being erased. */
  const countInBatch = async (tx: Statements, batch_id: string, state: DocumentState | null): Promise<number> =>
    (state === null
      ? await count(tx, COUNT_IN_BATCH, { batch_id })
      : await count(tx, COUNT_IN_BATCH_OF_STATE, { batch_id, state })) -
    (await count(tx, COUNT_ERASING_IN_BATCH, { batch_id, state }));
  return {
    searchText: (query) => searchText(db, query),
    documentsWith: (metadata, limit) => documentsWith(db, metadata, limit),
    servedChunks: async (chunkIds) => {
      const rows = await db.all<Record<string, Cell>>(SERVED_BY_ID, { ids: chunkIds });
      const byId = new Map(rows.map((cells) => [cells.chunk_id, cells]));
      return chunkIds.flatMap((id) => {
        const cells = byId.get(id);
        return cells ? [servedChunk(cells)] : [];
      });
    },
    documentChunks: async (docId, { limit, offset }) =>
      (await db.all<Record<string, Cell>>(SERVED_OF_DOCUMENT, [docId, offset, limit])).map(servedChunk),
    versions: async (docId, limit) =>
      (await db.all<Record<string, Cell>>(VERSIONS_OF, [docId, limit])).map(VERSIONS.decode),
    documents: (page) =>
      db.read(async (tx) => {
        const inBatch = page.batch_id !== undefined;
        const rows = inBatch
          ? await readPage(tx, BATCH_DOCUMENT_LIST, page, { 'l.batch_id': page.batch_id, 'l.state': page.state })
          : await readPage(tx, DOCUMENT_LIST, page, { 'd.state': page.state });
        const total = inBatch
          ? await countInBatch(tx, page.batch_id!, page.state ?? null)
          : (await tally(tx, 'documents', page.state)).entries -
            (await count(tx, COUNT_ERASING, { state: page.state ?? null }));
        return { rows: rows.map(DOCUMENTS.decode), total };
      }),
    counts: () =>
      db.read(async (tx) => {
        const documents = await tally(tx, 'documents');
        return {
          batches: (await tally(tx, 'batches')).entries,
          documents: documents.entries,
          chunks: (await tally(tx, 'chunks')).entries,
          raw_bytes: documents.bytes,
          dead_letters: (await tally(tx, 'dead_letters', 'pending_review')).entries,
        };
      }),
  };
}

function servedChunk(cells: Record<string, Cell>): ServedChunk {
  const index = Object.fromEntries(INDEX_RECORDS.names.map((name) => [name, cells[`index_${name}`] ?? null]));
  return {
    ...CHUNKS.decode(cells),
    language: cells.language as TextLanguage | null,
    original_filename: cells.original_filename as string,
    raw_sha256: cells.raw_sha256 as string,
    canonical_sha256: cells.canonical_sha256 as string,
    received_at: cells.received_at as string,
    indexed_at: cells.indexed_at as string,
    document_metadata: JSON.parse(cells.document_metadata as string),
    index: INDEX_RECORDS.decode(index as Record<string, Cell>),
    index_event_id: cells.index_event_id as string,
    log_index: cells.log_index as number | null,
  };
}
