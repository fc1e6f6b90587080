import type { FileHandle } from 'node:fs/promises';
import type { FrostbyteError } from '../../kernel/errors.ts';
import { asCode, shaped } from '../../kernel/log-fields.ts';
import { errnoOf } from './handles.ts';
import type { FilesLook } from './look.ts';
import type { InboxRound } from './means.ts';
import type { InboxFolder } from './memory.ts';
import { writeRefusal, writeWaiting } from './results.ts';

/** What is remembered, and said beside the manifest, of a batch that is not taken. */

/** Waits for the sender; says so in the folder once that took long. */
export async function awaitSender(
  round: InboxRound,
  entry: InboxFolder,
  folder: FileHandle,
  look: Extract<FilesLook, { state: 'waiting' }>,
  batch_id: string | null,
): Promise<void> {
  const still = round.memory.still(entry, look.print, round.elapsed());
  wait(round, entry, { ...look, batch_id });
  if (still >= round.settings.waitingMs) await tell(round, entry, folder, look.missing);
}

/** Refuses a batch, once it has held still, and says why beside it; once for the same batch under the same settings. */
export async function refuse(
  round: InboxRound,
  entry: InboxFolder,
  folder: FileHandle,
  { error, print }: { error: FrostbyteError; print: string },
  batch_id: string | null,
): Promise<void> {
  const { memory, plane, current } = round;
  const told = isRefused(entry, print, round);
  if (memory.still(entry, print, round.elapsed()) < round.settings.stableMs && !told) {
    return wait(round, entry, { reason: 'STILL_CHANGING', batch_id });
  }
  const { code, message } = error;
  const change = { state: 'refused', reason: 'REFUSED', code, message, batch_id } as const;
  memory.put(entry, { ...change, configVersion: current.config_version }, plane.clock.iso(), round.elapsed());
  if (told && entry.unwritable === null) return;
  if (!told)
    plane.logger.warn('a batch of the inbox was refused', { code, ...(batch_id === null ? {} : shaped({ batch_id })) });
  const at = plane.clock.iso();
  const refusal = { tenant_id: plane.tenant_id, batch_id, error, at };
  if (!(await written(round, entry, () => writeRefusal(folder, refusal)))) memory.backOff(entry, round.elapsed());
}

/** Whether this very batch was refused under the tenant's present settings. */
export function isRefused(entry: InboxFolder, print: string, { current }: InboxRound): boolean {
  return entry.state === 'refused' && entry.print === print && entry.configVersion === current.config_version;
}

/** Puts a folder among those that wait. */
export function wait(
  round: InboxRound,
  entry: InboxFolder,
  { reason, batch_id = null, code = null, ...rest }: Partial<InboxFolder> & Pick<InboxFolder, 'reason'>,
): void {
  const { missing = [], missing_count = 0 } = rest;
  const change = { state: 'waiting', reason, batch_id, code, missing, missing_count } as const;
  round.memory.put(entry, change, round.plane.clock.iso(), round.elapsed());
}

/** For how long nothing has changed in a folder, in milliseconds. */
export function stillFor(round: InboxRound, entry: InboxFolder): number {
  return round.elapsed() - entry.stillSince;
}

/** Says in the folder what its batch waits for. */
export async function tell(
  round: InboxRound,
  entry: InboxFolder,
  folder: FileHandle,
  missing: InboxFolder['missing'],
): Promise<void> {
  const { tenant_id, clock } = round.plane;
  const { batch_id, code, missing_count, reason } = entry;
  const waiting = { tenant_id, batch_id, code, missing, missing_count, reason: reason!, at: clock.iso() };
  await written(round, entry, () => writeWaiting(folder, waiting));
}

/** Runs a write into the sender's folder; one that takes none is remembered and said once, and nothing else depends on it. */
export async function written(round: InboxRound, entry: InboxFolder, write: () => Promise<unknown>): Promise<boolean> {
  try {
    await write();
    entry.unwritable = null;
    return true;
  } catch (error) {
    const code = errnoOf(error);
    if (code === undefined) throw error;
    if (entry.unwritable !== code) {
      const about = entry.batch_id === null ? {} : shaped({ batch_id: entry.batch_id });
      round.plane.logger.warn('results cannot be written into the inbox', { code: asCode(code), ...about });
    }
    entry.unwritable = code;
    return false;
  }
}
