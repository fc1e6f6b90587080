import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { text as streamText } from 'node:stream/consumers';
import { after, before, test } from 'node:test';
import type { RetrievalProof } from '../../appliance/api/schemas/query.ts';
import type { BreakGlassGrant, Notice } from '../../appliance/control/verbs.ts';
import { type Appliance, startAppliance } from '../support/appliance.ts';
import { submit, text, whenSettled } from '../support/batch.ts';
import type { Caller } from '../support/http.ts';
import { PROGRAM } from '../support/program.ts';

/** Frode looks at what Dana keeps, for a reason and for a time, and she is told; then they clear up what failed. */

interface Event {
  event_type: string;
  actor: string;
  details: Record<string, unknown>;
}
interface Letter {
  dlq_entry_id: string;
  resource_id: string;
  status: string;
  resolution: string | null;
}

let appliance: Appliance;
let dana: Caller;
let frode: Caller;
let document = '';
const damaged = Array.from({ length: 3 }, (_, n) => ({
  filename: `damaged-${n}.pdf`,
  mime_type: 'application/pdf',
  content: `%PDF-1.7\n${`noise ${n} `.repeat(300)}\nstartxref\n0\n%%EOF\n`,
}));

before(async () => {
  appliance = await startAppliance();
  await appliance.createTenant('acme', { classification_review_enabled: false });
  dana = await appliance.caller({ role: 'tenant_admin', tenant_id: 'acme', subject: 'dana' });
  frode = await appliance.caller({ role: 'admin', subject: 'frode' });
  const client = await appliance.client('acme');
  const lease = text('lease.txt', 'The notice period of the warehouse lease is nine months.');
  const { batch_id } = await submit(client, 'acme', [lease, ...damaged]);
  const { files } = await whenSettled(client, 'acme', batch_id);
  document = files.find(({ original_filename }) => original_filename === 'lease.txt')!.doc_id!;
  assert.deepEqual(files.map(({ state }) => state).sort(), ['indexed', 'parse_failed', 'parse_failed', 'parse_failed']);
});
after(() => appliance.end());

const ask = (who: Caller) => who<RetrievalProof>('POST', '/query/acme/search', { query_text: 'notice period' });

/** Events of a type in the tenant's log, oldest first, once there are as many. */
async function told(type: string, count: number): Promise<Event[]> {
  for (const deadline = Date.now() + 10_000; ; ) {
    const { data } = await dana<Event[]>('GET', `/audit/acme/events?event_type=${type}&sort=asc`);
    if (data.length >= count || Date.now() > deadline) {
      assert.equal(data.length, count, type);
      return data;
    }
    await new Promise((done) => setTimeout(done, 50));
  }
}

test('without a reason an administrator sees nothing, and is told how to', async () => {
  for (const path of ['/documents', `/document/${document}`]) {
    const { status, error } = await frode('GET', `/query/acme${path}`);
    assert.equal(status, 403, path);
    assert.match(error.message, /tenant break-glass open/);
  }
  assert.equal((await ask(frode)).code, 'INSUFFICIENT_PERMISSIONS');
});

test('with a grant every look is open to him alone, told once as an opening and each as a look', async () => {
  const { data: grant } = await frode<BreakGlassGrant>('POST', '/admin/tenants/acme/break-glass', {
    reason: 'ticket 4711',
    minutes: 30,
  });
  assert.equal(Date.parse(grant.expires_at) - Date.parse(grant.opened_at), 30 * 60_000);
  const { data: proof } = await ask(frode);
  const [chunk] = proof.chunks;
  assert.equal((await frode('GET', '/query/acme/documents')).status, 200);
  assert.equal((await frode('GET', `/query/acme/document/${document}`)).status, 200);
  assert.equal((await frode('GET', `/query/acme/chunk/${chunk!.chunk_id}`)).status, 200);
  const eve = await appliance.caller({ role: 'admin', subject: 'eve' });
  assert.equal((await ask(eve)).code, 'INSUFFICIENT_PERMISSIONS');

  const [opened] = await told('BREAK_GLASS_OPENED', 1);
  assert.equal(opened!.actor, 'frode');
  const { reason, grant_id, expires_at } = opened!.details;
  assert.deepEqual([reason, grant_id, expires_at], ['ticket 4711', grant.grant_id, grant.expires_at]);
  assert.equal((await told('RETRIEVAL_EXECUTED', 1))[0]!.actor, 'frode');
  const looks = await told('CONTENT_READ', 3);
  assert.deepEqual(
    looks.map(({ actor, details }) => [actor, details.what]),
    [
      ['frode', 'documents'],
      ['frode', 'document'],
      ['frode', 'chunk'],
    ],
  );
  assert.ok(looks.every(({ details }) => (details.doc_ids as string[]).includes(document)));
});

