import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type Answer, Inconclusive, triesOf } from '../../../appliance/isolation/attempt.ts';

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

const tries = () => triesOf('records', 'acme', [0, 0]);

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

test('one that never says anything is no pass: the check ends, and names what it could not find out', async () => {
  const all = tries();
  const silent = door(Number.POSITIVE_INFINITY);
  await assert.rejects(all.foreign('globex', 'log in', silent.try), {
    code: 'STORE_UNAVAILABLE',
    message: /“records: log in” \(no answer in time\)/,
  });
  assert.deepEqual([silent.knocks(), all.found], [3, []]);
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
