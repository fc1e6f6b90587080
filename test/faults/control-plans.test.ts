import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import type { Control } from '../../appliance/control/create-control.ts';
import { SEQUENCES } from '../../appliance/control/provisioning/sequences.ts';
import { isSuspended } from '../../appliance/control/tenants/suspension-flags.ts';
import { tenantPaths } from '../../appliance/kernel/names.ts';
import { controlWorld, fileLogs, makeTenant, temporaryFolder } from '../support/control/control-fixture.ts';
import { realResources } from '../support/control/embedded-world.ts';
import { type Before, folderResources } from '../support/control/folder-resources.ts';

/** A process that is killed at a call of the tenant's resources, and what the next one makes of what it left. */

const CHILD = join(import.meta.dirname, '../support/control/killed-control.ts');
/** What a tenant in containers is made of, in the order in which it is made. */
const RESOURCES = ['keys', 'credentials', 'network', 'objects', 'records', 'vectors', 'queue', 'containers'];
/** All steps of its provisioning. */
const STEPS = SEQUENCES.provisioning.map(({ name }) => name);

async function killAt(
  folder: string,
  task: 'provision' | 'deprovision' | 'resume',
  call: string,
  { kind = 'contained', fails = '' }: { kind?: 'contained' | 'embedded'; fails?: string } = {},
): Promise<void> {
  const child = spawn(process.execPath, [CHILD, folder, task, call, kind, fails], {
    stdio: ['ignore', 'inherit', 'inherit'],
    timeout: 120_000,
  });
  const signal = await new Promise((resolve) => child.once('exit', (_, name) => resolve(name)));
  assert.equal(signal, 'SIGKILL', `the child did not reach ${call}`);
}

const contained = (folder: string, before?: Before) => folderResources(folder, before, { contained: true });

/** A control whose logs are files, so that the killed process and the next one share them. */
async function worldOnFiles(t: TestContext) {
  const folder = await temporaryFolder(t);
  return controlWorld(t, { dataFolder: folder, resources: contained(folder), openLog: fileLogs(folder) });
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
    assert.deepEqual(
      steps,
      STEPS.map((step) => `TENANT_PROVISION_STEP ${step} done`),
    );
  });
}

for (const call of ['keys.made', 'network.make', 'records.make', 'vectors.made', 'containers.made', 'isolation']) {
  test(`a provisioning killed at ${call} that cannot go on ends FAILED with nothing left`, async (t) => {
    const world = await worldOnFiles(t);
    await killAt(world.folder, 'provision', call);
    const next = await world.again({
      resources: contained(world.folder, (reached) => {
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

/** The steps that were undone by what is told of them, in that order. */
const undone = (told: readonly string[]): string[] =>
  told.flatMap((line) => /^TENANT_PROVISION_STEP (\S+) undone$/.exec(line)?.[1] ?? []);

for (const failed of ['health', 'isolation'] as const) {
  test(`a provisioning that fails at ${failed} is undone step by step, the last one first, and leaves nothing`, async (t) => {
    const world = await worldOnFiles(t);
    const destroyed: string[] = [];
    let looks = 0;
    const control = await world.again({
      resources: contained(world.folder, (call) => {
        // The first look at containers is that of their own step; health looks at them last.
        if (failed === 'health' && call === 'containers.check' && ++looks > 1) throw new Error('broken');
        if (failed === 'isolation' && call === 'isolation') throw new Error('broken');
        const [, name] = /^(\w+)\.destroy$/.exec(call) ?? [];
        if (name !== undefined) destroyed.push(name);
      }),
    });
    await control.start();
    await control.createTenant({ tenant_name: 'Acme', contact_email: 'dana@acme.example', tier: 'standard' }, 'frode');
    await control.idle();
    const tenant = await control.tenant('acme');
    assert.deepEqual([tenant.state, tenant.failed_during], ['FAILED', 'provisioning']);
    assert.deepEqual(
      tenant.provisioning.steps.filter(({ error_code }) => error_code !== undefined).map(({ step }) => step),
      [failed],
    );
    assert.deepEqual(destroyed, RESOURCES.toReversed());
    assert.deepEqual(undone(await story(control)), STEPS.slice(0, STEPS.indexOf(failed) + 1).toReversed());
    assert.deepEqual(left(world.folder), []);
  });
}

for (const call of RESOURCES.toReversed().flatMap((name) => [`${name}.destroy`, `${name}.destroyed`])) {
  test(`an undo killed at ${call} goes on backwards at the next start, and undoes each step once`, async (t) => {
    const world = await worldOnFiles(t);
    await killAt(world.folder, 'provision', call, { fails: 'isolation' });
    const made: string[] = [];
    const next = await world.again({
      resources: contained(world.folder, (reached) => {
        if (reached.endsWith('.make') || reached === 'isolation') made.push(reached);
      }),
    });
    await next.start();
    await next.idle();
    const tenant = await next.tenant('acme');
    assert.deepEqual([tenant.state, tenant.failed_during], ['FAILED', 'provisioning']);
    assert.deepEqual(made, [], 'nothing is made of a tenant that is being undone');
    assert.deepEqual(undone(await story(next)), STEPS.toReversed());
    assert.deepEqual(left(world.folder), []);
  });
}

test('a compensation that is stopped in the middle goes on backwards, not forwards, at the next start', async (t) => {
  const world = await worldOnFiles(t);
  const calls: string[] = [];
  const first = await world.again({
    resources: contained(world.folder, (call) => {
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

  const next = await world.again({ resources: contained(world.folder, (call) => void calls.push(call)) });
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
  ...['vectors', 'records', 'objects', 'containers', 'queue', 'network', 'credentials', 'keys'].flatMap((name) => [
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
  await killAt(folder, 'provision', 'keys.made', { kind: 'embedded' });
  const { age_public_key } = await resources.keys.current('acme');
  for (const call of ['credentials.made', 'records.make', 'vectors.made', 'queue.made'])
    await killAt(folder, 'resume', call, { kind: 'embedded' });
  const daemon = await world.again();
  await daemon.start();
  await daemon.idle();
  const tenant = await daemon.tenant('acme');
  assert.deepEqual([tenant.state, tenant.age_public_key], ['ACTIVE', age_public_key]);
  assert.equal((await daemon.verify('acme', 'frode')).overall_pass, true);
  await daemon.stop();

  await killAt(folder, 'deprovision', 'vectors.destroyed', { kind: 'embedded' });
  for (const call of ['records.destroy', 'objects.destroyed', 'keys.destroy', 'keys.destroyed'])
    await killAt(folder, 'resume', call, { kind: 'embedded' });
  await world.control.start();
  await world.control.idle();
  assert.equal((await world.control.tenant('acme')).state, 'DEPROVISIONED');
  const paths = tenantPaths(folder, 'acme');
  assert.deepEqual([existsSync(paths.folder), existsSync(paths.secrets)], [false, false]);
  const told = await story(world.control);
  assert.equal(told.at(-1), 'TENANT_DEPROVISIONED');
  assert.equal(new Set(told).size, told.filter((line) => line !== 'ISOLATION_VERIFIED').length + 1);
});
