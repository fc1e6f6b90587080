import assert from 'node:assert/strict';
import { existsSync, mkdirSync, readdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { BatchReceipt } from '../../appliance/api/receipts.ts';
import type { InboxStatus } from '../../appliance/api/schemas/inbox.ts';
import type { AcceptanceReport } from '../../appliance/api/schemas/ingest.ts';
import { type Appliance, startAppliance } from '../support/appliance.ts';
import { makeBatch, text } from '../support/batch.ts';
import { until } from '../support/faults/until.ts';
import type { Caller } from '../support/http.ts';
import { dropBatch, note } from '../support/inbox.ts';
import { PROGRAM } from '../support/program.ts';
import { sample } from '../support/samples.ts';
import { runProgram } from '../support/shipped.ts';

/** Dana's SFTP server drops folders beside the appliance; she gets receipts, reports and messages back in them. */

let appliance: Appliance;
let dana: Caller;
let inbox: string;
before(async () => {
  // Where data planes run in containers, senders share a group with them, and let it write.
  process.umask(0o002);
  inbox = await mkdtemp(join(tmpdir(), 'frostbyte-inbox-'));
  appliance = await startAppliance({
    environment: {
      FROSTBYTE_INBOX: inbox,
      FROSTBYTE_INBOX_POLL_SECONDS: '1',
      FROSTBYTE_INBOX_STABLE_SECONDS: '1',
      // What comes by folders is served from files here, also on servers.
      FROSTBYTE_VECTORS: 'sqlite-vec',
    },
  });
  await appliance.createTenant('acme', { classification_review_enabled: false });
  dana = await appliance.caller({ role: 'tenant_admin', tenant_id: 'acme', subject: 'dana' });
});
after(async () => {
  await appliance.end();
  await rm(inbox, { recursive: true, force: true });
});

const at = (...names: string[]) => join(inbox, 'acme', ...names);
const json = <T>(...names: string[]): T => JSON.parse(readFileSync(at(...names), 'utf8')) as T;
const there = (...names: string[]) => until(names.join('/'), () => existsSync(at(...names)), { everyMs: 50 });

async function cli(token: string, ...words: string[]) {
  return runProgram([...PROGRAM, ...words], {
    env: { PATH: process.env.PATH ?? '', FROSTBYTE_URL: appliance.url, FROSTBYTE_TOKEN: token },
  });
}

test('a batch in the inbox is taken, and receipt and report lie beside it as the API has them', async () => {
  await until('the tenant’s folder', () => existsSync(at()));
  const lease = sample('contract-warehouse-lease.pdf');
  dropBatch(
    at('delivery 1'),
    [
      { ...lease, content: lease.content as Uint8Array },
      { ...note(1), filename: '<b>"x"</b>.txt', file_id: 'f2', as: 'f2' },
      { filename: 'slides.pptx', content: 'no', mime_type: 'application/vnd.ms-powerpoint' },
    ],
    { batch_id: 'delivery-1' },
  );
  await there('delivery 1', 'acceptance-report.html');
  const receipt = BatchReceipt.parse(json('delivery 1', 'receipt.json'));
  assert.deepEqual(receipt.counts, {
    files: 3,
    accepted: 2,
    rejected: 1,
    quarantined: 0,
    duplicates: 0,
    missing: 0,
  });
  assert.ok(receipt.receipts.every(({ submitted_by }) => submitted_by === 'inbox'));
  const { data } = await dana<AcceptanceReport>('GET', '/ingest/acme/batch/delivery-1/report');
  assert.deepEqual(json('delivery 1', 'acceptance-report.json'), data);
  assert.deepEqual([data.final, data.summary.outcomes.indexed, data.summary.outcomes.rejected], [true, 2, 1]);
  assert.equal(data.files[0]!.indexing!.embed_model !== null && data.files[0]!.parsing!.pages! > 0, true);
  assert.equal(data.files[2]!.problems[0]!.remediation, 'Export it as PDF and send that.');
  const { data: found } = await dana<{ chunks: unknown[] }>('POST', '/query/acme/search', {
    query_text: 'the words of note 1, about a lease',
  });
  assert.ok(found.chunks.length > 0, 'it is found');
  const auditor = await appliance.caller({ role: 'auditor' });
  await until('the events', async () => {
    const { data: events } = await auditor<{ actor: string }[]>(
      'GET',
      '/audit/acme/events?event_type=BATCH_RECEIVED&resource_id=delivery-1',
    );
    return events.length === 1 && events[0]!.actor === 'inbox';
  });
});

test('the page comes by its own address and to who prefers HTML, locked down and with hostile names as text', async () => {
  const path = '/ingest/acme/batch/delivery-1/report';
  const own = await dana.raw('GET', `${path}.html`);
  const preferred = await dana.raw('GET', path, { headers: { accept: 'text/html,application/xhtml+xml,*/*;q=0.8' } });
  const page = await own.text();
  assert.equal(await preferred.text(), page);
  assert.equal(readFileSync(at('delivery 1', 'acceptance-report.html'), 'utf8'), page);
  for (const { headers, status } of [own, preferred]) {
    assert.deepEqual([status, headers.get('content-type')], [200, 'text/html; charset=utf-8']);
    assert.match(headers.get('content-security-policy') ?? '', /^default-src 'none'; style-src 'sha256-[^']+'/);
    assert.equal(headers.get('x-content-type-options'), 'nosniff');
  }
  assert.ok(page.includes('&lt;b&gt;&quot;x&quot;&lt;/b&gt;.txt') && !page.includes('<b>"x"'));
  for (const accept of ['*/*', 'application/json', 'application/json, text/html;q=0.5', '']) {
    const answer = await dana.raw('GET', path, { headers: { accept } });
    assert.match(answer.headers.get('content-type') ?? '', /^application\/json/, accept);
    await answer.body?.cancel();
  }
});

test('a report is there once it is made, for the tenant’s own people alone', async () => {
  const reader = await appliance.caller({ role: 'tenant_user', tenant_id: 'acme' });
  assert.equal((await reader('GET', '/ingest/acme/batch/delivery-1/report')).status, 200);
  assert.equal((await reader('GET', '/ingest/acme/batch/unknown/report')).code, 'RESOURCE_NOT_FOUND');
  const anybody = await appliance.caller();
  assert.equal((await anybody('GET', '/ingest/acme/batch/delivery-1/report')).code, 'AUTHENTICATION_REQUIRED');
  const { form, manifest } = makeBatch('acme', [text('slow.txt', 'These words take a moment to be read.')]);
  await dana('POST', '/ingest/acme/batch', form);
  const early = await dana('GET', `/ingest/acme/batch/${manifest.batch_id}/report`);
  // It may have been quick.
  if (early.status !== 200) assert.match(early.error.message, /no acceptance report yet/);
});

test('the command line shows the report, writes the page, and says what waits in the inbox', async () => {
  const token = await appliance.token({ role: 'tenant_admin', tenant_id: 'acme', subject: 'dana' });
  const shown = await cli(token, 'report', 'delivery-1', '--tenant', 'acme');
  assert.equal(shown.code, 0, shown.err);
  assert.match(shown.out, /2 of 3 files in search[\s\S]*UNSUPPORTED_FORMAT[\s\S]*Export it as PDF/);
  const file = join(inbox, 'page.html');
  const written = await cli(token, 'report', 'delivery-1', '--tenant', 'acme', '--html', file);
  assert.equal(written.code, 0, written.err);
  assert.equal(readFileSync(file, 'utf8'), readFileSync(at('delivery 1', 'acceptance-report.html'), 'utf8'));

  dropBatch(at('half'), [note(2), { ...note(3), as: null }], { batch_id: 'half-1' });
  dropBatch(at('foreign'), [note(4)], { batch_id: 'foreign-1', tenant_id: 'globex' });
  mkdirSync(at('linked'));
  symlinkSync('/etc/passwd', at('linked', 'manifest.json'));
  await there('foreign', 'refused.json');
  await there('linked', 'refused.json');
  const status = await until('the folder that waits', async () => {
    const { data } = await dana<InboxStatus>('GET', '/ingest/acme/inbox');
    return data.folders.some(({ reason }) => reason === 'FILES_MISSING') ? data : null;
  });
  assert.deepEqual(
    status.folders.map(({ folder, state, batch_id, reason, code, missing_count }) => [
      folder,
      state,
      batch_id,
      reason,
      code,
      missing_count,
    ]),
    [
      ['delivery 1', 'taken', 'delivery-1', null, null, 0],
      ['foreign', 'refused', null, 'REFUSED', 'MANIFEST_INVALID', 0],
      ['half', 'waiting', 'half-1', 'FILES_MISSING', null, 1],
      ['linked', 'refused', null, 'REFUSED', 'VALIDATION_ERROR', 0],
    ],
  );
  const first = await dana<InboxStatus>('GET', '/ingest/acme/inbox?limit=3&state=refused');
  assert.deepEqual([first.data.folders.length, first.data.cursor], [2, null]);
  const paged = await dana<InboxStatus>('GET', '/ingest/acme/inbox?limit=2');
  assert.equal(paged.data.cursor, 'foreign');
  const told = await cli(token, 'inbox', 'status', 'acme', '--state', 'waiting');
  assert.match(told.out, /waiting 1, refused 2, taken 1[\s\S]*half[\s\S]*FILES_MISSING[\s\S]*note-3\.txt +not there/);
  const reader = await appliance.caller({ role: 'tenant_user', tenant_id: 'acme' });
  assert.equal((await reader('GET', '/ingest/acme/inbox')).code, 'INSUFFICIENT_PERMISSIONS');

  writeFileSync(at('half', 'note-3.txt'), note(3).content);
  await there('half', 'acceptance-report.json');
  assert.doesNotMatch(appliance.logs(), /delivery 1|foreign\b(?!-1)|note-\d/, 'no name from the inbox is logged');
});

test('a suspended tenant’s inbox rests and its outbox says why; after the resume all of it goes on', async () => {
  const admin = await appliance.admin();
  await admin.send('POST', '/admin/tenants/acme/suspend', { reason: 'incident', notify_tenant: true });
  dropBatch(at('later'), [note(5)], { batch_id: 'later-1' });
  const [notice] = await until('the notice', () => {
    const names = existsSync(at('outbox')) ? readdirSync(at('outbox')).filter((name) => name.endsWith('.txt')) : [];
    return names.length > 0 ? names : null;
  });
  assert.match(readFileSync(at('outbox', notice!), 'utf8'), /suspended/);
  assert.deepEqual(readdirSync(at('later')).sort(), ['manifest.json', 'note-5.txt']);
  await admin.send('POST', '/admin/tenants/acme/resume', { reason: 'cleared' });
  await there('later', 'acceptance-report.html');
  await until('the withdrawal', () => readdirSync(at('outbox')).length === 0);
});
