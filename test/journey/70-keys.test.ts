import assert from 'node:assert/strict';
import { execFileSync, spawn } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { armor } from 'age-encryption';
import type { BatchReceipt, ReceiptAnswer } from '../../appliance/api/receipts.ts';
import type { BatchStatus } from '../../appliance/api/schemas/ingest.ts';
import type { RetrievalProof } from '../../appliance/api/schemas/query.ts';
import type { RecoveryReport } from '../../appliance/control/keys/recovery-verbs.ts';
import type { KeyRotation, Reencryption, TenantKeyReport } from '../../appliance/control/verbs.ts';
import { controlPaths, tenantPaths } from '../../appliance/kernel/names.ts';
import { open } from '../../appliance/secrets/age-file.ts';
import { identityFile, type KeyPair, makeKeyPair } from '../../appliance/secrets/identities.ts';
import { type Appliance, startAppliance } from '../support/appliance.ts';
import { makeBatch, text } from '../support/batch.ts';
import { until } from '../support/faults/until.ts';
import type { Caller } from '../support/http.ts';
import { objectFile } from '../support/inside.ts';
import { PROGRAM } from '../support/program.ts';
import { openStorageByHand, stockAge, stockSops, without } from '../support/stock-tools.ts';

/** Frode looks after the keys of a tenant whose documents come in and are read meanwhile. */

let appliance: Appliance;
let frode: Caller;
let dana: Caller;
let folder: string;
let recovery: KeyPair;
let token: string;
before(async () => {
  appliance = await startAppliance();
  await appliance.createTenant('acme', { classification_review_enabled: false });
  frode = await appliance.caller({ role: 'admin', subject: 'frode' });
  dana = await appliance.caller({ role: 'tenant_admin', tenant_id: 'acme', subject: 'dana' });
  token = await appliance.token({ role: 'admin', subject: 'frode' });
  folder = mkdtempSync(join(tmpdir(), 'frostbyte-keys-'));
  recovery = await makeKeyPair();
});
after(async () => {
  await appliance.end();
  rmSync(folder, { recursive: true });
});

const keys = async () => (await frode<TenantKeyReport>('GET', '/admin/tenants/acme/keys')).data;
const oldest = { doc_id: '', storage_path: '', content: 'The oldest document speaks of herring and rye.' };

/** The command line, as Frode types it. */
function cli(...args: string[]): Promise<{ code: number | null; out: string; errors: string }> {
  return new Promise((done) => {
    const child = spawn(PROGRAM[0]!, [...PROGRAM.slice(1), ...args], {
      env: {
        PATH: process.env.PATH ?? '',
        FROSTBYTE_URL: appliance.url,
        FROSTBYTE_TOKEN: token,
        FROSTBYTE_DATA: appliance.dataFolder,
      },
    });
    let out = '';
    let errors = '';
    child.stdout.on('data', (part: Buffer) => (out += part));
    child.stderr.on('data', (part: Buffer) => (errors += part));
    child.on('close', (code) => done({ code, out, errors }));
  });
}

async function answered<T>(...args: string[]): Promise<T> {
  const { code, out, errors } = await cli(...args, '--json');
  assert.equal(code, 0, errors);
  return JSON.parse(out) as T;
}

/** Sends a batch and waits until each of its documents is indexed. */
async function ingest(files: { name: string; content: string }[]): Promise<BatchReceipt> {
  const batch = makeBatch(
    'acme',
    files.map(({ name, content }) => text(name, content)),
  );
  const { data, code } = await dana<BatchReceipt>('POST', '/ingest/acme/batch', batch.form);
  assert.equal(code, '');
  await until('indexed documents', async () => {
    const { data: now, code: refused } = await dana<BatchStatus>('GET', `/ingest/acme/batch/${data.batch_id}`);
    // With other credentials in every server its data plane is another, and is waited for.
    if (refused === 'SERVICE_UNAVAILABLE') return false;
    return now.acceptance_report !== null && now.files.every(({ state }) => state === 'indexed');
  });
  return data;
}

async function finds(words: string): Promise<boolean> {
  const { data } = await dana<RetrievalProof>('POST', '/query/acme/search', { query_text: words });
  return data.chunks.some(({ doc_id }) => doc_id === oldest.doc_id);
}

