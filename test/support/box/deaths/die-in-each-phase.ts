import type { JournalEvent } from '../../../../appliance/bundle/operation/events.ts';
import type { Box, Started } from '../../../../scripts/box/box.ts';
import { until } from '../../faults/until.ts';
import type { Ran } from '../../shipped.ts';
import { eventsSince, type JournalOnDisk, newestJournal } from './journal-on-disk.ts';

/** How an operation dies: it alone (SIGKILL), the box under it, or the power of the box. */
export const DEATHS = ['killed', 'box ended', 'power cut'] as const;
export type Death = (typeof DEATHS)[number];

/** One death, and what the run behind it made of it. */
export interface Point {
  death: Death;
  /** The phase that it died in, by its title. */
  phase: string;
  /** Where the journal stood that the next run found. */
  found: string;
  after: string;
  /** From the death to the end of that phase in the next run: the boot, the look at the medium and at the host among them. */
  seconds: number;
}

export interface Dying {
  death: Death;
  /** The command; and the one that goes on, where that is another. */
  words: readonly string[];
  again?: readonly string[];
  /** Which way it goes: its phases are done, or undone. */
  way?: 'begun' | 'undoing';
  /** The only phases, by their names, that it dies in; else all. */
  only?: (phase: string) => boolean;
  /** What is typed once the box is up again, before it is gone on. */
  booted?: () => Promise<unknown>;
}

/** What became of an operation. */
export interface Died {
  points: Point[];
  /** By its journal; null: it waits for something. */
  result: 'done' | 'rolled-back' | null;
  /** The run that ended by itself, or that was over when its death came. */
  last: Ran;
}

const SECONDS = 900;

/**
 * Runs an operation until it ends by itself, and lets it die in each of its phases that has something to do: as soon as the
 * journal says that the phase began, so that what it does is on its way. Each time it is run again, dies in the next phase, and
 * so on; what comes to its end in the end has survived all of it.
 */
export async function dieInEachPhase(box: Box, dying: Dying): Promise<Died> {
  const { death, words, again = words, way = 'begun', only = () => true, booted } = dying;
  const struck = new Set<string>();
  const points: Point[] = [];
  let died: { phase: string; title: string; at: number; before: JournalOnDisk | null } | null = null;
  for (;;) {
    const before = newestJournal(box.root);
    const run = box.start(died === null ? words : again);
    const struckNow = await strike(box, run, {
      before,
      way,
      wanted: (phase) => !struck.has(phase) && only(phase),
      death,
    });
    const last = await run.ended;
    const at = Date.now();
    if (death !== 'killed' && struckNow !== null) {
      await box.boot();
      await booted?.();
    }
    const now = newestJournal(box.root);
    if (died !== null) points.push(pointOf(death, died, eventsSince(died.before, now), way));
    const end = now?.events.at(-1);
    const result = end?.event === 'finished' ? end.result : null;
    // Where it went back by itself it is begun anew, and dies in the phases that are left.
    const isBack = way === 'begun' && result === 'rolled-back' && died !== null;
    if (!isBack && (struckNow === null || result !== null)) return { points, result, last };
    if (isBack || struckNow === null) {
      died = null;
      continue;
    }
    struck.add(struckNow.phase);
    // One that was quicker than its death is over, and the next one died in its place.
    const phase = openPhase(now, way) ?? struckNow.phase;
    struck.add(phase);
    died = { phase, title: titleOf(now, phase), at, before: now };
  }
}

/** Waits until a phase begins that is wanted, and lets it die there; null where it ended before. */
async function strike(
  box: Box,
  run: Started,
  {
    before,
    way,
    wanted,
    death,
  }: { before: JournalOnDisk | null; way: 'begun' | 'undoing'; wanted(phase: string): boolean; death: Death },
): Promise<{ phase: string } | null> {
  const { root } = box;
  let isOver = false;
  const over = () => {
    isOver = true;
  };
  run.ended.then(over, over);
  const phase = await until(
    'a phase',
    () => {
      const next = eventsSince(before, newestJournal(root)).find((event) => event.event === way && wanted(event.phase));
      return next !== undefined && 'phase' in next ? next.phase : isOver && 'none';
    },
    { seconds: SECONDS, everyMs: 2 },
  );
  if (phase === 'none') return null;
  if (death === 'killed') run.kill();
  else if (death === 'box ended') await box.kill();
  else await box.cutPower();
  return { phase };
}

/** The phase that the last line of a journal is about, where that began and did not end. */
function openPhase(journal: JournalOnDisk | null, way: 'begun' | 'undoing'): string | null {
  const last = journal?.events.findLast((event) => event.event !== 'noted');
  return last?.event === way ? last.phase : null;
}

function titleOf(journal: JournalOnDisk | null, phase: string): string {
  const [planned] = journal?.events ?? [];
  return (planned?.event === 'planned' && planned.phases.find(({ name }) => name === phase)?.title) || phase;
}

/** What a run made of the death before it. */
function pointOf(
  death: Death,
  { phase, title, at, before }: { phase: string; title: string; at: number; before: JournalOnDisk | null },
  since: readonly JournalEvent[],
  way: 'begun' | 'undoing',
): Point {
  const end = way === 'begun' ? 'done' : 'undone';
  const ofPhase = since.filter((event) => 'phase' in event && event.phase === phase);
  const ended = ofPhase.find(({ event }) => event === end) ?? since.find(({ event }) => event !== 'resumed');
  const others = new Set(
    since.flatMap((event) =>
      event.event === way && event.phase !== phase && isBefore(before, event.phase, phase, way) ? [event.phase] : [],
    ),
  );
  const isAgain = ofPhase.some(({ event }) => event === way);
  const failed = since.find(({ event }) => event === 'failed');
  return {
    death,
    phase: title,
    found: standing(before, phase),
    after: [
      ...(failed?.event === 'failed' ? [`${failed.phase} failed: ${failed.code}`] : []),
      ...(since.some(({ event }) => event === 'rolling-back') && way === 'begun' ? ['went back'] : []),
      isAgain ? (way === 'begun' ? 'did the phase again' : 'undid the phase again') : 'found the phase done',
      ...(others.size === 0 ? [] : [`did ${[...others].join(', ')} again first`]),
    ].join('; '),
    seconds: ended === undefined ? 0 : Math.max(0, (Date.parse(ended.at) - at) / 1000),
  };
}

/** How the journal on the disk left a phase. */
function standing(journal: JournalOnDisk | null, phase: string): string {
  const last = journal?.events.findLast(
    (event) => 'phase' in event && event.phase === phase && event.event !== 'noted',
  );
  return last === undefined ? 'its beginning was lost' : last.event;
}

/** In the order in which the operation goes. */
function isBefore(journal: JournalOnDisk | null, one: string, other: string, way: 'begun' | 'undoing'): boolean {
  const [planned] = journal?.events ?? [];
  if (planned?.event !== 'planned') return false;
  const names = planned.phases.map(({ name }) => name);
  return way === 'begun' ? names.indexOf(one) < names.indexOf(other) : names.indexOf(one) > names.indexOf(other);
}
