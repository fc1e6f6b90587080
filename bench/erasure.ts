import { readFileSync, statSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import Database from 'better-sqlite3';
import type { DeletionReceipt } from '../appliance/api/schemas/query.ts';
import { canonicalKey, rawKey, vectorsKey } from '../appliance/data/keys.ts';
import type { DataPlane } from '../appliance/data/plane.ts';
import { sha256Hex } from '../appliance/kernel/digest.ts';
import { tenantPaths } from '../appliance/kernel/names.ts';
import { arrival, chunksOf, idOf, minute, publish, TENANT } from '../test/contract/record/builders.ts';
import { startAppliance } from '../test/support/appliance.ts';
import { withFolder } from '../test/support/faults/census.ts';
import { until } from '../test/support/faults/until.ts';
import { filesBelow, filesHolding } from '../test/support/files-holding.ts';
import { median, random, textMaker } from './support.ts';

const DOCUMENTS = 10_000;
const BATCH = 200;
const ERASED = 5;

/**
 * How long erasing one of 10,000 documents takes, through HTTP and the shipped daemon, and a search through every file of
 * the data folder for what it was stored as: words, names, pieces of its sealed objects and of its vectors. The documents
 * are put into the stores by the stores' own verbs, which is quicker than parsing them.
 */
export async function measure(): Promise<string[]> {
  const home = await mkdtemp(join(tmpdir(), 'frostbyte-bench-'));
  const dataFolder = join(home, 'data');
  const launcher = resolve(import.meta.dirname, '../dist/frostbyte');
  const appliance = await startAppliance({ dataFolder, launcher, environment: { FROSTBYTE_LOG_LEVEL: 'error' } });
  try {
    await appliance.createTenant(TENANT);
    await appliance.stop();
    await withFolder(dataFolder, async ({ control, planes }) => {
      await fill(await planes.get(TENANT));
      await control.relayNow();
    });
    await appliance.restart();
    const client = await appliance.client(TENANT);
    await until('settled batches', async () => {
      const { meta } = await client.get(`/ingest/${TENANT}/batches`, { status: 'processing', limit: 1 });
      return meta?.total === 0;
    });

    const took: number[] = [];
    let needles: Record<string, Uint8Array | string> = {};
    let last: DeletionReceipt | undefined;
    for (let n = 0; n < ERASED; n++) {
      const at = Math.floor(((n + 0.5) / ERASED) * DOCUMENTS);
      const id = idOf(contentOf(at));
      needles = { ...needles, ...needlesOf(dataFolder, id, at) };
      const began = performance.now();
      const body = { reason: 'measure', confirm_doc_id: id };
      const { data } = await client.send<DeletionReceipt>('DELETE', `/query/${TENANT}/document/${id}`, body);
      took.push(performance.now() - began);
      if (data.status !== 'completed') throw new Error(`${id} is ${data.status}`);
      last = data;
    }
    const { objects, vectors, chunks } = last!.removed;
    const gone = Array.from({ length: ERASED }, () => 'document_erased');
    await until('the log to follow', async () => {
      const { data } = await client.get<{ kind: string }[]>(`/audit/${TENANT}/ledger`);
      return data.length === gone.length;
    });
    const paths = filesBelow(dataFolder);
    const bytes = paths.reduce(
      (sum, path) => sum + (statSync(join(dataFolder, path), { throwIfNoEntry: false })?.size ?? 0),
      0,
    );
    const found = filesHolding(dataFolder, needles);
    if (found.length > 0) throw new Error(`left behind: ${found.slice(0, 5).join(', ')}`);
    const control = filesHolding(dataFolder, { [wordOf(1)]: wordOf(1) });
    if (control.length === 0) throw new Error('the search finds nothing at all');
    const [low, high] = [Math.min(...took), Math.max(...took)].map(Math.round);
    return [
      `erasing one of ${DOCUMENTS.toLocaleString('en')} documents   ${Math.round(median(took))} ms (median of ${ERASED}, ${low} to ${high}; ${objects} objects, ${vectors} vectors, ${chunks} chunks each)`,
      `searched for ${Object.keys(needles).length} pieces of them    none in ${paths.length.toLocaleString('en')} files, ${(bytes / 2 ** 20).toFixed(0)} MiB; the same search finds a word of a document that stays`,
    ];
  } finally {
    await appliance.end();
    await rm(home, { recursive: true, force: true });
  }
}

const contentOf = (n: number): string => `document number ${n}`;
const wordOf = (n: number): string => `zyxcanary${String(n).padStart(6, '0')}q`;

/** Documents of two chunks with vectors of their own, and three objects each. */
async function fill({ records, vectors, objects }: DataPlane): Promise<void> {
  const make = textMaker(5);
  const next = random(9);
  for (let from = 0; from < DOCUMENTS; from += BATCH) {
    const numbers = Array.from({ length: BATCH }, (_, n) => from + n);
    const batch = arrival(
      `batch-${from}`,
      numbers.map((n) => ({ file_id: `f${n}`, content: contentOf(n), metadata: { matter: `${wordOf(n)}meta` } })),
    );
    for (const [i, decision] of batch.files.entries()) {
      decision.receipt.original_filename = `${wordOf(numbers[i]!)}name.txt`;
      if (decision.kind !== 'rejected') decision.document.original_filename = decision.receipt.original_filename;
      batch.batch.files[i]!.filename = decision.receipt.original_filename;
    }
    await objects.putAll(
      numbers.flatMap((n) => {
        const raw = sha256Hex(contentOf(n));
        const id = idOf(contentOf(n));
        const bytes = Buffer.from(`${wordOf(n)} ${make(200)}`);
        return [
          { key: rawKey(TENANT, id, raw), bytes },
          { key: canonicalKey(TENANT, id, raw), bytes },
          { key: vectorsKey(TENANT, id, raw, raw), bytes: Buffer.alloc(6144, n) },
        ];
      }),
    );
    await records.receive(batch);
    const points: Parameters<DataPlane['vectors']['upsert']>[0][number][] = [];
    for (const n of numbers) {
      const id = idOf(contentOf(n));
      const texts = [0, 1].map((part) => ({ text: `${wordOf(n)} ${part} ${make(90)}` }));
      const run = await records.restart(id, 'index', [], minute(2));
      await publish(records, id, texts, { run: run! });
      for (const { chunk_id } of chunksOf(id, texts).chunks) {
        const vector = Float32Array.from({ length: 768 }, () => (next() - 0.5) / 8);
        points.push({ chunk_id, doc_id: id, vector, classification: 'contract', page: 1, ingested_at: minute(3) });
      }
    }
    await vectors.upsert(points);
    await records.clearOutbox((await records.outbox(10_000)).map(({ job_id }) => job_id));
  }
}

/** Its words and names, and 48 bytes out of the middle of each of its sealed objects and vectors. */
function needlesOf(dataFolder: string, id: string, n: number): Record<string, Uint8Array | string> {
  const { objects, vectors } = tenantPaths(dataFolder, TENANT);
  const found: Record<string, Uint8Array | string> = { [wordOf(n)]: wordOf(n) };
  for (const folder of ['raw', 'normalized']) {
    for (const path of filesBelow(join(objects, folder, TENANT, id))) {
      const bytes = readFileSync(join(objects, folder, TENANT, id, path));
      found[`${id}/${folder}/${path}`] = bytes.subarray((bytes.length >> 1) - 24, (bytes.length >> 1) + 24);
    }
  }
  const db = new Database(vectors, { readonly: true });
  const rows = db.prepare('SELECT chunk_id, vector FROM point WHERE doc_id = ?').all(id) as {
    chunk_id: string;
    vector: Buffer;
  }[];
  db.close();
  for (const { chunk_id, vector } of rows) found[chunk_id] = vector.subarray(0, 48);
  if (Object.keys(found).length !== 6) throw new Error(`${id} is not stored as expected`);
  return found;
}
