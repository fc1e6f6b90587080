import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { dryRun } from '../../../../appliance/bundle/operation/dry-run.ts';
import type { JournalEvent } from '../../../../appliance/bundle/operation/events.ts';
import type { Operation } from '../../../../appliance/bundle/operation/phase.ts';
import type { ProgressEvent } from '../../../../appliance/bundle/operation/progress.ts';
import { type Outcome, rollBack, runOperation } from '../../../../appliance/bundle/operation/run.ts';
import { stateOf } from '../../../../appliance/bundle/operation/state.ts';
import { FrostbyteError } from '../../../../appliance/kernel/errors.ts';
import {
  afterwards,
  type Between,
  mapDisk,
  memoryJournal,
  NEW_KEYS,
  runWith,
  smallOperation,
} from '../../../support/operation-world.ts';

const nothing: Between = () => undefined;
const OLD = { current: 'old' };

function world(before: Record<string, string> = OLD, changes: Parameters<typeof smallOperation>[2] = {}) {
  const map = new Map(Object.entries(before));
  const calls: string[] = [];
  const events: JournalEvent[] = [];
  const make = (between: Between = nothing) => smallOperation(mapDisk(map), between, { calls, ...changes });
  const now = () => Object.fromEntries(map);
  return { map, calls, events, make, now };
}

/** The operation with one phase changed. */
const withPhase = (operation: Operation, name: string, change: Partial<Operation['phases'][number]>): Operation => ({
  ...operation,
  phases: operation.phases.map((phase) => (phase.name === name ? { ...phase, ...change } : phase)),
});

