import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, describe, it } from 'node:test';
import { setTimeout as wait } from 'node:timers/promises';
import Database from 'better-sqlite3';
import type { DeletionReceipt } from '../../appliance/api/schemas/query.ts';
import { verifyLedger } from '../../appliance/control/ledger/entries.ts';
import { replayLedger } from '../../appliance/control/ledger/replay.ts';
import { docId } from '../../appliance/kernel/ids.ts';
import { tenantPaths } from '../../appliance/kernel/names.ts';
import { type Appliance, startAppliance } from '../support/appliance.ts';
import { makeBatch, type TestBatch, text, whenSettled } from '../support/batch.ts';
import { withFolder } from '../support/faults/census.ts';
import { fastLauncher } from '../support/faults/launcher.ts';
import { isRunning, workersOf } from '../support/faults/processes.ts';
import { ALL_FAULTS, seeded } from '../support/faults/random.ts';
import { until } from '../support/faults/until.ts';
import { sendUntilReceived } from '../support/faults/upload.ts';
import { filesHolding } from '../support/files-holding.ts';

/**
 * `kill -9` of daemon and workers while documents are erased, on request and by the sweep (spec 3). Whatever was begun
 * ends, once; what is held or was not asked for stays whole; and of what is gone no file holds a word.
 */

const TENANT = 'acme';
const REQUEST_KILLS = ALL_FAULTS ? 60 : 5;
const SWEEP_KILLS = ALL_FAULTS ? 30 : 2;
/** Documents for each kill: so that there is always one to erase. */
const ON_REQUEST = REQUEST_KILLS + 4;
const EXPIRED = SWEEP_KILLS * 5 + 4;
const HELD = 3;
const KEPT = 4;
const IN_FLIGHT = 4;

interface Doc {
  id: string;
  word: string;
}

