import assert from 'node:assert/strict';
import { createHmac, createPublicKey, generateKeyPairSync } from 'node:crypto';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { after, before, test } from 'node:test';
import Database from 'better-sqlite3';
import { SignJWT } from 'jose';
import type { BatchReceipt } from '../../appliance/api/receipts.ts';
import type { BatchStatus } from '../../appliance/api/schemas/ingest.ts';
import { DEFAULT_TENANT_CONFIG } from '../../appliance/api/tenant-config.ts';
import type { IsolationReport, IsolationSummary } from '../../appliance/control/verbs.ts';
import { canonicalJson } from '../../appliance/kernel/canonical-json.ts';
import { sha256Hex } from '../../appliance/kernel/digest.ts';
import { newId } from '../../appliance/kernel/ids.ts';
import { controlPaths, tenantPaths } from '../../appliance/kernel/names.ts';
import { type Appliance, startAppliance } from '../support/appliance.ts';
import { makeBatch, text } from '../support/batch.ts';
import { serverEvents } from '../support/events-stream.ts';
import { until } from '../support/faults/until.ts';
import { signingKeyOf } from '../support/forge-tokens.ts';
import { type Caller, callerOf } from '../support/http.ts';
import { onRecords } from '../support/inside.ts';
import { runCli } from '../support/run-cli.ts';

/** A tenant's life through the admin routes, and who is refused what on the way. */

interface TenantView {
  tenant_id: string;
  state: string;
  failed_during?: string;
  config: Record<string, unknown>;
  config_version: number;
  provisioning: { steps: { step: string; status: string; error_code?: string }[] };
}

let appliance: Appliance;
let admin: Caller;
before(async () => {
  appliance = await startAppliance({ environment: { FROSTBYTE_DRAIN_SECONDS: '1' } });
  admin = await appliance.caller({ role: 'admin', subject: 'frode' }, 'journey');
  await appliance.createTenant('acme');
  await appliance.createTenant('globex');
});
after(() => appliance.end());

