import assert from 'node:assert/strict';
import { copyFileSync, existsSync, renameSync, rmSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import { mkdir, readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { embeddedIsolation } from '../../../../appliance/bin/wire/embedded-isolation.ts';
import { embeddedResources } from '../../../../appliance/bin/wire/embedded-resources.ts';
import { embeddedRootKey } from '../../../../appliance/bin/wire/embedded-root-key.ts';
import { PROBE_TENANT } from '../../../../appliance/control/tenants/tenant-id.ts';
import { controlPaths, tenantPaths } from '../../../../appliance/kernel/names.ts';
import { openFilesystemObjects } from '../../../../appliance/stores/object/filesystem.ts';
import type { ObjectStore } from '../../../../appliance/stores/object/port.ts';
import { controlWorld, fileLogs, makeTenant, temporaryFolder } from '../../../support/control/control-fixture.ts';
import { manualClock } from '../../../support/manual-clock.ts';

async function embedded(t: TestContext) {
  const folder = await temporaryFolder(t);
  const clock = manualClock();
  const root = await embeddedRootKey(folder, clock);
  const resources = embeddedResources({ dataFolder: folder, clock, root });
  t.after(() => resources.close());
  return { folder, clock, root, resources };
}

const NAMES = ['keys', 'credentials', 'objects', 'records', 'vectors', 'queue'] as const;

async function makeAll({ resources }: Awaited<ReturnType<typeof embedded>>, tenant: string): Promise<void> {
  for (const name of NAMES) await resources[name].make(tenant);
}

test('what is made answers, what is destroyed is gone, and both may be repeated', async (t) => {
  const world = await embedded(t);
  const { resources, folder } = world;
  await makeAll(world, 'acme');
  const key = await resources.keys.current('acme');
  await makeAll(world, 'acme');
  assert.deepEqual(await resources.keys.current('acme'), key);
  for (const name of NAMES) await resources[name].check('acme');
  for (const name of NAMES.toReversed()) {
    await resources[name].destroy('acme');
    await resources[name].destroy('acme');
    assert.equal(await resources[name].isGone('acme'), true);
    await assert.rejects(resources[name].check('acme'));
  }
  const paths = tenantPaths(folder, 'acme');
  assert.deepEqual([existsSync(paths.folder), existsSync(paths.secrets)], [false, false]);
});

test('a check does not make what is missing and call it healthy', async (t) => {
  const world = await embedded(t);
  await makeAll(world, 'acme');
  const paths = tenantPaths(world.folder, 'acme');
  for (const file of [paths.records, paths.vectors, paths.queue]) rmSync(file);
  for (const name of ['records', 'vectors', 'queue'] as const) {
    await assert.rejects(world.resources[name].check('acme'), { code: 'STORE_UNAVAILABLE' });
  }
});

test('folders and secrets are for the owner alone', async (t) => {
  const world = await embedded(t);
  await makeAll(world, 'acme');
  const paths = tenantPaths(world.folder, 'acme');
  for (const folder of [paths.folder, paths.secrets]) assert.equal(statSync(folder).mode & 0o077, 0);
  for (const name of await readdir(paths.secrets)) assert.equal(statSync(join(paths.secrets, name)).mode & 0o077, 0);
});

test('every foreign access is refused and every own one works', async (t) => {
  const world = await embedded(t);
  for (const tenant of ['acme', 'beta']) await makeAll(world, tenant);
  const findings = await world.resources.isolation('acme', [
    { tenant_id: PROBE_TENANT, probe: true },
    { tenant_id: 'beta', probe: false },
  ]);
  const open = findings.filter(({ target, result }) => result !== (target === 'acme' ? 'OK' : 'DENIED'));
  assert.deepEqual(open, []);
  const stores = (target: string) =>
    [...new Set(findings.filter((finding) => finding.target === target).map(({ store }) => store))].sort();
  assert.deepEqual(stores('acme'), [...NAMES].sort());
  assert.deepEqual(stores(PROBE_TENANT), ['audit', 'objects', 'paths', 'records', 'secrets', 'vectors']);
  assert.deepEqual(stores('beta'), ['audit', 'objects', 'paths', 'secrets']);
  assert.deepEqual(
    (await readdir(tenantPaths(world.folder, 'acme').folder)).filter((name) => name.startsWith('isolation-')),
    [],
  );
});

test('a tenant that holds another tenant’s identity is found out', async (t) => {
  const world = await embedded(t);
  for (const tenant of ['acme', 'beta']) await makeAll(world, tenant);
  const [acme, beta] = ['acme', 'beta'].map((tenant) => tenantPaths(world.folder, tenant).secrets) as [string, string];
  rmSync(acme, { recursive: true });
  await mkdir(acme, { mode: 0o700 });
  for (const name of await readdir(beta)) copyFileSync(join(beta, name), join(acme, name));
  const findings = await world.resources.isolation('acme', [{ tenant_id: 'beta', probe: false }]);
  assert.ok(findings.some(({ store, result }) => store === 'secrets' && result === 'ALLOWED'));
});

test('an object store that takes keys for paths is found out, by reading alone where the target is real', async (t) => {
  const world = await embedded(t);
  for (const tenant of ['acme', 'beta']) await makeAll(world, tenant);
  const openPlain = (folder: string): ObjectStore => {
    const safe = openFilesystemObjects(folder);
    const read = async (key: string) =>
      key.includes('\0') ? safe.read(key) : readFile(join(folder, key)).catch(() => safe.read(key));
    return {
      read,
      list: (prefix: string) => safe.list(prefix),
      close: () => safe.close(),
    } as ObjectStore;
  };
  const { root, resources } = world;
  const parts = {
    dataFolder: world.folder,
    root,
    resources,
    openObjects: () => assert.fail('not for real targets'),
    openPlain,
    openRecords: () => assert.fail('not for real targets'),
    openVectors: () => assert.fail('not for real targets'),
  };
  const before = await readFile(tenantPaths(world.folder, 'beta').records);
  const findings = await embeddedIsolation(parts, 'acme', [{ tenant_id: 'beta', probe: false }]);
  const allowed = findings.filter(({ result }) => result === 'ALLOWED').map(({ test }) => test);
  assert.ok(allowed.includes('read ../../beta/records.sqlite'), allowed.join(', '));
  assert.ok(allowed.includes('read ../../../secrets/tenants/beta/identity-0001.age'), allowed.join(', '));
  assert.ok(allowed.every((name) => name.startsWith('read ')));
  assert.deepEqual(await readFile(tenantPaths(world.folder, 'beta').records), before);
});

test('a tenant whose own stores do not answer is not called isolated', async (t) => {
  const world = await embedded(t);
  await makeAll(world, 'acme');
  rmSync(tenantPaths(world.folder, 'acme').queue);
  const findings = await world.resources.isolation('acme', [{ tenant_id: PROBE_TENANT, probe: true }]);
  assert.deepEqual(
    findings.filter(({ result }) => result !== 'OK').map(({ store, target }) => [store, target]),
    [['queue', 'acme']],
  );
});

test('an object folder that is a link is not opened', async (t) => {
  const world = await embedded(t);
  for (const tenant of ['acme', 'beta']) await makeAll(world, tenant);
  const { objects } = tenantPaths(world.folder, 'acme');
  renameSync(objects, `${objects}-away`);
  symlinkSync(tenantPaths(world.folder, 'beta').objects, objects);
  await assert.rejects(world.resources.objects.check('acme'), { code: 'ISOLATION_VIOLATED' });
});

test('a root key that is missing beside a registry is not made anew', async (t) => {
  const { folder, clock, root } = await embedded(t);
  assert.equal((await embeddedRootKey(folder, clock)).recipient, root.recipient);
  const paths = controlPaths(folder);
  await mkdir(join(folder, 'control'), { recursive: true });
  writeFileSync(paths.registry, '');
  rmSync(paths.rootKey);
  await assert.rejects(embeddedRootKey(folder, clock), { code: 'KEY_UNAVAILABLE' });
});

test('a tenant is provisioned, checked and deprovisioned on real stores, with its log kept', async (t) => {
  const world = await embedded(t);
  const { control } = await controlWorld(t, {
    dataFolder: world.folder,
    resources: world.resources,
    openLog: fileLogs(world.folder),
  });
  await control.start();
  const tenant = await makeTenant(control);
  assert.equal((await control.tenant(tenant)).state, 'ACTIVE');
  const report = await control.verify(tenant, 'frode');
  assert.equal(report.overall_pass, true);
  assert.ok(report.checks.length > 30);

  await control.deprovision(tenant, { reason: 'over', confirm: true, confirm_tenant_id: tenant }, 'frode');
  await control.idle();
  assert.equal((await control.tenant(tenant)).state, 'DEPROVISIONED');
  const paths = tenantPaths(world.folder, tenant);
  assert.deepEqual([existsSync(paths.folder), existsSync(paths.secrets)], [false, false]);
  await control.relayNow();
  const log = await control.auditLog(tenant);
  const { events } = await log.events({ sort: 'desc', limit: 1 });
  assert.equal(events[0]?.event_type, 'TENANT_DEPROVISIONED');
});
