import assert from 'node:assert/strict';
import { mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { measureClosedQueues, measureQueues } from '../../../../appliance/bin/wire/queue-lengths.ts';
import { silentLogger } from '../../../../appliance/observability/logger.ts';
import { createMetrics } from '../../../../appliance/observability/metrics.ts';
import { openSqliteQueue } from '../../../../appliance/stores/queue/sqlite.ts';
import { job } from '../../../contract/record/builders.ts';
import { manualClock } from '../../../support/manual-clock.ts';

async function world(t: TestContext) {
  const folder = mkdtempSync(join(tmpdir(), 'frostbyte-queues-'));
  t.after(() => rmSync(folder, { recursive: true }));
  const clock = manualClock();
  const file = join(folder, 'queue.sqlite');
  const queue = openSqliteQueue(file, { clock });
  await queue.add([job('doc_1', 'parse'), job('doc_2', 'parse'), job('doc_3', 'policy')]);
  const { meter, text } = createMetrics({ version: '' });
  return { folder, file, queue, meter, text, parts: { clock, meter, logger: silentLogger } };
}

test('a running tenant’s queues are measured as they are now', async (t) => {
  const { queue, meter, text } = await world(t);
  await measureQueues('acme', queue, meter);
  assert.match(await text(), /^frostbyte_queue_length\{tenant_id="acme",queue="acme\.parse"\} 2$/m);
  await queue.close();
});

test('a suspended tenant’s frozen depth is shown, and its closed queue stays as it was', async (t) => {
  const { folder, file, queue, text, parts } = await world(t);
  await queue.close();
  const before = readdirSync(folder);
  await measureClosedQueues('acme', file, parts);
  const found = await text();
  assert.match(found, /queue="acme\.parse"\} 2$/m);
  assert.match(found, /queue="acme\.policy"\} 1$/m);
  assert.match(found, /queue="acme\.embed"\} 0$/m);
  assert.deepEqual(readdirSync(folder), before);
});

test('a tenant without a queue is passed over, a damaged one does not throw, and nothing is made', async (t) => {
  const { folder, queue, text, parts } = await world(t);
  await queue.close();
  const before = readdirSync(folder);
  await measureClosedQueues('globex', join(folder, 'none.sqlite'), parts);
  writeFileSync(join(folder, 'damaged.sqlite'), 'no database');
  await measureClosedQueues('globex', join(folder, 'damaged.sqlite'), parts);
  assert.doesNotMatch(await text(), /globex/);
  assert.deepEqual(readdirSync(folder), ['damaged.sqlite', ...before]);
});
