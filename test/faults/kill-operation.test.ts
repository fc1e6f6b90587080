import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { cpSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { allOperations } from '../../appliance/bundle/operation/operations.ts';
import { sideBySide } from '../../appliance/kernel/side-by-side.ts';
import { ALL_FAULTS } from '../support/faults/random.ts';
import { runOnFolder } from '../support/operation-on-folder.ts';
import { afterwards, NEW_KEYS } from '../support/operation-world.ts';

/** A process that is really killed, at every step there is: within phases, between them, and around each line of a journal. */

const CHILD = join(import.meta.dirname, '../support/operation-child.ts');
const WAS = { current: 'old', [NEW_KEYS[1]]: 'mine' };
const STEPS = 30;
/** Every step in `make faults`, else every fourth: within a phase, before and after a line are all among them. */
const SOME = Array.from({ length: STEPS }, (_, step) => step).filter((step) => ALL_FAULTS || step % 4 === 1);
let folder: string;
before(() => {
  folder = mkdtempSync(join(tmpdir(), 'frostbyte-kills-'));
});
after(() => rmSync(folder, { recursive: true }));

function fresh(name: string): string {
  const at = join(folder, name);
  for (const [key, value] of Object.entries(WAS)) {
    mkdirSync(join(at, 'host', dirname(key)), { recursive: true });
    writeFileSync(join(at, 'host', key), value);
  }
  return at;
}

/** Runs the operation in a process that is killed at a step. */
async function killed(at: string, direction: 'forward' | 'back', step: number, ...torn: 'torn'[]): Promise<void> {
  const child = spawn(
    process.execPath,
    ['--disable-warning=ExperimentalWarning', CHILD, at, direction, String(step), ...torn],
    { stdio: ['ignore', 'ignore', 'inherit'] },
  );
  const [status, signal] = await once(child, 'exit');
  assert.equal(signal, 'SIGKILL', `${direction} at ${step}: it ended with ${status}`);
}

function hostOf(at: string): Record<string, string> {
  const files = readdirSync(join(at, 'host'), { recursive: true, withFileTypes: true }).filter((entry) =>
    entry.isFile(),
  );
  return Object.fromEntries(
    files.map(({ parentPath, name }) => {
      const file = join(parentPath, name);
      return [file.slice(join(at, 'host').length + 1), readFileSync(file, 'utf8')];
    }),
  );
}

const each = (work: (step: number) => Promise<void>) => sideBySide(SOME, 2, work);

describe('an operation that is killed', () => {
  test('does not need to be: it runs, in as many steps as are tried here', async () => {
    const at = fresh('whole');
    const { state, steps } = await runOnFolder(at, 'forward');
    assert.deepEqual({ state, steps }, { state: 'done', steps: STEPS });
    assert.deepEqual(hostOf(at), afterwards(WAS));
  });

  test('at any step finishes when it is run again, as the same operation', async () => {
    await each(async (step) => {
      const at = fresh(`forward-${step}`);
      await killed(at, 'forward', step);
      assert.equal((await runOnFolder(at, 'forward')).state, 'done', `after a kill at ${step}`);
      assert.deepEqual(hostOf(at), afterwards(WAS), `after a kill at ${step}`);
      const results = allOperations(join(at, 'operations')).map(({ result }) => result);
      // Killed behind its last line it was over, and what came was another.
      assert.deepEqual(results, step === STEPS - 1 ? ['done', 'done'] : ['done'], `after a kill at ${step}`);
    });
  });

  test('goes back from any step, is killed there too, and all is as it was', async () => {
    await each(async (step) => {
      if (step === STEPS - 1) return;
      const at = fresh(`back-${step}`);
      await killed(at, 'forward', step);
      const again = join(folder, `back-${step}-killed`);
      cpSync(at, again, { recursive: true });
      const { state, steps } = await runOnFolder(at, 'back');
      assert.equal(state, 'rolled-back', `from ${step}`);
      assert.deepEqual(hostOf(at), WAS, `from ${step}`);
      const last = (step * 7) % (steps - 1);
      await killed(again, 'back', last);
      assert.equal((await runOnFolder(again, 'back')).state, 'rolled-back', `from ${step}, killed at ${last}`);
      assert.deepEqual(hostOf(again), WAS, `from ${step}, killed at ${last}`);
    });
  });

  test('in the middle of a line of its journal goes on from the line before', async () => {
    const { lines } = await runOnFolder(fresh('lines'), 'forward');
    const some = lines.filter((_, at) => ALL_FAULTS || at % 4 === 1);
    await sideBySide(some, 2, async (step) => {
      const at = fresh(`torn-${step}`);
      await killed(at, 'forward', step, 'torn');
      const [operation] = readdirSync(join(at, 'operations'));
      assert.doesNotMatch(readFileSync(join(at, 'operations', operation!, 'journal.jsonl'), 'utf8'), /\n$/);
      assert.equal((await runOnFolder(at, 'forward')).state, 'done', `torn at ${step}`);
      assert.deepEqual(hostOf(at), afterwards(WAS));
    });
    assert.ok(some.length >= 2);
  });
});
