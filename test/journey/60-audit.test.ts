import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { after, before, test } from 'node:test';
import type { BatchReceipt } from '../../appliance/api/receipts.ts';
import { type Appliance, startAppliance } from '../support/appliance.ts';
import { makeBatch, text } from '../support/batch.ts';
import { serverEvents } from '../support/events-stream.ts';
import { type Caller, callerOf } from '../support/http.ts';

/** The auditor asks what happened, and gets an answer that proves itself. */

interface Event {
  event_id: string;
  event_type: string;
  timestamp: string;
  actor: string;
  resource_type: string;
  resource_id: string;
  log_index: number;
  previous_event_id: string | null;
  details: Record<string, unknown>;
}

let appliance: Appliance;
let dana: Caller;
let auditor: Caller;
let admin: Caller;
let doc = '';

before(async () => {
  appliance = await startAppliance();
  await appliance.createTenant('acme', { classification_review_enabled: false });
  await appliance.createTenant('globex');
  dana = await appliance.caller({ role: 'tenant_admin', tenant_id: 'acme', subject: 'dana' });
  auditor = await appliance.caller({ role: 'auditor', subject: 'anna' });
  admin = await appliance.caller({ role: 'admin', subject: 'frode' }, 'journey');
  const batch = makeBatch('acme', [
    text('lease.txt', 'LEASE\n\nThe lessee pays the rent on the first of the month.'),
    { filename: 'a.html', mime_type: 'text/html', content: '<html></html>' },
  ]);
  const { data } = await dana<BatchReceipt>('POST', '/ingest/acme/batch', batch.form);
  for await (const _ of serverEvents(await dana.raw('GET', `/ingest/acme/batch/${data.batch_id}/stream`))) void _;
  doc = data.receipts[0]!.doc_id!;
  await dana('POST', '/query/acme/search', { query_text: 'rent' });
  await dana('GET', `/query/acme/document/${doc}`);
  await eventsUntil('CONTENT_READ', 'INDEX_WRITTEN', 'BATCH_COMPLETED');
});
after(() => appliance.end());

const events = async (query = '', who = auditor) =>
  (await who<Event[]>('GET', `/audit/acme/events?limit=500${query}`)).data;

