import type { FileHandle } from 'node:fs/promises';
import { codeFrames, FrostbyteError, isFrostbyteError } from '../../kernel/errors.ts';
import { shaped } from '../../kernel/log-fields.ts';
import { followReceipt } from '../follow-receipt.ts';
import { closeFile, errnoOf, openFolder, placeOf } from './handles.ts';
import {
  type Announcement,
  type FilesLook,
  lookAtFiles,
  lookAtManifest,
  type ManifestLook,
  manifestPrint,
  reasonOf,
} from './look.ts';
import type { InboxRound } from './means.ts';
import type { InboxFolder } from './memory.ts';
import { ShareSilent } from './patience.ts';
import { BatchMoved, takeBatch } from './take-batch.ts';
import { awaitSender, isRefused, refuse, stillFor, tell, wait } from './verdicts.ts';

/** The tenant's own folder as a batch: a stick whose root is one. */
export const HERE = '.';

/** Refusals that trying again does not mend, until the batch or the tenant's settings change. */
const FINAL: ReadonlySet<string> = new Set([
  'VALIDATION_ERROR',
  'MANIFEST_INVALID',
  'MANIFEST_FILE_COUNT_MISMATCH',
  'DUPLICATE_FILE_ID',
  'BATCH_ALREADY_EXISTS',
]);

/** The stores or the scanner cannot take any batch now. */
export class InboxRests extends Error {
  override readonly name = 'InboxRests';
}

type Outcome = 'took' | 'looked';

/**
 * Looks at one folder and does what is to be done: takes the batch, waits, or refuses it. The record store decides what
 * was taken; what lies beside the manifest is never asked. Throws `InboxRests`, `TENANT_SUSPENDED`, or what the record
 * store throws; whatever is wrong with the folder itself is only remembered.
 */
export async function attend(round: InboxRound, name: string): Promise<Outcome> {
  const { memory, plane, tenant } = round;
  const now = round.elapsed();
  const entry = memory.folder(name, plane.clock.iso(), now);
  let folder: FileHandle | undefined;
  try {
    folder = name === HERE ? tenant : await openFolder(tenant, name);
    const print = await manifestPrint(folder);
    if (entry.state === 'taken') {
      if (entry.manifestPrint === print) return 'looked';
      if (print === null) {
        memory.folders.delete(name);
        return 'looked';
      }
      // Another manifest in the same place: another batch, or the same one written again.
      memory.put(
        entry,
        { state: 'waiting', reason: 'STILL_CHANGING', manifestPrint: null, delivered: null, final: false },
        plane.clock.iso(),
        now,
      );
    }
    const expected = { tenant_id: plane.tenant_id, max_batch_size: round.current.max_batch_size };
    return await decide(round, entry, folder, await lookAtManifest(folder, expected, name === HERE));
  } catch (error) {
    if (errnoOf(error) === undefined) throw error;
    if (errnoOf(error) === 'ENOENT' && folder === undefined) memory.folders.delete(name);
    else if (folder === undefined && (await placeOf(tenant, name))?.kind === 'link')
      wait(round, entry, { reason: 'IS_LINK' });
    else wait(round, entry, { reason: reasonOf(error), code: errnoOf(error)! });
    return 'looked';
  } finally {
    if (folder !== undefined && folder !== tenant) await closeFile(folder);
  }
}

