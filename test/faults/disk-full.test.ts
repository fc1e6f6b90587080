import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { statfsSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import type { BatchReceipt } from '../../appliance/api/receipts.ts';
import type { DeletionReceipt, RetrievalProof } from '../../appliance/api/schemas/query.ts';
import { LOOK_BYTES } from '../../appliance/data/1-intake/draft-with-room.ts';
import { type Appliance, startAppliance } from '../support/appliance.ts';
import { makeBatch, type TestBatch, text, whenSettled } from '../support/batch.ts';
import { census } from '../support/faults/census.ts';
import { faultBatches, faultDocuments } from '../support/faults/corpus.ts';
import { loopDisk, noLoopDisks } from '../support/faults/loop-disk.ts';
import { eventsCommitted } from '../support/faults/progress.ts';
import { until } from '../support/faults/until.ts';
import { sendUntilReceived } from '../support/faults/upload.ts';
import { filesHolding } from '../support/files-holding.ts';

/** A disk without room (spec 2, 3): uploads are refused with 507, work rests, and nothing accepted is lost. */

const TENANT = 'acme';
const MEGABYTES = 128;

describe('a full disk', { skip: noLoopDisks(), timeout: 600_000 }, () => {
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

  it('that is nearly full refuses uploads and still serves, and erasing makes room on it', async () => {
    const disk = loopDisk(MEGABYTES);
    const dataFolder = join(disk.folder, 'data');
    const appliance = await startAppliance({ dataFolder });
    try {
      await appliance.createTenant(TENANT, { classification_review_enabled: false });
      const token = await appliance.token({ role: 'tenant_admin', tenant_id: TENANT });
      const dana = await appliance.caller({ role: 'tenant_admin', tenant_id: TENANT, subject: 'dana' });
      const long = 'A line about frozen pallets and their keeper.\n'.repeat(20_000);
      const words = ['zyxcanarygone', 'zyxcanarystays'] as const;
      const batch = makeBatch(
        TENANT,
        words.map((word) => text(`${word}.txt`, `SOP\n\nThe ${word} keeps it cold.\n\n${long}`)),
      );
      const { data: receipt } = await dana<BatchReceipt>('POST', `/ingest/${TENANT}/batch`, batch.form);
      await whenSettled(await appliance.client(TENANT), TENANT, receipt.batch_id);
      const [gone, stays] = receipt.receipts.map(({ doc_id }) => doc_id!);

      // Below the reserve, a twentieth of the disk.
      disk.fillTo(4 << 20);
      await refused(appliance, token, makeBatch(TENANT, [text('one-more.txt', 'SOP\n\nOne more.')]));
      const search = (query_text: string) =>
        dana<RetrievalProof>('POST', `/query/${TENANT}/search`, { query_text, top_k: 3 });
      assert.equal((await search(words[0])).data.chunks[0]?.doc_id, gone);
      const before = room(disk.folder);
      const erased = await dana<DeletionReceipt>('DELETE', `/query/${TENANT}/document/${gone}`, {
        reason: 'request 4711',
        confirm_doc_id: gone,
      });
      assert.deepEqual([erased.status, erased.data.status], [200, 'completed'], JSON.stringify(erased.data));
      await until('files without a word of it', () => filesHolding(dataFolder, { gone: words[0] }).length === 0, {
        about: () => String(filesHolding(dataFolder, { gone: words[0] })),
      });
      assert.ok(room(disk.folder) > before, `${room(disk.folder)} bytes free, ${before} before`);
      assert.equal((await search(words[1])).data.chunks[0]?.doc_id, stays);
      assert.equal(await appliance.stop(), 0);
    } catch (error) {
      console.log(appliance.logs().slice(-4000));
      throw error;
    } finally {
      disk.free();
      await appliance.kill();
      await disk.end();
    }
  });

  it('stops uploads at the reserve, however many come side by side, and goes on with them once there is room', async () => {
    const disk = loopDisk(512);
    const [RESERVE, EACH, UPLOADS] = [192, 110, 5];
    const appliance = await startAppliance({
      dataFolder: join(disk.folder, 'data'),
      environment: { FROSTBYTE_MIN_FREE_MB: String(RESERVE) },
    });
    try {
      await appliance.createTenant(TENANT, { classification_review_enabled: false });
      const dana = await appliance.caller({ role: 'tenant_admin', tenant_id: TENANT, subject: 'dana' });
      const bytes = randomBytes(EACH << 20);
      const tus = { 'tus-resumable': '1.0.0' };
      const begin = async () => {
        const headers = { ...tus, 'upload-length': String(bytes.length) };
        const response = await dana.raw('POST', `/ingest/${TENANT}/uploads`, { headers });
        assert.equal(response.status, 201);
        return response.headers.get('location')!.split('/').at(-1)!;
      };
      const offset = async (id: string) =>
        Number(
          (await dana.raw('HEAD', `/ingest/${TENANT}/uploads/${id}`, { headers: tus })).headers.get('upload-offset'),
        );
      const append = async (id: string) => {
        const at = await offset(id);
        const response = await dana.raw('PATCH', `/ingest/${TENANT}/uploads/${id}`, {
          headers: { ...tus, 'upload-offset': String(at), 'content-type': 'application/offset+octet-stream' },
          body: bytes.subarray(at),
        });
        await response.body?.cancel();
        return response.status;
      };
      const ids = await Promise.all(Array.from({ length: UPLOADS }, begin));
      let least = Number.POSITIVE_INFINITY;
      const watching = setInterval(() => {
        least = Math.min(least, room(disk.folder));
      }, 5);
      const ends = await Promise.all(ids.map(append));
      clearInterval(watching);
      assert.ok(ends.includes(507), `the disk has no room for all: ${ends}`);
      assert.ok(
        ends.every((status) => status === 204 || status === 507),
        String(ends),
      );
      // What each may take before it looks again, and what databases write beside it.
      assert.ok(least > (RESERVE << 20) - UPLOADS * LOOK_BYTES - (8 << 20), `${least >> 20} MiB were left`);

      // Those that came whole, or in part, are deleted but for one.
      const [first, ...others] = ids as [string, ...string[]];
      for (const id of others)
        assert.equal((await dana.raw('DELETE', `/ingest/${TENANT}/uploads/${id}`, { headers: tus })).status, 204);
      if ((await offset(first)) < bytes.length) assert.equal(await append(first), 204);
      assert.equal(await offset(first), bytes.length);
      assert.equal(await appliance.stop(), 0);
    } catch (error) {
      console.log(appliance.logs().slice(-4000));
      throw error;
    } finally {
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
