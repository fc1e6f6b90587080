import assert from 'node:assert/strict';
import { cp, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { setTimeout as wait } from 'node:timers/promises';
import type { ReprocessAnswer } from '../../appliance/api/schemas/reprocess.ts';
import { type Appliance, startAppliance } from '../support/appliance.ts';
import { whenSettled } from '../support/batch.ts';
import { type Census, census } from '../support/faults/census.ts';
import { faultBatches, faultDocuments } from '../support/faults/corpus.ts';
import { fastLauncher } from '../support/faults/launcher.ts';
import { eventsCommitted } from '../support/faults/progress.ts';
import { ALL_FAULTS, seeded } from '../support/faults/random.ts';
import { strikesOn } from '../support/faults/strikes.ts';
import { metTheMiddle } from '../support/faults/under-way.ts';
import { until } from '../support/faults/until.ts';
import { sendUntilReceived } from '../support/faults/upload.ts';

/**
 * `kill -9` at any moment of a run over a whole batch (spec 1, guarantee 3): one data folder is copied, one copy is left
 * in peace while its documents run again, the daemon and workers of the other are killed again and again. Other chunk
 * limits and another PII policy: chunks of before must vanish, and the same ones come. Both must end the same.
 */

const TENANT = 'acme';
/** More than a request restarts at once. */
const DOCUMENTS = 30;
const KILLS = ALL_FAULTS ? 100 : 6;

describe(`a run of ${DOCUMENTS} documents from parse under ${KILLS} kills`, {
  timeout: ALL_FAULTS ? 3_600_000 : 600_000,
}, () => {
  const [batch] = faultBatches(TENANT, faultDocuments(DOCUMENTS, 5), DOCUMENTS) as [
    ReturnType<typeof faultBatches>[number],
  ];
  const random = seeded(3);
  let home = '';
  let launcher: string | undefined;
  let first: Census;
  let firstEvents = 0;
  let calm: Census;
  let calmEvents = 0;
  let killed: Census;

  before(async () => {
    home = await mkdtemp(join(tmpdir(), 'frostbyte-again-'));
    launcher = fastLauncher(join(home, 'frostbyte'));
    await ingest();
    for (const copy of ['calm', 'killed']) await cp(folder('first'), folder(copy), { recursive: true });
    await inPeace();
    await underFire();
  });

  const folder = (name: string) => join(home, name);
  const start = (name: string) =>
    startAppliance({
      dataFolder: folder(name),
      environment: { FROSTBYTE_LOG_LEVEL: 'warn' },
      ...(launcher ? { launcher } : {}),
    });

  async function ingest(): Promise<void> {
    const appliance = await start('first');
    await appliance.createTenant(TENANT, { classification_review_enabled: false, pii_policy: 'flag' });
    const token = await appliance.token({ role: 'tenant_admin', tenant_id: TENANT });
    await sendUntilReceived(appliance, token, TENANT, batch);
    await whenSettled(await appliance.client(TENANT), TENANT, batch.manifest.batch_id);
    const admin = await appliance.admin();
    const config = { pii_policy: 'redact', chunk_soft_limit: 200, chunk_hard_limit: 400 };
    await admin.send('PATCH', `/admin/tenants/${TENANT}`, { config, reason: 'new terms' });
    await appliance.stop();
    firstEvents = eventsCommitted(appliance.dataFolder, TENANT);
    first = await census(appliance.dataFolder, TENANT, [batch]);
  }

  /** Files the request; from here on nobody needs to ask for anything. */
  async function ask(appliance: Appliance): Promise<string> {
    const client = await appliance.client(TENANT);
    const body = { from: 'parse', reason: 'new terms', batch_id: batch.manifest.batch_id };
    const { data } = await client.send<ReprocessAnswer>('POST', `/ingest/${TENANT}/reprocess`, body);
    assert.deepEqual([data.status, data.documents.candidates], ['running', DOCUMENTS]);
    return data.reprocess_id;
  }

  async function done(appliance: Appliance, id: string): Promise<void> {
    const client = await appliance.client(TENANT);
    const { documents } = await until(
      'the end of the request',
      async () => {
        const { data } = await client.get<ReprocessAnswer>(`/ingest/${TENANT}/reprocess/${id}`);
        return data.status === 'completed' && data;
      },
      { seconds: 180 },
    );
    const { examined, restarted, skipped, indexed, superseded } = documents;
    assert.deepEqual([examined, restarted, skipped, indexed, superseded], [DOCUMENTS, DOCUMENTS, 0, DOCUMENTS, 0]);
    const { status } = await whenSettled(client, TENANT, batch.manifest.batch_id);
    assert.equal(status, 'completed');
  }

  async function inPeace(): Promise<void> {
    const appliance = await start('calm');
    await done(appliance, await ask(appliance));
    await appliance.stop();
    calmEvents = eventsCommitted(appliance.dataFolder, TENANT);
    calm = await census(appliance.dataFolder, TENANT, [batch], 'parse');
  }

  async function underFire(): Promise<void> {
    const appliance = await start('killed');
    const { strike, moments, met, buried } = strikesOn(appliance, TENANT);
    // The first blow falls while the request is still on its way through the documents.
    const shares = Array.from({ length: KILLS }, (_, n) => (n === 0 ? 0 : random.next() * 0.97));
    shares.sort((a, b) => a - b);
    try {
      const id = await ask(appliance);
      for (const share of shares) {
        const victim = random.next() < 0.4 ? 'daemon' : 'worker';
        const delay = random.whole(0, 60);
        const moment = firstEvents + share * (calmEvents - firstEvents);
        await until('progress', () => eventsCommitted(appliance.dataFolder, TENANT) >= moment, { seconds: 120 });
        await wait(delay);
        await strike(victim, `${(share * 100).toFixed(0)}%`);
      }
      await done(appliance, id);
      metTheMiddle(met, 'a run', 1 / 2);
      await appliance.stop();
      await buried();
      killed = await census(appliance.dataFolder, TENANT, [batch], 'parse');
      say(`seed ${random.seed}: ${moments.join(' ')}`);
    } catch (error) {
      console.log(appliance.logs().slice(-6000));
      say(`seed ${random.seed}: ${moments.join(' ')}`);
      throw error;
    } finally {
      await appliance.kill();
    }
  }

  it('makes other versions: the undisturbed run changed what is served', () => {
    const ids = Object.keys(first.documents);
    assert.equal(ids.length, DOCUMENTS);
    const changed = ids.filter((id) => first.documents[id]!.canonical_sha256 !== calm.documents[id]!.canonical_sha256);
    assert.equal(changed.length, DOCUMENTS, 'the chunk limits are part of the version');
    assert.notDeepEqual(
      ids.map((id) => first.documents[id]!.chunks.length),
      ids.map((id) => calm.documents[id]!.chunks.length),
    );
  });

  it('runs every document once more, with a whole chain, and ends with the versions of an undisturbed run', () => {
    // `census` has looked into rows, vectors, queue, log and chains of both.
    assert.deepEqual(killed.documents, calm.documents);
  });

  it('leaves the objects of both versions and no others', () => {
    assert.deepEqual(killed.objects, calm.objects);
    for (const key of first.objects) assert.ok(killed.objects.includes(key), `${key} is gone`);
  });

  it('tells the same number of events as an undisturbed run', () => {
    assert.equal(killed.events, calm.events);
  });

  after(() => rm(home, { recursive: true, force: true, maxRetries: 5 }));
});

function say(words: string): void {
  console.log(`# ${words}`);
}
