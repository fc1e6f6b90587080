import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { copyFileSync, cpSync, existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { after, before, test } from 'node:test';
import type { RetrievalProof } from '../../appliance/api/schemas/query.ts';
import { treeHead } from '../../appliance/bin/wire/backup/log-heads.ts';
import type { BackupReport } from '../../appliance/bin/wire/backup/make-backup.ts';
import { readEvidence } from '../../appliance/bundle/evidence/log.ts';
import { replayLedger } from '../../appliance/control/ledger/replay.ts';
import { parseLedger } from '../../appliance/control/restore/take-ledger.ts';
import { proofEvidence, verifyProofChunk } from '../../appliance/data/verify-proof.ts';
import { systemClock } from '../../appliance/kernel/clock.ts';
import { controlPaths, logPath, tenantPaths } from '../../appliance/kernel/names.ts';
import { open } from '../../appliance/secrets/age-file.ts';
import { openRootKey, openTenantKeys } from '../../appliance/secrets/keyring.ts';
import { openSqliteLog } from '../../appliance/stores/log/sqlite.ts';
import { type Appliance, startAppliance } from '../support/appliance.ts';
import {
  answered,
  type BackupWorld,
  backupWorld,
  cli,
  ingested,
  proveRecipient,
  restored,
} from '../support/backup-world.ts';
import { until } from '../support/faults/until.ts';
import type { Caller } from '../support/http.ts';
import { objectsOpened } from '../support/inside.ts';
import { stockAge, without } from '../support/stock-tools.ts';

/** Frode backs the appliance up while two tenants send documents, loses it, and gets it back on an empty disk. */

let appliance: Appliance;
let again: Appliance | undefined;
let world: BackupWorld;
let frode: Caller;
let dana: Caller;
let nora: Caller;
let backup: BackupReport;
let herring = '';
let token = '';
let proof: RetrievalProof;

before(async () => {
  world = await backupWorld();
  appliance = await startAppliance();
  for (const tenant of ['acme', 'nordlaw'])
    await appliance.createTenant(tenant, { classification_review_enabled: false });
  frode = await appliance.caller({ role: 'admin', subject: 'frode' }, 'journey');
  dana = await appliance.caller({ role: 'tenant_admin', tenant_id: 'acme', subject: 'dana' });
  nora = await appliance.caller({ role: 'tenant_admin', tenant_id: 'nordlaw', subject: 'nora' });
  token = await appliance.token({ role: 'tenant_admin', tenant_id: 'acme', subject: 'dana' });
  [herring] = (await ingested(dana, 'acme', [
    'The herring is kept at minus twenty.',
    'Rye bread keeps for a week.',
  ])) as [string];
  await ingested(nora, 'nordlaw', ['The claim of the fishery is dismissed.']);
  proof = await search(dana, 'acme', 'How long does rye bread keep?');
});
after(async () => {
  await again?.end();
  await appliance?.end();
  world?.end();
});

async function search(caller: Caller, tenant: string, query_text: string): Promise<RetrievalProof> {
  return (await caller<RetrievalProof>('POST', `/query/${tenant}/search`, { query_text, top_k: 5 })).data;
}

/** An identity file of the key of a tenant in the backup, as its holder takes it out of the escrow file. */
async function escrowed(tenant: string): Promise<string> {
  const file = world.at(`${tenant}.opened`);
  writeFileSync(file, await open([world.recovery.identity], readFileSync(join(backup.keys, `${tenant}.age`))), {
    mode: 0o600,
  });
  return file;
}

test('without a recovery recipient nothing is backed up', async () => {
  const { code, errors } = await cli(appliance.dataFolder, ['backup', world.at('early.tar')]);
  assert.notEqual(code, 0);
  assert.match(errors, /INVALID_STATE_TRANSITION.*recovery recipient/s);
  assert.deepEqual(
    readdirSync(world.folder).filter((name) => name.startsWith('early')),
    [],
  );
});

test('a backup is made while documents come in, and says what is in it', async () => {
  await proveRecipient(appliance.dataFolder, world.recovery);
  let stop = false;
  const busy = [
    [dana, 'acme'],
    [nora, 'nordlaw'],
  ] as const;
  const sending = busy.map(async ([caller, tenant]) => {
    for (let n = 0; !stop; n++)
      await ingested(caller, tenant, [`Pallet ${n} of ${tenant} was moved.`, `Pallet ${n} came back.`]);
  });
  backup = await answered<BackupReport>(appliance.dataFolder, 'backup', world.at('monday.tar'));
  stop = true;
  await Promise.all(sending);
  assert.deepEqual(
    backup.manifest.tenants.map(({ tenant_id }) => tenant_id),
    ['acme', 'nordlaw'],
  );
  for (const { documents, chunks, objects, log } of backup.manifest.tenants)
    assert.ok(documents > 0 && chunks >= documents - 2 && objects >= documents * 3 && log.size > 0);
  await until('the event', async () => {
    const auditor = await appliance.caller({ role: 'auditor', subject: 'anna' });
    const { data } = await auditor<object[]>('GET', '/audit/_appliance/events?event_type=BACKUP_CREATED');
    return JSON.stringify(data).includes(backup.sha256);
  });
  const { records } = readEvidence(join(appliance.dataFolder, 'evidence'));
  assert.ok(records.some(({ action, detail }) => action === 'backup' && detail.sha256 === backup.sha256));
  assert.deepEqual(readdirSync(join(appliance.dataFolder, 'control/backup')), ['lock']);
});

test('it is written over by none, and its checksum is what sha256sum takes', async () => {
  execFileSync('sha256sum', ['-c', 'monday.tar.sha256'], { cwd: world.folder });
  const { code, errors } = await cli(appliance.dataFolder, ['backup', world.at('monday.tar')]);
  assert.notEqual(code, 0);
  assert.match(errors, /is there already/);
});

test('stock tar and age open it, each tenant’s part with that tenant’s key alone', {
  skip: without(stockAge, 'age'),
}, async () => {
  const folder = world.at('by-hand');
  mkdirSync(folder);
  execFileSync('tar', ['-xf', backup.file, '-C', folder]);
  const [acme, nordlaw] = [await escrowed('acme'), await escrowed('nordlaw')];
  const plain = (identity: string, part: string) =>
    execFileSync(stockAge!, ['-d', '-i', identity, join(folder, part)], {
      maxBuffer: 1 << 28,
      stdio: ['ignore', 'pipe', 'pipe'],
    });
  writeFileSync(join(folder, 'acme.tar'), plain(acme, 'tenants/acme.tar.age'));
  execFileSync('tar', ['-xf', 'acme.tar'], { cwd: folder });
  assert.equal(readFileSync(join(folder, 'records.sqlite'), 'latin1').slice(0, 15), 'SQLite format 3');
  const raw = readdirSync(join(folder, 'objects/raw/acme', herring));
  const [bytes] = raw.map((name) => plain(acme, `objects/raw/acme/${herring}/${name}`).toString());
  assert.equal(bytes, 'The herring is kept at minus twenty.');
  assert.equal(plain(acme, 'logs/acme.sqlite.age').toString('latin1', 0, 15), 'SQLite format 3');
  for (const [identity, part] of [
    [nordlaw, 'tenants/acme.tar.age'],
    [acme, 'tenants/nordlaw.tar.age'],
    [acme, 'logs/nordlaw.sqlite.age'],
    [acme, 'appliance.tar.age'],
    // Who has the recovery identity and not the tenant's key file has no part of the tenant.
    [world.identity, 'tenants/acme.tar.age'],
    [world.identity, 'logs/acme.sqlite.age'],
  ] as const)
    assert.throws(() => plain(identity, part), /no identity matched/, `${identity} must not open ${part}`);
  execFileSync(stockAge!, [
    '-d',
    '-i',
    world.identity,
    '-o',
    join(folder, 'appliance.tar'),
    join(folder, 'appliance.tar.age'),
  ]);
  assert.match(
    execFileSync('tar', ['-tf', join(folder, 'appliance.tar')], { encoding: 'utf8' }),
    /^registry\.sqlite\nclock\naudit\/_appliance\.sqlite\n$/,
  );
});

test('it is held against itself, without the identity and with it', async () => {
  const outside = await answered<{ sha256: string; opened: boolean }>(
    appliance.dataFolder,
    'backup',
    'verify',
    backup.file,
  );
  assert.deepEqual([outside.sha256, outside.opened], [backup.sha256, false]);
  const inside = await answered<{ opened: boolean; tenants: string[]; without_key: string[] }>(
    appliance.dataFolder,
    ...['backup', 'verify', backup.file, '--identity', world.identity],
  );
  assert.deepEqual([inside.opened, inside.tenants, inside.without_key], [true, ['acme', 'nordlaw'], []]);
  const foreign = await cli(appliance.dataFolder, ['backup', 'verify', backup.file, '--identity', world.foreign]);
  assert.notEqual(foreign.code, 0);
  assert.match(foreign.errors, /KEY_UNAVAILABLE.*made for age1/s);
});

test('a byte that was changed anywhere is found, also where its checksum was made anew', async () => {
  const bytes = readFileSync(backup.file);
  const spoilt = world.at('spoilt.tar');
  // A header, three places of the sealed parts, and the manifest.
  for (const at of [
    3,
    5000,
    Math.floor(bytes.length / 3),
    Math.floor(bytes.length / 2),
    bytes.lastIndexOf('"documents"'),
  ]) {
    const changed = Buffer.from(bytes);
    changed[at]! ^= 1;
    writeFileSync(spoilt, changed);
    const { code, errors } = await cli(appliance.dataFolder, ['backup', 'verify', spoilt]);
    assert.notEqual(code, 0, `byte ${at}`);
    assert.match(errors, /OBJECT_CORRUPTED/);
  }
  for (const cut of [bytes.length - 1, bytes.length - 2000, 700]) {
    writeFileSync(spoilt, bytes.subarray(0, cut));
    assert.notEqual((await cli(appliance.dataFolder, ['backup', 'verify', spoilt])).code, 0, `cut at ${cut}`);
  }
  cpSync(backup.keys, `${spoilt}.keys`, { recursive: true });
  const changed = Buffer.from(bytes);
  changed[5000]! ^= 1;
  writeFileSync(spoilt, changed);
  const refused = await cli(world.at('spoilt-data'), ['restore', spoilt, '--identity', world.identity]);
  assert.notEqual(refused.code, 0);
  assert.match(refused.errors + refused.out, /OBJECT_CORRUPTED/);
  assert.ok(!existsSync(controlPaths(world.at('spoilt-data')).registry));
});

test('what happens behind the backup is in the ledger that is carried out', async () => {
  const erased = await dana('DELETE', `/query/acme/document/${herring}`, {
    confirm_doc_id: herring,
    reason: 'asked by the owner',
  });
  assert.equal(erased.code, '', JSON.stringify(erased.error));
  const [claim] = (await nora<{ doc_id: string }[]>('GET', '/query/nordlaw/documents?limit=1')).data.map(
    ({ doc_id }) => doc_id,
  );
  const hold = await frode('POST', '/admin/tenants/nordlaw/hold', {
    action: 'set',
    scope: 'document',
    resource_id: claim,
    reason: 'matter 7',
  });
  assert.equal(hold.code, '', JSON.stringify(hold.error));
  const auditor = await appliance.token({ role: 'auditor', subject: 'anna' });
  await until('the ledger', async () => {
    const { out } = await cli(appliance.dataFolder, ['audit', 'ledger'], '', {
      FROSTBYTE_URL: appliance.url,
      FROSTBYTE_TOKEN: auditor,
    });
    writeFileSync(world.at('ledger.jsonl'), out);
    const { erased: known, holds } = replayLedger(parseLedger(out));
    return known.some(({ doc_id }) => doc_id === herring) && holds.length === 1;
  });
  await appliance.stop();
});

test('it is restored onto an empty folder only, and with the recovery identity only', async () => {
  const onto = await cli(appliance.dataFolder, ['restore', backup.file, '--identity', world.identity]);
  assert.notEqual(onto.code, 0);
  assert.match(onto.errors, /INVALID_STATE_TRANSITION.*empty data folder/s);
  const data = world.at('refused');
  const nobody = await cli(data, ['restore', backup.file]);
  assert.match(nobody.errors, /VALIDATION_ERROR.*recovery identity/s);
  const foreign = await cli(data, ['restore', backup.file, '--identity', world.foreign]);
  assert.notEqual(foreign.code, 0);
  assert.match(foreign.out + foreign.errors, /KEY_UNAVAILABLE/);
  assert.deepEqual(
    [existsSync(join(data, 'restoring')), existsSync(controlPaths(data).rootKey), existsSync(join(data, 'tenants'))],
    [false, false, false],
  );
});

test('without a ledger it is restored, and says what is not known', async () => {
  const data = world.at('without-ledger');
  const { state, report } = await restored(data, backup.file, '--identity', world.identity);
  assert.equal(state, 'done');
  assert.deepEqual([report.ledger.given, report.unknown_since], [false, backup.manifest.began_at]);
  assert.deepEqual(
    report.tenants.map(({ tenant_id, state: now }) => [tenant_id, now]),
    [
      ['acme', 'SUSPENDED'],
      ['nordlaw', 'SUSPENDED'],
    ],
  );
  for (const { documents, files, chains, found } of report.tenants)
    assert.ok(documents > 0 && files === documents && chains > 0 && found > 0, JSON.stringify(report.tenants));
  // The document that was erased behind the backup is back: that is what no ledger means.
  assert.ok(existsSync(join(tenantPaths(data, 'acme').objects, 'raw/acme', herring)));
});

test('with the ledger, from standard input the identity, nothing that was erased comes back', async () => {
  const data = world.at('restored');
  const args = [
    'restore',
    backup.file,
    '--identity',
    '-',
    '--ledger',
    world.at('ledger.jsonl'),
    '--json',
    '--progress',
    'none',
  ];
  const { code, out, errors } = await cli(data, args, readFileSync(world.identity, 'utf8'));
  assert.equal(code, 0, errors + out);
  const { report } = JSON.parse(out) as Awaited<ReturnType<typeof restored>>;
  assert.equal(report.ledger.given, true);
  assert.ok(report.ledger.added >= 2 && report.holds_set === 1, JSON.stringify(report));
  assert.equal(report.tenants[0]?.erased_again, 1);
  assert.ok(report.unknown_since > backup.manifest.made_at);
  assert.ok(!existsSync(join(tenantPaths(data, 'acme').objects, 'raw/acme', herring)));

  again = await startAppliance({ dataFolder: data });
  const admin = await again.caller({ role: 'admin', subject: 'frode' }, 'journey');
  // Tokens of before are dead, and so are those of a tenant that nobody confirmed.
  const old = await fetch(`${again.url}/api/v1/ingest/acme/batches`, { headers: { authorization: `Bearer ${token}` } });
  assert.equal(old.status, 401);
  const { data: tenants } = await admin<{ tenant_id: string; state: string }[]>('GET', '/admin/tenants');
  assert.deepEqual(
    tenants.map(({ state }) => state),
    ['SUSPENDED', 'SUSPENDED'],
  );
  for (const tenant of ['acme', 'nordlaw']) {
    const resumed = await admin('POST', `/admin/tenants/${tenant}/resume`, { reason: 'restored and looked at' });
    assert.equal(resumed.code, '', JSON.stringify(resumed.error));
  }
  const caller = await again.caller({ role: 'tenant_admin', tenant_id: 'acme', subject: 'dana' });
  const found = await search(caller, 'acme', 'How long does rye bread keep?');
  assert.ok(found.chunks.some(({ text }) => text.includes('Rye bread keeps')));
  assert.ok(
    (await search(caller, 'acme', 'herring minus twenty')).chunks.every(({ text }) => !text.includes('herring')),
  );
  // A proof of before still stands.
  const objects = await objectsOpened(again, 'acme');
  try {
    const chunk = proof.chunks.find(({ text }) => text.includes('Rye'))!;
    assert.equal(verifyProofChunk(chunk, await proofEvidence(objects, chunk, 'acme'), 'acme'), null);
  } finally {
    await objects.close();
  }
  // The hold of behind the backup keeps its document.
  const { data: holds } = await admin<{ resource_id: string }[]>('GET', '/admin/tenants/nordlaw/hold?status=in_force');
  assert.equal(holds.length, 1);
  // And it works: documents come in, and the next backup is made.
  const [fresh] = await ingested(caller, 'acme', ['The salmon arrived on Tuesday.']);
  assert.match(fresh!, /^doc_/);
});

test('each log goes on from the head that the backup held, which an event binds', async () => {
  const auditor = await again!.caller({ role: 'auditor', subject: 'anna' });
  for (const tenant of backup.manifest.tenants) {
    const log = openSqliteLog(logPath(again!.dataFolder, tenant.tenant_id), {
      tenant_id: tenant.tenant_id,
      clock: systemClock(),
      readonly: true,
    });
    assert.deepEqual(await treeHead(log, tenant.log.size), tenant.log);
    await log.close();
    const { data } = await auditor<{ details: Record<string, unknown> }[]>(
      'GET',
      `/audit/${tenant.tenant_id}/events?event_type=BACKUP_RESTORED`,
    );
    assert.deepEqual(
      data.map(({ details }) => [details.backup_id, details.tree_size, details.tree_root]),
      [[backup.manifest.backup_id, tenant.log.size, `sha256:${tenant.log.root}`]],
    );
  }
});

test('keys, credentials and token keys are new; storage keys are those that its objects need', async () => {
  const keysOf = async (data: string) =>
    openTenantKeys(await openRootKey(controlPaths(data).rootKey), tenantPaths(data, 'acme').secrets);
  const [before, now] = [await keysOf(appliance.dataFolder), await keysOf(again!.dataFolder)];
  assert.notEqual(before.recipient, now.recipient);
  assert.notEqual(before.secrets.values.tenant_api_key, now.secrets.values.tenant_api_key);
  assert.deepEqual(before.storage.recipients, now.storage.recipients);
  const signing = (data: string) => readdirSync(controlPaths(data).signingKeys).filter((name) => name.endsWith('.age'));
  assert.equal(
    signing(appliance.dataFolder).some((name) => signing(again!.dataFolder).includes(name)),
    false,
  );
});

test('a tenant whose key file is destroyed is out of reach for good, and the others are restored without it', async () => {
  const keys = world.at('keys-left');
  mkdirSync(keys);
  copyFileSync(join(backup.keys, 'nordlaw.age'), join(keys, 'nordlaw.age'));
  const data = world.at('shredded');
  const refused = await cli(data, ['restore', backup.file, '--identity', world.identity, '--keys', keys]);
  assert.notEqual(refused.code, 0);
  assert.match(refused.out + refused.errors, /KEY_UNAVAILABLE.*acme/s);
  const { report } = await restored(
    data,
    backup.file,
    '--identity',
    world.identity,
    '--keys',
    keys,
    '--without',
    'acme',
  );
  assert.deepEqual(
    [report.tenants.map(({ tenant_id }) => tenant_id), report.not_restored, report.deleted],
    [['nordlaw'], ['acme'], ['acme']],
  );
  assert.ok(!existsSync(dirname(tenantPaths(data, 'acme').objects)));
  const third = await startAppliance({ dataFolder: data });
  try {
    const admin = await third.caller({ role: 'admin', subject: 'frode' }, 'journey');
    await until('the deletion', async () => {
      const { data: tenant } = await admin<{ state: string }>('GET', '/admin/tenants/acme');
      return tenant.state === 'DEPROVISIONED';
    });
  } finally {
    await third.kill();
  }
  rmSync(data, { recursive: true });
});
