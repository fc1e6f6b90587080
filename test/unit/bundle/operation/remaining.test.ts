import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { secondsRemaining } from '../../../../appliance/bundle/operation/remaining.ts';

const at = (changes: Partial<Parameters<typeof secondsRemaining>[0]> = {}) =>
  secondsRemaining({ spent: [], current: { expected: 10, took: 0, share: null }, ahead: 30, ...changes });

test('what is left is what experience says, as long as nothing else is known', () => {
  assert.equal(at(), 40);
  assert.equal(at({ current: { expected: 10, took: 4, share: null } }), 36);
});

test('a host that is slower is told so, in what comes too', () => {
  const spent = [{ expected: 10, took: 34 }];
  // (34 + 2) / (10 + 2) = 3 times as slow.
  assert.equal(at({ spent }), 120);
  assert.equal(
    at({ spent: [{ expected: 1, took: 10_000 }], ahead: 10, current: { expected: 0, took: 0, share: 1 } }),
    200,
  );
});

test('a phase that says how far it is counts by that, and speaks for those that follow', () => {
  assert.equal(at({ current: { expected: 10, took: 20, share: 0.5 }, ahead: 0 }), 20);
  assert.ok(at({ current: { expected: 10, took: 20, share: 0.5 } }) > 20 + 30);
  // Its first word is not yet one.
  assert.equal(at({ current: { expected: 10, took: 1, share: 0.01 }, ahead: 0 }), 9);
});

test('a phase that takes longer than it should is never beyond its end', () => {
  assert.equal(at({ current: { expected: 10, took: 60, share: null }, ahead: 0 }), 1);
});

test('it is never less than nothing, nor endless', () => {
  const seconds = fc.double({ min: 0, max: 1e5, noNaN: true });
  fc.assert(
    fc.property(
      fc.array(fc.record({ expected: seconds, took: seconds })),
      fc.record({ expected: seconds, took: seconds, share: fc.option(fc.double({ min: 0, max: 1, noNaN: true })) }),
      seconds,
      (spent, current, ahead) => {
        const left = secondsRemaining({ spent, current, ahead });
        assert.ok(Number.isSafeInteger(left) && left >= 0, String(left));
      },
    ),
  );
});
