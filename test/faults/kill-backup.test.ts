import assert from 'node:assert/strict';
import { cpSync, existsSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import Database from 'better-sqlite3';
import type { BackupReport } from '../../appliance/bin/wire/backup/make-backup.ts';
import { verifyBackup } from '../../appliance/bin/wire/backup/verify-backup.ts';
import { checkBackupFile } from '../../appliance/bundle/backup/check-file.ts';
import { controlPaths, logPath } from '../../appliance/kernel/names.ts';
import { startAppliance } from '../support/appliance.ts';
import {
  answered,
  type BackupWorld,
  backupWorld,
  cli,
  ingested,
  proveRecipient,
  restored,
} from '../support/backup-world.ts';
import { loopDisk, noLoopDisks } from '../support/faults/loop-disk.ts';
import { ALL_FAULTS, SEED, seeded } from '../support/faults/random.ts';
import { untilChange } from '../support/until-change.ts';

/**
 * A backup and a restore are killed (SIGKILL) before a change of a file, and run again; and both meet a full disk. What is
 * there under its name is whole, or nothing is; run again it ends as if nothing had happened.
 */

/** Points of each: a few by the seed, or very many. */
const POINTS = ALL_FAULTS ? 40 : 2;
const DOCUMENTS = ['The herring is kept at minus twenty.', 'Rye bread keeps for a week.', 'The claim is dismissed.'];

let world: BackupWorld;
let template: string;
let backup: BackupReport;
before(async () => {
  world = await backupWorld();
  const appliance = await startAppliance({ arrangement: 'single' });
  await proveRecipient(appliance.dataFolder, world.recovery);
  await appliance.createTenant('acme', { classification_review_enabled: false });
  const dana = await appliance.caller({ role: 'tenant_admin', tenant_id: 'acme', subject: 'dana' });
  await ingested(dana, 'acme', DOCUMENTS);
  await appliance.stop();
  template = world.at('template');
  cpSync(appliance.dataFolder, template, { recursive: true });
  await appliance.end();
  backup = await answered<BackupReport>(template, 'backup', world.at('good.tar'));
});
after(() => world.end());

const until = (at: number, folder: string, data: string, ...args: string[]) =>
  untilChange(at, folder, args, { FROSTBYTE_DATA: data });

/** So many different points of `all`, the first and the last among them. */
function points(all: number, salt: number): number[] {
  const random = seeded(salt);
  const chosen = new Set([1, all]);
  while (chosen.size < Math.min(POINTS + 2, all)) chosen.add(random.whole(1, all));
  return [...chosen].sort((a, b) => a - b);
}

const openers = () => ({ identity: `${world.recovery.identity}\n` });

/** Backups of the tenant that the registry believes to be kept. */
function kept(data: string): string[] {
  const db = new Database(controlPaths(data).registry, { readonly: true });
  try {
    const rows = db
      .prepare("SELECT DISTINCT label FROM outside_copies WHERE kind = 'backup' AND destroyed_at IS NULL")
      .all();
    return (rows as { label: string }[]).map(({ label }) => label).sort();
  } finally {
    db.close();
  }
}

test('a backup that is killed anywhere is whole or not there, and the next one leaves nothing of it', async (t) => {
  const folderOf = () => mkdtempSync(join(world.folder, 'case-'));
  const first = folderOf();
  cpSync(template, join(first, 'data'), { recursive: true });
  const counted = await until(0, first, join(first, 'data'), 'backup', join(first, 'whole.tar'));
  assert.ok(counted.changes > 20, `${counted.changes} changes of files`);
  t.diagnostic(`seed ${SEED}, of ${counted.changes} points`);
  for (const at of points(counted.changes, 1)) {
    const folder = folderOf();
    const data = join(folder, 'data');
    cpSync(template, data, { recursive: true });
    const file = join(folder, 'cut.tar');
    const { killed } = await until(at, folder, data, 'backup', file);
    assert.equal(killed, true, `point ${at}`);
    const isWhole = existsSync(file);
    if (isWhole) await verifyBackup(file, openers());
    const next = await answered<BackupReport>(data, 'backup', join(folder, 'next.tar'));
    await verifyBackup(next.file, openers());
    const wanted = [
      'data',
      'next.tar',
      'next.tar.keys',
      'next.tar.sha256',
      ...(isWhole ? ['cut.tar', 'cut.tar.sha256'] : []),
    ];
    const found = readdirSync(folder).filter((name) => isWhole || name !== 'cut.tar.keys');
    assert.deepEqual(found.filter((name) => name !== 'cut.tar.keys').sort(), wanted.sort(), `point ${at}`);
    assert.deepEqual(readdirSync(join(data, 'control/backup')), ['lock']);
    // Only what there is keeps storage keys from being purged: the template's own, the one that was cut where it is whole, the next.
    const own = isWhole ? [(await checkBackupFile(file)).manifest.backup_id] : [];
    assert.deepEqual(kept(data), [...kept(template), ...own, next.manifest.backup_id].sort());
    rmSync(folder, { recursive: true });
  }
});

test('a restore that is killed anywhere goes on when it is run again', async (t) => {
  const args = (data: string) => [
    'restore',
    backup.file,
    '--identity',
    world.identity,
    '--data',
    data,
    '--progress',
    'none',
  ];
  const first = mkdtempSync(join(world.folder, 'case-'));
  const { changes } = await until(0, first, first, ...args(join(first, 'data')));
  t.diagnostic(`seed ${SEED}, of ${changes} points`);
  for (const at of points(changes, 2)) {
    const folder = mkdtempSync(join(world.folder, 'case-'));
    const data = join(folder, 'data');
    const { killed } = await until(at, folder, folder, ...args(data));
    assert.equal(killed, true, `point ${at}`);
    // The daemon does not start on half an appliance, and makes none beside it.
    if (existsSync(join(data, 'restoring'))) {
      const early = await cli(data, ['keys', 'recovery', 'show']);
      assert.match(early.errors, /was not finished/, `point ${at}`);
    }
    const { state, report } = await restored(data, backup.file, '--identity', world.identity);
    assert.equal(state, 'done', `point ${at}`);
    assert.deepEqual(
      report.tenants.map(({ tenant_id, documents, files, chains, found }) => [
        tenant_id,
        documents,
        files,
        chains,
        found,
      ]),
      [['acme', 3, 3, 3, 3]],
      `point ${at}`,
    );
    assert.equal(existsSync(join(data, 'restoring')), false);
    const log = new Database(logPath(data, 'acme'), { readonly: true });
    const { n } = log.prepare("SELECT count(*) AS n FROM events WHERE event_type = 'BACKUP_RESTORED'").get() as {
      n: number;
    };
    log.close();
    assert.equal(n, 1, `point ${at}`);
    rmSync(folder, { recursive: true });
  }
});

test('on a full disk neither leaves anything', { skip: noLoopDisks() }, async () => {
  const disk = loopDisk(64);
  try {
    disk.fillTo(300 << 10);
    const refused = await cli(template, ['backup', join(disk.folder, 'full.tar')]);
    assert.notEqual(refused.code, 0);
    assert.match(refused.errors, /DISK_FULL/);
    assert.deepEqual(
      readdirSync(disk.folder).filter((name) => /full/.test(name) && !name.endsWith('.keys')),
      [],
    );
    const data = join(disk.folder, 'data');
    const cut = await cli(data, ['restore', backup.file, '--identity', world.identity, '--progress', 'none']);
    assert.notEqual(cut.code, 0);
    assert.match(cut.out + cut.errors, /DISK_FULL/);
    assert.equal(existsSync(controlPaths(data).registry), false);
    disk.free();
    const { state } = await restored(data, backup.file, '--identity', world.identity);
    assert.equal(state, 'done');
  } finally {
    disk.end();
  }
});
