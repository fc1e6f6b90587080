import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { IsolationOrder } from '../../../appliance/api/plane/isolation-order.ts';
import { type Answer, Inconclusive, triesOf } from '../../../appliance/isolation/attempt.ts';
import { tryEverything } from '../../../appliance/isolation/check.ts';

/** A door that says nothing so many times, and then this; it counts who knocks. */
function door(silences: number, answer: Answer = 'denied') {
  let knocks = 0;
  return {
    knocks: () => knocks,
    try: async (): Promise<Answer> => {
      knocks += 1;
      if (knocks <= silences) throw new Inconclusive('no answer in time');
      return answer;
    },
  };
}

const tries = () => triesOf('records', 'acme', { againMs: [0, 0] });

for (const answer of ['denied', 'allowed'] as const) {
  test(`a foreign door that is slow to say ${answer} is tried again, and what it says counts at once`, async () => {
    const all = tries();
    const [slow, prompt] = [door(2, answer), door(0, answer)];
    await all.foreign('globex', 'slow', slow.try);
    await all.foreign('globex', 'prompt', prompt.try);
    const result = answer === 'denied' ? 'DENIED' : 'ALLOWED';
    assert.deepEqual(
      all.found.map(({ test: name, result: found }) => [name, found]),
      [
        ['slow', result],
        ['prompt', result],
      ],
    );
    assert.deepEqual([slow.knocks(), prompt.knocks()], [3, 1]);
  });
}

test('one that never says anything is no refusal: it is named with the reason, and what others say is kept', async () => {
  const all = tries();
  const [open, silent] = [door(0, 'allowed'), door(Number.POSITIVE_INFINITY)];
  await all.foreign('globex', 'look', open.try);
  await all.foreign('globex', 'log in', silent.try);
  await all.foreign('globex', 'log out', silent.try);
  assert.deepEqual(silent.knocks(), 6);
  // A store that gives no answer is not waited for door by door: what was found must come home.
  const next = door(0, 'allowed');
  await all.foreign('globex', 'write', next.try);
  assert.equal(next.knocks(), 0);
  const about = { store: 'records', target: 'globex' };
  assert.deepEqual(all.found, [
    { ...about, test: 'look', result: 'ALLOWED' },
    { ...about, test: 'log in', result: 'SKIPPED', reason: 'no answer in time' },
    { ...about, test: 'log out', result: 'SKIPPED', reason: 'no answer in time' },
    { ...about, test: 'write', result: 'SKIPPED', reason: 'not asked: the store gives no answer' },
  ]);
});

test('behind its time a check asks nobody any more, and names whom', async () => {
  const all = triesOf('records', 'acme', { until: performance.now() });
  const late = door(0, 'allowed');
  await all.foreign('globex', 'look', late.try);
  assert.deepEqual(
    [late.knocks(), all.found.map(({ result, reason }) => `${result}: ${reason}`)],
    [0, ['SKIPPED: not asked: the check had no time left']],
  );
});

test('a store that breaks off takes nothing from what others found, nor from its own', async () => {
  const order = { tenant_id: 'acme', targets: [] } as unknown as IsolationOrder;
  const found = await tryEverything(order, {
    queue: (_order, all) => all.foreign('globex', 'read its keys', async () => 'allowed'),
    objects: async (_order, all) => {
      await all.foreign('globex', 'look at it', async () => 'allowed');
      throw new Error('gone');
    },
  });
  assert.deepEqual(
    found.map(({ store, target, result }) => `${store} of ${target}: ${result}`),
    ['queue of globex: ALLOWED', 'objects of globex: ALLOWED', 'objects of acme: SKIPPED'],
  );
});

test('an own door may be late, and is shut where it stays so', async () => {
  const all = tries();
  const [late, shut] = [door(2), door(Number.POSITIVE_INFINITY)];
  const open = (one: ReturnType<typeof door>) => async () => void (await one.try());
  assert.deepEqual([await all.own('late', open(late)), await all.own('shut', open(shut))], [true, false]);
  assert.deepEqual(
    all.found.map(({ test: name, target, result }) => [name, target, result]),
    [
      ['late', 'acme', 'OK'],
      ['shut', 'acme', 'DENIED'],
    ],
  );
});
