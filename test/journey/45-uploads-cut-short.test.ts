import assert from 'node:assert/strict';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { type ClientRequest, type IncomingMessage, request } from 'node:http';
import { after, afterEach, before, it } from 'node:test';
import type { BatchReceipt } from '../../appliance/api/receipts.ts';
import type { BatchStatus } from '../../appliance/api/schemas/ingest.ts';
import { settled } from '../../appliance/cli/settled.ts';
import { tenantNames, tenantPaths } from '../../appliance/kernel/names.ts';
import { type Appliance, startAppliance } from '../support/appliance.ts';
import { makeBatch, text } from '../support/batch.ts';
import { until } from '../support/faults/until.ts';
import { filesIn } from '../support/files-holding.ts';
import type { Caller } from '../support/http.ts';
import { foldersAtRest } from '../support/inside.ts';

/** Senders that still send when their tenant is suspended or deleted: they have the drain, keep what came, and no more. */

const WHO = { role: 'tenant_admin', tenant_id: 'acme', subject: 'dana' } as const;
const PIECE = Buffer.alloc(64 << 10, 'p');
const ANNOUNCED = 64 << 20;
/** More than a draft gathers before it writes. */
const LONG = `SOP\n\n${'One more line of the procedure.\n'.repeat(60_000)}`;

let appliance: Appliance;
let admin: Awaited<ReturnType<Appliance['admin']>>;
before(async () => {
  appliance = await startAppliance({ environment: { FROSTBYTE_DRAIN_SECONDS: '1' } });
  await appliance.createTenant('acme', { classification_review_enabled: false });
  admin = await appliance.admin();
});
after(() => appliance.end());
// A story that breaks off leaves the next one its tenant.
afterEach(async () => {
  const { data } = await admin.get<{ state: string }>('/admin/tenants/acme');
  if (data.state === 'SUSPENDED') await resume();
});

const suspend = () => admin.send('POST', '/admin/tenants/acme/suspend', { reason: 'incident 7', notify_tenant: false });
const resume = () => admin.send('POST', '/admin/tenants/acme/resume', { reason: 'over' });
const errorsLogged = () => appliance.logs().match(/"level":"error"[^\n]*/g) ?? [];

async function open(method: string, path: string, headers: Record<string, string>) {
  const sending = request(`${appliance.url}/api/v1${path}`, {
    method,
    headers: { authorization: `Bearer ${await appliance.token(WHO)}`, ...headers },
  });
  return { sending, ended: endOf(sending) };
}

/** What the sender hears: an answer's status, or how the line broke. */
async function endOf(sending: ClientRequest): Promise<string> {
  try {
    const [response] = (await once(sending, 'response')) as [IncomingMessage];
    response.resume();
    return String(response.statusCode);
  } catch (error) {
    return (error as NodeJS.ErrnoException).code ?? 'error';
  }
}

async function beginUpload(dana: Caller): Promise<string> {
  const response = await dana.raw('POST', '/ingest/acme/uploads', {
    headers: { 'tus-resumable': '1.0.0', 'upload-length': String(ANNOUNCED) },
  });
  assert.equal(response.status, 201);
  return response.headers.get('location')!.split('/').at(-1)!;
}

function append(id: string) {
  return open('PATCH', `/ingest/acme/uploads/${id}`, {
    'tus-resumable': '1.0.0',
    'upload-offset': '0',
    'content-type': 'application/offset+octet-stream',
    'content-length': String(ANNOUNCED),
  });
}

/** Pieces until the line is closed; answers how many bytes were written before `work` was done and how many in all. */
async function sendDuring(sending: ClientRequest, ended: Promise<string>, work: () => Promise<unknown>) {
  let sent = 0;
  let over = false;
  const piece = () => {
    if (over || sending.destroyed) return;
    sending.write(PIECE);
    sent += PIECE.length;
  };
  const timer = setInterval(piece, 50);
  await until('the first pieces', () => sent >= 4 * PIECE.length);
  await work();
  const before = sent;
  const heard = await ended;
  over = true;
  clearInterval(timer);
  sending.destroy();
  return { before, sent, heard };
}

it('a resumable upload keeps what came when its tenant is suspended', { timeout: 60_000 }, async () => {
  const id = await beginUpload(await appliance.caller(WHO));
  const { sending, ended } = await append(id);
  const { before } = await sendDuring(sending, ended, suspend);
  assert.deepEqual(errorsLogged(), [], 'no store was closed under its hands');
  await resume();
  const dana = await appliance.caller(WHO);
  let offset = 0;
  // What the sender had written may still have been on its way; but most of it had come.
  const hasMost = async () => {
    const response = await dana.raw('HEAD', `/ingest/acme/uploads/${id}`, { headers: { 'tus-resumable': '1.0.0' } });
    offset = Number(response.headers.get('upload-offset'));
    return offset >= before / 2;
  };
  await until('the offset', hasMost, { seconds: 10, about: () => `${offset} of ${before}` });
});

it('a batch keeps its whole files when its tenant is suspended, and goes on', { timeout: 60_000 }, async () => {
  const { form, manifest } = makeBatch('acme', [text('one.txt', LONG), text('two.txt', 'SOP\n\nTwo.')]);
  const body = new Response(form);
  const bytes = Buffer.from(await body.arrayBuffer());
  const { sending, ended } = await open('POST', '/ingest/acme/batch', {
    'content-type': body.headers.get('content-type')!,
    'content-length': String(bytes.length),
  });
  const secondPart = bytes.lastIndexOf('Two.');
  const drafts = () =>
    filesIn(foldersAtRest(appliance).slice(-1)).filter((path) => /\/(?:drafts|multipart)\//.test(path)).length;
  const others = drafts();
  sending.write(bytes.subarray(0, secondPart));
  // Only what was let in before the tenant is suspended has the drain.
  await until('the first file on the disk', () => drafts() > others);
  await suspend();
  await ended;
  sending.destroy();
  assert.deepEqual(errorsLogged(), []);
  await resume();
  const client = await appliance.client('acme');
  const kept = async () => {
    const answer = await client.get<BatchStatus>(`/ingest/acme/batch/${manifest.batch_id}`).catch(() => null);
    return answer?.data.files.map(({ doc_id }) => doc_id !== null).join() === 'true,false';
  };
  await until('the whole file of the batch', kept, { seconds: 10 });
  const again = await client.upload<BatchReceipt>('/ingest/acme/batch', form, {});
  assert.deepEqual([again.data.status, again.data.counts.accepted], ['received', 2]);
});

it('nothing is written behind the deletion of a tenant whose sender goes on', { timeout: 60_000 }, async () => {
  const id = await beginUpload(await appliance.caller(WHO));
  const { sending, ended } = await append(id);
  const deletion = { reason: 'contract ended', confirm: true, confirm_tenant_id: 'acme' };
  await sendDuring(sending, ended, () => admin.send('POST', '/admin/tenants/acme/deprovision', deletion));
  assert.equal((await settled(admin, 'acme', ['DEPROVISIONED', 'FAILED'])).state, 'DEPROVISIONED');
  const { folder } = tenantPaths(appliance.dataFolder, 'acme');
  assert.equal(existsSync(folder), false);
  assert.deepEqual(
    filesIn(foldersAtRest(appliance)).filter((path) => path.includes(tenantNames('acme').bucket)),
    [],
  );
  assert.deepEqual(errorsLogged(), []);
});
