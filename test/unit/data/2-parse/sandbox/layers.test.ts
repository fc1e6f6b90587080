import assert from 'node:assert/strict';
import { chmod, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { childEntry } from '../../../../../appliance/data/2-parse/sandbox/entry.ts';
import { checkLayers } from '../../../../../appliance/data/2-parse/sandbox/layers.ts';

const budget = { memoryLimitMb: 256, timeoutMs: 10_000 };

describe('the layers of the sandbox', () => {
  it('are each named, with what holds or how to mend it', async () => {
    const { layers } = await checkLayers(['full'], childEntry(undefined), budget);
    assert.deepEqual(
      layers.layers.map((layer) => layer.name),
      ['permission_model', 'empty_environment', 'resource_limits', 'network_namespace', 'dropped_privileges'],
    );
    for (const { message } of layers.layers) assert.match(message, /^[A-Z].*\.$/);
    assert.equal(
      layers.ok,
      layers.layers.every((layer) => layer.state === 'active' || !layer.required),
    );
  });

  it('are all missing when no parser can be started, and then nothing is ok', async () => {
    for (const mode of ['full', 'reduced'] as const) {
      const plan = await checkLayers([mode], { file: '/nonexistent.mjs', readable: ['/nonexistent.mjs'] }, budget);
      assert.equal(plan.wrapper, null);
      assert.equal(plan.layers.ok, false);
    }
  });

  it('may be fewer in reduced mode, but never without permission model and empty environment', async () => {
    const { layers } = await checkLayers(['reduced'], childEntry(undefined), budget);
    const required = layers.layers.filter((layer) => layer.required).map((layer) => layer.name);
    assert.deepEqual(required, ['permission_model', 'empty_environment']);
  });

  it('are judged by what a process in them can do, not by what was asked for', async () => {
    // A program that claims to do the work and only runs what it is given.
    const folder = await mkdtemp(join(tmpdir(), 'frostbyte-layers-'));
    const fake = join(folder, 'fake');
    await writeFile(fake, '#!/bin/sh\nwhile [ "$1" != -- ]; do shift; done; shift; exec "$@"\n', { mode: 0o755 });
    await chmod(folder, 0o755);
    const parts = { prlimit: fake, setpriv: fake, unshare: fake };
    const { layers } = await checkLayers(['full'], childEntry(undefined), budget, parts);
    await rm(folder, { recursive: true });
    const state = Object.fromEntries(layers.layers.map((layer) => [layer.name, layer.state]));
    assert.equal(state.permission_model, 'active');
    assert.deepEqual([state.resource_limits, state.dropped_privileges], ['missing', 'missing']);
    assert.equal(layers.ok, false);
  });
});
