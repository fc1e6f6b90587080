import assert from 'node:assert/strict';
import { statfsSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { type Appliance, startAppliance } from '../support/appliance.ts';
import { makeBatch, type TestBatch, text, whenSettled } from '../support/batch.ts';
import { census } from '../support/faults/census.ts';
import { faultBatches, faultDocuments } from '../support/faults/corpus.ts';
import { loopDisk, noLoopDisks } from '../support/faults/loop-disk.ts';
import { eventsCommitted } from '../support/faults/progress.ts';
import { until } from '../support/faults/until.ts';
import { sendUntilReceived } from '../support/faults/upload.ts';

/** A disk without room (spec 2, 3): uploads are refused with 507, work rests, and nothing accepted is lost. */

const TENANT = 'acme';
const MEGABYTES = 128;

describe('a full disk', { skip: noLoopDisks(), timeout: 240_000 }, () => {
  it('refuses uploads with 507, lets work rest, and finishes everything once there is room', async () => {
    const disk = loopDisk(MEGABYTES);
    const dataFolder = join(disk.folder, 'data');
    const appliance = await startAppliance({ dataFolder });
    try {
      await appliance.createTenant(TENANT, { classification_review_enabled: false });
      const token = await appliance.token({ role: 'tenant_admin', tenant_id: TENANT });
      const [first, second, third] = faultBatches(TENANT, faultDocuments(36, 3), 12) as [
        TestBatch,
        TestBatch,
        TestBatch,
      ];

      // Made before anything is sent: it takes so long that a connection kept meanwhile would be closed by the daemon.
      const tooMuch = makeBatch(TENANT, [text('huge.txt', 'A pallet of ice. '.repeat(8_000_000))], {
        batch_id: 'too-much',
      });
      await sendUntilReceived(appliance, token, TENANT, first);
      const before = room(disk.folder);
      await refused(appliance, token, tooMuch);
      await until('the room of the refused upload', () => room(disk.folder) > before - (16 << 20), {
        about: () => `${room(disk.folder)} of ${before}`,
      });

      await sendUntilReceived(appliance, token, TENANT, second);
      const started = eventsCommitted(dataFolder, TENANT);
      await until('work in flight', () => eventsCommitted(dataFolder, TENANT) > started + 5);
      disk.fill();
      const full = eventsCommitted(dataFolder, TENANT);
      assert.equal(room(disk.folder) < 1 << 16, true, 'the disk is not full');
      await until('a worker that noticed', () =>
        /the stores of a tenant are in trouble[^\n]*|"code":"DISK_FULL"/.test(appliance.logs()),
      );
      await refused(appliance, token, third);
      const health = await fetch(`${appliance.url}/health`);
      assert.equal(health.status, 200);
      await health.body?.cancel();

      disk.free();
      for (const batch of [third]) await sendUntilReceived(appliance, token, TENANT, batch);
      const client = await appliance.client(TENANT);
      for (const { manifest } of [first, second, third]) {
        assert.equal((await whenSettled(client, TENANT, manifest.batch_id)).status, 'completed');
      }
      assert.equal(appliance.process.exitCode, null, 'the daemon did not live through it');
      assert.equal(await appliance.stop(), 0);
      const { events } = await census(dataFolder, TENANT, [first, second, third]);
      console.log(`# the disk was full after ${full} of ${events} events`);
    } catch (error) {
      console.log(appliance.logs().slice(-4000));
      throw error;
    } finally {
      disk.free();
      // The folder goes with its disk.
      await appliance.kill();
      await disk.end();
    }
  });
});

function room(folder: string): number {
  const { bavail, bsize } = statfsSync(folder);
  return bavail * bsize;
}

/** The upload is answered with 507 and the error envelope. */
async function refused(appliance: Appliance, token: string, { form }: TestBatch): Promise<void> {
  const response = await fetch(`${appliance.url}/api/v1/ingest/${TENANT}/batch`, {
    method: 'POST',
    headers: { authorization: `Bearer ${token}` },
    body: form,
  });
  const body = (await response.json()) as {
    success: boolean;
    error: { code: string; message: string; request_id: string };
  };
  assert.deepEqual(
    [response.status, body.success, body.error.code],
    [507, false, 'QUOTA_EXCEEDED'],
    JSON.stringify(body),
  );
  assert.match(body.error.message, /room|disk|space/i);
  assert.match(body.error.request_id, /^[0-9a-f-]{36}$/);
}
