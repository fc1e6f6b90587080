import assert from 'node:assert/strict';
import { it } from 'node:test';
import { plotsOf } from '../../../../appliance/observability/measuring/plots.ts';
import { sampleOf } from '../../../../appliance/observability/measuring/sample.ts';
import { createMetrics } from '../../../../appliance/observability/metrics.ts';

/** What two tenants did. */
async function measured() {
  const metrics = createMetrics({ version: '0' });
  const { meter } = metrics;
  for (const tenant of ['acme', 'beta']) {
    meter.intakeFile(tenant, 'accepted');
    meter.intakeFile(tenant, 'rejected');
    meter.intakeBatchSize(tenant, 2);
    meter.parseDuration(tenant, 'stage1', 0.2);
    meter.parseDuration(tenant, 'stage2', 0.2);
    meter.parseFailure(tenant, 'FILE_CORRUPTED');
    meter.retrieval(tenant, 0.02, 3);
    meter.storage(tenant, 'object', 100, 1);
    meter.tenantQuota(tenant, 1000);
    meter.queueLength(tenant, `${tenant}.embed`, 4);
    meter.dlqDepth(tenant, 2);
    meter.tenantState(tenant, 'ACTIVE');
  }
  meter.intakeFile('acme', 'accepted');
  meter.apiRequest('acme', '/status', 'GET', 200, 0.01);
  meter.apiRequest('acme', '/status', 'GET', 204, 0.01);
  meter.apiRequest('acme', '/status', 'GET', 503, 0.01);
  return sampleOf(await metrics.collected());
}

it('a sample has what is kept of each tenant, and of the whole box its sums', async () => {
  const samples = await measured();
  const { acme, beta, '': whole } = Object.fromEntries(samples) as Record<string, Record<string, number>>;
  const picked = (sample: Record<string, number>) =>
    ['files.accepted', 'files.rejected', 'parse', 'parse_failures', 'queue.embed', 'storage.object', 'dlq'].map(
      (series) => sample[series],
    );
  assert.deepEqual(picked(acme!), [2, 1, 1, 1, 4, 100, 2]);
  assert.deepEqual(picked(beta!), [1, 1, 1, 1, 4, 100, 2]);
  assert.deepEqual(picked(whole!), [3, 2, 2, 2, 8, 200, 4]);
  assert.deepEqual([whole!['tenants.ACTIVE'], whole!['api.2xx'], whole!['api.5xx']], [2, 2, 1]);
  assert.ok(Object.keys(whole!).length < 120, 'a sample stays small');
});

it('plots draw what rose between samples, and of a tenant nothing of the whole box', async () => {
  const { '': sample } = Object.fromEntries(await measured()) as Record<string, Record<string, number>>;
  const taken = [
    { at: 0, sample: {} },
    { at: 60, sample: sample! },
    { at: 120, sample: sample! },
  ];
  const { times, plots } = plotsOf(taken, 'whole', 0, 120, 60);
  assert.deepEqual(times, [60, 120]);
  const lines = (name: string) =>
    Object.fromEntries(plots.find(({ plot }) => plot === name)!.lines.map(({ line, points }) => [line, points]));
  assert.deepEqual(lines('files'), { accepted: [3, 0], rejected: [2, 0] });
  assert.deepEqual(lines('queues'), { embed: [8, 8] });
  assert.deepEqual(lines('storage'), { object: [200, 200], quota: [2000, 2000] });
  assert.deepEqual(lines('requests'), { '2xx': [2, 0], '5xx': [1, 0], limited: [0, 0] });
  assert.ok(lines('search_time').p95![0]! > 0);
  const own = plotsOf(taken, 'tenant', 0, 120, 60).plots.map(({ plot }) => plot);
  assert.ok(!own.includes('requests') && own.includes('files'));
});