async function inState(id: string, ...states: string[]): Promise<TenantView> {
  const deadline = Date.now() + 30_000;
  for (;;) {
    const { data } = await admin<TenantView>('GET', `/admin/tenants/${id}`);
    if (states.includes(data.state)) return data;
    if (Date.now() > deadline) throw new Error(`${id} stays ${data.state}`);
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}

const body = (tenant_id: string) => ({ tenant_id, tenant_name: tenant_id, contact_email: 'it@example.org' });

test('a new tenant has the defaults of the specification and shows every step', async () => {
  const tenant = await inState('acme', 'ACTIVE');
  assert.deepEqual(tenant.config, JSON.parse(JSON.stringify(DEFAULT_TENANT_CONFIG)));
  assert.equal(tenant.config_version, 1);
  assert.ok(tenant.provisioning.steps.length >= 8);
  assert.ok(tenant.provisioning.steps.every(({ status }) => status === 'done'));
});

test('tenants are listed by state and page', async () => {
  const all = await admin<TenantView[]>('GET', '/admin/tenants?limit=1&page=2');
  assert.equal(all.data.length, 1);
  assert.deepEqual(
    { total: all.meta.total, pages: all.meta.pages, page: all.meta.page },
    { total: 2, pages: 2, page: 2 },
  );
  const none = await admin<TenantView[]>('GET', '/admin/tenants?state=FAILED');
  assert.deepEqual([none.data, none.meta.filters_applied], [[], { state: 'FAILED' }]);
});

test('an id that is taken, malformed or reserved is refused', async () => {
  assert.equal((await admin('POST', '/admin/tenants', body('acme'))).code, 'TENANT_ALREADY_EXISTS');
  for (const id of ['Acme', 'ab', '1abc', 'a-b-c', '../etc', 'a'.repeat(33), '_appliance']) {
    assert.equal((await admin('POST', '/admin/tenants', body(id))).code, 'VALIDATION_ERROR', id);
  }
});

test('a change of configuration tells old and new, who and why; rules between fields hold', async () => {
  const changed = await admin<{
    changes: Record<string, unknown>[];
    config_version: number;
    previous_config_version: number;
  }>('PATCH', '/admin/tenants/globex', {
    config: { pii_policy: 'flag', retention_days: 100 },
    reason: 'client terms',
  });
  assert.deepEqual(changed.data.changes, [
    { field: 'pii_policy', old_value: 'redact', new_value: 'flag', changed_by: 'frode', reason: 'client terms' },
    { field: 'retention_days', old_value: 2555, new_value: 100, changed_by: 'frode', reason: 'client terms' },
  ]);
  assert.equal(changed.data.config_version, changed.data.previous_config_version + 1);
  for (const config of [
    { chunk_soft_limit: 5000 },
    { injection_flag_threshold: 0.9 },
    { retention_days: 1 },
    { colour: 'red' },
    { embedding_dimensions: 512 },
  ]) {
    assert.equal(
      (await admin('PATCH', '/admin/tenants/globex', { config, reason: 'r' })).code,
      'VALIDATION_ERROR',
      JSON.stringify(config),
    );
  }
  assert.equal(
    (await admin('PATCH', '/admin/tenants/globex', { config: { retention_days: 200 } })).code,
    'VALIDATION_ERROR',
    'a reason is needed',
  );
});

test('the isolation check of a tenant passes: its own doors open, all others closed', async () => {
  const { data } = await admin<{ overall_pass: boolean; checks: { result: string; target: string }[] }>(
    'POST',
    '/admin/tenants/acme/verify',
  );
  assert.equal(data.overall_pass, true);
  assert.ok(data.checks.some(({ result, target }) => result === 'OK' && target === 'acme'));
  assert.ok(data.checks.some(({ result, target }) => result === 'DENIED' && target === 'globex'));
  assert.ok(!data.checks.some(({ result }) => result === 'ALLOWED'));

  const listed = await admin<IsolationSummary[]>('GET', '/admin/tenants/acme/isolation?limit=1');
  const [last] = listed.data;
  const shown = await admin<IsolationReport>('GET', `/admin/tenants/acme/isolation/${last!.report_id}`);
  assert.equal(shown.data.overall_pass, true);
  const hash = sha256Hex(canonicalJson(shown.data));
  assert.equal(hash, last!.report_sha256);
  await isShownInFile(last!, shown.data);
  const evidence = await until('the event', async () => {
    const events = await admin<{ details: Record<string, unknown> }[]>(
      'GET',
      '/audit/acme/events?event_type=ISOLATION_VERIFIED',
    );
    return events.data.find(({ details }) => details.report_id === last!.report_id);
  });
  assert.equal(evidence.details.report_sha256, hash);
});

/** The command writes it so that whoever has the file alone gets the hash that the log has; what lies there stays. */
async function isShownInFile({ report_id, report_sha256 }: IsolationSummary, report: IsolationReport): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), 'frostbyte-report-'));
  try {
    const file = join(folder, 'isolation.json');
    const token = await appliance.token({ role: 'admin', subject: 'frode' });
    const show = () =>
      runCli(['tenant', 'isolation', 'show', 'acme', report_id, '--out', file], {
        FROSTBYTE_URL: appliance.url,
        FROSTBYTE_TOKEN: token,
      });
    const { status, said } = await show();
    assert.deepEqual([status, said.err], [0, '']);
    const { store, test: tried, target, result } = report.checks[0]!;
    assert.match(said.out, new RegExp(`^${store} +${tried} +${target} +${result}$`, 'm'));
    assert.match(said.out, /^isolated$/m);
    assert.equal(sha256Hex(readFileSync(file)), report_sha256);
    assert.equal(statSync(file).mode & 0o777, 0o600);
    writeFileSync(file, 'what lay there');
    const again = await show();
    assert.notEqual(again.status, 0);
    assert.match(again.said.err, /EEXIST/);
    assert.equal(readFileSync(file, 'utf8'), 'what lay there');
  } finally {
    rmSync(folder, { recursive: true });
  }
}