test('the tenant reads who looked, why and until when; its admin acknowledges, its people and the administrator do not', async () => {
  const { data: unread } = await dana<Notice[]>('GET', '/ingest/acme/notices?unread=true');
  assert.deepEqual(
    unread.map(({ kind, actor, role, reason }) => [kind, actor, role, reason]),
    [['break_glass', 'frode', 'admin', 'ticket 4711']],
  );
  const [{ notice_id }] = unread as [Notice];
  const ulla = await appliance.caller({ role: 'tenant_user', tenant_id: 'acme', subject: 'ulla' });
  assert.equal((await ulla<Notice[]>('GET', '/ingest/acme/notices')).data.length, 1);
  const path = `/ingest/acme/notices/${notice_id}/acknowledge`;
  for (const who of [ulla, frode]) assert.equal((await who('POST', path)).code, 'INSUFFICIENT_PERMISSIONS');
  assert.equal((await dana<Notice>('POST', path)).data.acknowledged_by, 'dana');
  assert.equal((await dana<Notice[]>('GET', '/ingest/acme/notices?unread=true')).data.length, 0);
  assert.equal((await dana<Notice[]>('GET', '/ingest/acme/notices')).meta.total, 1);
  await told('NOTICE_ACKNOWLEDGED', 1);
});

test('a grant outlives a crash, and closing it ends it at once', async () => {
  await appliance.kill();
  await appliance.restart();
  assert.equal((await ask(frode)).status, 200);
  const { data: grants } = await frode<BreakGlassGrant[]>('GET', '/admin/tenants/acme/break-glass');
  const path = `/admin/tenants/acme/break-glass/${grants[0]!.grant_id}/close`;
  assert.equal((await frode<BreakGlassGrant>('POST', path)).data.state, 'closed');
  assert.match((await ask(frode)).error.message, /Your break-glass for this tenant ended at 20/);
  assert.equal((await frode('POST', path)).code, 'INVALID_STATE_TRANSITION');
  await told('BREAK_GLASS_CLOSED', 1);
});

test('looks that name their reason open once for each reason', async () => {
  for (const reason of ['court order 12/26', 'court order 12/26', 'audit 3'])
    assert.equal(
      (await frode('GET', '/query/acme/documents', undefined, { 'x-break-glass-reason': reason })).status,
      200,
    );
  const opened = await told('BREAK_GLASS_OPENED', 3);
  assert.deepEqual(
    opened.slice(1).map(({ details }) => [details.reason, details.route]),
    [
      ['court order 12/26', '/query/{tenant_id}/documents'],
      ['audit 3', '/query/{tenant_id}/documents'],
    ],
  );
});