describe('an operation', () => {
  test('does its phases in order, and each announces itself before it begins', async () => {
    const { calls, events, make, now } = world();
    const operation = make();
    const outcome = await runOperation(runWith(operation, memoryJournal(events, operation)));
    assert.deepEqual(outcome, { state: 'done', changed: 4, failure: null });
    assert.deepEqual(calls, ['copy', 'settings', 'switch', 'smoke']);
    assert.deepEqual(now(), afterwards(OLD));
    assert.deepEqual(
      events.map(({ event }) => event).join(' '),
      'planned begun done begun noted done begun done begun done finished',
    );
  });

  test('does nothing again where all is so already', async () => {
    const { calls, make, events } = world(afterwards(OLD));
    const operation = withPhase(make(), 'smoke', { check: async () => true });
    const outcome = await runOperation(runWith(operation, memoryJournal(events, operation)));
    assert.deepEqual(outcome, { state: 'done', changed: 0, failure: null });
    assert.deepEqual(calls, []);
    assert.ok([...stateOf(events).phases.values()].every(({ state, touched }) => state === 'found' && !touched));
  });

  test('waits where a phase failed, says why, and goes on from there', async () => {
    const { calls, events, make, now } = world();
    const broken = withPhase(make(), 'switch', {
      do: async () => {
        throw new FrostbyteError('STORE_UNAVAILABLE', 'It does not answer.', {
          details: [{ field: 'store', constraint: 'reachable', remediation: 'start it' }],
        });
      },
    });
    const journal = memoryJournal(events, broken);
    const failure = {
      phase: 'switch',
      code: 'STORE_UNAVAILABLE',
      message: 'It does not answer. store: reachable → start it',
    };
    assert.deepEqual(await runOperation(runWith(broken, journal)), { state: 'waiting', changed: 2, failure });
    assert.deepEqual(journal.state.failure, failure);
    const operation = make();
    assert.equal((await runOperation(runWith(operation, memoryJournal(events, operation)))).state, 'done');
    assert.deepEqual(calls, ['copy', 'settings', 'switch', 'smoke']);
    assert.deepEqual(now(), afterwards(OLD));
  });

  test('goes back at once where it says so, and tells what failed', async () => {
    const before = { ...OLD, [NEW_KEYS[1]]: 'mine' };
    const { events, make, now } = world(before, { on_failure: 'roll-back' });
    const operation = withPhase(make(), 'smoke', {
      do: async () => {
        throw Object.assign(new Error('ENOENT: no such file, /x'), { code: 'ENOENT' });
      },
    });
    const outcome = await runOperation(runWith(operation, memoryJournal(events, operation)));
    assert.deepEqual(outcome, {
      state: 'rolled-back',
      changed: 7,
      failure: { phase: 'smoke', code: 'ENOENT', message: 'The system refused: ENOENT: no such file, /x' },
    });
    assert.deepEqual(now(), before, 'what was there before is left');
  });

  test('says of a disk that is full, or broke, what it is and what to do, whichever call met it', async () => {
    for (const [code, told, says] of [
      ['ENOSPC', 'DISK_FULL', /The disk of \/opt\/frostbyte is full\. Free some space and repeat\..*\(ENOSPC\)/],
      ['EROFS', 'STORE_READ_ONLY', /\/opt\/frostbyte is read-only/],
    ] as const) {
      const { events, make } = world();
      const operation = withPhase(make(), 'smoke', {
        do: async () => {
          throw Object.assign(new Error(`${code}: mkdir`), { code, path: '/opt/frostbyte/releases' });
        },
      });
      const { failure } = await runOperation(runWith(operation, memoryJournal(events, operation)));
      assert.equal(failure?.code, told);
      assert.match(failure!.message, says);
    }
  });

  test('says so too where the call names no file, and where a program failed for it, forward and back', async () => {
    const full = { folder: '/var/lib/docker', left: '0.1 MB are left' };
    const cases = [
      [Object.assign(new Error('ENOSPC: write'), { code: 'ENOSPC' }), null, /^A disk of this host is full/],
      [new FrostbyteError('OPERATION_FAILED', 'dpkg failed'), full, /^The disk of \/var\/lib\/docker is full: 0\.1 MB/],
    ] as const;
    for (const [error, disk, says] of cases) {
      const { events, make } = world();
      const fail = async () => {
        throw error;
      };
      const operation = withPhase(make(), 'smoke', { do: fail, undo: fail });
      const room = { full: () => disk, pause: () => new Promise<void>((resolve) => setImmediate(resolve)) };
      const options = runWith(operation, memoryJournal(events, operation), { room });
      for (const { failure } of [await runOperation(options), await rollBack({ ...options, because: 'of that' })]) {
        assert.equal(failure?.code, 'DISK_FULL');
        assert.match(failure!.message, says);
      }
    }
  });

  test('fails where a phase ran and its check does not hold', async () => {
    const { events, make } = world();
    const operation = withPhase(make(), 'settings', { do: async () => undefined });
    const { state, failure } = await runOperation(runWith(operation, memoryJournal(events, operation)));
    assert.equal(state, 'waiting');
    assert.equal(failure?.code, 'OPERATION_FAILED');
  });

  test('is asked of the host, not of its journal: what a reboot took away is done again', async () => {
    const { calls, events, make, map, now } = world();
    const failing = withPhase(make(), 'smoke', { do: async () => assert.fail('not yet') });
    assert.equal((await runOperation(runWith(failing, memoryJournal(events, failing)))).state, 'waiting');
    map.delete('settings');
    calls.length = 0;
    const operation = make();
    assert.equal((await runOperation(runWith(operation, memoryJournal(events, operation)))).state, 'done');
    assert.deepEqual(calls, ['settings', 'smoke']);
    assert.deepEqual(now(), afterwards(OLD));
  });

  test('stops between phases when it is told to, and is gone on with', async () => {
    const { events, make, now } = world();
    const stop = new AbortController();
    const operation = withPhase(make(), 'settings', {
      do: async (run) => {
        await make().phases[1]!.do(run);
        stop.abort();
      },
    });
    const outcome = await runOperation(runWith(operation, memoryJournal(events, operation), { signal: stop.signal }));
    assert.deepEqual(outcome, { state: 'stopped', changed: 2, failure: null });
    assert.equal(events.at(-1)!.event, 'stopped');
    const again = make();
    assert.equal((await runOperation(runWith(again, memoryJournal(events, again)))).state, 'done');
    assert.deepEqual(now(), afterwards(OLD));
  });

  test('goes back on demand, and is then over', async () => {
    const { events, make, now } = world();
    const stopped = withPhase(make(), 'smoke', { do: async () => assert.fail('no') });
    await runOperation(runWith(stopped, memoryJournal(events, stopped)));
    const operation = make();
    const journal = memoryJournal(events, operation);
    const outcome = await rollBack({ ...runWith(operation, journal), because: 'the operator wants it' });
    assert.deepEqual(outcome, { state: 'rolled-back', changed: 4, failure: null });
    assert.deepEqual(now(), OLD);
    await assert.rejects(runOperation(runWith(operation, journal)), { code: 'INVALID_STATE_TRANSITION' });
    await assert.rejects(rollBack({ ...runWith(operation, journal), because: 'again' }), {
      code: 'INVALID_STATE_TRANSITION',
    });
  });

  test('has no way back once a phase began that cannot be undone: not on demand, not by failing', async () => {
    const { events, make, now } = world(OLD, { on_failure: 'roll-back' });
    const final = (operation: Operation) => withPhase(operation, 'switch', { undo: null });
    const broken = withPhase(final(make()), 'smoke', { do: async () => assert.fail('no') });
    const journal = memoryJournal(events, broken);
    assert.equal((await runOperation(runWith(broken, journal))).state, 'waiting');
    await assert.rejects(rollBack({ ...runWith(broken, journal), because: 'x' }), {
      code: 'INVALID_STATE_TRANSITION',
      message: /no way back behind the phase switch/,
    });
    const operation = final(make());
    assert.equal((await runOperation(runWith(operation, memoryJournal(events, operation)))).state, 'done');
    assert.deepEqual(now(), afterwards(OLD));
  });

  test('where an undo fails, waits on its way back and then goes on back, never forward', async () => {
    const { events, make, now } = world(OLD, { on_failure: 'roll-back' });
    const broken = withPhase(withPhase(make(), 'smoke', { do: async () => assert.fail('no') }), 'settings', {
      undo: async () => assert.fail('the disk is gone'),
    });
    assert.equal((await runOperation(runWith(broken, memoryJournal(events, broken)))).state, 'waiting');
    const operation = make();
    assert.equal((await runOperation(runWith(operation, memoryJournal(events, operation)))).state, 'rolled-back');
    assert.deepEqual(now(), OLD);
  });

  test('tells how far it is and how long the rest takes, forward and back', async () => {
    const { events, make } = world();
    const heard: ProgressEvent[] = [];
    const operation = withPhase(make(), 'smoke', { do: async () => assert.fail('no') });
    const journal = memoryJournal(events, operation);
    await runOperation(runWith(operation, journal, { listen: (event) => void heard.push(event) }));
    assert.deepEqual(
      heard.map(({ event, index, done }) => `${event} ${index} ${done ?? ''}`.trim()),
      [
        ...['begun 1', 'progress 1 1', 'progress 1 2', 'progress 1 3', 'done 1 3'],
        ...['begun 2', 'noted 2', 'done 2', 'begun 3', 'done 3', 'begun 4', 'failed 4'],
      ],
    );
    const notes = heard.filter(({ text }) => text !== null).map(({ event, text }) => [event, text]);
    assert.deepEqual(notes, [['noted', 'written as the bundle has them']]);
    assert.ok(heard.every(({ eta_seconds }) => Number.isInteger(eta_seconds) && eta_seconds >= 0));
    assert.ok(heard[0]!.eta_seconds > heard.at(-1)!.eta_seconds);
    heard.length = 0;
    await rollBack({ ...runWith(operation, journal, { listen: (event) => void heard.push(event) }), because: 'x' });
    assert.deepEqual(heard.map(({ event, index }) => `${event} ${index}`).slice(0, 4), [
      ...['undoing 4', 'undone 4', 'undoing 3', 'undone 3'],
    ]);
    assert.equal(heard.at(-1)!.event, 'finished');
    assert.equal(heard.at(-1)!.eta_seconds, 0);
  });

  test('tells in a dry run what it would do, and does nothing', async () => {
    const { calls, make, now } = world({ ...OLD, settings: 'there' });
    const operation = withPhase(make(), 'switch', { check: async () => assert.fail('nothing to look at yet') });
    const told = await dryRun(operation, null);
    assert.deepEqual(
      told.map(({ name, would }) => [name, would]),
      [
        ['copy', 'do'],
        ['settings', 'nothing'],
        ['switch', 'unknown'],
        ['smoke', 'do'],
      ],
    );
    assert.deepEqual(calls, []);
    assert.deepEqual(now(), { ...OLD, settings: 'there' });
  });
});

