import assert from 'node:assert/strict';
import { test } from 'node:test';
import { MODEL_LOCK } from '../../../../appliance/models/embedder/lock.ts';

const MIB = 1024 * 1024;

test('a model is said to take no less memory than its weights do while they are loaded', () => {
  for (const { name, memory_mb, files } of MODEL_LOCK.models) {
    const weights = files.find(({ role }) => role === 'weights');
    const graph = files.find(({ role }) => role === 'graph')!;
    // Beside the graph they are mapped and packed once; in it they are read, then copied.
    const least = weights === undefined ? 2 * graph.size : weights.size;
    assert.ok(memory_mb * MIB > least, `${name}: ${memory_mb} MiB`);
  }
});
