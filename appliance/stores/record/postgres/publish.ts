import { FrostbyteError } from '../../../kernel/errors.ts';
import type { Statements } from '../../postgres/connection.ts';
import type { Job } from '../../queue/port.ts';
import type { Publication } from '../port.ts';
import type { DocumentRow } from '../rows.ts';
import { CHUNKS, INDEX_RECORDS } from '../rules/codec.ts';
import { isCurrent } from '../rules/document-steps.ts';
import { checkPublication, fitsIndex, published, titleOf } from '../rules/publication.ts';
import { changing, type RecordContext, TURN } from './context.ts';
import { countChunks, lockDocument, readDocument, removeChunks, saveDocument } from './documents.ts';
import { listToReindex, readIndexBeside } from './reindex.ts';
import { insertRows } from './rows.ts';
import { indexedWords } from './words.ts';

const RECORDED = INDEX_RECORDS.names.filter((name) => !CHUNKS.names.includes(name as never));
const COLUMNS = [...CHUNKS.names, ...RECORDED, 'run', 'words', 'length'];
/** Chunks of a statement: each is some kilobytes. */
const AT_ONCE = 500;

/**
 * Replaces what is served of a document (`StageRecords.publish`). The new chunks are written first, beside the old ones and
 * seen by nobody, since that is most of the work; then the transaction takes its turn, looks whether the job is still
 * current, and exchanges them.
 */
export async function publish(context: RecordContext, publication: Publication): Promise<boolean> {
  const { job, chunks, entries, at } = publication;
  const stale = new FrostbyteError('INVALID_STATE_TRANSITION', 'The job is stale.');
  try {
    return await context.db.writeLate(TURN, async (tx) => {
      current(await readDocument(tx, job.doc_id), job, stale);
      checkPublication(context, publication);
      const words = await insertChunks(tx, publication);
      await tx.takeTurn();
      const row = current(await lockDocument(tx, job.doc_id), job, stale);
      if (!fitsIndex(publication, await readIndexBeside(tx, job))) throw stale;
      return changing(context, tx, async (change) => {
        await removeChunks(change, job.doc_id, job.run);
        await countChunks(change, chunks.length, words);
        await saveDocument(change, published(row, publication), at);
        await listToReindex(change, job.doc_id);
        change.tell(entries);
        return true;
      });
    });
  } catch (error) {
    if (error === stale) return false;
    throw error;
  }
}

/** The document, if the job is current for it. Else it throws `stale`, which takes back what was written. */
function current(row: DocumentRow | null, job: Job, stale: FrostbyteError): DocumentRow {
  if (row === null || !isCurrent(row, job)) throw stale;
  return row;
}

/**
 * Another worker that does the same job writes the same rows: then one of both finds itself stale. Returns how many words
 * the chunks have.
 */
async function insertChunks(tx: Statements, { job, chunks, index_records }: Publication): Promise<number> {
  const records = new Map(index_records.map((record) => [record.chunk_id, record]));
  let words = 0;
  const rows = chunks.map((chunk) => {
    const record = records.get(chunk.chunk_id);
    const text = indexedWords(chunk.text, titleOf(chunk.metadata));
    words += text.length;
    return {
      ...(record ? INDEX_RECORDS.encode(record) : {}),
      ...CHUNKS.encode(chunk),
      run: job.run,
      words: text.words,
      length: text.length,
    };
  });
  for (let from = 0; from < rows.length; from += AT_ONCE) {
    await insertRows(tx, 'chunks', COLUMNS, rows.slice(from, from + AT_ONCE), 'ON CONFLICT DO NOTHING');
  }
  return words;
}
