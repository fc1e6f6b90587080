import assert from 'node:assert/strict';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import type { RetrievalProof } from '../../appliance/api/schemas/query.ts';
import type { ReindexAnswer } from '../../appliance/api/schemas/reindex.ts';
import { verifyProvenance } from '../../appliance/audit/provenance.ts';
import { vectorSha256 } from '../../appliance/kernel/digest.ts';
import type { LoggedEvent } from '../../appliance/stores/log/port.ts';
import { type Appliance, startAppliance } from '../support/appliance.ts';
import { whenSettled } from '../support/batch.ts';
import { withFolder } from '../support/faults/census.ts';
import { faultBatches, faultDocuments } from '../support/faults/corpus.ts';
import { fastLauncher } from '../support/faults/launcher.ts';
import { eventsCommitted } from '../support/faults/progress.ts';
import { ALL_FAULTS, seeded } from '../support/faults/random.ts';
import { strikesOn } from '../support/faults/strikes.ts';
import { until } from '../support/faults/until.ts';
import { sendUntilReceived } from '../support/faults/upload.ts';
import { ageIndex } from '../support/inside.ts';

/**
 * `kill -9` at any moment of a reindex: daemon and workers are killed again and again while the second index is built,
 * served, and the first one emptied. Whenever a daemon is there it answers searches, and in the end each document was
 * embedded and told once.
 */

const TENANT = 'acme';
const DOCUMENTS = 30;
const KILLS = ALL_FAULTS ? 60 : 5;

describe(`a reindex of ${DOCUMENTS} documents under ${KILLS} kills`, {
  timeout: ALL_FAULTS ? 3_600_000 : 600_000,
}, () => {
  const [batch] = faultBatches(TENANT, faultDocuments(DOCUMENTS, 5), DOCUMENTS) as [
    ReturnType<typeof faultBatches>[number],
  ];
  const random = seeded(9);
  let home = '';
  let appliance: Appliance;
  let answers = 0;
  let done: ReindexAnswer;

  before(async () => {
    home = await mkdtemp(join(tmpdir(), 'frostbyte-reindex-'));
    const launcher = fastLauncher(join(home, 'frostbyte'));
    appliance = await startAppliance({
      dataFolder: join(home, 'data'),
      environment: { FROSTBYTE_LOG_LEVEL: 'warn' },
      ...(launcher ? { launcher } : {}),
    });
    await appliance.createTenant(TENANT, { classification_review_enabled: false });
    const token = await appliance.token({ role: 'tenant_admin', tenant_id: TENANT });
    await sendUntilReceived(appliance, token, TENANT, batch);
    await whenSettled(await appliance.client(TENANT), TENANT, batch.manifest.batch_id);
    await ageIndex(appliance, TENANT);
    await underFire();
  });
  after(async () => {
    await appliance?.end();
    await rm(home, { recursive: true, force: true, maxRetries: 5 });
  });

  async function underFire(): Promise<void> {
    const { strike, moments, buried } = strikesOn(appliance, TENANT);
    const begun = eventsCommitted(appliance.dataFolder, TENANT);
    const { data: started } = await (await appliance.admin()).send<ReindexAnswer>(
      'POST',
      `/admin/tenants/${TENANT}/reindex`,
      { reason: 'the new version' },
    );
    try {
      // Two events a document, and a search between two blows.
      for (let n = 0; n < KILLS; n++) {
        const share = n === 0 ? 0 : random.next() * (n / KILLS);
        const moment = begun + 1 + Math.floor(share * 2 * DOCUMENTS);
        await until('progress', () => eventsCommitted(appliance.dataFolder, TENANT) >= moment, { seconds: 120 });
        await strike(random.next() < 0.5 ? 'daemon' : 'worker', `${(share * 100).toFixed(0)}%`);
        await search();
      }
      done = await until(
        'the end of the reindex',
        async () => {
          await search();
          const { data } = await (await appliance.admin()).get<ReindexAnswer>(
            `/admin/tenants/${TENANT}/reindex/${started.reindex_id}`,
          );
          return data.dropped_at !== null && data;
        },
        { seconds: 120 },
      );
      await appliance.stop();
      await buried();
    } finally {
      console.log(`# seed ${random.seed}: ${moments.join(' ')}`);
    }
  }

  async function search(): Promise<void> {
    const client = await appliance.client(TENANT);
    const { data } = await client.send<RetrievalProof>('POST', `/query/${TENANT}/search`, {
      query_text: 'the parties agree on the terms of payment',
      top_k: 5,
    });
    assert.equal(data.chunks.length, 5);
    answers += 1;
  }

  it('comes to its end, and every search in between was answered', () => {
    assert.deepEqual([done.status, done.documents.done], ['switched', done.documents.total]);
    assert.ok(answers > KILLS);
  });

  it('leaves each vector once, in the served index alone, as its record names it', async () => {
    await withFolder(appliance.dataFolder, async ({ planes }) => {
      const plane = await planes.get(TENANT);
      const { served, embed_version } = await plane.records.vectorIndex();
      assert.equal(served, 1);
      assert.notEqual(embed_version, '0');
      const { rows } = await plane.records.documents({ limit: 500 });
      let count = 0;
      for (const { doc_id, served: version } of rows) {
        const chunks = await plane.records.documentChunks(doc_id, { limit: 1000, offset: 0 });
        const stored = await plane.indexes[1].read(chunks.map(({ chunk_id }) => chunk_id));
        for (const { chunk_id, index } of chunks) {
          assert.equal(vectorSha256(stored.get(chunk_id)!), index.vector_sha256);
          assert.equal(index.embed_version, embed_version);
        }
        if (version !== null) assert.equal(version.embed_version, embed_version);
        count += chunks.length;
      }
      assert.equal(count, done.chunks_done);
      assert.deepEqual([await plane.indexes[1].count(), await plane.indexes[0].count()], [count, 0]);
    });
  });

  it('tells each document once, with a chain that is whole', async () => {
    await withFolder(appliance.dataFolder, async ({ control }) => {
      await control.relayNow();
      const log = await control.auditLog(TENANT);
      const events: LoggedEvent[] = [];
      for await (const event of log.range(0, await log.size())) events.push(event);
      const anew = events.filter(({ details }) => details.reindex_id !== undefined);
      const of = (type: string) => anew.filter(({ event_type }) => event_type === type).length;
      assert.deepEqual([of('REINDEX_STARTED'), of('REINDEX_SWITCHED'), of('REINDEX_CANCELLED')], [1, 1, 0]);
      assert.deepEqual([of('DOCUMENT_EMBEDDED'), of('INDEX_WRITTEN')], [done.documents.done, done.documents.done]);
      const documents = new Set(anew.map(({ resource_id }) => resource_id).filter((id) => id !== TENANT));
      for (const id of documents) {
        assert.deepEqual(verifyProvenance(await log.resource('document', id)).breaks, []);
      }
    });
  });
});
