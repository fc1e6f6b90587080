import assert from 'node:assert/strict';
import { existsSync, rmSync } from 'node:fs';
import { it } from 'node:test';
import { tenantPaths } from '../../appliance/kernel/names.ts';
import { type Appliance, startAppliance } from '../support/appliance.ts';
import { type TestBatch, whenSettled } from '../support/batch.ts';
import { census } from '../support/faults/census.ts';
import { faultBatches, faultDocuments } from '../support/faults/corpus.ts';
import { eventsCommitted } from '../support/faults/progress.ts';
import { until } from '../support/faults/until.ts';
import { sendUntilReceived } from '../support/faults/upload.ts';

/** The records are the truth, the queue a convenience (spec 2): a queue that lost everything loses nothing. */

const TENANT = 'acme';
const DOCUMENTS = 16;

function loseQueue({ dataFolder }: Appliance): void {
  const { queue } = tenantPaths(dataFolder, TENANT);
  assert.ok(existsSync(queue));
  for (const suffix of ['', '-wal', '-shm']) rmSync(queue + suffix, { force: true });
}

for (const how of ['stop', 'kill'] as const) {
  it(`a queue that is gone after a ${how} in the middle of the work is made again from the records`, {
    timeout: 600_000,
  }, async () => {
    const appliance = await startAppliance({ environment: { FROSTBYTE_LOG_LEVEL: 'warn' } });
    try {
      await appliance.createTenant(TENANT, { classification_review_enabled: false });
      const token = await appliance.token({ role: 'tenant_admin', tenant_id: TENANT });
      const [batch] = faultBatches(TENANT, faultDocuments(DOCUMENTS, 5), DOCUMENTS) as [TestBatch];
      await sendUntilReceived(appliance, token, TENANT, batch);
      const losses: number[] = [];
      // Once while most of it waits, once while most of it is done.
      for (const share of [0.3, 0.7]) {
        await until('progress', () => eventsCommitted(appliance.dataFolder, TENANT) >= DOCUMENTS * 7 * share);
        await appliance[how]();
        loseQueue(appliance);
        losses.push(eventsCommitted(appliance.dataFolder, TENANT));
        await appliance.restart();
      }
      const client = await appliance.client(TENANT);
      assert.equal((await whenSettled(client, TENANT, batch.manifest.batch_id)).status, 'completed');
      await appliance.stop();
      const { events } = await census(appliance.dataFolder, TENANT, [batch]);
      console.log(`# the queue was lost at ${losses.join(' and ')} of ${events} events`);
    } catch (error) {
      console.log(appliance.logs().slice(-3000));
      throw error;
    } finally {
      await appliance.end();
    }
  });
}
