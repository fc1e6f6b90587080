import assert from 'node:assert/strict';
import { execFile, spawn } from 'node:child_process';
import { cp, mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, type TestContext, test } from 'node:test';
import { promisify } from 'node:util';
import { embeddedResources } from '../../appliance/bin/wire/embedded-resources.ts';
import { embeddedRootKey } from '../../appliance/bin/wire/embedded-root-key.ts';
import { type Control, createControl } from '../../appliance/control/create-control.ts';
import { systemClock } from '../../appliance/kernel/clock.ts';
import { tenantPaths } from '../../appliance/kernel/names.ts';
import { open } from '../../appliance/secrets/age-file.ts';
import type { KeyPair } from '../../appliance/secrets/identities.ts';
import { openTenantKeys } from '../../appliance/secrets/keyring.ts';
import { upgradeSecretsFolder } from '../../appliance/secrets/upgrade-folder.ts';
import { ACME, fileLogs, silentLogger } from '../support/control/control-fixture.ts';
import {
  assertOneActive,
  eventTypes,
  objectKey,
  objectsOf,
  proveRecovery,
  secretsFolder,
} from '../support/control/key-world.ts';
import { ALL_FAULTS } from '../support/faults/random.ts';

/**
 * A process that changes a tenant's keys is killed (SIGKILL) before each single change of a file, one after the other. Every
 * time either the old or the new key works, and the next start brings what had begun to its end.
 */

const CHILD = join(import.meta.dirname, '../support/control/killed-keys.ts');
const run = promisify(execFile);
const clock = systemClock();
const OBJECTS = 3;
/** Cases at a time: most of one is waiting for the disk. */
const AT_ONCE = 3;

/** A data folder with a tenant, objects and a recovery recipient; each case works on a copy of it. */
let template: string;
let recovery: KeyPair;
let apiKey: string | undefined;
before(async () => {
  template = await mkdtemp(join(tmpdir(), 'frostbyte-rotation-'));
  const control = await openControl(template);
  await control.start();
  recovery = await proveRecovery(control);
  await control.createTenant(ACME, 'frode');
  await control.idle();
  const root = await embeddedRootKey(template, clock);
  const objects = objectsOf(template, root);
  for (let n = 0; n < OBJECTS; n++) await objects.put(objectKey(n), Buffer.from(`object ${n}`));
  apiKey = (await openTenantKeys(root, secretsFolder(template))).secrets.values.tenant_api_key;
  await control.stop();
});
after(() => rm(template, { recursive: true }));

async function openControl(folder: string): Promise<Control> {
  const root = await embeddedRootKey(folder, clock);
  const resources = embeddedResources({ dataFolder: folder, clock, root });
  const control = await createControl({
    dataFolder: folder,
    clock,
    logger: silentLogger,
    resources,
    openLog: fileLogs(folder),
    baseUrl: () => 'http://127.0.0.1:8080',
    retryWaits: [],
    beatMs: 60_000,
  });
  // Nothing may stay open: the folder is copied, file by file.
  return { ...control, stop: () => control.stop().finally(() => resources.close()) };
}

async function copyOf(t: TestContext, from: string): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'frostbyte-killed-'));
  t.after(() => rm(folder, { recursive: true }));
  await cp(from, folder, { recursive: true });
  return folder;
}

/** Every change of a file that a task makes, by running it to its end on a copy. */
async function changesOf(from: string, task: string): Promise<string[]> {
  const folder = await mkdtemp(join(tmpdir(), 'frostbyte-counted-'));
  try {
    await cp(from, folder, { recursive: true });
    const { stdout } = await run(process.execPath, ['--disable-warning=ExperimentalWarning', CHILD, folder, task, '0']);
    return JSON.parse(stdout) as string[];
  } finally {
    await rm(folder, { recursive: true });
  }
}

async function killAt(folder: string, task: string, n: number, where = 'secrets'): Promise<void> {
  const child = spawn(
    process.execPath,
    ['--disable-warning=ExperimentalWarning', CHILD, folder, task, String(n), where],
    {
      stdio: ['ignore', 'ignore', 'inherit'],
      timeout: 300_000,
    },
  );
  const signal = await new Promise((resolve) => child.once('exit', (_, name) => resolve(name)));
  assert.equal(signal, 'SIGKILL', `the child did not reach change ${n}`);
}

/** What must hold at every moment, whatever was killed: the secrets open, and so does each object. */
async function assertReadable(folder: string): Promise<void> {
  const root = await embeddedRootKey(folder, clock);
  const keys = await openTenantKeys(root, secretsFolder(folder));
  const objects = objectsOf(folder, root);
  for (let n = 0; n < OBJECTS; n++) assert.equal(String(await objects.read(objectKey(n))), `object ${n}`);
  await objects.put(objectKey(99), Buffer.from('new'));
  assert.equal(String(await objects.read(objectKey(99))), 'new');
  // Whoever has lost the box still opens everything: what is in use was escrowed before.
  const escrow = (await open([recovery.identity], await readFile(tenantPaths(folder, 'acme').escrow))).toString();
  for (const identity of [keys.current.pair.identity, ...keys.storage.identities]) assert.ok(escrow.includes(identity));
}