describe(`erasing documents under ${REQUEST_KILLS + SWEEP_KILLS} kills`, {
  timeout: ALL_FAULTS ? 3_600_000 : 600_000,
}, () => {
  const random = seeded(7);
  const programs = mkdtempSync(join(tmpdir(), 'frostbyte-program-'));
  const launcher = fastLauncher(join(programs, 'frostbyte'));
  after(() => rmSync(programs, { recursive: true, force: true }));
  let made = 0;

  /** Documents, each with a word and a name of its own, as one batch. */
  function documents(count: number): { batch: TestBatch; docs: Doc[] } {
    const words = Array.from({ length: count }, () => `zyxcanary${String(made++).padStart(4, '0')}q`);
    const files = words.map((word) => text(`${word}.txt`, `SOP\n\nThe ${word} keeps the pallets frozen.`));
    const batch = makeBatch(TENANT, files);
    return { batch, docs: words.map((word, n) => ({ word, id: docId(TENANT, batch.manifest.files[n]!.sha256) })) };
  }

  it('ends each erasure once, leaves no word of what is gone, and keeps the rest whole', async () => {
    const appliance = await startAppliance({
      environment: { FROSTBYTE_LOG_LEVEL: 'warn' },
      ...(launcher ? { launcher } : {}),
    });
    try {
      await appliance.createTenant(TENANT, { classification_review_enabled: false });
      const token = await appliance.token({ role: 'tenant_admin', tenant_id: TENANT });
      const [onRequest, expired, held, kept] = [ON_REQUEST, EXPIRED, HELD, KEPT].map(documents) as [
        ReturnType<typeof documents>,
        ReturnType<typeof documents>,
        ReturnType<typeof documents>,
        ReturnType<typeof documents>,
      ];
      const batches = [onRequest, expired, held, kept];
      for (const { batch } of batches) await sendUntilReceived(appliance, token, TENANT, batch);
      const client = await appliance.client(TENANT);
      for (const { batch } of batches) await whenSettled(client, TENANT, batch.manifest.batch_id);
      const all = words(batches.flatMap(({ docs }) => docs));
      assert.equal(new Set(filesHolding(appliance.dataFolder, all).map(nameIn)).size, Object.keys(all).length);
      const admin = await appliance.admin();
      for (const { id } of held.docs) {
        const body = { action: 'set', scope: 'document', resource_id: id, reason: 'matter 7' };
        await admin.send('POST', `/admin/tenants/${TENANT}/hold`, body);
      }

      const flying = await underRequests(appliance, token, onRequest.docs);
      await underSweep(appliance, [...expired.docs, ...held.docs]);

      const gone = [...onRequest.docs, ...flying.docs, ...expired.docs];
      let count = 0;
      const ended = async () => {
        count = await completed(appliance, token);
        return count === gone.length;
      };
      // A round of the sweep takes five seconds at most; the next comes half a minute later.
      await until('the end of every erasure', ended, {
        seconds: ALL_FAULTS ? 600 : 120,
        about: () => `${count} of ${gone.length}; ${appliance.logs().slice(-500)}`,
      });
      await until('the ledger of all of them', async () => (await ledgerOf(appliance)).length === gone.length);
      await until('files without a word of it', () => filesHolding(appliance.dataFolder, words(gone)).length === 0, {
        about: () => String(filesHolding(appliance.dataFolder, words(gone)).slice(0, 5)),
      });
      const stay = [...held.docs, ...kept.docs];
      const found = new Set(filesHolding(appliance.dataFolder, words(stay)).map(nameIn));
      assert.equal(found.size, stay.length, 'the search finds what is there');
      assert.equal(await appliance.stop(), 0);
      assert.deepEqual(filesHolding(appliance.dataFolder, words(gone)), []);
      await checkStores(appliance.dataFolder, gone, stay);
    } catch (error) {
      console.log(appliance.logs().slice(-4000));
      throw error;
    } finally {
      await appliance.end();
    }
  });

  /** Erases one after the other, killing at some moment of most; some while their documents are at work. */
  async function underRequests(appliance: Appliance, token: string, docs: Doc[]) {
    const moments: string[] = [];
    const flying = documents(IN_FLIGHT);
    await sendUntilReceived(appliance, token, TENANT, flying.batch);
    const order = [...docs, ...flying.docs].toSorted(() => random.next() - 0.5);
    for (const [n, { id }] of order.entries()) {
      const asked = erase(appliance, token, id).catch(() => false);
      if (n < REQUEST_KILLS) {
        const [victim, aimed, delay] = [
          random.next() < 0.8 ? 'daemon' : 'worker',
          random.next() < 0.8,
          random.whole(0, 12),
        ];
        // Most blows are aimed at the moments behind the intent; an erasure takes some twenty milliseconds.
        const deadline = performance.now() + 300;
        while (aimed && standing(appliance.dataFolder) === 'none' && performance.now() < deadline) await wait(1);
        await wait(delay);
        const stood = await strike(appliance, victim as 'daemon' | 'worker');
        moments.push(`${victim}+${delay}ms:${stood}`);
      }
      await asked;
      await until(`the erasure of ${id}`, () => erase(appliance, token, id).catch(() => false), {
        everyMs: 50,
        about: () => appliance.logs().slice(-500),
      });
    }
    say(`seed ${random.seed}: on request ${moments.join(' ')}`);
    hitTheMiddle(moments);
    return flying;
  }

  /** Lets documents expire while nothing runs, then kills the daemon at moments of the sweep that follows its start. */
  async function underSweep(appliance: Appliance, docs: Doc[]): Promise<void> {
    const moments: string[] = [];
    await appliance.stop();
    const db = new Database(tenantPaths(appliance.dataFolder, TENANT).records);
    const expire = db.prepare("UPDATE documents SET retention_until = '2020-01-01T00:00:00.000Z' WHERE doc_id = ?");
    for (const { id } of docs) assert.equal(expire.run(id).changes, 1);
    db.close();
    for (let kill = 0; kill < SWEEP_KILLS; kill++) {
      await appliance.restart();
      const delay = random.whole(0, 40);
      await until('the sweep', () => standing(appliance.dataFolder) !== 'none', { everyMs: 1 });
      await wait(delay);
      await appliance.kill();
      moments.push(`+${delay}ms:${standing(appliance.dataFolder)}`);
    }
    say(`sweep: ${moments.join(' ')}`);
    hitTheMiddle(moments);
    await appliance.restart();
  }
});

/** A kill between two erasures shows little: some must have met one that was half done. */
function hitTheMiddle(moments: readonly string[]): void {
  const half = moments.filter((moment) => !moment.endsWith(':none'));
  assert.ok(half.length >= moments.length / 4, `${half.length} of ${moments.length} kills met an erasure under way`);
}

/** True once the document is erased. Throws where the appliance does not answer. */
async function erase(appliance: Appliance, token: string, id: string): Promise<boolean> {
  const response = await fetch(`${appliance.url}/api/v1/query/${TENANT}/document/${id}`, {
    method: 'DELETE',
    headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json' },
    body: JSON.stringify({ reason: 'request 4711', confirm_doc_id: id }),
  });
  const body = (await response.json()) as { data?: DeletionReceipt; error?: { code: string } };
  assert.ok(response.status === 200 || response.status === 404 || response.status === 503, JSON.stringify(body));
  return response.status === 404 || body.data?.status === 'completed';
}

