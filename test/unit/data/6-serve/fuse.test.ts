import assert from 'node:assert/strict';
import { it } from 'node:test';
import fc from 'fast-check';
import { fuseRanks } from '../../../../appliance/data/6-serve/fuse.ts';

const ids = (rankings: Parameters<typeof fuseRanks>[0], k?: number) => fuseRanks(rankings, k).map((entry) => entry.id);

it('an id that two rankings hold beats one that a single ranking puts higher', () => {
  const rankings = [
    { ids: ['a', 'b'], weight: 1 },
    { ids: ['c', 'b'], weight: 1 },
  ];
  assert.deepEqual(ids(rankings), ['b', 'a', 'c']);
});

it('the score is the weighted sum of reciprocal ranks', () => {
  const [first] = fuseRanks(
    [
      { ids: ['x', 'a'], weight: 2 },
      { ids: ['a'], weight: 0.5 },
    ],
    10,
  ).filter((entry) => entry.id === 'a');
  assert.ok(Math.abs(first!.score - (2 / 12 + 0.5 / 11)) < 1e-15);
});

it('equal scores are ordered by id', () => {
  const rankings = [
    { ids: ['b', 'd'], weight: 1 },
    { ids: ['a', 'c'], weight: 1 },
  ];
  assert.deepEqual(ids(rankings), ['a', 'b', 'c', 'd']);
});

it('a repeated id counts at its best place and takes no place from those behind it', () => {
  assert.deepEqual(fuseRanks([{ ids: ['a', 'a', 'b'], weight: 1 }]), fuseRanks([{ ids: ['a', 'b'], weight: 1 }]));
});

it('tells at which place each ranking has an id, and where none has it', () => {
  const places = new Map(
    fuseRanks([
      { ids: ['a', 'b'], weight: 1 },
      { ids: ['c', 'a', 'a'], weight: 0.5 },
    ]).map((one) => [one.id, one.places]),
  );
  assert.deepEqual(Object.fromEntries(places), { a: [1, 2], b: [2, null], c: [null, 1] });
});

it('a ranking that counts nothing takes no part, not even with ids of its own', () => {
  const fused = fuseRanks([
    { ids: ['b', 'a'], weight: 1 },
    { ids: ['c', 'a'], weight: 0 },
  ]);
  assert.deepEqual(
    fused.map(({ id, places }) => [id, ...places]),
    [
      ['b', 1, null],
      ['a', 2, null],
    ],
  );
});

it('nothing fused is nothing', () => {
  assert.deepEqual(fuseRanks([]), []);
  assert.deepEqual(fuseRanks([{ ids: [], weight: 1 }]), []);
});

const ranking = fc.record({
  ids: fc.uniqueArray(fc.constantFrom(...'abcdefgh')),
  weight: fc.constantFrom(0.07, 0.5, 1),
});

it('the order of the rankings makes no difference, and every id comes once', () => {
  fc.assert(
    fc.property(ranking, ranking, (one, other) => {
      const fused = fuseRanks([one, other]);
      const turned = fuseRanks([other, one]).map((entry) => ({ ...entry, places: entry.places.toReversed() }));
      assert.deepEqual(turned, fused);
      assert.deepEqual(fused.map((entry) => entry.id).sort(), [...new Set([...one.ids, ...other.ids])].sort());
      for (let i = 1; i < fused.length; i++) assert.ok(fused[i - 1]!.score >= fused[i]!.score);
    }),
  );
});

it('one ranking alone keeps its order', () => {
  fc.assert(fc.property(ranking, (one) => assert.deepEqual(ids([one]), one.ids)));
});