/** The next start of the daemon. */
async function restarted(t: TestContext, folder: string): Promise<Control> {
  await upgradeSecretsFolder(await embeddedRootKey(folder, clock), secretsFolder(folder), clock);
  const control = await openControl(folder);
  t.after(() => control.stop());
  await control.start();
  await control.idle();
  return control;
}

// An emergency does all that a planned rotation does, and more.
const TASKS = ALL_FAULTS ? (['rotate', 'emergency'] as const) : (['emergency'] as const);

for (const task of TASKS) {
  test(`${task}: killed before each change of a file, the keys are never lost, and the next start finishes it`, {
    concurrency: AT_ONCE,
  }, async (t) => {
    const steps = await changesOf(template, task);
    assert.ok(steps.length >= (task === 'emergency' ? 35 : 15), steps.join('\n'));
    await Promise.all(
      steps.map((step, at) =>
        t.test(`${at + 1}: ${step}`, async (t) => {
          const folder = await copyOf(t, template);
          await killAt(folder, task, at + 1);
          await assertReadable(folder);

          const control = await restarted(t, folder);
          await assertReadable(folder);
          const report = await control.tenantKeys('acme');
          assertOneActive(report);
          assert.deepEqual([report.key_version, report.rotation], [2, null]);
          assert.equal(report.storage.length, task === 'emergency' ? 2 : 1);
          const told = await eventTypes(control);
          assert.equal(told.filter((type) => type === 'KEY_ROTATED').length, 1);
          assert.deepEqual((await readdir(secretsFolder(folder))).sort(), [
            'identity-0001.age',
            'identity-0002.age',
            'secrets.sops.yaml',
          ]);
          const { secrets } = await openTenantKeys(await embeddedRootKey(folder, clock), secretsFolder(folder));
          assert.equal(secrets.values.tenant_api_key === apiKey, task === 'rotate');
        }),
      ),
    );
  });
}

test('a purge that is killed before each change of a file is completed by being asked for again', {
  concurrency: AT_ONCE,
}, async (t) => {
  const rotated = await copyOf(t, template);
  await run(process.execPath, ['--disable-warning=ExperimentalWarning', CHILD, rotated, 'rotate', '0']);
  const steps = await changesOf(rotated, 'purge');
  assert.ok(steps.length >= 5, steps.join('\n'));
  await Promise.all(
    steps.map((step, at) =>
      t.test(`${at + 1}: ${step}`, async (t) => {
        const folder = await copyOf(t, rotated);
        await killAt(folder, 'purge', at + 1);
        await assertReadable(folder);
        const control = await restarted(t, folder);
        const [, old] = (await control.tenantKeys('acme')).identities;
        assert.equal(old?.status, 'ARCHIVED');
        const report = await control.purgeKey('acme', { kind: 'identity', version: 1, reason: 'again' }, 'frode');
        assert.equal(report.identities[1]?.status, 'PURGED');
        assert.deepEqual((await readdir(secretsFolder(folder))).sort(), ['identity-0002.age', 'secrets.sops.yaml']);
        await assertReadable(folder);
      }),
    ),
  );
});

test('objects that are being moved survive a kill, and the next start goes on where it was noted', async (t) => {
  const folder = await copyOf(t, template);
  const root = await embeddedRootKey(folder, clock);
  const objects = objectsOf(folder, root);
  const count = 260;
  for (let n = OBJECTS; n < count; n++) await objects.put(objectKey(n), Buffer.from(`object ${n}`));
  await run(process.execPath, ['--disable-warning=ExperimentalWarning', CHILD, folder, 'emergency', '0']);
  const { storage: ring } = await openTenantKeys(root, secretsFolder(folder));
  assert.equal(ring.identities.length, 2);

  // Two changes an object (its draft, its name), and progress noted after a hundred or a second.
  await killAt(folder, 'reencrypt', 330, 'objects');
  for (let n = 0; n < count; n++) assert.equal(String(await objects.read(objectKey(n))), `object ${n}`);
  const control = await openControl(folder);
  t.after(() => control.stop());
  const begun = (await control.tenantKeys('acme')).reencryption;
  assert.equal(begun?.status, 'running');
  assert.ok(begun.examined >= 50 && begun.examined < count, `${begun.examined} examined`);

  await control.start();
  await control.idle();
  const { reencryption } = await control.tenantKeys('acme');
  assert.deepEqual([reencryption?.status, reencryption?.examined, reencryption?.failed], ['completed', count, 0]);
  // Nothing was moved twice but what had been moved behind the last note, which is found done.
  assert.ok(reencryption!.moved <= count && reencryption!.moved > count / 2);
  const plain = tenantPaths(folder, 'acme').objects;
  for (let n = 0; n < count; n++) {
    const sealed = await readFile(join(plain, objectKey(n)));
    assert.equal(String(await open(ring.identities.slice(0, 1), sealed)), `object ${n}`);
  }
  const told = await eventTypes(control);
  assert.equal(told.filter((type) => type === 'REENCRYPT_COMPLETED').length, 1);
});
