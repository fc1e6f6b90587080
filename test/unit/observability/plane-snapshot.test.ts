import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createMetrics } from '../../../appliance/observability/metrics.ts';
import { planeSnapshot } from '../../../appliance/observability/plane-snapshot.ts';

/** As it comes over a socket. */
const sent = (value: unknown): unknown => JSON.parse(JSON.stringify(value));

async function measured(): Promise<unknown> {
  const plane = createMetrics({ version: '1' });
  plane.meter.intakeFile('acme', 'accepted');
  plane.meter.retrieval('acme', 0.1, 3);
  plane.meter.dlqDepth('acme', 2);
  return sent(await plane.collected());
}

const lines = async (snapshot: Parameters<ReturnType<typeof createMetrics>['merge']>[1]): Promise<string[]> => {
  const control = createMetrics({ version: '1' });
  control.merge('acme', snapshot);
  return (await control.text()).split('\n').filter((line) => line.includes('tenant_id='));
};

test('what a data plane measured of its tenant is told as it came', async () => {
  const said = await measured();
  const told = await lines(planeSnapshot('acme', said));
  assert.ok(told.length > 10);
  assert.deepEqual(told, await lines(said as never));
  assert.ok(planeSnapshot('acme', said).some(({ name }) => name === 'process_resident_memory_bytes'));
});

test('what it says of another tenant, under other names or labels, or in another form is left out', async () => {
  const count = (labels: object, value: unknown = 1) => ({ value, labels });
  const metric = (name: string, values: unknown, more = {}) => ({
    ...{ name, help: 'x', type: 'counter', aggregator: 'sum', values },
    ...more,
  });
  const files = 'frostbyte_intake_files_total';
  const good = count({ tenant_id: 'acme', status: 'accepted' });
  const spoilt: unknown[] = [
    null,
    7,
    metric(files, null),
    metric(files, [good], { aggregator: 'omit' }),
    metric(files, [good], { aggregator: undefined }),
    metric(files, [good], { type: 'gauge' }),
    metric('made_up_total', [count({})]),
    metric('toString', [count({})]),
    metric(files, [
      null,
      count({ tenant_id: 'globex', status: 'accepted' }),
      count({ status: 'accepted' }),
      count({ tenant_id: 'acme', status: 'accepted', query: 'herring' }),
      count({ tenant_id: 'acme', 'a"} 1\n': 'x' }),
      count({ tenant_id: 'acme', status: { nested: 1 } }),
      count({ tenant_id: 'acme', status: 'accepted' }, 'many'),
      { ...good, metricName: 'frostbyte_retrieval_results_total' },
    ]),
    metric('process_open_fds', [count({ tenant_id: 'globex' })], { type: 'gauge' }),
  ];
  assert.deepEqual(await lines(planeSnapshot('acme', sent(spoilt))), []);
  const [only] = planeSnapshot('acme', [...spoilt, metric(files, [good], { help: 'made up' })]).slice(-1);
  assert.deepEqual(
    [only?.help, (only as unknown as { values: unknown[] }).values],
    ['Files decided at intake', [good]],
  );
  for (const none of [null, undefined, {}, 'text']) assert.deepEqual(planeSnapshot('acme', none), []);
});

test('a snapshot that cannot be added up takes nothing else along when its process ends', async () => {
  const control = createMetrics({ version: '1' });
  control.merge('globex', (await measured()) as never);
  control.merge('globex', null);
  control.merge('acme', [{ name: 'x', type: 'counter', values: null }] as never);
  control.merge('acme', null);
  assert.match(await control.text(), /frostbyte_intake_files_total\{.*\} 1/);
});