test('refusals come in the order of the specification', async () => {
  const ask = async (caller: Caller, tenant: string) => {
    const { status, code } = await caller('POST', `/query/${tenant}/search`, { wrong: 'body' });
    return `${status} ${code}`;
  };
  const nobody = await appliance.caller();
  const auditor = await appliance.caller({ role: 'auditor' });
  const narrow = await appliance.caller({ role: 'tenant_user', tenant_id: 'acme', scopes: ['ingest'] });
  const dana = await appliance.caller({ role: 'tenant_admin', tenant_id: 'acme' });
  const silent = await appliance.caller({ role: 'admin' });
  assert.equal(await ask(nobody, 'nosuchtenant'), '401 AUTHENTICATION_REQUIRED');
  assert.equal(await ask(auditor, 'acme'), '403 INSUFFICIENT_PERMISSIONS');
  assert.equal(await ask(narrow, 'acme'), '403 INSUFFICIENT_PERMISSIONS');
  assert.equal(await ask(dana, 'globex'), '403 INSUFFICIENT_PERMISSIONS');
  assert.equal(await ask(dana, 'nosuchtenant'), '403 INSUFFICIENT_PERMISSIONS');
  assert.equal(await ask(silent, 'acme'), '403 INSUFFICIENT_PERMISSIONS');
  assert.equal(await ask(admin, 'nosuchtenant'), '404 RESOURCE_NOT_FOUND');
  assert.equal(await ask(dana, 'acme'), '400 VALIDATION_ERROR');
  const foreign = await dana('POST', '/query/globex/search', {});
  const none = await dana('POST', '/query/nosuchtenant/search', {});
  assert.equal(foreign.error.message, none.error.message, 'existence is not revealed');
});

/** A batch of `count` documents of which the first are at work, with its progress stream. */
async function workUnderWay(dana: Caller, count: number) {
  const notes = Array.from({ length: count }, (_, i) =>
    text(`note-${i}.txt`, `Note ${i}\n\nThe crane rests on Sundays.\n`),
  );
  const { data } = await dana<BatchReceipt>('POST', '/ingest/acme/batch', makeBatch('acme', notes).form);
  const events = serverEvents(await dana.raw('GET', `/ingest/acme/batch/${data.batch_id}/stream`));
  for (let atWork = false; !atWork; ) {
    const { value, done } = await events.next();
    if (done) throw new Error('the stream ended before anything was at work');
    atWork = value.event === 'file' && (value.data.stages as { parse: string }).parse !== 'queued';
  }
  return { batch_id: data.batch_id, events };
}

/** An upload that has begun and comes to its end when it is told to. */
function uploadUnderWay(dana: Caller) {
  const { form, manifest } = makeBatch('acme', [text('late.txt', 'This comes too late.\n'.repeat(1000))]);
  const { promise: go, resolve: finish } = Promise.withResolvers<void>();
  const whole = new Response(form);
  const body = whole.body!.pipeThrough(
    new TransformStream<Uint8Array, Uint8Array>({
      async transform(chunk, controller) {
        controller.enqueue(chunk.subarray(0, chunk.length - 10));
        if (chunk.length > 10_000) await go;
        controller.enqueue(chunk.subarray(chunk.length - 10));
      },
    }),
  );
  const headers = { 'content-type': whole.headers.get('content-type')! };
  const answer = dana.raw('POST', '/ingest/acme/batch', { body, headers, duplex: 'half' }).then(
    ({ status }) => status,
    () => 'cut off' as const,
  );
  return { batch_id: manifest.batch_id, answer, finish };
}

/** What the records of a tenant say of its documents, read past the daemon. */
function atRest(): Promise<{ doc_id: string; state: string; stages: string; updated_at: string }[]> {
  return onRecords(appliance, 'acme', 'SELECT doc_id, state, stages, updated_at FROM documents ORDER BY doc_id');
}

