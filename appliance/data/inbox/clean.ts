import { createHash } from 'node:crypto';
import type { FileHandle } from 'node:fs/promises';
import type { DataPlane } from '../plane.ts';
import { diskNames } from './disk-names.ts';
import { closeFile, openPlain, placeOf, readSome, removeName, syncFolder } from './handles.ts';
import { composedNames, otherForms } from './locate.ts';

const CHUNK = 1 << 20;

/**
 * Removes from the inbox what a batch brought and the appliance keeps: every file with a receipt that is not a rejection
 * and a document that is there, and only where the very bytes of that receipt still lie there. Manifest, results,
 * rejected files and whatever else is in the folder stay. Answers how many went. Throws the system's own errors. O(bytes of the batch).
 */
export async function removeTaken(
  plane: Pick<DataPlane, 'records'>,
  folder: FileHandle,
  batchId: string,
  halted: () => boolean,
): Promise<number> {
  const batch = await plane.records.batch(batchId);
  if (batch === null) return 0;
  const names = diskNames(batch.files);
  const kept = (await plane.records.receipts(batchId)).filter(({ status }) => status !== 'rejected');
  const composed = composedNames(folder);
  let removed = 0;
  for (const { file_id, sha256, doc_id } of kept) {
    // Of an erased document nothing is kept: what the sender has is then theirs to delete.
    if ((await plane.records.document(doc_id ?? ''))?.raw_sha256 !== sha256) continue;
    const own = names.get(file_id) ?? [];
    // What the look found under a name that is composed otherwise goes as well.
    for (const name of [...own, ...(await otherForms(own, composed))]) {
      if (halted()) return removed;
      if (await removeBytes(folder, name, sha256)) removed++;
    }
  }
  if (removed > 0) await syncFolder(folder);
  return removed;
}

/** Removes a plain file that holds exactly these bytes and was not touched while that was found out. */
async function removeBytes(folder: FileHandle, name: string, sha256: string): Promise<boolean> {
  if ((await placeOf(folder, name))?.kind !== 'plain') return false;
  const { file, place } = await openPlain(folder, name);
  try {
    const hash = createHash('sha256');
    const buffer = Buffer.allocUnsafeSlow(CHUNK);
    for (let left = place.size + 1; left > 0; ) {
      const bytesRead = await readSome(file, buffer);
      if (bytesRead === 0) break;
      hash.update(buffer.subarray(0, bytesRead));
      left -= bytesRead;
    }
    if (hash.digest('hex') !== sha256) return false;
  } finally {
    await closeFile(file);
  }
  return (await placeOf(folder, name))?.print === place.print && removeName(folder, name);
}
