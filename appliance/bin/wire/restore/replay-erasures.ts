import { eraseDocument } from '../../../data/erasure/erase-document.ts';
import { matchVectors } from '../../../data/served-vectors.ts';
import { FrostbyteError } from '../../../kernel/errors.ts';
import type { AuditLog } from '../../../stores/log/port.ts';
import type { RestoredPlane } from './restored-plane.ts';

const PAGE = 500;

/** A document that must not be there, if it was received before; always, where there is no time. */
export interface Erased {
  doc_id: string;
  at: string | null;
}

/** Erasures that a tenant's log tells of: it was copied last, and may know more than rows and ledger. */
export async function erasedInLog(log: Pick<AuditLog, 'events'>): Promise<Erased[]> {
  const erased: Erased[] = [];
  for (let after: number | null = -1; after !== null; ) {
    const page: Awaited<ReturnType<AuditLog['events']>> = await log.events({
      event_type: 'DOCUMENT_DELETED',
      sort: 'asc',
      limit: PAGE,
      after,
    });
    for (const { resource_id, timestamp } of page.events) erased.push({ doc_id: resource_id, at: timestamp });
    after = page.next;
  }
  return erased;
}

/**
 * Erases what was erased behind the backup, or while it was made, once more: with everything that an erasure is, receipt
 * and event included. What is gone already, or came again later, is left alone. Answers how many went.
 */
export async function replayErasures(plane: RestoredPlane, erased: Iterable<Erased>): Promise<number> {
  let count = 0;
  for (const { doc_id, at } of erased) {
    const document = await plane.records.document(doc_id);
    const isGoing = document === null && (await plane.records.erasing([doc_id])).length > 0;
    if (!isGoing && (document === null || (at !== null && document.received_at > at))) continue;
    const { status } = await eraseDocument(plane, {
      doc_id,
      cause: 'request',
      reason: 'erased before, and once more behind a restore',
      requested_by: 'system',
    });
    if (status !== 'completed')
      throw new FrostbyteError('STORE_UNAVAILABLE', 'A document that was erased before could not be erased again yet.');
    count += 1;
  }
  return count;
}

/** Makes the vectors of every document what its rows serve: both were copied at moments of their own. O(documents). */
export async function matchAllVectors(plane: RestoredPlane, progress: (documents: number) => void): Promise<number> {
  let documents = 0;
  for (let after: string | null = null; ; ) {
    const page: Awaited<ReturnType<RestoredPlane['records']['documents']>> = await plane.records.documents({
      limit: PAGE,
      sort: 'asc',
      ...(after === null ? {} : { after }),
    });
    const { rows } = page;
    for (const { doc_id } of rows) {
      await matchVectors(plane, doc_id);
      documents += 1;
      progress(documents);
    }
    if (rows.length < PAGE) return documents;
    after = rows.at(-1)!.doc_id;
  }
}
