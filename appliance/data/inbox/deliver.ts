import type { FileHandle } from 'node:fs/promises';
import { shaped } from '../../kernel/log-fields.ts';
import { HERE } from './attend.ts';
import { removeTaken } from './clean.ts';
import { closeFile, errnoOf, openFolder } from './handles.ts';
import type { InboxRound } from './means.ts';
import type { InboxFolder } from './memory.ts';
import { stampOf, writeResults } from './results.ts';
import { written } from './verdicts.ts';

/** Batches asked about in one query, and finished ones that a round asks about again. */
const ASK = 500;
const FINAL_A_ROUND = 2000;
/** Folders that a round writes results into. */
const DELIVERIES = 50;

/**
 * Brings the results beside the manifests up to date with the record store: of open batches on every round, of finished
 * ones (which a reprocess or an erasure may have changed) by and by. Answers whether more is to be done at once.
 */
export async function deliverResults(round: InboxRound): Promise<boolean> {
  const { memory } = round;
  const taken = [...memory.folders.values()].filter(({ state }) => state === 'taken');
  const open = taken.filter(({ final }) => !final);
  const finished = taken.filter(({ final }) => final).sort((a, b) => (a.name < b.name ? -1 : 1));
  const behind = finished.filter(({ name }) => name > memory.cursors.states);
  const some = (behind.length > 0 ? behind : finished).slice(0, FINAL_A_ROUND);
  memory.cursors.states = some.at(-1)?.name ?? '';
  let deliveries = 0;
  for (const entry of await changed(round, [...open, ...some])) {
    if (round.halted()) return false;
    if (deliveries++ === DELIVERIES) return true;
    await deliver(round, entry);
  }
  return false;
}

/** Those whose results show another state than the record store has. */
async function changed({ plane, memory, elapsed }: InboxRound, entries: InboxFolder[]): Promise<InboxFolder[]> {
  const found: InboxFolder[] = [];
  for (let at = 0; at < entries.length; at += ASK) {
    const some = entries.slice(at, at + ASK);
    const ids = [...new Set(some.map(({ batch_id }) => batch_id!))];
    const states = new Map((await plane.records.batchStates(ids)).map((state) => [state.batch_id, state]));
    for (const entry of some) {
      const state = states.get(entry.batch_id!);
      // The record store does not know it any more (it was set back to a backup): the folder is looked at anew.
      if (state === undefined) memory.folders.delete(entry.name);
      else if (stampOf(state) !== entry.delivered && entry.lookAt <= elapsed()) found.push(entry);
    }
  }
  return found;
}

async function deliver(round: InboxRound, entry: InboxFolder): Promise<void> {
  const { plane, memory, settings } = round;
  const id = entry.batch_id!;
  const done = await written(round, entry, async () => {
    const folder = await opened(round, entry);
    if (folder === null) return;
    try {
      const now = await writeResults(plane, folder, id);
      if (now === null) return;
      const clean = now.final && settings.takenFiles === 'remove';
      const count = clean ? await removeTaken(plane, folder, id, round.halted) : 0;
      if (count > 0)
        plane.logger.info('files of a finished batch were removed from the inbox', {
          ...shaped({ batch_id: id }),
          count,
        });
      entry.delivered = now.stamp;
      entry.final = now.final;
    } finally {
      if (folder !== round.tenant) await closeFile(folder);
    }
  });
  // A stick that takes no results is left alone for a while, and longer each time.
  if (done) entry.failures = 0;
  else memory.backOff(entry, round.elapsed());
}

/** The folder of a batch, or null where it is gone: then there is nothing left to say to it. */
async function opened({ tenant, memory }: InboxRound, { name }: InboxFolder): Promise<FileHandle | null> {
  if (name === HERE) return tenant;
  try {
    return await openFolder(tenant, name);
  } catch (error) {
    if (errnoOf(error) !== 'ENOENT') throw error;
    memory.folders.delete(name);
    return null;
  }
}
