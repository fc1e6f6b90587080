import type { JournalEvent } from '../../../../appliance/bundle/operation/events.ts';
import type { Box, Started } from '../../../../scripts/box/box.ts';
import { until } from '../../faults/until.ts';
import type { Ran } from '../../shipped.ts';
import { eventsSince, type JournalOnDisk, newestJournal } from '../deaths/journal-on-disk.ts';
import type { Recorded } from '../deaths/record.ts';
import { assertClear } from './clear-refusal.ts';
import type { Trouble } from './troubles.ts';

export interface Troubling {
  trouble: Trouble;
  /** The command; and the one that goes on with what was left. */
  words: readonly string[];
  again: readonly string[];
  /** The only phases, by their names, that it meets trouble in; else all. */
  only?: (phase: string) => boolean;
}

/** One trouble, and what became of it. */
export type Met = Omit<Recorded, 'operation' | 'data'>;

export interface Troubled {
  points: Met[];
  /** By its journal; null: it waits for something. */
  result: 'done' | 'rolled-back' | null;
  /** The run that met nothing any more. */
  last: Ran;
}

interface Struck {
  phase: string;
  title: string;
  at: number;
  /** When it was there, which may be behind the end of the phase. */
  there: number;
}

/** Of a phase that is quicker than its trouble: it met none, and is no point. */
const OVER = 'was over before it came';
const SECONDS = 1200;
const MOST_RUNS = 60;

/**
 * Runs an operation until it ends by itself, and lets a trouble come in each of its phases that has something to do, as soon as
 * the journal says that the phase began. A run that does not go on by itself must refuse clearly; then the trouble is ended, and
 * it is run again, into the next phase, to its end.
 */
export async function troubleInEachPhase(box: Box, troubling: Troubling): Promise<Troubled> {
  const { trouble, words, again, only = () => true } = troubling;
  const struck = new Set<string>();
  const points: Met[] = [];
  let left: { struck: Struck; found: string }[] = [];
  let next = words;
  for (let runs = 0; runs < MOST_RUNS; runs++) {
    const before = newestJournal(box.root);
    const run = box.start(next);
    const met = await befall(box, run, { before, trouble, wanted: (phase) => !struck.has(phase) && only(phase) });
    const last = await run.ended;
    for (const end of met.ends) end();
    const now = newestJournal(box.root);
    const since = eventsSince(before, now);
    points.push(...left.map((one) => pointOf(trouble, one, since)));
    left = [];
    const end = now?.events.at(-1);
    const result = end?.event === 'finished' ? end.result : null;
    for (const one of [...met.struck, ...(trouble.lasts ? behind(met.struck, now, since) : [])]) {
      struck.add(one.phase);
      const found = foundOf(one, since);
      if (found === OVER) continue;
      if (wentOn(one, since)) points.push(pointOf(trouble, { struck: one, found }, since));
      else left.push({ struck: one, found });
    }
    const latest = met.struck.at(-1);
    if (latest !== undefined) {
      const phases = met.struck.map((one) => `${one.phase} (${foundOf(one, since)})`).join(', ');
      const failed = since.findLast(({ event }) => event === 'failed');
      console.log(
        `# ${trouble.name} in ${phases}: exit ${last.code}${failed?.event === 'failed' ? `, ${failed.phase}: ${failed.code}` : ''}`,
      );
      const isOfIt = failed === undefined || Date.parse(failed.at) > latest.there;
      if (last.code !== 0 && isOfIt) assertClear(last, trouble.says, latest.title);
    }
    // Where nothing met it any more it came to its end, waits for somebody, or cannot be begun at all.
    const isLast = latest === undefined && next === (result === null ? again : words);
    if (result === 'done' || isLast) return { points, result, last };
    // What went back is begun anew, and meets its trouble in the phases that are left.
    next = result === null ? again : words;
  }
  throw new Error(`after ${MOST_RUNS} runs it has not come to an end`);
}

