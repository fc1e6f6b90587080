import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import type { RetrievalProof } from '../../appliance/api/schemas/query.ts';
import { treeHead } from '../../appliance/bin/wire/backup/log-heads.ts';
import type { BackupReport } from '../../appliance/bin/wire/backup/make-backup.ts';
import { readEvidence } from '../../appliance/bundle/evidence/log.ts';
import { replayLedger } from '../../appliance/control/ledger/replay.ts';
import { parseLedger } from '../../appliance/control/restore/take-ledger.ts';
import { proofEvidence, verifyProofChunk } from '../../appliance/data/verify-proof.ts';
import { controlPaths, tenantPaths } from '../../appliance/kernel/names.ts';
import { open } from '../../appliance/secrets/age-file.ts';
import { openRootKey, openTenantKeys } from '../../appliance/secrets/keyring.ts';
import type { AuditLog } from '../../appliance/stores/log/port.ts';
import type { Appliance } from './appliance.ts';
import { type BackupWorld, backupWorld, ingested, proveRecipient, type RestoreBox } from './backup-world.ts';
import { until } from './faults/until.ts';
import type { Caller } from './http.ts';
import { type Inside, objectsAtRest, objectsOpened } from './inside.ts';
import { stockAge, without } from './stock-tools.ts';

/** Where the story takes place: in files, or on servers. */
export interface BackupSite {
  /** The appliance that is backed up and lost. */
  start(): Promise<Appliance>;
  /** Where it is lost: what its tenants had is gone, its folder is left to look into. */
  lose(appliance: Appliance): Promise<void>;
  /** A folder that nobody used, and servers that nobody uses. */
  blank(appliance: Appliance, data: string): Promise<RestoreBox>;
  /** A box as an installation leaves it, at rest. `begin` starts it. */
  installed(data: string): Promise<RestoreBox & { begin(): Promise<Appliance> }>;
  /** The log of a tenant on a box. */
  log(box: Pick<RestoreBox, 'data'>, tenant: string): Promise<AuditLog>;
  /** Holds rows that were taken out by hand against what they must be. */
  lookAtRows(folder: string, herring: string): void;
}

/** What the story knows, for what a site has to tell beside. */
export interface BackupStory {
  world: BackupWorld;
  appliance: Appliance;
  box: RestoreBox;
  backup: BackupReport;
  /** What was restored, once it runs. */
  again: Appliance;
}

const QUESTION = 'How long does rye bread keep?';

