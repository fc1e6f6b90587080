import { createHash } from 'node:crypto';
import { verifyProvenance } from '../../../audit/provenance.ts';
import type { TreeHead } from '../../../bundle/backup/manifest.ts';
import { FrostbyteError } from '../../../kernel/errors.ts';
import type { AuditLog } from '../../../stores/log/port.ts';
import type { DocumentRow } from '../../../stores/record/rows.ts';
import { proveLog } from '../backup/log-heads.ts';
import type { RestoredPlane } from './restored-plane.ts';

const PAGE = 500;
/** How many documents are searched for, spread over all. */
const SEARCHED = 20;

/** What was proven of a tenant that was restored. */
export interface CheckedTenant {
  documents: number;
  /** Raw files that were opened and have the hash that their receipt names. */
  files: number;
  /** Documents whose chain from the raw file to the index holds. */
  chains: number;
  /** Documents that search found by a vector and by words of their own. */
  found: number;
  /** Documents that are gone on with once the tenant is confirmed. */
  unfinished: number;
}

/**
 * Proves a restored tenant by hash, by chain and by search: its log holds the tree of the backup, each document's file is what
 * its receipt says, each finished document's chain holds, and search finds them. Throws `AUDIT_CHAIN_BROKEN`,
 * `OBJECT_CORRUPTED`, `OBJECT_MISSING` or `INDEX_VERIFY_FAILED`, naming the document. O(what is stored).
 */
export async function checkRestored(
  plane: RestoredPlane,
  log: AuditLog,
  head: TreeHead,
  progress: (documents: number) => void,
): Promise<CheckedTenant> {
  await proveLog(log, head);
  const { documents: all } = await plane.records.counts();
  const every = Math.max(1, Math.floor(all / SEARCHED));
  const checked: CheckedTenant = { documents: 0, files: 0, chains: 0, found: 0, unfinished: 0 };
  for (let after: string | null = null; ; ) {
    const page: Awaited<ReturnType<RestoredPlane['records']['documents']>> = await plane.records.documents({
      limit: PAGE,
      sort: 'asc',
      ...(after === null ? {} : { after }),
    });
    for (const document of page.rows) {
      await checkFile(plane, document);
      checked.files += 1;
      if (document.state === 'processing') checked.unfinished += 1;
      if (document.state === 'indexed') {
        const { valid, breaks } = verifyProvenance(await log.resource('document', document.doc_id));
        if (!valid) throw chainBroken(document.doc_id, breaks[0]?.problem);
        checked.chains += 1;
        if (checked.documents % every === 0 && (await isFound(plane, document))) checked.found += 1;
      }
      checked.documents += 1;
      progress(checked.documents);
    }
    if (page.rows.length < PAGE) return checked;
    after = page.rows.at(-1)!.doc_id;
  }
}

async function checkFile({ objects }: RestoredPlane, { doc_id, storage_path, raw_sha256 }: DocumentRow): Promise<void> {
  const hash = createHash('sha256');
  for await (const bytes of await objects.get(storage_path)) hash.update(bytes as Buffer);
  if (hash.digest('hex') === raw_sha256) return;
  throw new FrostbyteError('OBJECT_CORRUPTED', `The raw file of ${doc_id} is not what its receipt says.`);
}

/** Searches for a document by the vector and the first words of its first chunk. False where it has no visible chunk. */
async function isFound({ records, vectors }: RestoredPlane, { doc_id }: DocumentRow): Promise<boolean> {
  const [chunk] = await records.documentChunks(doc_id, { limit: 1, offset: 0 });
  if (chunk === undefined) return false;
  const vector = (await vectors.read([chunk.chunk_id])).get(chunk.chunk_id);
  if (vector === undefined) throw unfound(doc_id);
  // By its own vector alone nothing is nearer; others may be as near, so it is looked for among the document's.
  const near = await vectors.search(vector, { limit: 1, filter: { doc_ids: [doc_id] } });
  const words = chunk.text
    .match(/[\p{L}\p{N}]{3,}/gu)
    ?.slice(0, 5)
    .join(' ');
  if (near.length === 0) throw unfound(doc_id);
  if (words === undefined) return true;
  const named = await records.searchText({ text: words, limit: 1, doc_ids: [doc_id] });
  if (named.length === 0) throw unfound(doc_id);
  return true;
}

function chainBroken(docId: string, problem = 'no beginning'): FrostbyteError {
  return new FrostbyteError('AUDIT_CHAIN_BROKEN', `The chain of ${docId} is broken: ${problem}.`);
}

function unfound(docId: string): FrostbyteError {
  return new FrostbyteError('INDEX_VERIFY_FAILED', `Search does not find ${docId}, which is indexed.`);
}
