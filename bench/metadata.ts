import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import Database from 'better-sqlite3';
import { recordsSearchedBy, searchThreads, vectorsSearchedBy } from '../appliance/bin/wire/search-threads.ts';
import { searchChunks } from '../appliance/data/6-serve/search.ts';
import { systemClock } from '../appliance/kernel/clock.ts';
import { lexicalEmbedder } from '../appliance/models/embedder/lexical.ts';
import type { MetadataCondition } from '../appliance/stores/record/port.ts';
import { openSqliteRecords } from '../appliance/stores/record/sqlite.ts';
import { openSqliteVectors } from '../appliance/stores/vector/sqlite-vec.ts';
import { chunksOf, indexed, receiveOne, TENANT, text, within } from '../test/contract/record/builders.ts';
import { percentile, textMaker } from './support.ts';

const DOCUMENTS = 10_000;
const CHUNKS_EACH = 10;
const QUERIES = 30;
const INTAKES = 500;

/** Ten fields of a document: ids, names, an amount, dates, flags, a list. */
const metadataOf = (n: number) => ({
  number: n,
  matter: `matter-${n}`,
  client: `client-${n % 417}`,
  department: ['sales', 'legal'][n % 2],
  region: `region-${n % 7}`,
  amount: n * 1.5,
  signed_on: `20${String(10 + (n % 15))}-0${1 + (n % 9)}-11`,
  confidential: n % 3 === 0,
  tags: [`tag-${n % 50}`, `tag-${n % 11}`],
  author: `author-${n % 90}`,
});

/**
 * Custom fields as filters: finding the documents that meet one, and a search with it, among 100,000 chunks of 10,000
 * documents with ten fields; what the index of values takes on disk, and at intake.
 */
export async function measure(): Promise<string[]> {
  const folder = await mkdtemp(join(tmpdir(), 'frostbyte-bench-'));
  const clock = systemClock();
  const files = { tenant_id: TENANT, records: join(folder, 'records.sqlite'), vectors: join(folder, 'vectors.sqlite') };
  const threads = searchThreads();
  const records = recordsSearchedBy(openSqliteRecords(files.records, { ...files, clock }), threads.of(files));
  const vectors = vectorsSearchedBy(openSqliteVectors(files.vectors, { appliedAt: clock.iso() }), threads.of(files));
  const embedder = lexicalEmbedder();
  const make = textMaker(11);
  try {
    for (let n = 0; n < DOCUMENTS; n++) {
      const texts = Array.from({ length: CHUNKS_EACH }, () => ({ text: make(40) }));
      const id = await indexed(records, `document ${n}`, texts, { metadata: metadataOf(n) });
      const made = await embedder.embedDocuments(texts.map((one) => one.text));
      const point = { classification: 'other', page: 1, ingested_at: clock.iso() };
      const { chunks } = chunksOf(id, texts);
      await vectors.upsert(
        chunks.map(({ chunk_id, doc_id }, at) => ({ ...point, chunk_id, doc_id, vector: made[at]! })),
      );
    }
    const filters: [what: string, condition: MetadataCondition][] = [
      ['1', text('matter', 'matter-77')],
      ['24', text('client', 'client-3')],
      ['5,000', text('department', 'legal')],
      ['6,000', within('number', { gte: 4000 })],
      ['9,999', within('number', { gte: 1 })],
    ];
    const lines: string[] = [];
    for (const [what, condition] of filters) {
      const find = await timed(() => records.documentsWith([condition], DOCUMENTS));
      const words = await timed(() => records.searchText({ text: make(6), limit: 100, metadata: [condition] }));
      const search = await timed(() =>
        searchChunks(
          { records, vectors, embedder },
          { query_text: make(6), top_k: 10, approximate: true, filters: { metadata: [condition] } },
        ),
      );
      lines.push(
        `${what.padStart(6)} of ${DOCUMENTS} documents meet it   found in ${find}   full text ${words}   whole search ${search}`,
      );
    }
    lines.push(await size(files.records), ...(await intake(records)));
    return lines;
  } finally {
    await threads.closeAll();
    await Promise.all([records.close(), vectors.close(), embedder.close()]);
    await rm(folder, { recursive: true, force: true });
  }
}

async function timed(work: () => Promise<unknown>): Promise<string> {
  const took: number[] = [];
  for (let i = -3; i < QUERIES; i++) {
    const began = performance.now();
    await work();
    if (i >= 0) took.push(performance.now() - began);
  }
  return `p50 ${percentile(took, 0.5).toFixed(1)} ms, p95 ${percentile(took, 0.95).toFixed(1)} ms`;
}

/** Pages of the index of values. */
async function size(file: string): Promise<string> {
  const db = new Database(file, { readonly: true });
  try {
    const rows = db.prepare('SELECT count(*) AS n FROM document_metadata').get() as { n: number };
    const pages = db.prepare("SELECT sum(pgsize) AS bytes FROM dbstat WHERE name LIKE '%document_metadata%'").get() as {
      bytes: number;
    };
    return `${rows.n} values take ${(pages.bytes / 2 ** 20).toFixed(0)} MiB`;
  } finally {
    db.close();
  }
}

/** What ten fields add to receiving a document, in turns. */
async function intake(records: Parameters<typeof receiveOne>[0]): Promise<string[]> {
  const took: Record<'with' | 'without', number> = { with: 0, without: 0 };
  for (let n = 0; n < INTAKES; n++) {
    for (const way of ['with', 'without'] as const) {
      const began = performance.now();
      await receiveOne(records, `${way} ${n}`, undefined, way === 'with' ? metadataOf(n) : {});
      took[way] += performance.now() - began;
    }
  }
  const each = (way: 'with' | 'without') => (took[way] / INTAKES).toFixed(2);
  return [`receiving a document takes ${each('with')} ms with ten fields, ${each('without')} ms without`];
}
