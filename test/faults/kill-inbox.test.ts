import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, describe, it } from 'node:test';
import { setTimeout as wait } from 'node:timers/promises';
import { BatchReceipt } from '../../appliance/api/receipts.ts';
import { AcceptanceReport } from '../../appliance/api/schemas/ingest.ts';
import { tenantPaths } from '../../appliance/kernel/names.ts';
import { type Appliance, startAppliance } from '../support/appliance.ts';
import type { TestBatch, TestFile } from '../support/batch.ts';
import { census } from '../support/faults/census.ts';
import { faultBatches, faultDocuments } from '../support/faults/corpus.ts';
import { fastLauncher } from '../support/faults/launcher.ts';
import { isRunning, workersOf } from '../support/faults/processes.ts';
import { eventsCommitted } from '../support/faults/progress.ts';
import { ALL_FAULTS, seeded } from '../support/faults/random.ts';
import { until } from '../support/faults/until.ts';

/**
 * `kill -9` while batches are picked up from the inbox: in the middle of a file, right behind the transaction and before
 * the receipt, while results are written. Each batch must be taken once, and its results must lie beside it in the end.
 */

const TENANT = 'acme';
const SIZE = 6;
const BATCHES = ALL_FAULTS ? 40 : 6;
const KILLS = ALL_FAULTS ? 60 : 6;

describe(`an inbox with ${BATCHES} batches under ${KILLS} kills`, { timeout: ALL_FAULTS ? 3_600_000 : 600_000 }, () => {
  const documents = faultDocuments(BATCHES * SIZE, 45);
  const batches = faultBatches(TENANT, documents, SIZE, 'inbox');
  const random = seeded(45);
  const home = mkdtempSync(join(tmpdir(), 'frostbyte-kill-inbox-'));
  const inbox = join(home, 'inbox');
  const launcher = fastLauncher(join(home, 'program'));
  after(() => rmSync(home, { recursive: true, force: true }));
  const at = (...names: string[]) => join(inbox, TENANT, ...names);

  it('takes every batch exactly once, and leaves receipt and report beside each', async () => {
    mkdirSync(inbox);
    const appliance = await startAppliance({
      environment: {
        FROSTBYTE_LOG_LEVEL: 'warn',
        FROSTBYTE_INBOX: inbox,
        FROSTBYTE_INBOX_POLL_SECONDS: '1',
        FROSTBYTE_INBOX_STABLE_SECONDS: '1',
      },
      ...(launcher ? { launcher } : {}),
    });
    const workers = new Set<number>();
    const moments: string[] = [];
    try {
      await appliance.createTenant(TENANT, { classification_review_enabled: false });
      await until('the tenant’s folder', () => readdirSync(inbox).includes(TENANT));
      let dropped = 0;
      for (let kill = 0; kill < KILLS; kill++) {
        const upTo = Math.ceil(((kill + 1) / KILLS) * BATCHES);
        for (; dropped < upTo; dropped++) drop(at(`folder ${dropped}`), batches[dropped]!, documents, dropped);
        const moment = random.pick(['middle', 'behind', 'results', 'any'] as const);
        await reach(appliance, moment);
        for (const pid of workersOf(appliance.process.pid!)) workers.add(pid);
        await appliance.kill();
        moments.push(moment);
        await appliance.restart();
      }
      await until('every final report', () => batches.every((_, n) => reportOf(at(`folder ${n}`))?.final === true), {
        seconds: 180,
        everyMs: 200,
        about: () => batches.map((_, n) => readdirSync(at(`folder ${n}`)).length).join(' '),
      });
      console.log(`# seed ${random.seed}: ${moments.join(' ')}`);
      const client = await appliance.client(TENANT);
      for (const [n, { manifest }] of batches.entries()) {
        const { data } = await client.get(`/ingest/${TENANT}/batch/${manifest.batch_id}/report`);
        assert.deepEqual(reportOf(at(`folder ${n}`)), data);
        const receipt = BatchReceipt.parse(JSON.parse(readFileSync(at(`folder ${n}`, 'receipt.json'), 'utf8')));
        assert.deepEqual([receipt.batch_id, receipt.counts.accepted], [manifest.batch_id, SIZE]);
        assert.deepEqual(
          readdirSync(at(`folder ${n}`)).filter((name) => !manifest.files.some(({ filename }) => filename === name)),
          ['acceptance-report.html', 'acceptance-report.json', 'manifest.json', 'receipt.json'],
          'no half-written result',
        );
      }
      await appliance.stop();
      await until('the end of all workers', () => ![...workers].some(isRunning));
      // Receipts, documents, objects, events, chains: each once, and nothing that belongs to no batch.
      const found = await census(appliance.dataFolder, TENANT, batches);
      assert.equal(Object.keys(found.documents).length, BATCHES * SIZE);
    } catch (error) {
      console.log(`# seed ${random.seed}: ${moments.join(' ')}`);
      console.log(appliance.logs().slice(-4000));
      throw error;
    } finally {
      await appliance.end();
    }
  });

  /** Waits for the moment of a kill; one that does not come, because nothing is left to be taken, is any moment. */
  async function reach(appliance: Appliance, moment: 'middle' | 'behind' | 'results' | 'any'): Promise<void> {
    const drafts = join(tenantPaths(appliance.dataFolder, TENANT).objects, 'drafts');
    const before = eventsCommitted(appliance.dataFolder, TENANT);
    const results = resultCount();
    const come: Record<typeof moment, () => boolean> = {
      middle: () => readdirSync(drafts).length > 0,
      behind: () => eventsCommitted(appliance.dataFolder, TENANT) > before,
      results: () => resultCount() > results,
      any: () => true,
    };
    await until('the moment', come[moment], { seconds: 6, everyMs: 1 }).catch(() => undefined);
    await wait(random.whole(0, moment === 'any' ? 2500 : 8));
  }

  function resultCount(): number {
    return readdirSync(at())
      .filter((name) => name.startsWith('folder'))
      .reduce((sum, name) => sum + readdirSync(at(name)).filter((file) => /receipt|report/.test(file)).length, 0);
  }
});

function drop(folder: string, { manifest }: TestBatch, documents: readonly TestFile[], n: number): void {
  mkdirSync(folder);
  for (const { filename, content } of documents.slice(n * SIZE, (n + 1) * SIZE))
    writeFileSync(join(folder, filename), content);
  writeFileSync(join(folder, 'manifest.json'), JSON.stringify(manifest));
}

function reportOf(folder: string): AcceptanceReport | null {
  try {
    return AcceptanceReport.parse(JSON.parse(readFileSync(join(folder, 'acceptance-report.json'), 'utf8')));
  } catch {
    return null;
  }
}
