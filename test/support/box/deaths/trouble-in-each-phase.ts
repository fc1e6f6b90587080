import type { JournalEvent } from '../../../../appliance/bundle/operation/events.ts';
import type { Box, Started } from '../../../../scripts/box/box.ts';
import { until } from '../../faults/until.ts';
import type { Ran } from '../../shipped.ts';
import { eventsSince, type JournalOnDisk, newestJournal } from './journal-on-disk.ts';

/** What befalls a host while an operation works on it. */
export interface Trouble {
  /** Begins as a phase does; what it gives ends it. */
  begin(): Promise<() => Promise<unknown>>;
  /** It lasts while the phase does, but no longer than so many seconds. */
  seconds: number;
}

export interface Troubled {
  phase: string;
  /** What became of the phase in the trouble. */
  found: string;
  /** And behind it. */
  after: string;
  /** From the beginning of the phase to its end. */
  seconds: number;
}

export interface TroubledRun {
  trouble: Trouble;
  words: readonly string[];
  again: readonly string[];
  only?: (phase: string) => boolean;
}

const SECONDS = 1200;

/**
 * Runs an operation to its end, with a trouble in each of its phases: it begins as the phase does, and ends with it, or when it has
 * lasted long enough. A phase that fails by it is gone on with once it is over.
 */
export async function troubleInEachPhase(box: Box, options: TroubledRun): Promise<{ all: Troubled[]; last: Ran }> {
  const { words, again, only = () => true } = options;
  const all: Troubled[] = [];
  const met = new Set<string>();
  for (;;) {
    const before = newestJournal(box.root);
    const run = box.start(all.length === 0 ? words : again);
    const failed = await troubled(box, run, {
      ...options,
      before,
      all,
      wanted: (phase) => !met.has(phase) && only(phase),
      met,
    });
    const last = await run.ended;
    if (!failed) return { all, last };
    all.at(-1)!.after = 'gone on with, and done';
  }
}

/** One run; true where a phase failed in a trouble, so that it is to be gone on with. */
async function troubled(
  box: Box,
  run: Started,
  {
    trouble,
    before,
    all,
    wanted,
    met,
  }: TroubledRun & { before: JournalOnDisk | null; all: Troubled[]; wanted(phase: string): boolean; met: Set<string> },
): Promise<boolean> {
  const { root } = box;
  let isOver = false;
  const over = () => {
    isOver = true;
  };
  run.ended.then(over, over);
  const since = () => eventsSince(before, newestJournal(root));
  for (;;) {
    const began = await until(
      'a phase',
      () => since().find((event) => event.event === 'begun' && wanted(event.phase)) ?? (isOver && 'none'),
      {
        seconds: SECONDS,
        everyMs: 2,
      },
    );
    if (began === 'none' || began.event !== 'begun') return false;
    const { phase } = began;
    met.add(phase);
    const [started, end] = [performance.now(), await trouble.begin()];
    const ofPhase = () => since().findLast((event) => isEndOf(event, phase));
    const late = () => performance.now() - started > trouble.seconds * 1000;
    await until('the end of the phase', () => ofPhase() !== undefined || isOver || late(), {
      seconds: SECONDS,
      everyMs: 5,
    });
    const within = ofPhase();
    // Whoever goes back by himself goes back in the trouble, too.
    if (within?.event === 'failed') await run.ended;
    await end();
    await until('the end of the phase', () => ofPhase() !== undefined || isOver, { seconds: SECONDS, everyMs: 5 });
    const ended = ofPhase();
    all.push({
      phase: titleOf(newestJournal(root), phase),
      found: within !== undefined ? inWords(within) : isOver ? 'ended' : `waited for ${trouble.seconds} s`,
      after: within === undefined ? `${ended === undefined ? 'ended' : inWords(ended)} once it was over` : 'went on',
      seconds: ended === undefined ? 0 : (Date.parse(ended.at) - Date.parse(began.at)) / 1000,
    });
    if (ended?.event === 'failed' || (ended === undefined && isOver)) {
      await run.ended;
      return true;
    }
  }
}

function isEndOf(event: JournalEvent, phase: string): event is Extract<JournalEvent, { event: 'done' | 'failed' }> {
  return (event.event === 'done' || event.event === 'failed') && event.phase === phase;
}

const inWords = (event: JournalEvent): string =>
  event.event === 'failed' ? `failed: ${event.code}` : 'was done all the same';

function titleOf(journal: JournalOnDisk | null, phase: string): string {
  const [planned] = journal?.events ?? [];
  return planned?.event === 'planned' ? planned.phases.find(({ name }) => name === phase)!.title : phase;
}