/** A tenant's storage identity in a file, by stock tools and the root key alone. */
function storageByHand(identityVersion: number, storageVersion: number): string {
  const { secrets } = tenantPaths(appliance.dataFolder, 'acme');
  const { rootKey } = controlPaths(appliance.dataFolder);
  const wrapped = join(secrets, `identity-${String(identityVersion).padStart(4, '0')}.age`);
  const identity = join(folder, `identity-${identityVersion}`);
  writeFileSync(identity, execFileSync('age', ['-d', '-i', rootKey, wrapped]), { mode: 0o600 });
  const storage = join(folder, `storage-${storageVersion}`);
  writeFileSync(storage, openStorageByHand(identity, secrets, storageVersion), { mode: 0o600 });
  return storage;
}

test('a document comes in before any key has changed', async () => {
  const receipt = await ingest([{ name: 'oldest.txt', content: oldest.content }]);
  const { data } = await dana<ReceiptAnswer>('GET', `/ingest/acme/receipt/${receipt.receipts[0]!.receipt_id}`);
  oldest.doc_id = data.doc_id!;
  oldest.storage_path = data.storage_path!;
  assert.ok(await finds('herring and rye'));
});

test('a recovery recipient is named, proves itself by a challenge, and receives the keys', async () => {
  const challenge = join(folder, 'challenge.age');
  const named = await cli('keys', 'recovery', 'set', recovery.recipient, '--out', challenge);
  assert.equal(named.code, 0, named.errors);
  const wrong = join(folder, 'wrong.txt');
  writeFileSync(wrong, 'a guess');
  assert.equal((await cli('keys', 'recovery', 'prove', wrong)).code, 2);
  const answer = join(folder, 'answer.txt');
  writeFileSync(answer, await open([recovery.identity], armor.decode(readFileSync(challenge, 'utf8'))));
  const proven = await answered<RecoveryReport>('keys', 'recovery', 'prove', answer);
  assert.equal(proven.recipient, recovery.recipient);
  // The daemon writes the file by itself.
  await until('an escrow file', async () => (await keys()).escrow?.recipient === recovery.recipient);
  const shown = await answered<RecoveryReport>('keys', 'recovery', 'show');
  assert.deepEqual([shown.escrowed, shown.waiting], [['acme'], []]);
});

test('keys rotate while documents come in and are read, and nothing is lost', async () => {
  const files = Array.from({ length: 12 }, (_, n) => ({ name: `n${n}.txt`, content: `Number ${n} of the busy hour.` }));
  const ingested = Promise.all([ingest(files.slice(0, 6)), ingest(files.slice(6))]);
  const rotated = await answered<KeyRotation>('tenant', 'rotate-keys', 'acme', '--because', 'planned');
  assert.deepEqual([rotated.previous_key_version, rotated.key_version, rotated.storage_version], [1, 2, 1]);
  const emergency = await answered<KeyRotation>('tenant', 'rotate-keys', 'acme', '--emergency', '--reason', 'a loss');
  assert.deepEqual([emergency.key_version, emergency.storage_version, emergency.emergency], [3, 2, true]);
  await ingested;
  assert.ok(await finds('herring and rye'));
  assert.equal((await cli('tenant', 'rotate-keys', 'acme')).code, 2, 'a reason is asked for');
});

test('the command line shows the history, by status', async () => {
  const { out, code } = await cli('tenant', 'keys', 'acme');
  assert.equal(code, 0);
  for (const line of [/identity 3 +ACTIVE/, /identity 2 +ARCHIVED/, /identity 1 +ARCHIVED/, /storage 2 +ACTIVE/])
    assert.match(out, line);
});

