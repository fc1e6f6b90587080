import assert from 'node:assert/strict';
import { existsSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { Client } from 'pg';
import type { BackupReport } from '../../appliance/bin/wire/backup/make-backup.ts';
import { verifyBackup } from '../../appliance/bin/wire/backup/verify-backup.ts';
import { controlPaths } from '../../appliance/kernel/names.ts';
import { type Appliance, startAppliance } from '../support/appliance.ts';
import { type BackupWorld, backupWorld, ingested, proveRecipient } from '../support/backup-world.ts';
import { ALL_FAULTS, SEED, seeded } from '../support/faults/random.ts';
import { postgresLogin, stackMissing, testStack } from '../support/stack.ts';
import { clearStack } from '../support/stack-appliance.ts';
import { untilChange } from '../support/until-change.ts';

/**
 * A backup of an appliance on servers, and a restore onto servers that nobody uses, are killed (SIGKILL) before a change of a file,
 * and run again. What servers do in between lies between two of these: phases note on the disk what they have brought about.
 */

/** Points of each. In the short run those of an appliance in files stand for them: the phases are the same. */
const POINTS = 40;
const inLongRuns = ALL_FAULTS ? describe : () => undefined;

inLongRuns('a backup on servers that is killed', { skip: stackMissing() ?? false, timeout: 3_600_000 }, () => {
  let world: BackupWorld;
  let appliance: Appliance;
  let backup: BackupReport;
  before(async () => {
    world = await backupWorld();
    // Its vectors lie in a file, as on a box without Qdrant: they are in the backup, and moved into their place.
    const environment = { FROSTBYTE_DRAIN_SECONDS: '1', FROSTBYTE_VECTORS: 'sqlite-vec' };
    appliance = await startAppliance({ arrangement: 'stack', environment });
    await appliance.createTenant('acme', { classification_review_enabled: false });
    await proveRecipient(appliance.dataFolder, world.recovery);
    const dana = await appliance.caller({ role: 'tenant_admin', tenant_id: 'acme', subject: 'dana' });
    await ingested(dana, 'acme', ['The herring is kept at minus twenty.', 'Rye bread keeps for a week.']);
    await appliance.stop();
  });
  after(async () => {
    await appliance?.end();
    world?.end();
  });

  const box = (data: string) => world.box(data, appliance.environment);
  const killed = (at: number, folder: string, data: string, ...args: string[]) =>
    untilChange(at, folder, args, { ...appliance.environment, FROSTBYTE_DATA: data });

  /** So many different points of `all` by the seed, and those that are named. */
  function points(all: number, salt: number, ...named: number[]): number[] {
    const random = seeded(salt);
    const chosen = new Set(named);
    while (chosen.size < Math.min(POINTS + named.length, all)) chosen.add(random.whole(1, all));
    return [...chosen].sort((a, b) => a - b);
  }

  test('is whole or not there, and the next one leaves nothing of it', async (t) => {
    const data = appliance.dataFolder;
    const folder = join(data, '..');
    const first = await killed(0, folder, data, 'backup', join(folder, 'whole.tar'));
    t.diagnostic(`seed ${SEED}, of ${first.changes} points`);
    const openers = { identity: `${world.recovery.identity}\n` };
    for (const at of points(first.changes, 1)) {
      const file = join(folder, `cut-${at}.tar`);
      assert.equal((await killed(at, folder, data, 'backup', file)).killed, true, `point ${at}`);
      if (existsSync(file)) await verifyBackup(file, openers);
      backup = await box(data).answered<BackupReport>('backup', join(world.folder, `next-${at}.tar`));
      await verifyBackup(backup.file, openers);
      assert.equal(existsSync(`${file}.partial`), false, `point ${at}`);
      assert.deepEqual(readdirSync(join(data, 'control/backup')), ['lock'], `point ${at}`);
    }
    await clearStack(testStack()!);
  });

  test('its restore goes on when it is run again, or goes back and leaves nothing', async (t) => {
    const args = ['restore', backup.file, '--identity', world.identity, '--progress', 'none'];
    const folderOf = () => mkdtempSync(join(world.folder, 'case-'));
    const first = folderOf();
    const { changes } = await killed(0, first, join(first, 'data'), ...args);
    t.diagnostic(`seed ${SEED}, of ${changes} points`);
    // By one of the last everything is on its way into its place.
    for (const at of points(changes, 2, changes - 8)) {
      await clearStack(testStack()!);
      const folder = folderOf();
      const data = join(folder, 'data');
      assert.equal((await killed(at, folder, data, ...args)).killed, true, `point ${at}`);
      const { state, report } = await box(data).restored(backup.file, '--identity', world.identity);
      assert.equal(state, 'done', `point ${at}`);
      assert.deepEqual(
        report.tenants.map(({ tenant_id, documents, files, chains, found }) => [
          tenant_id,
          ...[documents, files, chains, found],
        ]),
        [['acme', 2, 2, 2, 2]],
        `point ${at}`,
      );
      assert.deepEqual(await databases(), ['frostbyte', 'tenant_acme'], `point ${at}`);
      assert.equal(existsSync(join(data, 'restoring')), false);
      assert.equal(await restoredEvents(), 1, `point ${at}`);
      rmSync(folder, { recursive: true });
    }
    await clearStack(testStack()!);
    const folder = folderOf();
    const data = join(folder, 'data');
    // In the middle of the way: the tenant's part was taken.
    assert.equal((await killed(Math.floor(changes / 2), folder, data, ...args)).killed, true);
    const undone = await box(data).cli([...args, '--undo']);
    assert.equal(undone.code, 0, undone.errors);
    assert.deepEqual(await databases(), []);
    assert.equal(existsSync(controlPaths(data).registry), false);
  });

  async function asked<Row extends object>(database: string, sql: string): Promise<Row[]> {
    const client = new Client({ ...postgresLogin(testStack()!), database });
    await client.connect();
    try {
      return (await client.query<Row>(sql)).rows;
    } finally {
      await client.end();
    }
  }
  const databases = async () =>
    (
      await asked<{ name: string }>(
        'postgres',
        "SELECT datname AS name FROM pg_database WHERE datname ~ '^(frostbyte|tenant_)' ORDER BY datname",
      )
    ).map(({ name }) => name);
  const restoredEvents = async () =>
    (await asked('frostbyte', "SELECT 1 FROM audit.events WHERE event_type = 'BACKUP_RESTORED' AND tenant_id = 'acme'"))
      .length;
});
