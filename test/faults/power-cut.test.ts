import assert from 'node:assert/strict';
import { existsSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { after, describe, it } from 'node:test';
import { setTimeout as wait } from 'node:timers/promises';
import Database from 'better-sqlite3';
import type { BatchReceipt } from '../../appliance/api/receipts.ts';
import { startAppliance } from '../support/appliance.ts';
import { whenSettled } from '../support/batch.ts';
import { census } from '../support/faults/census.ts';
import { faultBatches, faultDocuments } from '../support/faults/corpus.ts';
import { fastLauncher } from '../support/faults/launcher.ts';
import { loopDisk, noLoopDisks } from '../support/faults/loop-disk.ts';
import { descendantsOf, isRunning } from '../support/faults/processes.ts';
import { eventsCommitted } from '../support/faults/progress.ts';
import { ALL_FAULTS, seeded } from '../support/faults/random.ts';
import { until } from '../support/faults/until.ts';
import { sendUntilReceived } from '../support/faults/upload.ts';

/**
 * The plug is pulled during an ingestion (spec 1, guarantee 3). Killing processes alone would not show what a missing
 * sync loses, since the page cache survives them: here the file system itself stops, and what it had not written is gone.
 */

const TENANT = 'acme';
const CUTS = ALL_FAULTS ? 20 : 2;
const BATCHES_A_CUT = 2;
const BATCH = 5;
/** Events that a batch comes to: its own two, and seven a document. */
const EVENTS_A_BATCH = 2 + 7 * BATCH;

describe('a power cut during ingestion', { skip: noLoopDisks(), timeout: ALL_FAULTS ? 3_600_000 : 600_000 }, () => {
  const programs = mkdtempSync(join(tmpdir(), 'frostbyte-program-'));
  after(() => rmSync(programs, { recursive: true, force: true }));

  it(`loses nothing that was receipted, in ${CUTS} cuts at random moments`, async () => {
    const random = seeded(2);
    const disk = loopDisk(768);
    const dataFolder = join(disk.folder, 'data');
    const launcher = fastLauncher(join(programs, 'frostbyte'));
    const batches = faultBatches(TENANT, faultDocuments(CUTS * BATCHES_A_CUT * BATCH, 7), BATCH);
    const receipts = new Map<string, BatchReceipt>();
    const moments: string[] = [];
    const appliance = await startAppliance({
      dataFolder,
      environment: { FROSTBYTE_LOG_LEVEL: 'warn' },
      ...(launcher ? { launcher } : {}),
    });
    try {
      await appliance.createTenant(TENANT, { classification_review_enabled: false });
      const token = await appliance.token({ role: 'tenant_admin', tenant_id: TENANT });

      for (let cut = 0; cut < CUTS; cut++) {
        const sending = batches
          .slice(0, (cut + 1) * BATCHES_A_CUT)
          .filter(({ manifest }) => !receipts.has(manifest.batch_id));
        const before = eventsCommitted(dataFolder, TENANT);
        // Every other cut meets an upload, which is over within the first events.
        const target =
          before + (cut % 2 === 0 ? random.whole(0, BATCH) : random.whole(1, EVENTS_A_BATCH * BATCHES_A_CUT - 10));
        const delay = random.whole(0, 80);
        let powerOff = false;
        const sender = (async () => {
          for (const batch of sending) {
            if (powerOff) return;
            // The receipt counts from the moment the sender has it in hand, whatever happens next.
            const { receipt } = await sendUntilReceived(appliance, token, TENANT, batch, { seconds: 5 });
            receipts.set(batch.manifest.batch_id, receipt);
          }
        })().catch((error: unknown) => {
          if (!powerOff) throw error;
        });
        await until('progress', () => eventsCommitted(dataFolder, TENANT) >= target, { seconds: 60, everyMs: 10 });
        await wait(delay);
        const at = eventsCommitted(dataFolder, TENANT);
        powerOff = true;
        const everyone = [appliance.process.pid!, ...descendantsOf(appliance.process.pid!)];
        disk.cutPower();
        moments.push(`${at - before} of ${EVENTS_A_BATCH * BATCHES_A_CUT} events, ${receipts.size} receipts`);
        for (const pid of everyone) kill(pid);
        await appliance.kill();
        await until('the end of every process', () => !everyone.some(isRunning));
        await sender;
        await disk.replug();
        checkFiles(dataFolder);
        await appliance.restart();
        await checkReceipts(dataFolder);
      }

      for (const batch of batches) {
        const { receipt } = await sendUntilReceived(appliance, token, TENANT, batch);
        const earlier = receipts.get(batch.manifest.batch_id);
        if (earlier) assert.deepEqual(receipt.receipts, earlier.receipts, 'the receipt is not the one the sender has');
      }
      const client = await appliance.client(TENANT);
      for (const { manifest } of batches) await whenSettled(client, TENANT, manifest.batch_id);
      assert.equal(await appliance.stop(), 0);
      checkFiles(dataFolder);
      await census(dataFolder, TENANT, batches);
    } catch (error) {
      console.log(appliance.logs().slice(-4000));
      throw error;
    } finally {
      console.log(`# seed ${random.seed}, cuts: ${moments.join('; ')}`);
      for (const pid of descendantsOf(appliance.process.pid!)) kill(pid);
      // The folder goes with its disk.
      await appliance.kill();
      await disk.end();
    }

    /** Every batch whose receipt the sender held is there, with all its receipts. */
    async function checkReceipts(folder: string): Promise<void> {
      const db = new Database(join(folder, 'tenants', TENANT, 'records.sqlite'), { readonly: true });
      try {
        const kept = db.prepare('SELECT receipt_id FROM receipts WHERE batch_id = ? ORDER BY position');
        for (const [batchId, receipt] of receipts) {
          assert.deepEqual(
            kept.all(batchId),
            receipt.receipts.map(({ receipt_id }) => ({ receipt_id })),
            `${batchId} was receipted and is not there`,
          );
        }
      } finally {
        db.close();
      }
    }
  });
});

/** SQLite's own check of every database below the folder. */
function checkFiles(folder: string): void {
  const files = readdirSync(folder, { recursive: true, encoding: 'utf8' }).filter((name) => name.endsWith('.sqlite'));
  assert.ok(files.length >= 6, `only ${files.join(', ')}`);
  for (const name of files) {
    const db = opened(folder, name);
    try {
      assert.equal(db.pragma('integrity_check', { simple: true }), 'ok', name);
    } finally {
      db.close();
    }
  }
}

/** Which one it is that cannot be opened, and what lies beside it, is what whoever looks for the reason needs. */
function opened(folder: string, name: string): Database.Database {
  try {
    return new Database(join(folder, name));
  } catch (cause) {
    const place = dirname(join(folder, name));
    const beside = existsSync(place) ? readdirSync(place).join(', ') : 'its folder is not there any more';
    throw new Error(`${name} cannot be opened; beside it: ${beside}`, { cause });
  }
}

function kill(pid: number): void {
  try {
    process.kill(pid, 'SIGKILL');
  } catch {
    // It was faster.
  }
}
