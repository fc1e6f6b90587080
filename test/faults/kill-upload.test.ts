import assert from 'node:assert/strict';
import { createHash, randomBytes } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { request } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { setTimeout as wait } from 'node:timers/promises';
import type { BatchReceipt } from '../../appliance/api/receipts.ts';
import type { UploadAnswer } from '../../appliance/api/schemas/uploads.ts';
import { sweepUploads } from '../../appliance/data/1-intake/uploads/sweep-uploads.ts';
import { type Appliance, startAppliance } from '../support/appliance.ts';
import { withFolder } from '../support/faults/census.ts';
import { fastLauncher } from '../support/faults/launcher.ts';
import { ALL_FAULTS, seeded } from '../support/faults/random.ts';
import { metTheMiddle } from '../support/faults/under-way.ts';
import { until } from '../support/faults/until.ts';

/**
 * `kill -9` at any moment of a resumable upload and of the batch that takes it: what was acknowledged is there, nothing
 * is told that was not sent, and the whole has the hash of the file.
 */

const TENANT = 'acme';
const MIB = 1 << 20;
const UPLOADS = ALL_FAULTS ? 12 : 2;
/** Kills of each upload, and of each batch that takes one. */
const KILLS = ALL_FAULTS ? 8 : 2;

describe(`${UPLOADS} uploads and their batches under ${2 * KILLS} kills each`, {
  timeout: ALL_FAULTS ? 3_600_000 : 600_000,
}, () => {
  const random = seeded(45);
  const programs = mkdtempSync(join(tmpdir(), 'frostbyte-program-'));
  let appliance: Appliance;
  let headers: Record<string, string>;

  before(async () => {
    const launcher = fastLauncher(join(programs, 'frostbyte'));
    appliance = await startAppliance({
      environment: { FROSTBYTE_LOG_LEVEL: 'warn', FROSTBYTE_WORKERS: '0' },
      ...(launcher ? { launcher } : {}),
    });
    await appliance.createTenant(TENANT);
    const token = await appliance.token({ role: 'tenant_admin', tenant_id: TENANT });
    headers = { authorization: `Bearer ${token}`, 'tus-resumable': '1.0.0' };
  });
  after(async () => {
    await appliance.end();
    rmSync(programs, { recursive: true, force: true });
  });

  const uploads = () => `${appliance.url}/api/v1/ingest/${TENANT}/uploads`;

  async function strike(): Promise<void> {
    await appliance.kill();
    await appliance.restart();
  }

  async function begin(length: number): Promise<string> {
    const response = await fetch(uploads(), {
      method: 'POST',
      headers: { ...headers, 'upload-length': String(length) },
    });
    assert.equal(response.status, 201);
    return response.headers.get('location')!.split('/').at(-1)!;
  }

  async function offsetOf(id: string): Promise<number> {
    const response = await fetch(`${uploads()}/${id}`, { method: 'HEAD', headers });
    assert.equal(response.status, 200);
    return Number(response.headers.get('upload-offset'));
  }

  /** Sends a piece; the offset that the answer acknowledges, or null where the line broke. */
  async function append(id: string, offset: number, piece: Buffer): Promise<number | null> {
    try {
      const response = await fetch(`${uploads()}/${id}`, {
        method: 'PATCH',
        headers: { ...headers, 'upload-offset': String(offset), 'content-type': 'application/offset+octet-stream' },
        body: piece,
      });
      assert.equal(response.status, 204, await response.text());
      return Number(response.headers.get('upload-offset'));
    } catch (error) {
      if (error instanceof assert.AssertionError) throw error;
      return null;
    }
  }

  /** For each kill, whether it met a request that was not answered yet. */
  const met: boolean[] = [];

  /** Sends all of a file under some kills, and holds every offset that is told against what was sent. */
  async function sendUnderFire(bytes: Buffer): Promise<string> {
    const id = await begin(bytes.length);
    const hits = Array.from({ length: KILLS }, () => random.whole(0, bytes.length - 1)).toSorted((a, b) => a - b);
    let acknowledged = 0;
    while (acknowledged < bytes.length) {
      const end = Math.min(bytes.length, acknowledged + random.whole(1, bytes.length >> 2));
      const isHit = hits[0] !== undefined && hits[0] < end;
      const sending = append(id, acknowledged, bytes.subarray(acknowledged, end));
      if (isHit) {
        while (hits[0] !== undefined && hits[0] < end) hits.shift();
        await wait(random.whole(0, 40));
        await strike();
      }
      const told = await sending;
      if (isHit) met.push(told === null);
      const offset = await offsetOf(id);
      assert.ok(offset >= (told ?? acknowledged), `${offset} is told, ${told ?? acknowledged} was acknowledged`);
      assert.ok(offset <= end, `${offset} is told, ${end} were sent`);
      acknowledged = offset;
    }
    return id;
  }

  /** Submits a batch of one upload under some kills, until its receipt is there. */
  async function submitUnderFire(batchId: string, bytes: Buffer, upload_id: string): Promise<BatchReceipt> {
    const sha256 = createHash('sha256').update(bytes).digest('hex');
    const file = { file_id: 'f1', filename: 'a.pdf', mime_type: 'application/pdf', size_bytes: bytes.length, sha256 };
    const manifest = { batch_id: batchId, tenant_id: TENANT, file_count: 1, files: [{ ...file, upload_id }] };
    let kills = 0;
    return until(
      `the receipt of ${batchId}`,
      async () => {
        const answer = fetch(`${appliance.url}/api/v1/ingest/${TENANT}/batch`, {
          method: 'POST',
          headers: { ...headers, 'content-type': 'application/json' },
          body: JSON.stringify(manifest),
        }).then(
          async (response) => ({ status: response.status, body: await response.json() }),
          () => null,
        );
        if (kills < KILLS) {
          kills++;
          await wait(random.whole(0, 80));
          await strike();
          met.push((await answer) === null);
        }
        const answered = await answer;
        if (answered === null) return null;
        assert.equal(answered.status, 202, JSON.stringify(answered.body));
        // Also where the answer was quicker than the kill: the rest of the kills meets a batch that is there.
        return kills < KILLS ? null : (answered.body as { data: BatchReceipt }).data;
      },
      { seconds: 300 },
    );
  }

  const pdf = (size: number) =>
    Buffer.concat([Buffer.from('%PDF-1.7\n'), randomBytes(size), Buffer.from('\nstartxref\n0\n%%EOF\n')]);

  for (let n = 0; n < UPLOADS; n++) {
    it(`upload ${n + 1} has every acknowledged byte, and its batch is received once`, async () => {
      const bytes = pdf(random.whole(1, 6) * MIB);
      const id = await sendUnderFire(bytes);
      const receipt = await submitUnderFire(`b${n}`, bytes, id);
      assert.deepEqual([receipt.counts.accepted, receipt.counts.duplicates], [1, 0]);
    });
  }

  it('was killed in the middle of requests, not between them', () => metTheMiddle(met, 'a request'));

  it('keeps what a long request brought before it was killed', async () => {
    const bytes = pdf(100 * MIB);
    const id = await begin(bytes.length);
    const patch = request(`${uploads()}/${id}`, {
      method: 'PATCH',
      headers: { ...headers, 'upload-offset': 0, 'content-type': 'application/offset+octet-stream' },
    });
    patch.on('error', () => undefined);
    // All but the last byte, so that the request is never whole.
    patch.write(bytes.subarray(0, -1));
    const acknowledged = await until('a segment', async () => {
      const { data } = (await (await fetch(`${uploads()}/${id}`, { headers })).json()) as { data: UploadAnswer };
      return data.offset;
    });
    await strike();
    const offset = await offsetOf(id);
    assert.ok(offset >= acknowledged && offset < bytes.length, `${offset} of ${acknowledged}`);
    assert.equal(await append(id, offset, bytes.subarray(offset)), bytes.length);
    const receipt = await submitUnderFire('long', bytes, id);
    assert.equal(receipt.counts.accepted, 1);
  });

  it('leaves one document a file, one event each, and no object that belongs to nothing', async () => {
    await appliance.stop();
    await withFolder(appliance.dataFolder, async ({ control, planes }) => {
      const plane = await planes.get(TENANT);
      await sweepUploads(plane);
      const documents = await plane.records.documents({ limit: 100 });
      assert.equal(documents.total, UPLOADS + 1);
      const kept = new Set(documents.rows.map(({ storage_path }) => storage_path));
      for await (const { key } of plane.objects.list('')) assert.ok(kept.has(key), `${key} belongs to nothing`);
      assert.equal((await plane.records.uploads({ limit: 1, state: 'taken' })).total, UPLOADS + 1);
      assert.equal((await plane.records.uploads({ limit: 1 })).total, UPLOADS + 1);
      assert.equal(await plane.records.announcedBytes([]), 0);
      await control.relayNow();
      const log = await control.auditLog(TENANT);
      const told = (event_type: string) => log.count({ event_type });
      assert.equal(await told('UPLOAD_CREATED'), UPLOADS + 1);
      assert.equal(await told('DOCUMENT_INGESTED'), UPLOADS + 1);
      assert.equal(await told('BATCH_RECEIVED'), UPLOADS + 1);
      assert.equal(await told('UPLOAD_DELETED'), 0);
    });
  });
});