/** A command of the program, with a token of this role. Resolves with its exit code and its JSON. */
async function command<T>(role: 'admin' | 'tenant_admin', ...args: string[]): Promise<{ code: number; data: T }> {
  const tenant = role === 'tenant_admin' ? { tenant_id: 'acme' } : {};
  const token = await appliance.token({ role, subject: role === 'admin' ? 'frode' : 'dana', ...tenant });
  const child = spawn(PROGRAM[0]!, [...PROGRAM.slice(1), ...args, '--json'], {
    env: { PATH: process.env.PATH, FROSTBYTE_URL: appliance.url, FROSTBYTE_TOKEN: token },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const [out, [code]] = await Promise.all([streamText(child.stdout), once(child, 'exit') as Promise<[number]>]);
  return { code, data: (out ? JSON.parse(out) : null) as T };
}

test('the command line opens and closes; the tenant’s lists', async () => {
  const glass = ['tenant', 'break-glass'];
  const { data: grant } = await command<BreakGlassGrant>('admin', ...glass, 'open', 'acme', '--because', 'ticket 5');
  assert.equal(grant.state, 'open');
  const closed = await command<BreakGlassGrant>('admin', ...glass, 'close', 'acme', grant.grant_id);
  assert.equal(closed.data.closed_by, 'frode');
  const { data: notices } = await command<Notice[]>('tenant_admin', 'notices', 'list', 'acme', '--unread');
  assert.equal(notices[0]!.grant_id, grant.grant_id);
});

test('all dead letters of a stage are decided at once, each told; documents that fail again are dead letters anew', async () => {
  const list = async (which = '') => (await dana<Letter[]>('GET', `/ingest/acme/dlq?${which}`)).data;
  const first = await list('status=pending_review&stage=parse');
  assert.equal(first.length, 3);
  assert.deepEqual(await list('stage=embed'), []);
  const page = await dana<{ decided: number; cursor: string }>('POST', '/ingest/acme/dlq', {
    action: 'retry',
    all: true,
    stage: 'parse',
    limit: 2,
  });
  assert.deepEqual([page.data.decided, page.data.cursor], [2, first[1]!.dlq_entry_id]);
  const rest = await command<{ decided: number; passed_over: unknown[] }>(
    'tenant_admin',
    ...['dlq', 'retry', 'acme', '--all', '--stage', 'parse'],
  );
  assert.deepEqual([rest.code, rest.data.passed_over], [0, []]);
  for (const { dlq_entry_id } of first) {
    const { data } = await dana<Letter>('GET', `/ingest/acme/dlq/${dlq_entry_id}`);
    assert.deepEqual([data.status, data.resolution], ['resolved', 'reprocessed']);
  }
  for (const deadline = Date.now() + 30_000; (await list('status=pending_review')).length < 3; ) {
    assert.ok(Date.now() < deadline, 'the documents come to rest again');
    await new Promise((done) => setTimeout(done, 50));
  }
  const skipped = await dana<{ decided: number }>('POST', '/ingest/acme/dlq', { action: 'skip', all: true });
  assert.equal(skipped.data.decided, 3);
  assert.equal((await dana('POST', '/ingest/acme/dlq', { action: 'skip' })).code, 'VALIDATION_ERROR');
  assert.deepEqual(await list('status=pending_review'), []);
  // Whoever was quick to fail again was retried again; each decision has its event, and none has two.
  const letters = await list();
  const events = await told('DLQ_RESOLVED', letters.length);
  assert.deepEqual(
    Object.fromEntries(events.map(({ details }) => [details.dlq_entry_id, details.resolution])),
    Object.fromEntries(letters.map(({ dlq_entry_id, resolution }) => [dlq_entry_id, resolution])),
  );
  assert.ok(events.every(({ actor }) => actor === 'dana'));
});

test('a suspended tenant is looked at by nobody, and comes back without open grants', async () => {
  const reason = { 'x-break-glass-reason': 'incident' };
  assert.equal((await frode('GET', '/query/acme/documents', undefined, reason)).status, 200);
  await frode('POST', '/admin/tenants/acme/suspend', { reason: 'incident' });
  assert.equal((await frode('GET', '/query/acme/documents', undefined, reason)).code, 'TENANT_SUSPENDED');
  assert.equal((await frode('GET', '/query/acme/documents')).code, 'TENANT_SUSPENDED', 'opening would not help');
  const { code } = await frode('POST', '/admin/tenants/acme/break-glass', { reason: 'incident' });
  assert.equal(code, 'TENANT_SUSPENDED');
  await frode('POST', '/admin/tenants/acme/resume', { reason: 'cleared' });
  assert.equal((await frode('GET', '/query/acme/documents')).code, 'INSUFFICIENT_PERMISSIONS');
  const { data } = await (await appliance.caller({ role: 'tenant_admin', tenant_id: 'acme', subject: 'dana' }))<
    Notice[]
  >('GET', '/ingest/acme/notices');
  const suspended = data.find(({ kind }) => kind === 'suspended')!;
  assert.deepEqual([suspended.actor, suspended.reason], ['frode', 'incident']);
  assert.notEqual(suspended.withdrawn_at, null);
});
