import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Manifest } from '../../../appliance/api/manifest.ts';
import type { Client } from '../../../appliance/cli/client.ts';
import { patiently, sendLarge } from '../../../appliance/cli/send-large.ts';
import { type ErrorCode, FrostbyteError } from '../../../appliance/kernel/errors.ts';

const manifest = { tenant_id: 'acme', batch_id: 'b1' } as Manifest;
const given = (file_id: string, size: number) => ({
  file_id,
  filename: `${file_id}.pdf`,
  mime_type: 'application/pdf',
  size_bytes: size,
  sha256: 'a'.repeat(64),
  path: '/nowhere',
  blob: new Blob([Buffer.alloc(size)]),
});

test('small files stay parts: nobody is asked', async () => {
  const files = [given('f1', 100), given('f2', 1000)];
  assert.equal((await sendLarge({} as Client, manifest, files)).size, 0);
});

test('a file larger than the tenant takes stays a part of its head alone, to be refused by its size', async () => {
  const client = {
    all: async () => [],
    call: async () => {
      throw new FrostbyteError('PAYLOAD_TOO_LARGE', 'too large');
    },
  } as unknown as Client;
  const files = [given('f1', 100), given('f2', 200_000)];
  assert.equal((await sendLarge(client, manifest, files, { resumableFrom: 1000 })).size, 0);
  assert.deepEqual(
    files.map(({ blob }) => blob.size),
    [100, 65_536],
  );
});

test('what may pass is tried again, and not for ever; what may not is told at once', async () => {
  const pauses: number[] = [];
  const pause = async (seconds: number) => void pauses.push(seconds);
  const failing = (code: ErrorCode, times: number) => {
    let left = times;
    return async (again: boolean) => {
      assert.equal(again, left < times);
      if (left-- > 0) throw new FrostbyteError(code, 'as the test wants it');
      return 'sent';
    };
  };
  assert.equal(await patiently(failing('SERVICE_UNAVAILABLE', 3), { pause }), 'sent');
  assert.deepEqual(pauses.splice(0), [1, 2, 4]);
  await assert.rejects(patiently(failing('SERVICE_UNAVAILABLE', 99), { pause }), { code: 'SERVICE_UNAVAILABLE' });
  assert.deepEqual(pauses.splice(0), [1, 2, 4, 8, 16, 32, 64]);
  await assert.rejects(patiently(failing('BATCH_ALREADY_EXISTS', 1), { pause }), { code: 'BATCH_ALREADY_EXISTS' });
  assert.deepEqual(pauses, []);
});
