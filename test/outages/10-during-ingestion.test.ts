import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import type { BatchStatus } from '../../appliance/api/schemas/ingest.ts';
import type { Client } from '../../appliance/cli/client.ts';
import { isFrostbyteError } from '../../appliance/kernel/errors.ts';
import { type Appliance, startAppliance } from '../support/appliance.ts';
import { censusOnServers } from '../support/faults/census-on-servers.ts';
import { faultBatches, faultDocuments } from '../support/faults/corpus.ts';
import { OUTAGES, type Outage, strikeServer } from '../support/faults/outages.ts';
import { ALL_FAULTS, SEED, seeded } from '../support/faults/random.ts';
import { until } from '../support/faults/until.ts';
import { sendUntilReceived } from '../support/faults/upload.ts';
import { onRecords } from '../support/inside.ts';
import { stackMissing, testStack } from '../support/stack.ts';
import type { Planes } from '../support/stack-appliance.ts';

/**
 * Each server that a tenant is kept on goes away in the middle of an ingestion, at a moment and in an order that a seed
 * chooses; the queue also forgets everything. Every document must end as if nothing had happened, once. In the long version
 * each seed meets all of it, in the short one each its share.
 */

/** Where data planes run, and how many seeds each of these meets; a container takes longer to come back than a process. */
const SEEDS: Partial<Record<Planes, number>> = ALL_FAULTS ? { processes: 20, containers: 3 } : { processes: 2 };
const DOCUMENTS = 100;
const BATCH = 10;
/** Events of a document that goes through, at least. */
const EVENTS = 7;

for (const [planes, seeds] of Object.entries(SEEDS) as [Planes, number][]) {
  describe(
    `an ingestion of ${DOCUMENTS} documents while servers go away, with data planes as ${planes}`,
    {
      skip: stackMissing() ?? false,
      timeout: seeds * 240_000,
    },
    () => tests(planes, seeds),
  );
}

function tests(planes: Planes, seeds: number): void {
  let appliance: Appliance;
  before(async () => {
    appliance = await startAppliance({
      arrangement: 'stack',
      planes,
      // Limits count in a server of their own: nobody may wait for it.
      environment: {
        FROSTBYTE_LOG_LEVEL: 'warn',
        FROSTBYTE_RATE_LIMITS: 'on',
        // In containers it is where it is looked for.
        ...(planes === 'processes' && { FROSTBYTE_CLAMD: scannerAddress() }),
      },
    });
  });
  after(() => appliance?.end());

  for (let n = 1; n <= seeds; n++) {
    it(`loses nothing and does nothing twice (seed ${SEED} + ${n})`, async () => {
      const tenant = `seed${n}`;
      const random = seeded(n);
      const plan = shuffled(outagesOf(n, seeds), random.next)
        .map((outage) => ({ outage, share: random.next() * 0.95 }))
        .toSorted((a, b) => a.share - b.share);
      const began = performance.now();
      await appliance.createTenant(tenant, { classification_review_enabled: false });
      const batches = faultBatches(tenant, faultDocuments(DOCUMENTS, n), BATCH);
      const token = await appliance.token({ role: 'tenant_admin', tenant_id: tenant });
      const told: string[] = [];
      let tries = 0;
      const reached = (share: number) =>
        until(
          `${Math.round(share * 100)} % of the events`,
          async () => {
            const events = await eventsOf(appliance, tenant);
            return events >= share * DOCUMENTS * EVENTS && `${events}`;
          },
          { seconds: 180, everyMs: 50, about: () => told.join(', ') },
        );

      const sender = async () => {
        for (const [at, batch] of batches.entries()) {
          // The next while the one before is at work, so that outages meet every kind of moment.
          await reached((at / batches.length) * 0.8);
          tries += (await sendUntilReceived(appliance, token, tenant, batch)).tries;
        }
      };
      const striker = async () => {
        for (const { outage, share } of plan) {
          const events = await reached(share);
          await strikeServer(appliance, tenant, outage, random);
          told.push(`${outage} at ${events} (${Math.round((performance.now() - began) / 1000)} s)`);
        }
      };
      try {
        await Promise.all([sender(), striker()]);
        const client = await appliance.client(tenant);
        for (const { manifest } of batches) {
          const { status } = await settled(client, tenant, manifest.batch_id);
          assert.equal(status, 'completed', manifest.batch_id);
        }
        const settledAfter = Math.round((performance.now() - began) / 1000);
        const { documents, events } = await censusOnServers(appliance, tenant, batches);
        assert.equal(Object.keys(documents).length, DOCUMENTS);
        assert.ok(tries >= batches.length);
        console.log(
          `# ${events} events, settled after ${settledAfter} s, ${tries} tries for ${batches.length} batches: ${told.join(', ')}`,
        );
      } catch (error) {
        console.log(appliance.logs().slice(-6000));
        throw error;
      }
      // Its processes make room for the next.
      const admin = await appliance.admin();
      await admin.send('POST', `/admin/tenants/${tenant}/suspend`, { reason: 'over', notify_tenant: false });
    });
  }

  it('is well again', async () => {
    await until('health', async () => (await fetch(`${appliance.url}/ready`)).status === 200);
  });
}

function outagesOf(seed: number, seeds: number): readonly Outage[] {
  return ALL_FAULTS ? OUTAGES : OUTAGES.filter((_, at) => at % seeds === seed - 1);
}

/** The batch once nothing of it is at work; a server that is just coming back is asked again. */
function settled(client: Client, tenant: string, batchId: string): Promise<BatchStatus> {
  return until(
    `the end of ${batchId}`,
    async () => {
      try {
        const { data } = await client.get<BatchStatus>(`/ingest/${tenant}/batch/${batchId}`);
        return data.status === 'receiving' || data.status === 'processing' ? null : data;
      } catch (error) {
        if (isFrostbyteError(error, 'STORE_UNAVAILABLE', 'SERVICE_UNAVAILABLE')) return null;
        throw error;
      }
    },
    { seconds: 180, everyMs: 200 },
  );
}

function scannerAddress(): string {
  const stack = testStack();
  return stack === undefined ? '' : `${stack.scanner.host}:${stack.scanner.port}`;
}

/** Events of a tenant so far; none while its database does not answer. */
async function eventsOf(appliance: Appliance, tenant: string): Promise<number> {
  try {
    const sql = 'SELECT coalesce(max(seq), 0)::int AS events FROM audit_events';
    return (await onRecords<{ events: number }>(appliance, tenant, sql))[0]!.events;
  } catch {
    return 0;
  }
}

function shuffled(values: readonly Outage[], next: () => number): Outage[] {
  return values
    .map((value) => ({ value, at: next() }))
    .toSorted((a, b) => a.at - b.at)
    .map(({ value }) => value);
}
