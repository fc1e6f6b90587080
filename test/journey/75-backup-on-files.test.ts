import assert from 'node:assert/strict';
import { copyFileSync, cpSync, existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { test } from 'node:test';
import { systemClock } from '../../appliance/kernel/clock.ts';
import { controlPaths, logPath, tenantPaths } from '../../appliance/kernel/names.ts';
import { openSqliteLog } from '../../appliance/stores/log/sqlite.ts';
import { startAppliance } from '../support/appliance.ts';
import { backupStory } from '../support/backup-story.ts';
import { cli, restored } from '../support/backup-world.ts';
import { until } from '../support/faults/until.ts';

/** Frode backs an appliance in files up while two tenants send documents, loses it, and gets it back on an empty disk. */

const story = backupStory(
  {
    start: () => startAppliance(),
    lose: async () => undefined,
    blank: async (_appliance, data) => story.world.box(data),
    installed: async (data) => ({ ...story.world.box(data), begin: () => startAppliance({ dataFolder: data }) }),
    log: async ({ data }, tenant_id) =>
      openSqliteLog(logPath(data, tenant_id), { tenant_id, clock: systemClock(), readonly: true }),
    lookAtRows: (folder) =>
      assert.equal(readFileSync(join(folder, 'records.sqlite'), 'latin1').slice(0, 15), 'SQLite format 3'),
  },
  () =>
    test('without a recovery recipient nothing is backed up', async () => {
      const { box, world } = story;
      const { code, errors } = await box.cli(['backup', world.at('early.tar')]);
      assert.notEqual(code, 0);
      assert.match(errors, /INVALID_STATE_TRANSITION.*recovery recipient/s);
      assert.deepEqual(
        readdirSync(world.folder).filter((name) => name.startsWith('early')),
        [],
      );
    }),
);

test('it is written over by none, and held against itself without the identity', async () => {
  const { box, world, backup } = story;
  const { code, errors } = await box.cli(['backup', world.at('monday.tar')]);
  assert.notEqual(code, 0);
  assert.match(errors, /is there already/);
  const outside = await box.answered<{ sha256: string; opened: boolean }>('backup', 'verify', backup.file);
  assert.deepEqual([outside.sha256, outside.opened], [backup.sha256, false]);
  const foreign = await box.cli(['backup', 'verify', backup.file, '--identity', world.foreign]);
  assert.notEqual(foreign.code, 0);
  assert.match(foreign.errors, /KEY_UNAVAILABLE.*made for age1/s);
});

test('a byte that was changed anywhere is found, also where its checksum was made anew', async () => {
  const { box, world, backup } = story;
  const bytes = readFileSync(backup.file);
  const spoilt = world.at('spoilt.tar');
  // A header, two places of the sealed parts, and the manifest.
  for (const at of [3, 5000, Math.floor(bytes.length / 2), bytes.lastIndexOf('"documents"')]) {
    const changed = Buffer.from(bytes);
    changed[at]! ^= 1;
    writeFileSync(spoilt, changed);
    const { code, errors } = await box.cli(['backup', 'verify', spoilt]);
    assert.notEqual(code, 0, `byte ${at}`);
    assert.match(errors, /OBJECT_CORRUPTED/);
  }
  for (const cut of [bytes.length - 1, bytes.length - 2000, 700]) {
    writeFileSync(spoilt, bytes.subarray(0, cut));
    assert.notEqual((await box.cli(['backup', 'verify', spoilt])).code, 0, `cut at ${cut}`);
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

test('a tenant whose key file is destroyed is out of reach for good, and the others are restored without it', async () => {
  const { world, backup } = story;
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
    ...['--identity', world.identity, '--keys', keys, '--without', 'acme'],
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
