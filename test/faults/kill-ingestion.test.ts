import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { setTimeout as wait } from 'node:timers/promises';
import { type Appliance, startAppliance } from '../support/appliance.ts';
import { whenSettled } from '../support/batch.ts';
import { type Census, census } from '../support/faults/census.ts';
import { faultBatches, faultDocuments } from '../support/faults/corpus.ts';
import { fastLauncher } from '../support/faults/launcher.ts';
import { eventsCommitted } from '../support/faults/progress.ts';
import { ALL_FAULTS, seeded } from '../support/faults/random.ts';
import { strikesOn } from '../support/faults/strikes.ts';
import { until } from '../support/faults/until.ts';
import { sendUntilReceived } from '../support/faults/upload.ts';

/**
 * `kill -9` at any moment of an ingestion (spec 1, guarantee 3): the input is sent twice, once to an appliance that is
 * left in peace and once to one whose daemon and workers are killed again and again. Both must end the same.
 */

const TENANT = 'acme';
const DOCUMENTS = 100;
const BATCH = 10;
const KILLS = ALL_FAULTS ? 200 : 15;
/** Kills that are aimed at an upload; the others come at a share of the way. */
const UPLOAD_KILLS = Math.ceil(KILLS / 5);

describe(`an ingestion of ${DOCUMENTS} documents under ${KILLS} kills`, {
  timeout: ALL_FAULTS ? 3_600_000 : 600_000,
}, () => {
  const batches = faultBatches(TENANT, faultDocuments(DOCUMENTS), BATCH);
  const random = seeded(1);
  const programs = mkdtempSync(join(tmpdir(), 'frostbyte-program-'));
  const launcher = fastLauncher(join(programs, 'frostbyte'));
  let calm: Census;
  let calmEvents: number;
  let killed: Census;

  before(async () => {
    [calm, calmEvents] = await inPeace();
    killed = await underFire();
  });

  async function inPeace(): Promise<[Census, number]> {
    const started = performance.now();
    const appliance = await ready();
    try {
      const token = await appliance.token({ role: 'tenant_admin', tenant_id: TENANT });
      for (const batch of batches) await sendUntilReceived(appliance, token, TENANT, batch);
      await allSettled(appliance);
      await appliance.stop();
      const events = eventsCommitted(appliance.dataFolder, TENANT);
      const result = await census(appliance.dataFolder, TENANT, batches);
      say(`undisturbed: ${events} events in ${seconds(started)}`);
      return [result, events];
    } finally {
      await appliance.end();
    }
  }

  async function underFire(): Promise<Census> {
    const started = performance.now();
    const appliance = await ready();
    const { strike, moments, buried } = strikesOn(appliance, TENANT);
    try {
      const token = await appliance.token({ role: 'tenant_admin', tenant_id: TENANT });
      const hits = Array.from({ length: UPLOAD_KILLS }, () => ({
        batch: random.whole(0, batches.length - 1),
        afterMs: random.whole(0, 120),
      }));
      const shares = Array.from({ length: KILLS - UPLOAD_KILLS }, () => random.next() * 0.97).toSorted((a, b) => a - b);
      let tries = 0;

      const sender = (async () => {
        for (const [n, batch] of batches.entries()) {
          // The next batch while the one before is at work, so that uploads meet every kind of moment.
          await until(
            'progress',
            () => eventsCommitted(appliance.dataFolder, TENANT) >= (n / batches.length) * calmEvents * 0.8,
          );
          let attempt = 0;
          const sent = await sendUntilReceived(appliance, token, TENANT, batch, {
            starts: () => {
              attempt++;
              for (const hit of hits) {
                if (hit.batch === n && attempt === 1)
                  void wait(hit.afterMs).then(() => strike('daemon', `upload ${n + 1}`));
              }
            },
          });
          tries += sent.tries;
        }
      })();
      const killer = (async () => {
        for (const share of shares) {
          const victim = random.next() < 0.4 ? 'daemon' : 'worker';
          const delay = random.whole(0, 60);
          await until('progress', () => eventsCommitted(appliance.dataFolder, TENANT) >= share * calmEvents, {
            seconds: 120,
            everyMs: 25,
          });
          await wait(delay);
          await strike(victim, `${(share * 100).toFixed(0)}%`);
        }
      })();
      await Promise.all([sender, killer]);
      // The last aimed blow may still be on its way.
      await until('every kill', () => moments.length === KILLS);
      await allSettled(appliance);
      say(
        `seed ${random.seed}: ${moments.length} kills in ${seconds(started)}, ${tries} tries for ${batches.length} batches`,
      );
      say(moments.join(' '));
      await appliance.stop();
      await buried();
      return await census(appliance.dataFolder, TENANT, batches);
    } catch (error) {
      console.log(appliance.logs().slice(-6000));
      say(`seed ${random.seed}: ${moments.join(' ')}`);
      throw error;
    } finally {
      await appliance.end();
    }
  }

  async function allSettled(appliance: Appliance): Promise<void> {
    const client = await appliance.client(TENANT);
    for (const { manifest } of batches) {
      const { status } = await whenSettled(client, TENANT, manifest.batch_id);
      assert.equal(status, 'completed');
    }
  }

  it('takes and finishes every document exactly once, with a whole chain and nothing left over', () => {
    // `census` has looked into everything; what is left to say is that it was about all of it.
    assert.equal(Object.keys(killed.documents).length, DOCUMENTS);
    assert.equal(killed.batches, DOCUMENTS / BATCH);
  });

  it('ends with the ids, hashes, chunks and vectors of an undisturbed run', () => {
    assert.deepEqual(killed.documents, calm.documents);
  });

  it('tells the same number of events as an undisturbed run', () => {
    assert.equal(killed.events, calm.events);
  });

  async function ready(): Promise<Appliance> {
    const appliance = await startAppliance({
      environment: { FROSTBYTE_LOG_LEVEL: 'warn' },
      ...(launcher ? { launcher } : {}),
    });
    await appliance.createTenant(TENANT, { classification_review_enabled: false });
    return appliance;
  }

  after(() => rmSync(programs, { recursive: true, force: true }));
});

function seconds(started: number): string {
  return `${((performance.now() - started) / 1000).toFixed(1)} s`;
}

function say(words: string): void {
  console.log(`# ${words}`);
}
