import assert from 'node:assert/strict';
import { it } from 'node:test';
import { rankWeights } from '../../../../appliance/data/6-serve/rank-weights.ts';

it('full text leads where vectors know no meaning, vectors where they do, and neither where nothing was measured', () => {
  const lexical = rankWeights('lexical');
  assert.ok(lexical.text > 5 * lexical.vector && lexical.vector > 0);
  const meaning = rankWeights('all-mpnet-base-v2');
  assert.ok(meaning.vector > meaning.text);
  for (const unknown of ['text-embedding-3-small', 'constructor']) {
    assert.deepEqual(rankWeights(unknown), { text: 1, vector: 1 });
  }
});
