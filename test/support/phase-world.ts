import assert from 'node:assert/strict';
import { beforeEach } from 'node:test';
import type { Waiting } from '../../appliance/bundle/install/wait.ts';
import type { Json, Phase, PhaseRun } from '../../appliance/bundle/operation/phase.ts';

/** Phases by themselves, as the engine of operations calls them. */
export interface PhaseWorld {
  /** What was noted and said of progress since the test began. */
  readonly notes: string[];
  readonly steps: string[];
  runOf(before?: Json): PhaseRun;
  /** As the engine of operations does it: asked, told what was before, done, asked again. */
  through(phase: Phase): Promise<Json>;
}

/** One for the tests of a file. */
export function phaseWorld(): PhaseWorld {
  const notes: string[] = [];
  const steps: string[] = [];
  beforeEach(() => {
    notes.length = 0;
    steps.length = 0;
  });
  const runOf = (before: Json = null): PhaseRun => ({
    before,
    signal: new AbortController().signal,
    progress: (done, total) => void steps.push(`${done}/${total}`),
    note: (text) => void notes.push(text),
  });
  return {
    notes,
    steps,
    runOf,
    async through(phase) {
      assert.equal(await phase.check({ recorded: false }), false);
      const before = (await phase.before?.()) ?? null;
      await phase.do(runOf(before));
      assert.equal(await phase.check({ recorded: true }), true);
      return before;
    },
  };
}

/** Time goes by where it is waited. */
export function noTime(each: () => void = () => undefined): Waiting {
  let seconds = 0;
  return {
    elapsed: () => seconds,
    async pause(more) {
      seconds += more;
      each();
    },
  };
}