test('objects are moved to the newest storage key, also when the daemon is killed meanwhile, and the old keys go', async () => {
  const refused = await cli('tenant', 'purge-key', 'acme', '--storage', '1', '--because', 'moved');
  assert.equal(refused.code, 1);
  assert.match(refused.errors, /reencrypt/);
  await answered<Reencryption>('tenant', 'reencrypt', 'acme', '--no-wait', '--because', 'a loss');
  await appliance.kill();
  await appliance.restart();
  const moved = await until('moved objects', async () => {
    const { reencryption } = await keys();
    return reencryption?.status === 'completed' ? reencryption : null;
  });
  assert.equal(moved.failed, 0);
  const again = await answered<Reencryption>('tenant', 'reencrypt', 'acme', '--because', 'to be sure');
  assert.deepEqual([again.status, again.moved], ['completed', 0]);
  for (const key of [
    ['--storage', '1'],
    ['--identity', '1'],
    ['--identity', '2'],
  ])
    await answered<TenantKeyReport>('tenant', 'purge-key', 'acme', ...key, '--because', 'moved');
  const report = await keys();
  const standing = [...report.identities, ...report.storage].map(({ status }) => status);
  assert.deepEqual(standing, ['ACTIVE', 'PURGED', 'PURGED', 'ACTIVE', 'PURGED']);
  assert.deepEqual(readdirSync(tenantPaths(appliance.dataFolder, 'acme').secrets).sort(), [
    'identity-0003.age',
    'secrets.sops.yaml',
  ]);
  assert.ok(await finds('herring and rye'));
});

test('after rotation and purge stock age and sops open the oldest object', {
  skip: without(stockAge, 'age') || without(stockSops, 'sops'),
}, async () => {
  const plain = await objectFile(appliance, 'acme', oldest.storage_path, (object) =>
    execFileSync('age', ['-d', '-i', storageByHand(3, 2), object]),
  );
  assert.equal(plain.toString(), oldest.content);
});

test('with the box lost, the escrow copy and the recovery key open it', {
  skip: without(stockAge, 'age'),
}, async () => {
  const stick = join(folder, 'stick');
  const [copy] = await answered<{ label: string }[]>('keys', 'escrow', stick);
  const key = join(folder, 'recovery.key');
  writeFileSync(key, identityFile(recovery, '2026-01-01T00:00:00.000Z'), { mode: 0o600 });
  const opened = join(folder, 'opened.key');
  writeFileSync(opened, execFileSync('age', ['-d', '-i', key, copy!.label]), { mode: 0o600 });
  const plain = await objectFile(appliance, 'acme', oldest.storage_path, (object) =>
    execFileSync('age', ['-d', '-i', opened, object]),
  );
  assert.equal(plain.toString(), oldest.content);
});

test('the audit log tells each change, and no secret stands in it or in the log lines', async () => {
  const { data } = await frode<{ event_type: string; details: Record<string, unknown> }[]>(
    'GET',
    '/audit/acme/events?limit=500&sort=asc',
  );
  const told = (type: string) => data.filter(({ event_type }) => event_type === type);
  assert.deepEqual(
    told('KEY_ROTATED').map(({ details }) => [details.key_version, details.rotation_reason, details.emergency]),
    [
      [2, 'planned', false],
      [3, 'a loss', true],
    ],
  );
  assert.equal(told('KEY_PURGED').length, 3);
  assert.equal(told('REENCRYPT_COMPLETED').length, 2);
  for (const everything of [JSON.stringify(data), appliance.logs()])
    assert.doesNotMatch(everything, /AGE-SECRET-KEY|frostbyte-recovery-/);
});

test('who is no administrator neither sees nor changes keys', async () => {
  for (const [method, path] of [
    ['GET', '/admin/tenants/acme/keys'],
    ['POST', '/admin/tenants/acme/rotate-keys'],
    ['POST', '/admin/tenants/acme/reencrypt'],
    ['POST', '/admin/tenants/acme/keys/purge'],
  ] as const)
    assert.equal(
      (await dana(method, path, method === 'POST' ? { reason: 'x' } : undefined)).code,
      'INSUFFICIENT_PERMISSIONS',
    );
});

test('deprovisioning names the copies that the site must destroy', async () => {
  const { code, out } = await cli('tenant', 'deprovision', 'acme', '--because', 'over', '--confirm', 'acme');
  assert.equal(code, 0, out);
  if (stockAge !== null) assert.ok(out.includes(join(folder, 'stick', 'acme.age')), out);
  assert.deepEqual(readdirSync(join(appliance.dataFolder, 'secrets', 'escrow')), []);
  assert.deepEqual(readdirSync(join(appliance.dataFolder, 'secrets', 'tenants')).includes('acme'), false);
});