/** The gauge of the tenant's queues, added up; null while there is none. */
async function jobsMeasured(): Promise<number | null> {
  const metrics = await (await fetch(`${appliance.url}/metrics`)).text();
  const depths = [...metrics.matchAll(/^frostbyte_queue_length\{tenant_id="acme",[^}]*\} (\d+)$/gm)];
  return depths.length === 0 ? null : depths.reduce((sum, [, depth]) => sum + Number(depth), 0);
}

/** Waits until nobody works for the tenant any more. */
async function drained(): Promise<void> {
  const ended = join(appliance.dataFolder, 'control', 'ended', 'acme');
  await until('an end of the jobs in flight', () => {
    if (appliance.stack !== null) return existsSync(ended) && readFileSync(ended, 'utf8') === 'ended';
    const db = new Database(tenantPaths(appliance.dataFolder, 'acme').queue, { readonly: true });
    try {
      return db.prepare('SELECT job_id FROM jobs WHERE lease IS NOT NULL').all().length === 0;
    } finally {
      db.close();
    }
  });
}

test('the kill-switch refuses within a second, ends what runs with its drain, and survives a kill; resume gives no old token back', async () => {
  const request = { role: 'tenant_admin', tenant_id: 'acme', subject: 'dana' } as const;
  const dana = await appliance.caller(request);
  assert.equal((await dana('GET', '/ingest/acme/batches')).status, 200);
  const upload = uploadUnderWay(dana);
  const work = await workUnderWay(dana, 16);
  const stopped = await admin<Record<string, unknown>>('POST', '/admin/tenants/acme/suspend', {
    reason: 'incident 7',
    notify_tenant: true,
  });
  assert.deepEqual([stopped.data.previous_state, stopped.data.current_state], ['ACTIVE', 'SUSPENDED']);
  const since = performance.now();
  assert.equal((await dana('GET', '/ingest/acme/batches')).code, 'TOKEN_REVOKED');
  assert.equal((await admin('GET', '/ingest/acme/batches')).code, 'TENANT_SUSPENDED');
  assert.equal((await admin('POST', '/query/acme/search', { query_text: 'x' })).code, 'TENANT_SUSPENDED');
  assert.ok(performance.now() - since < 1000);
  assert.equal((await admin('GET', '/audit/acme/events')).status, 200, 'the log stays readable');
  assert.equal(
    (await admin('POST', '/admin/tenants/acme/suspend', { reason: 'again' })).code,
    'INVALID_STATE_TRANSITION',
  );
  await assert.rejects(appliance.token(request), { code: 'TENANT_SUSPENDED' });

  // What ran: the stream is ended with an error, the upload is not received, documents rest where they are.
  let last = '';
  for await (const { event } of work.events) last = event;
  assert.equal(last, 'error', 'the stream says that it was ended');
  assert.ok(performance.now() - since < 10_000, 'and ends with the drain, not with the batch');
  assert.notEqual(
    await upload.answer,
    202,
    'the upload is ended with the drain, though its sender has not come to its end',
  );
  upload.finish();
  await drained();
  const frozen = await atRest();
  assert.ok(frozen.length >= 16 && frozen.some(({ state }) => state === 'processing'), 'some of the work is left');

  await appliance.kill();
  await appliance.restart();
  assert.equal((await dana('GET', '/ingest/acme/batches')).code, 'TOKEN_REVOKED');
  assert.equal((await admin('GET', '/ingest/acme/batches')).code, 'TENANT_SUSPENDED');
  assert.equal((await inState('acme', 'SUSPENDED')).state, 'SUSPENDED');
  const depth = await until('a measure of the queues', async () => (await jobsMeasured()) || null);
  assert.ok(depth <= frozen.length);
  assert.deepEqual(await atRest(), frozen, 'nothing is worked on while it is suspended');

  assert.equal((await admin('POST', '/admin/tenants/acme/resume', { reason: 'closed' })).status, 200);
  assert.equal((await dana('GET', '/ingest/acme/batches')).code, 'TOKEN_REVOKED', 'old ones stay dead');
  const again = await appliance.caller(request);
  assert.equal((await again('GET', '/ingest/acme/batches')).status, 200);
  assert.equal(
    (await admin('POST', '/admin/tenants/acme/resume', { reason: 'again' })).code,
    'INVALID_STATE_TRANSITION',
  );
  for await (const { event } of serverEvents(await again.raw('GET', `/ingest/acme/batch/${work.batch_id}/stream`)))
    last = event;
  assert.equal(last, 'done', 'the work goes on where it was');
  const { data: status } = await again<BatchStatus>('GET', `/ingest/acme/batch/${work.batch_id}`);
  assert.equal(status.summary.completed + status.summary.held, 16);
  assert.equal((await again('GET', `/ingest/acme/batch/${upload.batch_id}`)).code, 'RESOURCE_NOT_FOUND');
});

