import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Meter } from '../../../appliance/kernel/telemetry.ts';
import { createMetrics, METRICS } from '../../../appliance/observability/metrics.ts';

/** The table of spec 6, written out. */
const SPEC = `
frostbyte_intake_files_total counter tenant_id,status
frostbyte_intake_batch_size histogram tenant_id
frostbyte_parse_duration_seconds histogram tenant_id,parser
frostbyte_parse_chunks_total counter tenant_id
frostbyte_parse_failures_total counter tenant_id,reason
frostbyte_policy_gate_results_total counter tenant_id,gate,result
frostbyte_policy_gate_duration_seconds histogram tenant_id,gate
frostbyte_embed_duration_seconds histogram tenant_id,model,status
frostbyte_embed_dimension_assertions_total counter tenant_id,result
frostbyte_retrieval_latency_seconds histogram tenant_id
frostbyte_retrieval_results_total counter tenant_id,result_count_bucket
frostbyte_retrieval_model_mismatch_total counter tenant_id
frostbyte_storage_bytes gauge tenant_id,store
frostbyte_storage_objects_total gauge tenant_id,store
frostbyte_queue_length gauge tenant_id,queue
frostbyte_dlq_depth gauge tenant_id
frostbyte_task_duration_seconds histogram tenant_id,task
frostbyte_tenant_state gauge tenant_id,state
frostbyte_api_request_duration_seconds histogram tenant_id,endpoint,method,status_code
frostbyte_api_rate_limit_rejections_total counter tenant_id,endpoint
`
  .trim()
  .split('\n')
  .map((row) => row.split(' ') as [string, string, string]);

/** Every verb of the meter once. */
function touchAll(meter: Meter): void {
  meter.intakeFile('acme', 'accepted');
  meter.intakeBatchSize('acme', 3);
  meter.parseDuration('acme', 'stage1', 0.2);
  meter.parseChunks('acme', 7);
  meter.parseFailure('acme', 'PARSER_TIMEOUT');
  meter.gateResult('acme', 'pii', 'pass');
  meter.gateDuration('acme', 'pii', 0.1);
  meter.embedDuration('acme', 'lexical', 'success', 0.1);
  meter.dimensionAssertion('acme', 'pass');
  meter.retrieval('acme', 0.05, 4);
  meter.retrievalModelMismatch('acme');
  meter.storage('acme', 'object', 1000, 2);
  meter.queueLength('acme', 'acme.parse', 1);
  meter.dlqDepth('acme', 0);
  meter.taskDuration('acme', 'parse', 1);
  meter.tenantState('acme', 'ACTIVE');
  meter.tenantQuota('acme', 5);
  meter.apiRequest('acme', '/api/v1/status', 'GET', 200, 0.01);
  meter.rateLimitRejection('acme', '/api/v1/status');
}

/** `name{labels}` → value of Prometheus text. */
function samples(text: string): Map<string, number> {
  return new Map(
    text
      .split('\n')
      .filter((line) => line && !line.startsWith('#'))
      .map((line) => [line.slice(0, line.lastIndexOf(' ')), Number(line.slice(line.lastIndexOf(' ') + 1))]),
  );
}

test('the twenty metrics have the names, types and labels of the specification', () => {
  assert.equal(SPEC.length, 20);
  const { frostbyte_tenant_storage_quota_bytes: quota, ...twenty } = METRICS;
  assert.deepEqual(
    Object.entries(twenty).map(([name, { type, labels }]) => [name, type, labels.join(',')]),
    SPEC,
  );
  assert.deepEqual([quota.type, quota.labels], ['gauge', ['tenant_id']]);
});

