import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import type { Control } from '../../appliance/control/create-control.ts';
import { isSuspended } from '../../appliance/control/tenants/suspension-flags.ts';
import { tenantPaths } from '../../appliance/kernel/names.ts';
import { controlWorld, fileLogs, makeTenant, temporaryFolder } from '../support/control/control-fixture.ts';
import { realResources } from '../support/control/embedded-world.ts';
import { folderResources } from '../support/control/folder-resources.ts';

/** A process that is killed at a call of the tenant's resources, and what the next one makes of what it left. */

const CHILD = join(import.meta.dirname, '../support/control/killed-control.ts');
const RESOURCES = ['keys', 'credentials', 'objects', 'records', 'vectors', 'queue'];

async function killAt(
  folder: string,
  task: 'provision' | 'deprovision' | 'resume',
  call: string,
  kind: 'folders' | 'embedded' = 'folders',
): Promise<void> {
  const child = spawn(process.execPath, [CHILD, folder, task, call, kind], {
    stdio: ['ignore', 'inherit', 'inherit'],
    timeout: 120_000,
  });
  const signal = await new Promise((resolve) => child.once('exit', (_, name) => resolve(name)));
  assert.equal(signal, 'SIGKILL', `the child did not reach ${call}`);
}

/** A control whose logs are files, so that the killed process and the next one share them. */
async function worldOnFiles(t: TestContext) {
  const folder = await temporaryFolder(t);
  return controlWorld(t, { dataFolder: folder, resources: folderResources(folder), openLog: fileLogs(folder) });
}

const left = (folder: string): string[] =>
  existsSync(join(folder, 'made', 'acme')) ? readdirSync(join(folder, 'made', 'acme')).sort() : [];

/** The tenant's events with each step named, in the order of the log. */
async function story(control: Control): Promise<string[]> {
  await control.relayNow();
  const { events } = await (await control.auditLog('acme')).events({ sort: 'asc', limit: 500 });
  return events.map(({ event_type, details }) =>
    details.step === undefined ? event_type : `${event_type} ${details.step} ${details.action ?? ''}`,
  );
}

for (const call of [...RESOURCES.flatMap((name) => [`${name}.make`, `${name}.made`]), 'isolation']) {
  test(`a provisioning killed at ${call} ends ACTIVE at the next start, with each step told once`, async (t) => {
    const world = await worldOnFiles(t);
    await killAt(world.folder, 'provision', call);
    await world.control.start();
    await world.control.idle();
    const tenant = await world.control.tenant('acme');
    assert.equal(tenant.state, 'ACTIVE');
    assert.deepEqual(left(world.folder), [...RESOURCES].sort());
    const told = await story(world.control);
    const steps = told.filter((line) => line.startsWith('TENANT_PROVISION_STEP'));
    assert.deepEqual([steps.length, new Set(steps).size], [9, 9]);
  });
}

for (const call of ['keys.made', 'records.make', 'vectors.made', 'isolation']) {
  test(`a provisioning killed at ${call} that cannot go on ends FAILED with nothing left`, async (t) => {
    const world = await worldOnFiles(t);
    await killAt(world.folder, 'provision', call);
    const next = await world.again({
      resources: folderResources(world.folder, (reached) => {
        if (reached === call || reached === 'isolation') throw new Error('still broken');
      }),
    });
    await next.start();
    await next.idle();
    const tenant = await next.tenant('acme');
    assert.deepEqual([tenant.state, tenant.failed_during], ['FAILED', 'provisioning']);
    assert.deepEqual(left(world.folder), []);
  });
}

test('a compensation that is stopped in the middle goes on backwards, not forwards, at the next start', async (t) => {
  const world = await worldOnFiles(t);
  const calls: string[] = [];
  const first = await world.again({
    resources: folderResources(world.folder, (call) => {
      if (call === 'queue.make') throw new Error('broken');
      if (call === 'records.destroy') {
        stopping ??= first.stop();
        throw new Error('the process ends here');
      }
    }),
  });
  let stopping: Promise<void> | undefined;
  await first.start();
  await first.createTenant({ tenant_name: 'Acme', contact_email: 'dana@acme.example', tier: 'standard' }, 'frode');
  await first.idle();
  await stopping;
  assert.ok(left(world.folder).includes('records'));

  const next = await world.again({ resources: folderResources(world.folder, (call) => void calls.push(call)) });
  await next.start();
  await next.idle();
  assert.equal((await next.tenant('acme')).state, 'FAILED');
  assert.deepEqual(left(world.folder), []);
  assert.equal(
    calls.some((call) => call.endsWith('.make')),
    false,
  );
});

for (const call of [
  'stop',
  ...['vectors', 'records', 'objects', 'queue', 'credentials', 'keys'].flatMap((name) => [
    `${name}.destroy`,
    `${name}.destroyed`,
  ]),
]) {
  test(`a deprovisioning killed at ${call} ends DEPROVISIONED at the next start, with nothing left but the log`, async (t) => {
    const world = await worldOnFiles(t);
    const setUp = await world.again();
    await setUp.start();
    await makeTenant(setUp);
    const { token } = await setUp.issueToken({ subject: 'dana', role: 'tenant_user', tenant_id: 'acme' }, 'frode');
    await setUp.stop();

    await killAt(world.folder, 'deprovision', call);
    await assert.rejects(world.control.authenticate(token), { code: 'TOKEN_REVOKED' });
    assert.equal(isSuspended(world.folder, 'acme'), true);
    await world.control.start();
    await world.control.idle();
    assert.equal((await world.control.tenant('acme')).state, 'DEPROVISIONED');
    assert.deepEqual(left(world.folder), []);
    assert.equal(isSuspended(world.folder, 'acme'), false);
    const told = await story(world.control);
    assert.equal(told.at(-1), 'TENANT_DEPROVISIONED');
    assert.equal(told.filter((line) => line.startsWith('TENANT_DEPROVISION_STARTED')).length, 1);
  });
}

test('real stores: a provisioning and then a deprovisioning, killed again and again, end ACTIVE and with nothing left', async (t) => {
  const folder = await temporaryFolder(t);
  const resources = await realResources(folder);
  const world = await controlWorld(t, { dataFolder: folder, resources, openLog: fileLogs(folder) });
  await killAt(folder, 'provision', 'keys.made', 'embedded');
  const { age_public_key } = await resources.keys.current('acme');
  for (const call of ['credentials.made', 'records.make', 'vectors.made', 'queue.made'])
    await killAt(folder, 'resume', call, 'embedded');
  const daemon = await world.again();
  await daemon.start();
  await daemon.idle();
  const tenant = await daemon.tenant('acme');
  assert.deepEqual([tenant.state, tenant.age_public_key], ['ACTIVE', age_public_key]);
  assert.equal((await daemon.verify('acme', 'frode')).overall_pass, true);
  await daemon.stop();

  await killAt(folder, 'deprovision', 'vectors.destroyed', 'embedded');
  for (const call of ['records.destroy', 'objects.destroyed', 'keys.destroy', 'keys.destroyed'])
    await killAt(folder, 'resume', call, 'embedded');
  await world.control.start();
  await world.control.idle();
  assert.equal((await world.control.tenant('acme')).state, 'DEPROVISIONED');
  const paths = tenantPaths(folder, 'acme');
  assert.deepEqual([existsSync(paths.folder), existsSync(paths.secrets)], [false, false]);
  const told = await story(world.control);
  assert.equal(told.at(-1), 'TENANT_DEPROVISIONED');
  assert.equal(new Set(told).size, told.filter((line) => line !== 'ISOLATION_VERIFIED').length + 1);
});