async function decide(round: InboxRound, entry: InboxFolder, folder: FileHandle, look: ManifestLook): Promise<Outcome> {
  const { memory, plane } = round;
  if (look.state === 'nothing') memory.folders.delete(entry.name);
  else if (look.state === 'waiting') await awaitSender(round, entry, folder, look, null);
  else if (look.state === 'refused') await refuse(round, entry, folder, look, null);
  else {
    const { announcement } = look;
    const { batch_id } = announcement.manifest;
    const [known] = await plane.records.batchStates([batch_id]);
    if (known !== undefined && known.manifest_sha256 === announcement.manifest_sha256 && known.status !== 'receiving') {
      taken(round, entry, announcement);
      return 'looked';
    }
    const files: FilesLook =
      known !== undefined && known.manifest_sha256 !== announcement.manifest_sha256
        ? { state: 'refused', error: usedBefore(), print: announcement.print }
        : await lookAtFiles(folder, announcement);
    if (files.state === 'waiting') await awaitSender(round, entry, folder, files, batch_id);
    else if (files.state === 'refused') await refuse(round, entry, folder, files, batch_id);
    else if (isRefused(entry, files.print, round)) return 'looked';
    else if (memory.still(entry, files.print, round.elapsed()) < round.settings.stableMs)
      wait(round, entry, { reason: 'COMPLETE', batch_id });
    else return take(round, entry, folder, announcement, files);
  }
  return 'looked';
}

async function take(
  round: InboxRound,
  entry: InboxFolder,
  folder: FileHandle,
  announcement: Announcement,
  { places }: Extract<FilesLook, { state: 'complete' }>,
): Promise<Outcome> {
  const { plane, memory } = round;
  const { batch_id } = announcement.manifest;
  try {
    const receipt = await takeBatch(plane, folder, announcement, places, round.halted);
    memory.rests = 0;
    plane.logger.info('a batch was taken from the inbox', { ...shaped({ batch_id }), count: receipt.counts.files });
    taken(round, entry, announcement);
    await followReceipt(plane, batch_id, round.wake);
    return 'took';
  } catch (error) {
    if (isFrostbyteError(error, 'TENANT_SUSPENDED') || error instanceof ShareSilent) throw error;
    if (error instanceof BatchMoved || errnoOf(error) !== undefined) {
      const reason = error instanceof BatchMoved ? 'STILL_CHANGING' : reasonOf(error);
      wait(round, entry, { reason, batch_id, code: errnoOf(error) ?? null });
      // Somebody works in the folder: it has to hold still anew. What cannot be read is not tried on every look.
      if (reason === 'STILL_CHANGING') entry.print = null;
      else memory.backOff(entry, round.elapsed());
      return 'looked';
    }
    if (isFrostbyteError(error) && FINAL.has(error.code)) {
      await refuse(round, entry, folder, { error, print: entry.print! }, batch_id);
      return 'looked';
    }
    return postpone(round, entry, folder, batch_id, error);
  }
}

/** Nothing is wrong with the batch. A quota concerns this batch alone; all else would meet the next one, too. */
async function postpone(
  round: InboxRound,
  entry: InboxFolder,
  folder: FileHandle,
  batch_id: string,
  error: unknown,
): Promise<Outcome> {
  const { code, frames } = codeFrames(error);
  round.plane.logger.warn('a batch of the inbox cannot be taken now', { ...shaped({ batch_id }), code, frames });
  const known = isFrostbyteError(error) ? error.code : 'INTERNAL_ERROR';
  wait(round, entry, { reason: 'POSTPONED', batch_id, code: known });
  round.memory.backOff(entry, round.elapsed());
  const quota = isFrostbyteError(error, 'QUOTA_EXCEEDED') && error.cause === undefined;
  if (quota || stillFor(round, entry) >= round.settings.waitingMs) await tell(round, entry, folder, []);
  if (!quota) throw new InboxRests('the inbox rests', { cause: error });
  return 'looked';
}

function taken(round: InboxRound, entry: InboxFolder, { manifest, print }: Announcement): void {
  const { memory, plane } = round;
  entry.failures = 0;
  memory.put(
    entry,
    {
      state: 'taken',
      reason: null,
      batch_id: manifest.batch_id,
      manifestPrint: print,
      delivered: null,
      final: false,
      unwritable: null,
    },
    plane.clock.iso(),
    round.elapsed(),
  );
  entry.lookAt = 0;
}

function usedBefore(): FrostbyteError {
  return new FrostbyteError(
    'BATCH_ALREADY_EXISTS',
    'There is a batch with this id and another manifest. Choose a new batch_id.',
    { details: [{ field: 'batch_id', constraint: 'unused, or sent with the same manifest' }] },
  );
}
