import assert from 'node:assert/strict';
import { it } from 'node:test';
import { hash32, mix32 } from '../../../../../appliance/models/embedder/lexical/hash.ts';

it('the hash is fixed for ever: stored vectors depend on it', () => {
  assert.deepEqual(
    [hash32('', 0), hash32('contract', 1), hash32('contract', 2), hash32('契約', 1), mix32(1)],
    [2872998923, 1493487390, 644831673, 4102657631, 1364076727],
  );
});

it('places are spread evenly over the dimensions', () => {
  const counts = new Uint32Array(768);
  for (let n = 0; n < 76_800; n++) {
    const place = (hash32(`word${n}`, 1) >>> 1) % 768;
    counts[place] = counts[place]! + 1;
  }
  assert.ok(Math.min(...counts) > 50 && Math.max(...counts) < 160);
});

it('signs are spread evenly, and independently of the place', () => {
  let positive = 0;
  for (let n = 0; n < 20_000; n++) positive += hash32(`word${n}`, 3) & 1;
  assert.ok(Math.abs(positive - 10_000) < 400);
});