test('each verb makes a sample with exactly its labels', async () => {
  const metrics = createMetrics({ version: '1.2.3' });
  touchAll(metrics.meter);
  const text = await metrics.text();
  for (const [name, type, labels] of SPEC) {
    assert.match(text, new RegExp(`^# TYPE ${name} ${type}$`, 'm'));
    const sample = new RegExp(`^${name}${type === 'histogram' ? '_count' : ''}\\{([^}]*)\\} `, 'm').exec(text)?.[1];
    assert.ok(sample, `${name} has a sample`);
    assert.deepEqual([...sample.matchAll(/(\w+)="/g)].map(([, label]) => label).sort(), labels.split(',').sort(), name);
  }
  assert.match(text, /^frostbyte_build_info\{version="1\.2\.3"\} 1$/m);
  assert.match(text, /^frostbyte_tenant_storage_quota_bytes\{tenant_id="acme"\} 5$/m);
  assert.match(text, /^process_cpu_seconds_total /m);
});

test('retrievals are counted by size of the answer', async () => {
  const metrics = createMetrics({ version: '' });
  for (const results of [0, 1, 5, 6, 20, 21, 50, 51, 200]) metrics.meter.retrieval('acme', 0.1, results);
  const found = samples(await metrics.text());
  const count = (bucket: string) =>
    found.get(`frostbyte_retrieval_results_total{tenant_id="acme",result_count_bucket="${bucket}"}`);
  assert.deepEqual(['0', '1-5', '6-20', '21-50', '51-200'].map(count), [1, 2, 2, 2, 2]);
});

test('a tenant is in one state at a time', async () => {
  const metrics = createMetrics({ version: '' });
  metrics.meter.tenantState('acme', 'ACTIVE');
  metrics.meter.tenantState('acme', 'SUSPENDED');
  const found = samples(await metrics.text());
  assert.equal(found.get('frostbyte_tenant_state{tenant_id="acme",state="ACTIVE"}'), 0);
  assert.equal(found.get('frostbyte_tenant_state{tenant_id="acme",state="SUSPENDED"}'), 1);
});

test('an invented method makes no series of its own', async () => {
  const metrics = createMetrics({ version: '' });
  for (let i = 0; i < 50; i++) metrics.meter.apiRequest('', 'unknown', `METHOD${i}`, 404, 0.01);
  const found = [...samples(await metrics.text()).keys()].filter((name) =>
    name.startsWith('frostbyte_api_request_duration_seconds_count'),
  );
  assert.equal(found.length, 1);
  assert.match(found[0]!, /method="OTHER"/);
});

test('what worker processes measured is added to what this one did', async () => {
  const daemon = createMetrics({ version: '1' });
  const worker = createMetrics({ version: '1' });
  daemon.meter.parseChunks('acme', 1);
  worker.meter.parseChunks('acme', 10);
  worker.meter.parseChunks('globex', 5);
  worker.meter.taskDuration('acme', 'parse', 2);
  // Over a process boundary it travels as plain data.
  const travelled = structuredClone(await worker.snapshot());
  daemon.merge('worker-1', travelled);
  daemon.merge('worker-2', structuredClone(await worker.snapshot()));
  let found = samples(await daemon.text());
  assert.equal(found.get('frostbyte_parse_chunks_total{tenant_id="acme"}'), 21);
  assert.equal(found.get('frostbyte_parse_chunks_total{tenant_id="globex"}'), 10);
  assert.equal(found.get('frostbyte_task_duration_seconds_count{tenant_id="acme",task="parse"}'), 2);
  assert.equal(found.get('frostbyte_task_duration_seconds_bucket{le="2.5",tenant_id="acme",task="parse"}'), 2);
  assert.equal(found.get('frostbyte_build_info{version="1"}'), 1, 'a version is not added up');

  // The latest snapshot of a process replaces the one before.
  daemon.merge('worker-1', travelled);
  found = samples(await daemon.text());
  assert.equal(found.get('frostbyte_parse_chunks_total{tenant_id="acme"}'), 21);
});

test('counters never run backwards when a process dies, however many do', async () => {
  const daemon = createMetrics({ version: '1' });
  for (let death = 1; death <= 3; death++) {
    const worker = createMetrics({ version: '1' });
    worker.meter.parseChunks('acme', 10);
    worker.meter.taskDuration('acme', 'parse', 2);
    worker.meter.queueLength('acme', 'acme.parse', 7);
    daemon.merge('worker-1', structuredClone(await worker.snapshot()));
    daemon.merge('worker-1', null);
    const found = samples(await daemon.text());
    assert.equal(found.get('frostbyte_parse_chunks_total{tenant_id="acme"}'), 10 * death);
    assert.equal(found.get('frostbyte_task_duration_seconds_count{tenant_id="acme",task="parse"}'), death);
    assert.equal(
      found.get('frostbyte_queue_length{tenant_id="acme",queue="acme.parse"}'),
      undefined,
      'a gauge goes with its process',
    );
  }
});

test('a tenant that is gone leaves no series but its state, whoever counted it', async () => {
  const { meter, text, merge } = createMetrics({ version: '1' });
  for (const name of ['dead', 'alive']) {
    const worker = createMetrics({ version: '1' });
    worker.meter.parseDuration('gone', 'stage1', 1);
    worker.meter.parseChunks('stays', 1);
    merge(name, structuredClone(await worker.snapshot()));
  }
  merge('dead', null);
  for (const tenant of ['gone', 'stays']) {
    meter.parseChunks(tenant, 1);
    meter.taskDuration(tenant, 'parse', 1);
    meter.tenantState(tenant, 'ACTIVE');
  }
  meter.tenantState('gone', 'DEPROVISIONED');
  meter.forgetTenant('gone');
  const names = [...samples(await text()).keys()].filter((name) => name.includes('"gone"'));
  assert.ok(names.length > 0 && names.every((name) => name.startsWith('frostbyte_tenant_state')), names.join());
  assert.match(await text(), /parse_chunks_total\{tenant_id="stays"\} 3/);
});

test('two measures in one process do not mix', async () => {
  const one = createMetrics({ version: '' });
  const two = createMetrics({ version: '' });
  one.meter.parseChunks('acme', 1);
  assert.doesNotMatch(await two.text(), /parse_chunks_total\{/);
});