/** What a kill is to the code it hits: from here on nothing has any effect. */
class Killed extends Error {}

/** One life of a process: how many steps it lives, at which step something fails, and what it was started for. */
const lives = fc.array(
  fc.record({
    steps: fc.integer({ min: 0, max: 30 }),
    failsAt: fc.option(fc.integer({ min: 0, max: 30 }), { nil: -1 }),
    back: fc.boolean(),
  }),
  { maxLength: 12 },
);
const before = fc
  .record({
    keys: fc.subarray([...NEW_KEYS]),
    settings: fc.boolean(),
    current: fc.constantFrom('old', 'new', null),
    smoke: fc.constantFrom('earlier', null),
  })
  .map(({ keys, settings, current, smoke }) => ({
    ...Object.fromEntries(keys.map((key) => [key, 'mine'])),
    ...(settings ? { settings: 'mine' } : {}),
    ...(current === null ? {} : { current }),
    ...(smoke === null ? {} : { smoke }),
  }));

test('killed at any points, failing at any, gone on with or back: it ends done or as it was, and nothing between', async () => {
  const results = { done: 0, 'rolled-back': 0 };
  let kills = 0;
  await fc.assert(
    fc.asyncProperty(before, lives, fc.constantFrom('wait', 'roll-back' as const), async (was, all, on_failure) => {
      const map = new Map<string, string>(Object.entries(was));
      const events: JournalEvent[] = [];
      const calls: string[] = [];
      let outcome: Outcome | null = null;
      // The last life is not ended by anything.
      for (const life of [...all, { steps: Infinity, failsAt: -1, back: false }]) {
        let step = 0;
        const between: Between = (what) => {
          if (step++ >= life.steps) throw new Killed();
          // Only the work fails; a journal that cannot be written ends the process.
          if (step - 1 === life.failsAt && !what.includes('event')) throw new Error('it failed here');
        };
        const isDead = () => step > life.steps;
        const disk = mapDisk(map);
        const operation = smallOperation(
          {
            get: disk.get,
            set: (key, value) => {
              if (!isDead()) disk.set(key, value);
            },
            remove: (key) => {
              if (!isDead()) disk.remove(key);
            },
          },
          between,
          { calls, on_failure },
        );
        try {
          const journal = memoryJournal(events, operation, between);
          if (journal.state.result !== null) break;
          const options = runWith(operation, journal);
          outcome = await (life.back ? rollBack({ ...options, because: 'asked' }) : runOperation(options));
          if (outcome.state === 'done' || outcome.state === 'rolled-back') break;
        } catch (error) {
          if (!(error instanceof Killed)) throw error;
          kills += 1;
        }
      }
      const { result } = stateOf(events);
      assert.ok(result, 'it came to an end');
      results[result] += 1;
      const expected: Record<string, string> = result === 'done' ? afterwards(was) : was;
      assert.deepEqual(Object.fromEntries(map), { ...expected, ...('settings' in was ? { settings: 'mine' } : {}) });
      for (const phase of ['settings'] as const) if (phase in was) assert.ok(!calls.includes(phase), 'found, not done');
    }),
    { numRuns: 1500 },
  );
  // A property that never met its case says nothing.
  assert.ok(results.done > 200 && results['rolled-back'] > 200 && kills > 1000, JSON.stringify({ results, kills }));
});
