import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import type { UploadAnswer } from '../../../appliance/api/schemas/uploads.ts';
import type { Client } from '../../../appliance/cli/client.ts';
import { type ResumableFile, sendResumable } from '../../../appliance/cli/send-resumable.ts';
import { type ErrorCode, FrostbyteError, isFrostbyteError } from '../../../appliance/kernel/errors.ts';

const CONTENT = 'The quick brown fox jumps over the lazy dog.';

/** An appliance that takes uploads, and fails where a test wants it to. */
function uploadServer(fail: (method: string, call: number) => ErrorCode | number | null = () => null) {
  const uploads = new Map<string, { bytes: string; length: number; metadata: string }>();
  const calls: string[] = [];
  const call: Client['call'] = async (method, path, { headers, body }) => {
    const given = new Headers(headers);
    assert.equal(given.get('tus-resumable'), '1.0.0');
    const failure = fail(method, calls.filter((name) => name === method).length);
    calls.push(method);
    if (typeof failure === 'string') throw new FrostbyteError(failure, 'as the test wants it', { retryAfter: 7 });
    if (method === 'POST') {
      const id = `u${uploads.size}`;
      const metadata = given.get('upload-metadata') ?? '';
      uploads.set(id, { bytes: '', length: Number(given.get('upload-length')), metadata });
      return new Response(null, { status: 201, headers: { location: `${path}/${id}` } });
    }
    const upload = uploads.get(path.split('/').at(-1)!);
    if (!upload) throw new FrostbyteError('RESOURCE_NOT_FOUND', 'no such upload');
    if (method === 'PATCH') {
      if (Number(given.get('upload-offset')) !== upload.bytes.length)
        throw new FrostbyteError('INVALID_STATE_TRANSITION', 'another offset');
      let taken = 0;
      for await (const chunk of body as unknown as AsyncIterable<Uint8Array>) {
        const text = Buffer.from(chunk).toString();
        const room = typeof failure === 'number' ? failure - taken : text.length;
        upload.bytes += text.slice(0, room);
        taken += text.length;
      }
      if (typeof failure === 'number') throw new FrostbyteError('SERVICE_UNAVAILABLE', 'the line broke');
    }
    return new Response(null, { status: 204, headers: { 'upload-offset': String(upload.bytes.length) } });
  };
  return { client: { call } as Client, uploads, calls };
}

function file(t: TestContext): ResumableFile {
  const folder = mkdtempSync(join(tmpdir(), 'send-'));
  t.after(() => rmSync(folder, { recursive: true }));
  const path = join(folder, 'fox.txt');
  writeFileSync(path, CONTENT);
  return { path, size: CONTENT.length, metadata: { filename: 'fox.txt', batch_id: 'b1' } };
}

const pauses = () => {
  const seconds: number[] = [];
  return { seconds, pause: async (s: number) => void seconds.push(s) };
};

test('a file goes over in one request, and each step is told', async (t) => {
  const { client, uploads, calls } = uploadServer();
  const offsets: number[] = [];
  const id = await sendResumable(client, 'acme', file(t), [], { sent: (offset) => offsets.push(offset) });
  assert.equal(uploads.get(id)?.bytes, CONTENT);
  assert.equal(uploads.get(id)?.metadata, 'filename Zm94LnR4dA==,batch_id YjE=');
  assert.deepEqual(calls, ['POST', 'HEAD', 'PATCH', 'HEAD']);
  assert.equal(offsets.at(-1), CONTENT.length);
});

test('a line that breaks is tried again from where the appliance stands, with growing pauses', async (t) => {
  const broken = [10, 'SERVICE_UNAVAILABLE', 'RATE_LIMIT_EXCEEDED', 5] as const;
  const { client, uploads } = uploadServer((method, n) => (method === 'PATCH' ? (broken[n] ?? null) : null));
  const { seconds, pause } = pauses();
  const id = await sendResumable(client, 'acme', file(t), [], { pause });
  assert.equal(uploads.get(id)?.bytes, CONTENT);
  assert.deepEqual(seconds, [1, 7, 7, 4]);
});

test('an earlier try’s upload is gone on with; one of another file, length or end is not', async (t) => {
  const sent = file(t);
  const { client, uploads, calls } = uploadServer();
  uploads.set('half', { bytes: CONTENT.slice(0, 20), length: CONTENT.length, metadata: '' });
  const known = (upload_id: string, more: Partial<UploadAnswer> = {}) =>
    ({ upload_id, state: 'open', length: sent.size, metadata: { ...sent.metadata }, ...more }) as UploadAnswer;
  const others = [
    known('taken', { state: 'taken' }),
    known('longer', { length: sent.size + 1 }),
    known('other', { metadata: { ...sent.metadata, batch_id: 'b2' } }),
  ];
  assert.equal(await sendResumable(client, 'acme', sent, [...others, known('half')]), 'half');
  assert.equal(uploads.get('half')?.bytes, CONTENT);
  assert.deepEqual(calls, ['HEAD', 'PATCH', 'HEAD']);
  assert.equal(await sendResumable(client, 'acme', sent, others), 'u1');
});

test('one that expired meanwhile begins anew', async (t) => {
  const sent = file(t);
  const { client, uploads } = uploadServer();
  const gone = { upload_id: 'gone', state: 'open', length: sent.size, metadata: { ...sent.metadata } } as UploadAnswer;
  const id = await sendResumable(client, 'acme', sent, [gone], pauses());
  assert.equal(uploads.get(id)?.bytes, CONTENT);
});

test('what another try does not mend is told at once, the rest after some tries', async (t) => {
  const sent = file(t);
  for (const code of ['INSUFFICIENT_PERMISSIONS', 'QUOTA_EXCEEDED', 'PAYLOAD_TOO_LARGE', 'TOKEN_REVOKED'] as const) {
    const { client, calls } = uploadServer(() => code);
    await assert.rejects(sendResumable(client, 'acme', sent, [], pauses()), (e) => isFrostbyteError(e, code));
    assert.equal(calls.length, 1);
  }
  const { client } = uploadServer((method) => (method === 'PATCH' ? 'SERVICE_UNAVAILABLE' : null));
  const { seconds, pause } = pauses();
  await assert.rejects(sendResumable(client, 'acme', sent, [], { pause }), { code: 'SERVICE_UNAVAILABLE' });
  assert.equal(seconds.length, 10);
});

test('a file that became shorter is told, not sent for ever', async (t) => {
  const sent = file(t);
  truncateSync(sent.path, 10);
  const { client } = uploadServer();
  await assert.rejects(sendResumable(client, 'acme', sent, [], pauses()), { code: 'VALIDATION_ERROR' });
});
