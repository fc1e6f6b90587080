import { isFrostbyteError } from '../../kernel/errors.ts';
import { asCode } from '../../kernel/log-fields.ts';
import { MANIFEST_NAME } from '../1-intake/folder-entries.ts';
import { attend, HERE, InboxRests } from './attend.ts';
import { deliverResults } from './deliver.ts';
import { isReserved, OUTBOX } from './disk-names.ts';
import { namesIn, placeOf } from './handles.ts';
import type { InboxRound } from './means.ts';

/** Folders of an inbox that are looked at; who leaves more lying there is told. */
const MOST_FOLDERS = 50_000;
/** What one round does at most, so that none is long: folders looked at, batches taken, milliseconds of taking. */
const LOOKS = 200;
const TAKES = 50;
const TAKING_MS = 10_000;

/**
 * One round over a tenant's inbox: folders that wait or are new are looked at, complete batches taken, results brought
 * up to date; what was taken before is looked at in turn, because it may hold another batch by now. Answers whether more
 * is to be done at once. May be stopped or killed at any point. Throws what the record store throws.
 */
export async function inboxRound(round: InboxRound): Promise<{ more: boolean }> {
  const { memory, plane } = round;
  const names = await presentFolders(round);
  for (const name of memory.folders.keys()) if (!names.has(name)) memory.folders.delete(name);
  let more = false;
  if (memory.restUntil <= round.elapsed()) {
    try {
      more = await lookAround(round, [...names].sort());
    } catch (error) {
      if (isFrostbyteError(error, 'TENANT_SUSPENDED')) return { more: false };
      if (!(error instanceof InboxRests)) throw error;
      memory.rest(round.elapsed());
    }
  }
  more = (await deliverResults(round)) || more;
  memory.lastRound = plane.clock.iso();
  logWaiting(round);
  return { more };
}

/** Names of the folders that may hold a batch. */
async function presentFolders({ tenant, memory, plane }: InboxRound): Promise<Set<string>> {
  const { names, cut } = await namesIn(tenant, MOST_FOLDERS);
  if (cut && !memory.crowded)
    plane.logger.warn('the inbox holds more folders than are looked at', { count: MOST_FOLDERS });
  memory.crowded = cut;
  const found = new Set(names.filter(({ name, kind }) => kind !== 'file' && name !== OUTBOX).map(({ name }) => name));
  // Files that lie there without a folder of their own are told, too, that a manifest is missing.
  const loose = names.some(({ name, kind }) => kind === 'file' && !isReserved(name));
  if (loose || (await placeOf(tenant, MANIFEST_NAME)) !== null) found.add(HERE);
  return found;
}

async function lookAround(round: InboxRound, names: readonly string[]): Promise<boolean> {
  const { memory } = round;
  const now = round.elapsed();
  const state = (name: string) => memory.folders.get(name)?.state;
  const live = inTurn(
    names.filter((name) => state(name) !== 'taken' && (memory.folders.get(name)?.lookAt ?? 0) <= now),
    memory.cursors.looks,
  );
  const looked = live.slice(0, LOOKS);
  const taken = inTurn(
    names.filter((name) => state(name) === 'taken'),
    memory.cursors.taken,
  ).slice(0, LOOKS - looked.length);
  let takes = 0;
  for (const name of [...looked, ...taken]) {
    if (round.halted()) return false;
    const known = state(name);
    memory.cursors[known === 'taken' ? 'taken' : 'looks'] = name;
    if ((await attend(round, name)) === 'took') takes++;
    if (takes === TAKES || (takes > 0 && round.elapsed() - now > TAKING_MS)) return true;
  }
  // Those that were looked at before can wait for the next round; nobody spins over a crowd that waits.
  return live.slice(LOOKS).some((name) => !memory.folders.has(name));
}

/** The names behind the one that was last looked at, then those before it. */
function inTurn(names: readonly string[], last: string): string[] {
  const at = names.findIndex((name) => name > last);
  return at <= 0 ? [...names] : [...names.slice(at), ...names.slice(0, at)];
}

/** Says how many folders wait for what, whenever that changes. No names: they are content. */
function logWaiting({ memory, plane }: InboxRound): void {
  const counts = new Map<string, number>();
  for (const { state, reason } of memory.folders.values()) {
    if (state !== 'taken' && reason !== 'COMPLETE' && reason !== 'STILL_CHANGING')
      counts.set(reason!, (counts.get(reason!) ?? 0) + 1);
  }
  const now = JSON.stringify([...counts].sort());
  if (now === memory.counts) return;
  memory.counts = now;
  for (const [code, count] of counts)
    plane.logger.info('folders of the inbox are not taken', { code: asCode(code), count });
}
