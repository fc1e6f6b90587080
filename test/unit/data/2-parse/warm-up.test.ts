import assert from 'node:assert/strict';
import { it } from 'node:test';
import { warmUp } from '../../../../appliance/data/2-parse/warm-up.ts';

it('warming up is silent for every media type, known or not', async () => {
  for (const type of ['application/pdf', 'text/plain', 'image/png', 'text/html', 'constructor']) {
    assert.equal(await warmUp(type), undefined);
  }
});