/** Frode backs the appliance up while two tenants send documents, loses it, and gets it back. Registers its tests. */
export function backupStory(site: BackupSite, early: (story: BackupStory) => void = () => undefined): BackupStory {
  const story = {} as BackupStory;
  let again: Appliance | undefined;
  let frode: Caller;
  let dana: Caller;
  let nora: Caller;
  let herring = '';
  let token = '';
  let proof: RetrievalProof;

  before(async () => {
    story.world = await backupWorld();
    const appliance = await site.start();
    story.appliance = appliance;
    story.box = story.world.box(appliance.dataFolder, appliance.stack?.environment);
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
    proof = await search(dana, 'acme', QUESTION);
  });
  after(async () => {
    await again?.end();
    await story.appliance?.end();
    story.world?.end();
  });

  early(story);

  test('a backup is made while documents come in, and says what is in it', async () => {
    const { appliance, box, world } = story;
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
    story.backup = await box.answered<BackupReport>('backup', world.at('monday.tar'));
    stop = true;
    await Promise.all(sending);
    const { manifest, sha256 } = story.backup;
    assert.deepEqual(
      manifest.tenants.map(({ tenant_id }) => tenant_id),
      ['acme', 'nordlaw'],
    );
    for (const { documents, chunks, objects, log } of manifest.tenants)
      assert.ok(documents > 0 && chunks >= documents - 2 && objects >= documents * 3 && log.size > 0);
    await until('the event', async () => {
      const auditor = await appliance.caller({ role: 'auditor', subject: 'anna' });
      const { data } = await auditor<object[]>('GET', '/audit/_appliance/events?event_type=BACKUP_CREATED');
      return JSON.stringify(data).includes(sha256);
    });
    const { records } = readEvidence(join(appliance.dataFolder, 'evidence'));
    assert.ok(records.some(({ action, detail }) => action === 'backup' && detail.sha256 === sha256));
    assert.deepEqual(readdirSync(join(appliance.dataFolder, 'control/backup')), ['lock']);
  });

  test('stock sha256sum, tar and age open it, each tenant’s part with that tenant’s key alone', {
    skip: without(stockAge, 'age'),
  }, async () => {
    const { world, backup } = story;
    execFileSync('sha256sum', ['-c', 'monday.tar.sha256'], { cwd: world.folder });
    const folder = world.at('by-hand');
    mkdirSync(folder);
    execFileSync('tar', ['-xf', backup.file, '-C', folder]);
    /** An identity file of the key of a tenant in the backup, as its holder takes it out of the escrow file. */
    const escrowed = async (tenant: string): Promise<string> => {
      const file = world.at(`${tenant}.opened`);
      const opened = await open([world.recovery.identity], readFileSync(join(backup.keys, `${tenant}.age`)));
      writeFileSync(file, opened, { mode: 0o600 });
      return file;
    };
    const [acme, nordlaw] = [await escrowed('acme'), await escrowed('nordlaw')];
    const plain = (identity: string, part: string) =>
      execFileSync(stockAge!, ['-d', '-i', identity, join(folder, part)], {
        maxBuffer: 1 << 28,
        stdio: ['ignore', 'pipe', 'pipe'],
      });
    writeFileSync(join(folder, 'acme.tar'), plain(acme, 'tenants/acme.tar.age'));
    execFileSync('tar', ['-xf', 'acme.tar'], { cwd: folder });
    site.lookAtRows(folder, herring);
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
    writeFileSync(join(folder, 'appliance.tar'), plain(world.identity, 'appliance.tar.age'));
    assert.match(
      execFileSync('tar', ['-tf', join(folder, 'appliance.tar')], { encoding: 'utf8' }),
      /^registry\.sqlite\nclock\naudit\/_appliance\.sqlite\n$/,
    );
  });

  test('it is opened with the identity and held against what it says; a byte that was changed is found', async () => {
    const { world, box, backup } = story;
    const inside = await box.answered<{ opened: boolean; tenants: string[]; without_key: string[] }>(
      ...['backup', 'verify', backup.file, '--identity', world.identity],
    );
    assert.deepEqual([inside.opened, inside.tenants, inside.without_key], [true, ['acme', 'nordlaw'], []]);
    const changed = readFileSync(backup.file);
    changed[Math.floor(changed.length / 3)]! ^= 1;
    writeFileSync(world.at('spoilt.tar'), changed);
    const { code, errors } = await box.cli(['backup', 'verify', world.at('spoilt.tar')]);
    assert.notEqual(code, 0);
    assert.match(errors, /OBJECT_CORRUPTED/);
  });

  test('what happens behind the backup is in the ledger that is carried out', async () => {
    const { appliance, box, world } = story;
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
      const { out } = await box.cli(['audit', 'ledger'], '', {
        FROSTBYTE_URL: appliance.url,
        FROSTBYTE_TOKEN: auditor,
      });
      writeFileSync(world.at('ledger.jsonl'), out);
      const { erased: known, holds } = replayLedger(parseLedger(out));
      return known.some(({ doc_id }) => doc_id === herring) && holds.length === 1;
    });
    await appliance.stop();
  });

  test('it is restored where nobody’s tenants are only, and with the recovery identity only', async () => {
    const { appliance, box, world, backup } = story;
    const onto = await box.cli(['restore', backup.file, '--identity', world.identity]);
    assert.notEqual(onto.code, 0);
    assert.match(onto.errors, /INVALID_STATE_TRANSITION/);
    await site.lose(appliance);
    const refused = await site.blank(appliance, world.at('refused'));
    const nobody = await refused.cli(['restore', backup.file]);
    assert.match(nobody.errors, /VALIDATION_ERROR.*recovery identity/s);
    const foreign = await refused.cli(['restore', backup.file, '--identity', world.foreign]);
    assert.notEqual(foreign.code, 0);
    assert.match(foreign.out + foreign.errors, /KEY_UNAVAILABLE/);
    assert.deepEqual(
      [
        existsSync(join(refused.data, 'restoring')),
        existsSync(controlPaths(refused.data).rootKey),
        existsSync(join(refused.data, 'tenants')),
      ],
      [false, false, false],
    );
  });

  test('without a ledger it is restored, and says what is not known', async () => {
    const { appliance, world, backup } = story;
    const box = await site.blank(appliance, world.at('without-ledger'));
    const { state, report } = await box.restored(backup.file, '--identity', world.identity);
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
    assert.equal(await hasRaw({ dataFolder: box.data, stack: appliance.stack }, herring), true);
    await site.lose(appliance);
  });

  test('with the ledger, from standard input the identity, nothing that was erased comes back', async () => {
    const { world, backup } = story;
    const box = await site.installed(world.at('restored'));
    const args = ['restore', backup.file, '--identity', '-', '--ledger', world.at('ledger.jsonl'), '--json'];
    const { code, out, errors } = await box.cli([...args, '--progress', 'none'], readFileSync(world.identity, 'utf8'));
    assert.equal(code, 0, errors + out);
    const { report } = JSON.parse(out) as Awaited<ReturnType<RestoreBox['restored']>>;
    assert.equal(report.ledger.given, true);
    assert.ok(report.ledger.added >= 2 && report.holds_set === 1, JSON.stringify(report));
    assert.equal(report.tenants[0]?.erased_again, 1);
    assert.ok(report.unknown_since > backup.manifest.made_at);

    again = await box.begin();
    story.again = again;
    assert.equal(await hasRaw(again, herring), false);
    const admin = await again.caller({ role: 'admin', subject: 'frode' }, 'journey');
    // Tokens of before are dead, and so are those of a tenant that nobody confirmed.
    const old = await fetch(`${again.url}/api/v1/ingest/acme/batches`, {
      headers: { authorization: `Bearer ${token}` },
    });
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
    await until('its data plane', async () => (await caller('GET', '/ingest/acme/batches')).code === '', {
      seconds: 90,
    });
    const found = await search(caller, 'acme', QUESTION);
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
    const { data: holds } = await admin<{ resource_id: string }[]>(
      'GET',
      '/admin/tenants/nordlaw/hold?status=in_force',
    );
    assert.equal(holds.length, 1);
    // And it works: documents come in.
    const [fresh] = await ingested(caller, 'acme', ['The salmon arrived on Tuesday.']);
    assert.match(fresh!, /^doc_/);
  });

  test('each log goes on from the head that the backup held, which an event binds', async () => {
    const auditor = await again!.caller({ role: 'auditor', subject: 'anna' });
    const { manifest } = story.backup;
    for (const tenant of manifest.tenants) {
      const log = await site.log({ data: again!.dataFolder }, tenant.tenant_id);
      assert.deepEqual(await treeHead(log, tenant.log.size), tenant.log);
      await log.close();
      const { data } = await auditor<{ details: Record<string, unknown> }[]>(
        'GET',
        `/audit/${tenant.tenant_id}/events?event_type=BACKUP_RESTORED`,
      );
      assert.deepEqual(
        data.map(({ details }) => [details.backup_id, details.tree_size, details.tree_root]),
        [[manifest.backup_id, tenant.log.size, `sha256:${tenant.log.root}`]],
      );
    }
  });

  test('keys, credentials and token keys are new; storage keys are those that its objects need', async () => {
    const keysOf = async (data: string) =>
      openTenantKeys(await openRootKey(controlPaths(data).rootKey), tenantPaths(data, 'acme').secrets);
    const [then, now] = [await keysOf(story.appliance.dataFolder), await keysOf(again!.dataFolder)];
    assert.notEqual(then.recipient, now.recipient);
    for (const name of Object.keys(then.secrets.values) as (keyof typeof then.secrets.values)[])
      assert.notEqual(then.secrets.values[name], now.secrets.values[name], name);
    assert.deepEqual(then.storage.recipients, now.storage.recipients);
    const signing = (data: string) =>
      readdirSync(controlPaths(data).signingKeys).filter((name) => name.endsWith('.age'));
    assert.equal(
      signing(story.appliance.dataFolder).some((name) => signing(again!.dataFolder).includes(name)),
      false,
    );
  });

  return story;
}

async function search(caller: Caller, tenant: string, query_text: string): Promise<RetrievalProof> {
  return (await caller<RetrievalProof>('POST', `/query/${tenant}/search`, { query_text, top_k: 5 })).data;
}

/** Whether the raw file of a document of acme is there. */
async function hasRaw(inside: Inside, docId: string): Promise<boolean> {
  const store = objectsAtRest(inside, 'acme');
  try {
    for await (const _ of store.list(`raw/acme/${docId}/`)) return true;
    return false;
  } finally {
    await store.close();
  }
}
