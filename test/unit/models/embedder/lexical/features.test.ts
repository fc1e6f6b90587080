import assert from 'node:assert/strict';
import { it } from 'node:test';
import { featuresOf } from '../../../../../appliance/models/embedder/lexical/features.ts';

it('words are stemmed and counted', () => {
  const { words } = featuresOf('Contracts, contract, contracting');
  assert.deepEqual([...words], [['contract', { count: 3, weight: 1 }]]);
});

it('words that are not in English letters stay as they are', () => {
  assert.deepEqual([...featuresOf('договоры 2024').words.keys()], ['договоры', '2024']);
});

it('function words weigh little and neither make nor part a pair', () => {
  const { words, pairs } = featuresOf('bill of the lading');
  assert.ok(words.get('of')!.weight < 0.1);
  assert.deepEqual([...pairs.keys()], ['bill lade']);
});

it('common words weigh between function words and the rest', () => {
  const { words } = featuresOf('the described indemnity');
  const [low, middle, high] = [...words.values()].map((feature) => feature.weight) as [number, number, number];
  assert.ok(low < middle && middle < high);
});

it('pieces are framed, so that a beginning is another piece than a middle', () => {
  assert.deepEqual([...featuresOf('lease').pieces.keys()], ['^lea', 'leas', 'eas$']);
});

it('the pieces of one word weigh the same together, however long it is', () => {
  const weight = (text: string) => [...featuresOf(text).pieces.values()].reduce((sum, f) => sum + f.weight ** 2, 0);
  assert.ok(Math.abs(weight('indemnification') - weight('bank')) < 1e-12);
});