test('tenants are brought to what a file declares, and applied again nothing is changed', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'frostbyte-apply-'));
  try {
    const file = join(folder, 'tenants.yaml');
    const declare = (quota: number) =>
      writeFileSync(
        file,
        `version: 1\ntenants:\n  - { tenant_name: Declared Ltd, tenant_id: declared, contact_email: it@declared.example, config: { storage_quota_gb: ${quota} } }\n`,
      );
    const token = await appliance.token({ role: 'admin', subject: 'frode' });
    const apply = async (...more: string[]) => {
      const words = ['tenant', 'apply', '-f', file, '--json', ...more];
      const { status, said } = await runCli(words, { FROSTBYTE_URL: appliance.url, FROSTBYTE_TOKEN: token });
      assert.equal(status, 0, said.err);
      const [one] = JSON.parse(said.out) as { tenant_id: string; outcome: string; fields: string[] }[];
      return [one!.tenant_id, one!.outcome, ...one!.fields];
    };
    declare(3);
    assert.deepEqual((await apply('--dry-run')).slice(0, 2), ['declared', 'created']);
    assert.equal((await admin('GET', '/admin/tenants/declared')).status, 404, 'nothing was done');
    assert.deepEqual((await apply()).slice(0, 2), ['declared', 'created']);
    assert.deepEqual(await apply(), ['declared', 'unchanged']);
    declare(4);
    assert.deepEqual(await apply(), ['declared', 'configured', 'storage_quota_gb']);
    assert.equal((await inState('declared', 'ACTIVE')).config.storage_quota_gb, 4);
  } finally {
    rmSync(folder, { recursive: true });
  }
});

test('the state is in the metrics, a suspended tenant too, and each tenant has one', async () => {
  const states = async () => {
    const text = await (await fetch(`${appliance.url}/metrics`)).text();
    return [...text.matchAll(/^frostbyte_tenant_state\{tenant_id="globex",state="(\w+)"\} 1$/gm)].map(
      ([, state]) => state,
    );
  };
  const shown = (state: string) =>
    until(`globex shown as ${state}`, async () => JSON.stringify(await states()) === JSON.stringify([state]));
  await shown('ACTIVE');
  await admin('POST', '/admin/tenants/globex/suspend', { reason: 'to be seen' });
  await shown('SUSPENDED');
  await admin('POST', '/admin/tenants/globex/resume', { reason: 'seen' });
  await shown('ACTIVE');
});

test('retry and abandon are for failed tenants alone', async () => {
  for (const verb of ['retry', 'abandon']) {
    assert.equal((await admin('POST', `/admin/tenants/acme/${verb}`)).code, 'INVALID_STATE_TRANSITION', verb);
    assert.equal((await admin('POST', `/admin/tenants/nosuchtenant/${verb}`)).code, 'RESOURCE_NOT_FOUND', verb);
  }
});

