import assert from 'node:assert/strict';
import { it } from 'node:test';
import { rankWeights } from '../../../../appliance/data/6-serve/rank-weights.ts';

it('full text leads where vectors know no meaning, and shares the ranking otherwise', () => {
  const lexical = rankWeights('lexical');
  assert.ok(lexical.text > 5 * lexical.vector && lexical.vector > 0);
  assert.deepEqual(rankWeights('all-mpnet-base-v2'), { text: 1, vector: 1 });
  assert.deepEqual(rankWeights('constructor'), { text: 1, vector: 1 });
});
