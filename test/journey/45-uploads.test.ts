import assert from 'node:assert/strict';
import { createHash, randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { Agent, type ClientRequest, type IncomingMessage, request } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { Upload } from 'tus-js-client';
import type { BatchReceipt } from '../../appliance/api/receipts.ts';
import type { UploadAnswer } from '../../appliance/api/schemas/uploads.ts';
import { createClient } from '../../appliance/cli/client.ts';
import { submitFolder } from '../../appliance/cli/commands/ingest.ts';
import { main } from '../../appliance/cli/main.ts';
import { type Appliance, startAppliance } from '../support/appliance.ts';
import { whenSettled } from '../support/batch.ts';
import { breakingLine } from '../support/breaking-line.ts';
import { until } from '../support/faults/until.ts';
import type { Caller } from '../support/http.ts';
import { sample } from '../support/samples.ts';

/** Dana's line is slow and breaks; what came over stays, and nothing is sent twice. */

const SILENCE_MS = 1000;
const OFFSET = 'application/offset+octet-stream';
const NAME = 'canary Vertrag Müller.pdf';

let appliance: Appliance;
let dana: Caller;
let token: string;
let headers: Record<string, string>;
before(async () => {
  appliance = await startAppliance({ environment: { FROSTBYTE_SILENCE_SECONDS: String(SILENCE_MS / 1000) } });
  await appliance.createTenant('acme', { classification_review_enabled: false, max_file_size_mb: 20 });
  const who = { role: 'tenant_admin', tenant_id: 'acme', subject: 'dana' } as const;
  dana = await appliance.caller(who);
  token = await appliance.token(who);
  headers = { authorization: `Bearer ${token}`, 'tus-resumable': '1.0.0' };
});
after(() => appliance.end());

const endpoint = () => `${appliance.url}/api/v1/ingest/acme/uploads`;
const idOf = (url: string) => url.split('/').at(-1)!;
const sha256 = (bytes: Uint8Array) => createHash('sha256').update(bytes).digest('hex');

/** Something of a PDF's beginning and end, noise between. */
const pdf = (size: number) => {
  const [head, tail] = [Buffer.from('%PDF-1.7\n'), Buffer.from('\nstartxref\n0\n%%EOF\n')];
  return Buffer.concat([head, randomBytes(size - head.length - tail.length), tail]);
};

async function begin(length: number): Promise<string> {
  const response = await dana.raw('POST', '/ingest/acme/uploads', {
    headers: { ...headers, 'upload-length': String(length) },
  });
  assert.equal(response.status, 201);
  return idOf(response.headers.get('location')!);
}

async function offsetOf(id: string): Promise<number> {
  const response = await dana.raw('HEAD', `/ingest/acme/uploads/${id}`, { headers });
  assert.equal(response.status, 200);
  return Number(response.headers.get('upload-offset'));
}

const append = (id: string, offset: number, body: Uint8Array) =>
  dana.raw('PATCH', `/ingest/acme/uploads/${id}`, {
    headers: { ...headers, 'upload-offset': String(offset), 'content-type': OFFSET },
    body: Buffer.from(body),
  });

/** A PATCH of `length` bytes whose body a test writes as it likes. */
function slowPatch(id: string, offset: number, length: number): ClientRequest {
  const patch = request(`${endpoint()}/${id}`, {
    method: 'PATCH',
    headers: { ...headers, 'upload-offset': offset, 'content-type': OFFSET, 'content-length': length },
  });
  patch.on('error', () => undefined);
  patch.flushHeaders();
  return patch;
}

const manifest = (batch_id: string, bytes: Uint8Array, upload_id: string, filename = NAME) => ({
  batch_id,
  tenant_id: 'acme',
  file_count: 1,
  files: [
    {
      file_id: 'f1',
      filename,
      mime_type: filename.endsWith('.pdf') ? 'application/pdf' : 'text/plain',
      size_bytes: bytes.length,
      sha256: sha256(bytes),
      upload_id,
    },
  ],
});
const submit = (...given: Parameters<typeof manifest>) =>
  dana<BatchReceipt>('POST', '/ingest/acme/batch', manifest(...given));

test('a stock client uploads in pieces, is stopped, comes back, and its file becomes a document', async () => {
  const { content } = sample('contract-warehouse-lease.pdf');
  const bytes = Buffer.from(content as Uint8Array);
  const options = {
    endpoint: endpoint(),
    headers: { authorization: headers.authorization! },
    chunkSize: Math.ceil(bytes.length / 5),
    retryDelays: [],
    metadata: { filename: NAME, filetype: 'application/pdf' },
  };
  const url = await new Promise<string>((resolve, reject) => {
    const upload: Upload = new Upload(bytes, {
      ...options,
      uploadDataDuringCreation: true,
      onError: reject,
      onChunkComplete: (_size, accepted) => {
        if (accepted < 2 * options.chunkSize) return;
        void upload.abort().then(() => resolve(upload.url!), reject);
      },
    });
    upload.start();
  });
  const stopped = await offsetOf(idOf(url));
  assert.ok(stopped >= 2 * options.chunkSize && stopped < bytes.length, String(stopped));
  // It goes on from behind a proxy that lets no PATCH through.
  const seen: number[] = [];
  await new Promise<void>((resolve, reject) => {
    new Upload(bytes, {
      ...options,
      uploadUrl: url,
      overridePatchMethod: true,
      onError: reject,
      onChunkComplete: (_size, accepted) => seen.push(accepted),
      onSuccess: () => resolve(),
    }).start();
  });
  assert.ok(seen[0]! > stopped, 'it went on and did not begin again');
  const listed = await dana<UploadAnswer[]>('GET', '/ingest/acme/uploads?state=finished');
  assert.deepEqual(
    listed.data.map(({ upload_id, metadata, submitted_by }) => [upload_id, metadata.filename, submitted_by]),
    [[idOf(url), NAME, 'dana']],
  );
  const { status, data } = await submit('stock', bytes, idOf(url));
  assert.equal(status, 202);
  assert.equal(data.counts.accepted, 1);
  const batch = await whenSettled(await appliance.client('acme'), 'acme', 'stock');
  assert.equal(batch.files[0]?.state, 'indexed');
  const taken = await dana<UploadAnswer>('GET', `/ingest/acme/uploads/${idOf(url)}`);
  assert.deepEqual([taken.data.state, taken.data.batch_id, taken.data.metadata], ['taken', 'stock', {}]);
  const again = await submit('another', bytes, idOf(url));
  assert.deepEqual([again.status, again.code], [400, 'MANIFEST_INVALID']);
});

test('a client of a hundred bytes a second is served as long as it moves', async () => {
  const bytes = Buffer.from('slow but steady '.repeat(16));
  const id = await begin(bytes.length);
  const began = performance.now();
  const patch = slowPatch(id, 0, bytes.length);
  const answered = once(patch, 'response') as Promise<[IncomingMessage]>;
  for (let at = 0; at < bytes.length; at += 10) {
    patch.write(bytes.subarray(at, at + 10));
    await sleep(100);
  }
  patch.end();
  const [response] = await answered;
  response.resume();
  assert.equal(response.statusCode, 204);
  assert.ok(performance.now() - began > 2 * SILENCE_MS);
  assert.equal(await offsetOf(id), bytes.length);
});

test('one that sends a byte and stalls is ended by the silence, and the byte is kept', async () => {
  const id = await begin(100);
  const patch = slowPatch(id, 0, 100);
  const closed = new Promise<void>((resolve) => patch.on('close', resolve));
  patch.write('x');
  await closed;
  const { offset } = await until('the byte', async () => {
    const { data } = await dana<UploadAnswer>('GET', `/ingest/acme/uploads/${id}`);
    return data.offset > 0 && data;
  });
  assert.equal(offset, 1);
});

test('one that breaks off is told what came, goes on from there, and the whole is the same', async () => {
  const bytes = pdf(3_000_000);
  const id = await begin(bytes.length);
  const patch = slowPatch(id, 0, bytes.length);
  await new Promise<void>((resolve) => patch.write(bytes.subarray(0, 1_000_000), () => resolve()));
  patch.destroy();
  // The broken request may still be on its way: whoever meets it there is told so, and asks again, as clients do.
  await until('the rest to be taken', async () => {
    const offset = await offsetOf(id);
    assert.ok(offset <= 1_000_000, String(offset));
    assert.equal((await append(id, offset + 1, bytes.subarray(offset + 1))).status, 409);
    const { status } = await append(id, offset, bytes.subarray(offset));
    assert.ok(status === 204 || status === 409, String(status));
    return status === 204;
  });
  const { data } = await submit('broken', bytes, id);
  assert.equal(data.counts.accepted, 1);
});

test('a refusal that comes before the body has leaves the connection as it was', async () => {
  const bytes = pdf(5_000_000);
  const id = await begin(bytes.length);
  const agent = new Agent({ keepAlive: true, maxSockets: 1 });
  const ask = async (method: string, more: Record<string, string>, body = Buffer.alloc(0)) => {
    const asking = request(`${endpoint()}/${id}`, { method, agent, headers: { ...headers, ...more } });
    asking.end(body);
    const [answer] = (await once(asking, 'response')) as [IncomingMessage];
    answer.resume();
    await once(answer, 'end');
    return { status: answer.statusCode, isReused: asking.reusedSocket, socket: asking.socket! };
  };
  const refused = await ask('PATCH', { 'upload-offset': '1', 'content-type': OFFSET }, bytes);
  assert.equal(refused.status, 409);
  // What a server holds back it would give up after a while, under whatever the client sends then.
  const closed = once(refused.socket, 'close').then(() => 'closed');
  assert.equal(await Promise.race([closed, sleep(1000, 'open')]), 'open');
  assert.deepEqual(await ask('HEAD', {}), { status: 200, isReused: true, socket: refused.socket });
  agent.destroy();
});

test('one that lies about its length is refused, or never finishes', async () => {
  const id = await begin(10);
  assert.equal((await append(id, 0, Buffer.alloc(11))).status, 413);
  assert.equal(await offsetOf(id), 0);
  await append(id, 0, Buffer.alloc(9));
  const fewer = await submit('fewer', Buffer.alloc(9), id, 'a.txt');
  assert.deepEqual([fewer.status, fewer.code], [400, 'MANIFEST_INVALID']);
  assert.match(fewer.error.details[0]!.constraint, /9 of 10 bytes/);
  const large = await dana.raw('POST', '/ingest/acme/uploads', {
    headers: { ...headers, 'upload-length': String(21 << 20) },
  });
  assert.equal(large.status, 413);
});

test('of two at once the later one has the earlier one ended; neither overwrites the other', async () => {
  const id = await begin(200);
  const first = slowPatch(id, 0, 200);
  const answered = once(first, 'response') as Promise<[IncomingMessage]>;
  const trickle = setInterval(() => first.write('1'), 50);
  let over = false;
  void answered.then(() => {
    over = true;
  });
  // Whether or not the first has been heard of yet: a second one at another offset is refused.
  while (!over) assert.equal((await append(id, 199, Buffer.from('2'))).status, 409);
  const [response] = await answered;
  clearInterval(trickle);
  response.resume();
  assert.equal(response.statusCode, 204);
  const offset = Number(response.headers['upload-offset']);
  assert.ok(offset > 0, String(offset));
  first.destroy();
  assert.equal(await offsetOf(id), offset);
  assert.equal((await append(id, offset, Buffer.alloc(200 - offset, '2'))).status, 204);
  const { data } = await submit('two', Buffer.from('1'.repeat(offset).padEnd(200, '2')), id, 'two.txt');
  assert.equal(data.counts.accepted, 1);
});

test('uploads are the tenant’s own, for those who may submit', async () => {
  await appliance.createTenant('globex');
  const id = await begin(10);
  const reader = await appliance.caller({ role: 'tenant_user', tenant_id: 'acme' });
  const stranger = await appliance.caller({ role: 'tenant_admin', tenant_id: 'globex' });
  for (const [who, tenant, status] of [
    [reader, 'acme', 403],
    [stranger, 'acme', 403],
    [stranger, 'globex', 404],
  ] as const) {
    for (const method of ['HEAD', 'GET', 'PATCH', 'DELETE']) {
      const body = method === 'PATCH' ? { body: 'x' } : {};
      const answer = await who.raw(method, `/ingest/${tenant}/uploads/${id}`, {
        headers: { 'tus-resumable': '1.0.0', 'upload-offset': '0', 'content-type': OFFSET },
        ...body,
      });
      assert.equal(answer.status, status, `${method} ${tenant}`);
    }
  }
  assert.equal(await offsetOf(id), 0);
  assert.equal((await dana.raw('DELETE', `/ingest/acme/uploads/${id}`, { headers })).status, 204);
  assert.equal((await dana('GET', `/ingest/acme/uploads/${id}`)).status, 404);
});

test('the command line goes on by itself where its line broke, and in the next call with the same batch', async (t) => {
  const folder = await mkdtemp(join(tmpdir(), 'outgoing-'));
  t.after(() => rm(folder, { recursive: true }));
  const large = pdf(6_000_000);
  await writeFile(join(folder, 'large.pdf'), large);
  await writeFile(join(folder, 'small.txt'), 'A small file beside it.');
  const line = await breakingLine(appliance.url, [1_500_000, 1_000_000]);
  t.after(() => line.close());
  const pauses: number[] = [];
  const pause = async (seconds: number) => {
    pauses.push(seconds);
    // The first break is mended at once; at the second the sender loses patience.
    if (line.breaks() === 2) throw new Error('out of patience');
  };
  const options = { resumableFrom: 1_000_000, pause };
  await assert.rejects(submitFolder(createClient({ url: line.url, token }), folder, 'acme', 'outgoing', options), {
    message: 'out of patience',
  });
  // The appliance may still be at what came last when the sender has given up.
  const left = await until('what came to be there', async () => {
    const [newest] = (await dana<UploadAnswer[]>('GET', '/ingest/acme/uploads?state=open&limit=1')).data;
    return newest !== undefined && newest.offset > 0 && newest;
  });
  assert.equal(left.metadata.batch_id, 'outgoing');

  const sent: number[] = [];
  const receipt = await submitFolder(createClient({ url: appliance.url, token }), folder, 'acme', 'outgoing', {
    ...options,
    progress: () => ({ update: (done) => void sent.push(done), end: () => undefined }),
  });
  assert.equal(receipt.counts.accepted, 2);
  assert.deepEqual(receipt.receipts.map(({ sha256 }) => sha256).includes(sha256(large)), true);
  assert.ok(sent[0]! >= Math.floor(left.offset / (1 << 20)), 'it went on and did not begin again');
  assert.equal((await dana<UploadAnswer>('GET', `/ingest/acme/uploads/${left.upload_id}`)).data.state, 'taken');
  assert.equal(
    (await submitFolder(createClient({ url: appliance.url, token }), folder, 'acme', 'outgoing')).status,
    'received',
  );
});

test('the command line sends the parts again that were under way when its line broke', async (t) => {
  const folder = await mkdtemp(join(tmpdir(), 'outgoing-'));
  t.after(() => rm(folder, { recursive: true }));
  for (let n = 0; n < 4; n++) await writeFile(join(folder, `part-${n}.pdf`), pdf(1_000_000));
  const line = await breakingLine(appliance.url, [2_500_000]);
  t.after(() => line.close());
  const receipt = await submitFolder(createClient({ url: line.url, token }), folder, 'acme', 'parts', {
    pause: async () => undefined,
  });
  assert.equal(line.breaks(), 1);
  assert.deepEqual([receipt.status, receipt.counts.accepted], ['received', 4]);
});

const cli = (...words: string[]) => {
  process.env.FROSTBYTE_TOKEN = token;
  return main([process.execPath, 'frostbyte', '--url', appliance.url, '--json', ...words]);
};

test('a batch that was cancelled half-way says so: of its files, and to whoever sends it again', async (t) => {
  const folder = await mkdtemp(join(tmpdir(), 'outgoing-'));
  t.after(() => rm(folder, { recursive: true }));
  for (let n = 0; n < 4; n++) await writeFile(join(folder, `part-${n}.pdf`), pdf(1_000_000));
  const line = await breakingLine(appliance.url, [2_500_000]);
  t.after(() => line.close());
  const pause = async () => {
    throw new Error('out of patience');
  };
  const impatient = submitFolder(createClient({ url: line.url, token }), folder, 'acme', 'half', { pause });
  await assert.rejects(impatient, { message: 'out of patience' });
  await until('the files that came', async () => (await dana('GET', '/ingest/acme/batch/half')).status === 200);
  assert.equal((await dana('DELETE', '/ingest/acme/batch/half')).status, 200);
  const {
    status,
    files,
    acceptance_report: report,
  } = await whenSettled(createClient({ url: appliance.url, token }), 'acme', 'half');
  const missing = files.filter((file) => file.status === 'missing');
  assert.deepEqual([status, missing.length > 0], ['cancelled', true]);
  for (const { stages } of missing) assert.deepEqual([...new Set(Object.values(stages))], ['cancelled']);
  const problems = report!.files.filter(({ outcome }) => outcome === 'missing').flatMap(({ problems }) => problems);
  assert.equal(problems.length, missing.length);
  for (const { message, remediation } of problems) {
    assert.match(message, /cancelled before this file came/);
    assert.match(remediation, /another batch_id/);
  }

  await assert.rejects(submitFolder(createClient({ url: appliance.url, token }), folder, 'acme', 'half'), {
    code: 'INVALID_STATE_TRANSITION',
    message: /was cancelled.*--batch and another id/,
  });
  assert.equal(await cli('ingest', folder, '--tenant', 'acme', '--batch', 'half', '--no-follow'), 1);
  assert.equal(await cli('ingest', folder, '--tenant', 'acme', '--batch', 'whole', '--no-follow'), 0);
});

test('the command line lists uploads and gives one up', async () => {
  const id = await begin(10);
  assert.equal(await cli('upload', 'list', 'acme', '--state', 'open'), 0);
  assert.equal(await cli('upload', 'show', 'acme', id), 0);
  assert.equal(await cli('upload', 'delete', 'acme', id), 0);
  assert.equal(await cli('upload', 'show', 'acme', id), 1);
});

test('no log line names a file', () => {
  assert.doesNotMatch(appliance.logs(), /canary|Müller|large\.pdf/);
});