test('a provisioning that cannot succeed fails, serves nothing, and can be retried or abandoned', async () => {
  const ids = ['failone', 'failtwo'];
  for (const id of ids) {
    const { secrets } = tenantPaths(appliance.dataFolder, id);
    mkdirSync(dirname(secrets), { recursive: true });
    writeFileSync(secrets, 'a file in the place of a folder');
    await admin('POST', '/admin/tenants', body(id));
  }
  for (const id of ids) {
    const failed = await inState(id, 'FAILED', 'ACTIVE');
    assert.deepEqual([failed.state, failed.failed_during], ['FAILED', 'provisioning']);
    assert.ok(failed.provisioning.steps.some(({ status, error_code }) => status === 'failed' && error_code));
    assert.equal((await admin('GET', `/ingest/${id}/batches`)).code, 'INVALID_STATE_TRANSITION');
    rmSync(tenantPaths(appliance.dataFolder, id).secrets, { force: true, recursive: true });
  }
  assert.equal((await admin('POST', '/admin/tenants/failone/retry')).status, 202);
  assert.equal((await inState('failone', 'ACTIVE', 'FAILED')).state, 'ACTIVE');
  assert.equal((await admin('POST', '/admin/tenants/failtwo/abandon')).status, 202);
  assert.equal((await inState('failtwo', 'DEPROVISIONED', 'FAILED')).state, 'DEPROVISIONED');
});

test('deprovisioning wants two confirmations, then nothing is left but the log', async () => {
  const dana = await appliance.caller({ role: 'tenant_admin', tenant_id: 'failone' });
  const path = '/admin/tenants/failone/deprovision';
  assert.equal(
    (await admin('POST', path, { reason: 'over', confirm: true, confirm_tenant_id: 'failtwo' })).code,
    'CONFIRMATION_MISMATCH',
  );
  assert.equal(
    (await admin('POST', path, { reason: 'over', confirm: false, confirm_tenant_id: 'failone' })).code,
    'CONFIRMATION_MISMATCH',
  );
  assert.equal((await dana('GET', '/ingest/failone/batches')).status, 200, 'nothing has happened yet');
  assert.equal(
    (await admin('POST', path, { reason: 'over', confirm: true, confirm_tenant_id: 'failone' })).status,
    202,
  );
  await inState('failone', 'DEPROVISIONED');
  assert.equal((await dana('GET', '/ingest/failone/batches')).code, 'TOKEN_REVOKED');
  assert.equal((await admin('GET', '/ingest/failone/batches')).code, 'INVALID_STATE_TRANSITION');
  const log = await admin<{ event_type: string }[]>('GET', '/audit/failone/events?limit=500');
  assert.ok(log.data.some(({ event_type }) => event_type === 'TENANT_DEPROVISIONED'));
  const { folder, secrets } = tenantPaths(appliance.dataFolder, 'failone');
  for (const path of [folder, secrets]) assert.ok(!existsSync(path), path);
  assert.equal(
    (await admin('POST', '/admin/tenants/failone/resume', { reason: 'r' })).code,
    'INVALID_STATE_TRANSITION',
  );
});

test('a token can be revoked by id, subject or tenant, and dies at once', async () => {
  const issued = await admin<{ token: string; jti: string }>('POST', '/admin/tokens', {
    subject: 'eve',
    role: 'tenant_user',
    tenant_id: 'globex',
  });
  const eve = callerOf(() => appliance.url, issued.data.token);
  assert.equal((await eve('GET', '/query/globex/documents')).status, 200);
  const revoked = await admin<{ revoked: number }>('POST', '/admin/tokens/revoke', {
    jti: issued.data.jti,
    reason: 'lost',
  });
  assert.equal(revoked.data.revoked, 1);
  assert.equal((await eve('GET', '/query/globex/documents')).code, 'TOKEN_REVOKED');
  assert.equal(
    (await admin<{ revoked: number }>('POST', '/admin/tokens/revoke', { jti: issued.data.jti, reason: 'lost' })).data
      .revoked,
    0,
  );
  assert.equal((await admin('POST', '/admin/tokens/revoke', { reason: 'all of them' })).code, 'VALIDATION_ERROR');
  assert.equal(
    (await admin('POST', '/admin/tokens', { subject: 'eve', role: 'tenant_user' })).code,
    'VALIDATION_ERROR',
  );
  assert.equal(
    (await admin('POST', '/admin/tokens', { subject: 'eve', role: 'auditor', scopes: ['admin'] })).code,
    'VALIDATION_ERROR',
  );
});

