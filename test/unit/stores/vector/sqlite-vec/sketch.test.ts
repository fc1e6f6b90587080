import assert from 'node:assert/strict';
import { it } from 'node:test';
import {
  estimate,
  SKETCH_BYTES,
  scoreTable,
  writeSketch,
} from '../../../../../appliance/stores/vector/sqlite-vec/sketch.ts';
import { randomVectors, unit } from '../../../../support/vectors.ts';

it('the estimate follows the cosine closely enough to choose candidates by', () => {
  const [query, ...others] = randomVectors(200, 8) as [Float32Array, ...Float32Array[]];
  const table = scoreTable(query);
  const pairs = others.map((other, n) => {
    const lean = (n % 20) / 20;
    const vector = unit(other.map((x, i) => x * (1 - lean) + query[i]! * lean));
    const sketch = new Uint8Array(SKETCH_BYTES);
    writeSketch(vector, sketch, 0);
    const truth = vector.reduce((sum, x, i) => sum + x * query[i]!, 0);
    return { truth, guess: estimate(table, sketch, 0) / Math.sqrt(768) };
  });
  for (const { truth, guess } of pairs) assert.ok(Math.abs(truth - guess) < 0.15, `${truth} against ${guess}`);
});

it('a sketch is written at its offset and touches nothing else', () => {
  const [vector] = randomVectors(1, 9) as [Float32Array];
  const room = new Uint8Array(3 * SKETCH_BYTES).fill(0xaa);
  writeSketch(vector, room, SKETCH_BYTES);
  assert.ok(room.subarray(0, SKETCH_BYTES).every((byte) => byte === 0xaa));
  assert.ok(room.subarray(2 * SKETCH_BYTES).every((byte) => byte === 0xaa));
  assert.ok(room.subarray(SKETCH_BYTES, 2 * SKETCH_BYTES).some((byte) => byte !== 0xaa));
});

it('numbers around the levels get the code of their level', () => {
  const vector = new Float32Array(768);
  vector.set([-1, -0.01, 0.01, 1]);
  const sketch = new Uint8Array(SKETCH_BYTES);
  writeSketch(vector, sketch, 0);
  assert.equal(sketch[0], 0b11_10_01_00);
});
