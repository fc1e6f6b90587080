import { FrostbyteError } from '../../../kernel/errors.ts';
import type { Transaction } from '../../postgres/connection.ts';
import type { CopiedRow } from '../../postgres/copy.ts';
import type { Job } from '../../queue/port.ts';
import type { Publication } from '../port.ts';
import type { ChunkRow, DocumentRow, IndexRecord } from '../rows.ts';
import { CHUNKS, INDEX_RECORDS, VERSIONS } from '../rules/codec.ts';
import { isCurrent } from '../rules/document-steps.ts';
import { checkPublication, fitsIndex, published, titleOf, versionRow } from '../rules/publication.ts';
import { changing, type RecordContext, TURN } from './context.ts';
import { countChunks, lockDocument, readDocument, removeChunks, saveDocument } from './documents.ts';
import { listToReindex, readIndexBeside } from './reindex.ts';
import { insertRows } from './rows.ts';
import { indexedWords } from './words.ts';

const RECORDED = INDEX_RECORDS.names.filter((name) => !CHUNKS.names.includes(name as never));
const COLUMNS = [...CHUNKS.names, ...RECORDED, 'run', 'language', 'words', 'length'];
const INSERT_VERSION = VERSIONS.insert('document_versions');
/** Chunks of a statement: each is some kilobytes, and a statement may take only so long. */
const AT_ONCE = 1_000;

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
        await countChunks(change, [{ chunks: chunks.length, words, language: publication.language ?? null }]);
        const made = published(row, publication);
        await saveDocument(change, made, at);
        await change.run(INSERT_VERSION, VERSIONS.encode(versionRow(made, at)));
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

/** Writes the chunks, with their words and index records. Returns how many words they have. */
async function insertChunks(tx: Transaction, publication: Publication): Promise<number> {
  const records = new Map(publication.index_records.map((record) => [record.chunk_id, record]));
  let words = 0;
  for (let from = 0; from < publication.chunks.length; from += AT_ONCE) {
    const some = publication.chunks.slice(from, from + AT_ONCE);
    let counted = 0;
    const rows = function* (): Generator<CopiedRow> {
      counted = 0;
      for (const chunk of some) {
        const row = rowOf(chunk, records.get(chunk.chunk_id), publication);
        counted += row.length;
        yield row;
      }
    };
    // Another worker that does the same job may have written the same rows, of which one is enough: COPY knows no such
    // rule. One of both finds itself stale when it has its turn.
    const isCopied = await tx.copy('chunks', COLUMNS, rows());
    if (!isCopied) await insertRows(tx, 'chunks', COLUMNS, [...rows()], 'ON CONFLICT DO NOTHING');
    words += counted;
  }
  return words;
}

function rowOf(chunk: ChunkRow, record: IndexRecord | undefined, { job: { run }, language = null }: Publication) {
  const { words, length } = indexedWords(chunk.text, titleOf(chunk.metadata), language);
  return { ...(record ? INDEX_RECORDS.encode(record) : {}), ...CHUNKS.encode(chunk), run, language, words, length };
}
