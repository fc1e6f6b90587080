import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { test } from 'node:test';
import { REPORTS_KEPT } from '../../../../appliance/control/isolation/reports.ts';
import type { IsolationFinding } from '../../../../appliance/control/provisioning/port.ts';
import { PROBE_TENANT } from '../../../../appliance/control/tenants/tenant-id.ts';
import { canonicalJson } from '../../../../appliance/kernel/canonical-json.ts';
import { controlWorld, makeTenant } from '../../../support/control/control-fixture.ts';
import { folderResources } from '../../../support/control/folder-resources.ts';

const finding = (target: string, result: IsolationFinding['result']): IsolationFinding => ({
  store: 'objects',
  test: 'read',
  target,
  result,
});

test('the probe is always a target, active tenants too, and suspended ones are skipped by name', async (t) => {
  const world = await controlWorld(t);
  const { control } = world;
  await control.start();
  for (const tenant_name of ['Acme', 'Beta', 'Gamma']) await makeTenant(control, { tenant_name });
  await control.suspend('gamma', { reason: 'breach', notify_tenant: false }, 'frode');
  const report = await control.verify('acme', 'frode');
  assert.equal(report.overall_pass, true);
  assert.deepEqual(
    report.checks.map(({ target, result }) => [target, result]),
    [
      ['acme', 'OK'],
      [PROBE_TENANT, 'DENIED'],
      ['beta', 'DENIED'],
      ['gamma', 'SKIPPED'],
    ],
  );
  await control.relayNow();
  const event = world.logs.get('acme')?.entries.at(-1)?.event;
  assert.deepEqual(
    [event?.event_type, event?.actor, event?.details.overall_pass],
    ['ISOLATION_VERIFIED', 'frode', true],
  );
});

test('an open door, a shut own door, and a check that tried nothing do not pass', async (t) => {
  const world = await controlWorld(t);
  await world.control.start();
  await makeTenant(world.control);
  const cases: IsolationFinding[][] = [
    [finding('acme', 'OK'), finding(PROBE_TENANT, 'ALLOWED')],
    [finding('acme', 'DENIED'), finding(PROBE_TENANT, 'DENIED')],
    [finding('acme', 'OK')],
    [finding(PROBE_TENANT, 'DENIED')],
    [],
    // A store that was not tried, of its own or of others.
    [{ ...finding('acme', 'OK'), store: 'records' }, finding(PROBE_TENANT, 'DENIED')],
    [finding('acme', 'OK'), { ...finding(PROBE_TENANT, 'DENIED'), store: 'records' }],
    // One that gave no answer.
    [finding('acme', 'OK'), finding(PROBE_TENANT, 'DENIED'), { ...finding(PROBE_TENANT, 'SKIPPED'), reason: 'busy' }],
  ];
  for (const found of cases) {
    const control = await world.again({
      resources: { ...folderResources(world.folder), isolation: async () => found },
    });
    assert.equal((await control.verify('acme', 'frode')).overall_pass, false);
  }
});

test('a suspended tenant is skipped itself, and that is no pass', async (t) => {
  const { control } = await controlWorld(t);
  await control.start();
  await makeTenant(control);
  await control.suspend('acme', { reason: 'breach', notify_tenant: false }, 'frode');
  const report = await control.verify('acme', 'frode');
  assert.deepEqual([report.overall_pass, report.checks.map(({ result }) => result)], [false, ['SKIPPED']]);
});

test('reports are kept, the last ones of each tenant, and the log has the hash of each', async (t) => {
  const world = await controlWorld(t);
  const { control } = world;
  await control.start();
  await makeTenant(control);
  const first = await control.verify('acme', 'frode');
  assert.deepEqual(await control.isolationReport('acme', first.report_id), first);
  for (let n = 0; n < REPORTS_KEPT; n++) await control.verify('acme', 'frode');
  const { reports, total } = await control.isolationReports('acme', { limit: 100 });
  assert.deepEqual([reports.length, total], [REPORTS_KEPT, REPORTS_KEPT]);
  await assert.rejects(control.isolationReport('acme', first.report_id), { code: 'RESOURCE_NOT_FOUND' });
  const [last, before] = reports;
  const { reports: older } = await control.isolationReports('acme', { limit: 1, after: last!.report_id });
  assert.equal(older[0]?.report_id, before?.report_id);
  await control.relayNow();
  const event = world.logs.get('acme')?.entries.at(-1)?.event;
  const text = canonicalJson(await control.isolationReport('acme', last!.report_id));
  assert.deepEqual(
    [event?.details.report_id, event?.details.report_sha256],
    [last?.report_id, createHash('sha256').update(text).digest('hex')],
  );
});
