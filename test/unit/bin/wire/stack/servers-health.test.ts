import assert from 'node:assert/strict';
import { test } from 'node:test';
import { serversHealth } from '../../../../../appliance/bin/wire/stack/servers-health.ts';
import { FrostbyteError } from '../../../../../appliance/kernel/errors.ts';

test('each server says for itself whether it answers, and one that hangs keeps nobody waiting for long', async () => {
  const down = new FrostbyteError('STORE_UNAVAILABLE', 'The object store cannot be reached.');
  const found = await serversHealth(
    [
      { name: 'records', check: async () => 1 },
      { name: 'objects', check: () => Promise.reject(down) },
      { name: 'vectors', check: () => Promise.reject(new Error('a secret')) },
      { name: 'limits', check: () => new Promise(() => undefined) },
    ],
    1,
  );
  assert.deepEqual(found, [
    { name: 'servers.records', ok: true, message: 'answers' },
    { name: 'servers.objects', ok: false, message: 'The object store cannot be reached.' },
    { name: 'servers.vectors', ok: false, message: 'does not answer' },
    { name: 'servers.limits', ok: false, message: 'It gave no answer in time.' },
  ]);
});
