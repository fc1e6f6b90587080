import assert from 'node:assert/strict';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { startAppliance } from '../support/appliance.ts';
import { type TestBatch, whenSettled } from '../support/batch.ts';
import { census } from '../support/faults/census.ts';
import { faultBatches, faultDocuments } from '../support/faults/corpus.ts';
import { loopDisk, noLoopDisks } from '../support/faults/loop-disk.ts';
import { eventsCommitted } from '../support/faults/progress.ts';
import { runServe } from '../support/faults/run-serve.ts';
import { until } from '../support/faults/until.ts';
import { sendUntilReceived } from '../support/faults/upload.ts';

/** A disk that turned read-only, as Linux makes it after errors: what can be read is served, the rest says why not. */

const TENANT = 'acme';

describe('a read-only disk', { skip: noLoopDisks(), timeout: 600_000 }, () => {
  it('refuses uploads with 503, still reads, refuses to start with a reason, and goes on after the mend', async () => {
    const disk = loopDisk(256);
    const dataFolder = join(disk.folder, 'data');
    const appliance = await startAppliance({ dataFolder });
    try {
      await appliance.createTenant(TENANT, { classification_review_enabled: false });
      const token = await appliance.token({ role: 'tenant_admin', tenant_id: TENANT });
      const [first, second] = faultBatches(TENANT, faultDocuments(16, 4), 8) as [TestBatch, TestBatch];
      await sendUntilReceived(appliance, token, TENANT, first);
      await until('work in flight', () => eventsCommitted(dataFolder, TENANT) > 16);
      disk.failReadOnly();

      const headers = { authorization: `Bearer ${token}` };
      const upload = await fetch(`${appliance.url}/api/v1/ingest/${TENANT}/batch`, {
        method: 'POST',
        headers,
        body: second.form,
      });
      const body = (await upload.json()) as { error: { code: string; message: string } };
      assert.deepEqual([upload.status, body.error.code], [503, 'SERVICE_UNAVAILABLE'], JSON.stringify(body));
      assert.match(body.error.message, /read-only|be read|written|disk/);
      assert.ok(Number(upload.headers.get('retry-after')) > 0);

      const status = await fetch(`${appliance.url}/api/v1/ingest/${TENANT}/batch/${first.manifest.batch_id}`, {
        headers,
      });
      assert.equal(status.status, 200, await status.text());
      const health = await fetch(`${appliance.url}/health`);
      assert.equal(health.status, 200);
      await health.body?.cancel();
      assert.equal(appliance.process.exitCode, null);

      await appliance.kill();
      await disk.replug({ readOnly: true });
      const { code, err } = await runServe(dataFolder);
      console.log(`# on a read-only folder: exit ${code}, ${err.trim()}`);
      assert.equal(code, 1);
      assert.match(err, /^STORE_READ_ONLY: /m);
      assert.match(err, /read-only/);
      assert.ok(err.includes(dataFolder), 'the message does not name the folder');

      await disk.replug();
      await appliance.restart();
      await sendUntilReceived(appliance, token, TENANT, second);
      const client = await appliance.client(TENANT);
      for (const { manifest } of [first, second]) {
        assert.equal((await whenSettled(client, TENANT, manifest.batch_id)).status, 'completed');
      }
      assert.equal(await appliance.stop(), 0);
      await census(dataFolder, TENANT, [first, second]);
    } catch (error) {
      console.log(appliance.logs().slice(-4000));
      throw error;
    } finally {
      // The folder goes with its disk.
      await appliance.kill();
      await disk.end();
    }
  });
});