test('forged tokens are refused, whatever is forged', async () => {
  const { kid, key } = await signingKeyOf(appliance.dataFolder);
  const now = Math.floor(Date.now() / 1000);
  const claims = {
    sub: 'eve',
    role: 'admin',
    scopes: ['admin', 'audit', 'ingest', 'query'],
    iat: now,
    nbf: now,
    exp: now + 600,
    jti: newId(),
  };
  const sign = (payload: object, header: object = {}, with_: Parameters<SignJWT['sign']>[0] = key) =>
    new SignJWT(payload as never).setProtectedHeader({ alg: 'EdDSA', typ: 'JWT', kid, ...header }).sign(with_);
  const part = (value: object) => Buffer.from(JSON.stringify(value)).toString('base64url');
  const real = await appliance.token({ role: 'auditor' });
  const [head, , signature] = real.split('.') as [string, string, string];

  const publicKey = createPublicKey(key);
  const spki = publicKey.export({ type: 'spki', format: 'pem' }).toString();
  const published = readFileSync(join(controlPaths(appliance.dataFolder).signingKeys, `${kid}.json`), 'utf8');
  const hmac = (secret: string | Buffer) => {
    const text = `${part({ alg: 'HS256', typ: 'JWT', kid })}.${part(claims)}`;
    return `${text}.${createHmac('sha256', secret).update(text).digest('base64url')}`;
  };
  const other = generateKeyPairSync('ed25519').privateKey;
  const raw = Buffer.from((publicKey.export({ format: 'jwk' }) as { x: string }).x, 'base64url');

  const forged: Record<string, string> = {
    'alg none': `${part({ alg: 'none', kid })}.${part(claims)}.`,
    'alg none, any case': `${part({ alg: 'nOnE', kid })}.${part(claims)}.x`,
    'no signature': `${head}.${part(claims)}.`,
    'the signature of another token': `${head}.${part(claims)}.${signature}`,
    'HMAC with the public key as PEM': hmac(spki),
    'HMAC with the raw public key': hmac(raw),
    'HMAC with the published file': hmac(published),
    'another key under our kid': await sign(claims, {}, other),
    'a kid that is not ours': await sign(claims, { kid: 'A'.repeat(43) }),
    'a kid that is a path': await sign(claims, { kid: '../../root' }),
    'no kid': await sign(claims, { kid: undefined }),
    'its own key in the header': await sign(claims, { jwk: publicKey.export({ format: 'jwk' }) }, other),
    'not yet valid': await sign({ ...claims, nbf: now + 3600 }),
    'issued in the future': await sign({ ...claims, iat: now + 3600 }),
    'no expiry': await sign({ ...claims, exp: undefined }),
    'more than the role may': await sign({ ...claims, role: 'auditor' }),
    'a tenant user of no tenant': await sign({ ...claims, role: 'tenant_user', scopes: ['query'] }),
    'an admin of a tenant': await sign({ ...claims, tenant_id: 'acme' }),
    'an unknown claim': await sign({ ...claims, root: true }),
    words: 'not-a-token',
  };
  for (const [what, token] of Object.entries(forged)) {
    const { status, code } = await callerOf(() => appliance.url, token)('GET', '/admin/tenants');
    assert.deepEqual([status, code], [401, 'AUTHENTICATION_REQUIRED'], what);
  }
  const expired = await sign({ ...claims, iat: now - 7200, nbf: now - 7200, exp: now - 1 });
  assert.equal((await callerOf(() => appliance.url, expired)('GET', '/admin/tenants')).code, 'TOKEN_EXPIRED');
  const unknown = await sign(claims);
  assert.equal(
    (await callerOf(() => appliance.url, unknown)('GET', '/admin/tenants')).code,
    'TOKEN_REVOKED',
    'a token that nobody issued is none',
  );
});