/** Kills, and answers where the erasure stood that was under way then. */
async function strike(appliance: Appliance, victim: 'daemon' | 'worker'): Promise<string> {
  if (victim === 'daemon') {
    await appliance.kill();
    const stood = standing(appliance.dataFolder);
    await appliance.restart();
    return stood;
  }
  const [worker] = workersOf(appliance.process.pid!);
  if (worker === undefined) return 'none';
  process.kill(worker, 'SIGKILL');
  await until('the death of the worker', () => !isRunning(worker), { everyMs: 2 });
  return standing(appliance.dataFolder);
}

/** How far the erasure under way is, as the records have it: what a kill met. */
function standing(dataFolder: string): string {
  const db = new Database(tenantPaths(dataFolder, TENANT).records, { readonly: true });
  try {
    const row = db.prepare("SELECT decided_at, inventory, removed FROM erasures WHERE status = 'pending'").get() as
      | { decided_at: string | null; inventory: string | null; removed: string }
      | undefined;
    if (row === undefined) return 'none';
    if (row.decided_at === null) return 'intent';
    if (row.inventory === null) return 'decided';
    return (JSON.parse(row.removed) as { chunks: number }).chunks > 0 ? 'cleared' : 'deleting';
  } finally {
    db.close();
  }
}

async function completed(appliance: Appliance, token: string): Promise<number> {
  const response = await fetch(`${appliance.url}/api/v1/query/${TENANT}/erasures?limit=500`, {
    headers: { authorization: `Bearer ${token}` },
  });
  const { data } = (await response.json()) as { data: DeletionReceipt[] };
  return data.filter(({ status }) => status === 'completed').length;
}

async function ledgerOf(appliance: Appliance) {
  const { data } = await (await appliance.admin()).get<{ kind: string }[]>(`/audit/${TENANT}/ledger`, { limit: 500 });
  return data.filter(({ kind }) => kind === 'document_erased');
}

/** Looks into a stopped appliance: what is gone is gone everywhere, once; what stays is whole. */
async function checkStores(dataFolder: string, gone: readonly Doc[], stay: readonly Doc[]): Promise<void> {
  await withFolder(dataFolder, async ({ control, planes }) => {
    await control.relayNow();
    const { records, objects, vectors, queue } = await planes.get(TENANT);
    const { entries } = await control.ledger({ after: 0, limit: 10_000 });
    assert.equal(verifyLedger(entries).valid, true);
    const ids = gone.map(({ id }) => id).toSorted();
    const erased = replayLedger(entries).erased.map(({ doc_id }) => doc_id);
    assert.deepEqual(erased.toSorted(), ids);
    const log = await control.auditLog(TENANT);
    for (const id of ids) {
      assert.equal(await records.document(id), null);
      const { rows } = await records.erasures({ doc_id: id, limit: 9 });
      assert.deepEqual([rows.length, rows[0]?.status, rows[0]?.verified.length], [1, 'completed', 7], id);
      const events = await log.resource('document', id);
      const count = (type: string) => events.filter(({ event_type }) => event_type === type).length;
      assert.deepEqual([count('DOCUMENT_DELETED'), count('REFERENCES_ERASED')], [1, 1], id);
      assert.deepEqual(
        events.flatMap(({ references }) => references),
        [],
      );
      assert.equal(await vectors.countDocument(id), 0);
    }
    for await (const { key } of objects.list('')) assert.ok(!ids.some((id) => key.includes(id)), key);
    for (const { id, word } of stay) {
      assert.equal((await records.document(id))?.state, 'indexed', id);
      const served = await records.documentChunks(id, { limit: 9, offset: 0 });
      assert.ok(served[0]?.text.includes(word));
      assert.equal(await vectors.countDocument(id), served.length);
      assert.equal((await records.searchText({ text: word, limit: 9 })).length, served.length);
    }
    assert.equal((await records.counts()).documents, stay.length);
    assert.deepEqual(await records.pendingErasures(null, 9), []);
    assert.deepEqual(await queue.depth(), { parse: 0, policy: 0, embed: 0, index: 0 });
    assert.deepEqual((await records.openBatches(null, 9)).length, 0, 'batches that wait for what is gone');
    assert.equal((await log.size()) > 0 && (await control.health()).every(({ ok }) => ok), true);
  });
}

const words = (docs: readonly Doc[]) => Object.fromEntries(docs.map(({ word }) => [word, word]));
const nameIn = (line: string) => line.split(': ')[1];

function say(line: string): void {
  console.log(`# ${line}`);
}