/** Brings the trouble into each phase that begins and is wanted, until the run is over. */
async function befall(
  box: Box,
  run: Started,
  { before, trouble, wanted }: { before: JournalOnDisk | null; trouble: Trouble; wanted(phase: string): boolean },
): Promise<{ struck: Struck[]; ends: (() => void)[] }> {
  let isOver = false;
  const over = () => {
    isOver = true;
  };
  run.ended.then(over, over);
  const struck: Struck[] = [];
  const ends: (() => void)[] = [];
  for (;;) {
    const open = await until(
      'a phase',
      () => {
        const journal = newestJournal(box.root);
        const last = eventsSince(before, journal).findLast(({ event }) => event !== 'noted');
        const isNew = last?.event === 'begun' && struck.every(({ phase }) => phase !== last.phase);
        if (isNew && wanted(last.phase)) return { phase: last.phase, title: titleOf(journal, last.phase) };
        return isOver && 'none';
      },
      { seconds: SECONDS, everyMs: 2 },
    );
    if (open === 'none') return { struck, ends };
    const at = Date.now();
    ends.push(await trouble.begin(box));
    struck.push({ phase: open.phase, title: open.title, at, there: Date.now() });
    if (trouble.lasts) return { struck, ends };
  }
}

/** Phases that began behind one that a trouble came in which lasts: it was there from their beginning too. */
function behind([first]: readonly Struck[], now: JournalOnDisk | null, since: readonly JournalEvent[]): Struck[] {
  const from = since.findLastIndex((event) => event.event === 'begun' && event.phase === first?.phase);
  if (first === undefined || from < 0) return [];
  return since.slice(from + 1).flatMap((event) =>
    event.event === 'begun'
      ? [
          {
            phase: event.phase,
            title: titleOf(now, event.phase),
            at: Date.parse(event.at),
            there: Date.parse(event.at),
          },
        ]
      : [],
  );
}

const titleOf = (journal: JournalOnDisk | null, phase: string): string => {
  const [planned] = journal?.events ?? [];
  return (planned?.event === 'planned' && planned.phases.find(({ name }) => name === phase)?.title) || phase;
};

/** Whether the phase came to its end in the very run that the trouble came in. */
const wentOn = ({ phase }: Struck, since: readonly JournalEvent[]): boolean =>
  since.some((event) => event.event === 'done' && event.phase === phase);

/** What the run with the trouble in it came to. */
function foundOf({ phase, there }: Struck, since: readonly JournalEvent[]): string {
  const end = since.find((event) => (event.event === 'done' || event.event === 'failed') && event.phase === phase);
  if (end !== undefined && Date.parse(end.at) < there) return OVER;
  const failed = since.findLast((event) => event.event === 'failed');
  const back = since.some(({ event }) => event === 'rolling-back') ? ', went back by itself' : '';
  if (since.some((event) => event.event === 'done' && event.phase === phase)) return 'went on by itself';
  return failed?.event === 'failed' ? `refused: ${failed.code}${back}` : `refused, its journal as it was${back}`;
}

function pointOf(
  trouble: Trouble,
  { struck: { phase, title, at }, found }: { struck: Struck; found: string },
  since: readonly JournalEvent[],
): Met {
  const ofPhase = since.filter((event) => 'phase' in event && event.phase === phase);
  const done = ofPhase.find(({ event }) => event === 'done');
  const wentBack = since.at(-1)?.event === 'finished' && done === undefined;
  return {
    phase: title,
    befell: trouble.name,
    found,
    after:
      found === 'went on by itself'
        ? '–'
        : wentBack
          ? 'went back, and was begun anew'
          : ofPhase.some(({ event }) => event === 'begun')
            ? 'did the phase again'
            : 'found the phase done',
    seconds: done === undefined ? 0 : Math.max(0, (Date.parse(done.at) - at) / 1000),
  };
}
