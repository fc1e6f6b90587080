import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { overlapping, type Turn } from '../../../../appliance/control/engine/images/overlapping.ts';

/** Work whose steps the test lets happen, one by one, and what has happened so far. */
function stage(...names: string[]) {
  const seen: string[] = [];
  const steps = new Map<string, PromiseWithResolvers<void>>();
  const step = (name: string) => {
    const found = steps.get(name) ?? Promise.withResolvers<void>();
    steps.set(name, found);
    return found;
  };
  const running = overlapping(names, async (name, turn: Turn) => {
    seen.push(`${name} begins`);
    await step(`${name} sent`).promise;
    turn.check();
    await turn.before;
    turn.sent();
    seen.push(`${name} sent`);
    await step(`${name} taken`).promise;
    turn.taken();
    seen.push(`${name} taken`);
    await step(`${name} over`).promise;
  });
  running.catch(() => undefined);
  return {
    running,
    /** Lets these happen, and gives what has come of it. */
    async after(...happens: (string | [step: string, fails: Error])[]): Promise<string[]> {
      for (const one of happens) {
        if (typeof one === 'string') step(one).resolve();
        else step(one[0]).reject(one[1]);
      }
      // Whatever follows from it follows in promises alone.
      await new Promise(setImmediate);
      return seen.splice(0);
    },
  };
}

describe('work that overlaps', () => {
  test('begins when the one before is sent, and is named when that was taken', async () => {
    const { running, after } = stage('a', 'b', 'c');
    assert.deepEqual(await after(), ['a begins']);
    assert.deepEqual(await after('a sent'), ['a sent', 'b begins']);
    assert.deepEqual(await after('b sent'), [], 'a is not taken yet');
    assert.deepEqual(await after('a taken'), ['a taken', 'b sent', 'c begins']);
    assert.deepEqual(await after('b taken', 'c sent', 'c taken'), ['b taken', 'c sent', 'c taken']);
    await after('a over', 'b over', 'c over');
    await running;
  });

  test('is not begun after a failure, which is told once nothing goes on any more', async () => {
    const { running, after } = stage('a', 'b', 'c');
    const wrong = new Error('a was refused');
    await after('a sent');
    await after(['a taken', wrong]);
    let isOver = false;
    running.catch(() => {
      isOver = true;
    });
    assert.deepEqual([await after(), isOver], [[], false], 'b goes on until it asks');
    assert.deepEqual([await after('b sent'), isOver], [[], true]);
    await assert.rejects(running, wrong);
  });

  test('fails with what failed first, and what was on its way before is taken all the same', async () => {
    const { running, after } = stage('a', 'b', 'c');
    const [first, second] = [new Error('b broke off'), new Error('a ended badly')];
    await after('a sent');
    await after(['b sent', first]);
    assert.deepEqual(await after('a taken'), ['a taken']);
    await after(['a over', second]);
    await assert.rejects(running, first);
  });

  test('of nothing is over', () => overlapping([], async () => assert.fail()));
});