/** Waits for the relay, at most ten seconds. */
async function eventsUntil(...types: string[]): Promise<Event[]> {
  for (const deadline = Date.now() + 10_000; ; ) {
    const found = await events();
    if (types.every((type) => found.some(({ event_type }) => event_type === type))) return found;
    if (Date.now() > deadline)
      throw new Error(`never came: ${types}; there is ${found.map(({ event_type }) => event_type)}`);
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
}

test('what happened stands in the log, newest first, without gaps', async () => {
  const all = await events();
  assert.deepEqual(
    all.map(({ log_index }) => log_index),
    all.map((_, i) => all.length - 1 - i),
  );
  const types = new Set(all.map(({ event_type }) => event_type));
  for (const type of [
    'TENANT_CREATED',
    'TENANT_PROVISIONED',
    'TOKEN_ISSUED',
    'BATCH_RECEIVED',
    'DOCUMENT_INGESTED',
    'DOCUMENT_REJECTED',
    'DOCUMENT_PARSED',
    'POLICY_GATE_PASSED',
    'DOCUMENT_EMBEDDED',
    'INDEX_WRITTEN',
    'BATCH_COMPLETED',
    'RETRIEVAL_EXECUTED',
    'CONTENT_READ',
  ]) {
    assert.ok(types.has(type), type);
  }
  assert.ok(all.every(({ details }) => details.component && details.status));
});

test('filters by type, resource, actor, status and day', async () => {
  const all = await events();
  const check = async (query: string, fits: (event: Event) => boolean, order = (_a: Event, _b: Event) => 0) => {
    // What is told meanwhile is no part of the comparison.
    const found = (await events(query)).filter(({ log_index }) => log_index <= all[0]!.log_index);
    assert.deepEqual(
      found.map(({ event_id }) => event_id),
      all
        .filter(fits)
        .sort(order)
        .map(({ event_id }) => event_id),
      query,
    );
    assert.ok(found.length > 0, query);
  };
  await check('&event_type=DOCUMENT_PARSED', ({ event_type }) => event_type === 'DOCUMENT_PARSED');
  await check(
    `&resource_type=document&resource_id=${doc}`,
    (event) => event.resource_type === 'document' && event.resource_id === doc,
  );
  await check('&actor=dana', ({ actor }) => actor === 'dana');
  await check('&status=failure', ({ details }) => details.status === 'failure');
  // Within a range of time events come by their time, which the relay's order need not be.
  const newestByTime = (a: Event, b: Event) => b.timestamp.localeCompare(a.timestamp) || b.log_index - a.log_index;
  const day = all[0]!.timestamp.slice(0, 10);
  await check(`&start_date=${all.at(-1)!.timestamp.slice(0, 10)}&end_date=${day}`, () => true, newestByTime);
  assert.deepEqual(await events('&end_date=2020-01-01'), []);
  assert.equal((await auditor('GET', '/audit/acme/events?start_date=yesterday')).code, 'VALIDATION_ERROR');
  for (const wrong of ['event_type=NOPE', 'start_date=2026-02-01&end_date=2026-01-31'])
    assert.equal((await auditor('GET', `/audit/acme/events?${wrong}`)).code, 'VALIDATION_ERROR', wrong);
  assert.equal((await auditor('GET', '/audit/acme/events?cursor=abc')).code, 'VALIDATION_ERROR');
  assert.equal((await auditor('GET', '/audit/acme/events?limit=501')).code, 'VALIDATION_ERROR');
  assert.equal((await auditor('GET', '/audit/acme/events?colour=red')).code, 'VALIDATION_ERROR');
});

test('a cursor walks the whole log in either direction, once each', async () => {
  for (const sort of ['asc', 'desc'] as const) {
    const walked: number[] = [];
    let cursor: string | null | undefined;
    do {
      const { data, meta } = await auditor<Event[]>(
        'GET',
        `/audit/acme/events?limit=7&sort=${sort}${cursor ? `&cursor=${cursor}` : ''}`,
      );
      walked.push(...data.map(({ log_index }) => log_index));
      cursor = meta.cursor;
    } while (cursor);
    const sorted = [...walked].sort((a, b) => (sort === 'asc' ? a - b : b - a));
    assert.deepEqual(walked, sorted);
    assert.equal(new Set(walked).size, (await events()).length);
  }
});

test('one event knows its neighbours and its place', async () => {
  const lineage = (await events(`&resource_type=document&resource_id=${doc}&sort=asc`)) as Event[];
  const { data } = await auditor<Event & { next_event_id: string; lineage_position: number; lineage_length: number }>(
    'GET',
    `/audit/acme/events/${lineage[1]!.event_id}`,
  );
  assert.deepEqual(
    [data.previous_event_id, data.next_event_id, data.lineage_position, data.lineage_length],
    [lineage[0]!.event_id, lineage[2]!.event_id, 2, lineage.length],
  );
  assert.equal(
    (await auditor('GET', '/audit/acme/events/0197a000-0000-7000-8000-000000000001')).code,
    'RESOURCE_NOT_FOUND',
  );
  assert.equal(
    (await auditor('GET', `/audit/globex/events/${lineage[1]!.event_id}`)).code,
    'RESOURCE_NOT_FOUND',
    'not in another tenant’s log',
  );
});

test('the provenance chain is whole: seven links, each fed by the one before, and who has read', async () => {
  const { data } = await auditor<{
    events: Event[];
    retrievals: Event[];
    hash_chain_verification: { valid: boolean; complete: boolean; links: number; breaks: unknown[] };
  }>('GET', `/audit/acme/chain/${doc}`);
  assert.deepEqual(data.hash_chain_verification, { valid: true, complete: true, links: 7, breaks: [] });
  assert.deepEqual(
    data.events
      .filter(({ details }) => details.output_hash)
      .map(({ event_type, details }) => details.gate ?? event_type),
    [
      'DOCUMENT_INGESTED',
      'DOCUMENT_PARSED',
      'pii',
      'classification',
      'injection',
      'DOCUMENT_EMBEDDED',
      'INDEX_WRITTEN',
    ],
  );
  assert.deepEqual(
    new Set(data.retrievals.map(({ event_type }) => event_type)),
    new Set(['RETRIEVAL_EXECUTED', 'CONTENT_READ']),
  );
  assert.equal((await auditor('GET', '/audit/acme/chain/doc_0123456789abcdef')).code, 'RESOURCE_NOT_FOUND');
  const tenant = await auditor<typeof data>('GET', '/audit/acme/chain/acme?resource_type=tenant');
  assert.deepEqual(
    tenant.data.hash_chain_verification,
    { valid: null, complete: false, links: 0, breaks: [] },
    'where nothing is chained, nothing is called valid',
  );
  assert.equal((await auditor('GET', '/audit/acme/chain/acme?resource_type=planet')).code, 'VALIDATION_ERROR');
});

test('a log is exported, checked against its hash, and the export is itself an event', async () => {
  for (const format of ['jsonl', 'csv'] as const) {
    const started = await auditor<{ export_id: string }>('POST', '/audit/acme/export', {
      format,
      event_types: ['DOCUMENT_INGESTED', 'DOCUMENT_PARSED'],
    });
    assert.equal(started.status, 202);
    const path = `/audit/acme/export/${started.data.export_id}`;
    let record: Record<string, unknown>;
    do record = (await auditor('GET', path)).data;
    while (record.status === 'pending');
    assert.equal(record.status, 'ready');
    const download = await auditor.raw('GET', `${path}/download`);
    assert.match(
      download.headers.get('content-disposition')!,
      new RegExp(`^attachment; filename="audit_export_acme_[\\w-]+\\.${format}"$`),
    );
    const bytes = Buffer.from(await download.arrayBuffer());
    assert.equal(bytes.length, Number(download.headers.get('content-length')));
    assert.equal(createHash('sha256').update(bytes).digest('hex'), record.file_sha256);
    assert.equal(record.event_count, 2);
    assert.equal((await auditor('GET', path.replace('acme', 'globex'))).code, 'RESOURCE_NOT_FOUND');
  }
  await eventsUntil('AUDIT_EXPORTED');
});

test('a tenant’s administrator reads its own log and no other; a user reads none', async () => {
  assert.equal((await events('', dana)).length > 0, true);
  for (const log of ['globex', 'nosuchtenant', '_appliance']) {
    assert.equal((await dana('GET', `/audit/${log}/events`)).code, 'INSUFFICIENT_PERMISSIONS', log);
  }
  const user = await appliance.caller({ role: 'tenant_user', tenant_id: 'acme' });
  assert.equal((await user('GET', '/audit/acme/events')).code, 'INSUFFICIENT_PERMISSIONS');
});

test('the appliance has a log of its own, with sign-ins that failed counted and not listed', async () => {
  const own = async (type: string) =>
    (await auditor<Event[]>('GET', `/audit/_appliance/events?event_type=${type}`)).data;
  assert.ok((await own('TOKEN_ISSUED')).some(({ details }) => details.subject === 'anna'));
  const nobody = callerOf(() => appliance.url, 'a.b.c');
  for (let i = 0; i < 7; i++) assert.equal((await nobody('GET', '/status')).code, 'AUTHENTICATION_REQUIRED');
  // A minute that is not over is counted on; a stop hands out what there is.
  assert.deepEqual(await own('AUTHENTICATION_FAILED'), []);
  assert.equal(await appliance.stop(), 0);
  await appliance.restart();
  const failures = await own('AUTHENTICATION_FAILED');
  // Two, if the minute went by between them.
  assert.ok(failures.length === 1 || failures.length === 2, `${failures.length} events`);
  assert.equal(
    failures.reduce((sum, { details }) => sum + Number(details.count), 0),
    7,
  );
  for (const { details, actor } of failures) {
    assert.deepEqual([details.source, details.error_code, actor], ['127.0.0.1', 'AUTHENTICATION_REQUIRED', 'system']);
    assert.match(String(details.minute), /^\d{4}-\d\d-\d\dT\d\d:\d\d:00\.000Z$/);
  }
  assert.equal((await auditor('GET', '/audit/nosuchtenant/events')).code, 'RESOURCE_NOT_FOUND');
});

test('the log of a suspended tenant stays open to auditor and admin', async () => {
  assert.equal((await admin('POST', '/admin/tenants/acme/suspend', { reason: 'incident' })).status, 200);
  assert.equal((await dana('GET', '/audit/acme/events')).code, 'TOKEN_REVOKED');
  assert.equal((await admin('GET', `/query/acme/document/${doc}`)).code, 'TENANT_SUSPENDED');
  const found = await eventsUntil('TENANT_SUSPENDED');
  assert.equal(found.find(({ event_type }) => event_type === 'TENANT_SUSPENDED')!.details.reason, 'incident');
  assert.equal((await auditor('GET', `/audit/acme/chain/${doc}`)).status, 200);
  assert.equal((await auditor('POST', '/audit/acme/export', {})).status, 202);
});
