import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { monitorEventLoopDelay } from 'node:perf_hooks';
import { recordsSearchedBy, searchThreads, vectorsSearchedBy } from '../appliance/bin/wire/search-threads.ts';
import { EXACT_CHUNKS } from '../appliance/data/6-serve/retrieve.ts';
import { searchChunks } from '../appliance/data/6-serve/search.ts';
import { evaluateRetrieval } from '../appliance/data/evaluate-retrieval.ts';
import { systemClock } from '../appliance/kernel/clock.ts';
import { lexicalEmbedder } from '../appliance/models/embedder/lexical.ts';
import { openSqliteRecords } from '../appliance/stores/record/sqlite.ts';
import { openSqliteVectors } from '../appliance/stores/vector/sqlite-vec.ts';
import { percentile, textMaker } from './support.ts';

const SIZES = [10_000, 100_000];
const QUERIES = 100;

/**
 * Search p50 and p95 at 10,000 and 100,000 chunks: embedding, both indexes, fusion, fetching; by comparing every vector,
 * and as the route does it, which beyond some size lets sketches choose.
 */
export async function measure(): Promise<string[]> {
  const lines: string[] = [];
  for (const size of SIZES) lines.push(...(await at(size)));
  return lines;
}

async function at(size: number): Promise<string[]> {
  const folder = await mkdtemp(join(tmpdir(), 'frostbyte-bench-'));
  const clock = systemClock();
  const files = {
    tenant_id: 'bench',
    records: join(folder, 'records.sqlite'),
    vectors: join(folder, 'vectors.sqlite'),
  };
  const threads = searchThreads();
  const records = recordsSearchedBy(openSqliteRecords(files.records, { ...files, clock }), threads.of(files));
  const vectors = vectorsSearchedBy(openSqliteVectors(files.vectors, { appliedAt: clock.iso() }), threads.of(files));
  const embedder = lexicalEmbedder();
  const make = textMaker(11);
  function* corpus() {
    for (let i = 0; i < size; i++) yield { id: String(i), text: make(60) };
  }
  try {
    const ports = { tenant_id: 'bench', records, vectors, embedder, clock };
    for await (const _ of evaluateRetrieval(ports, corpus(), [], 10)) void _;
    const ways = size > EXACT_CHUNKS ? ([false, true] as const) : ([false] as const);
    const lines: string[] = [];
    for (const approximate of ways) {
      const took: number[] = [];
      const delay = monitorEventLoopDelay({ resolution: 1 });
      for (let i = -5; i < QUERIES; i++) {
        if (i === 0) delay.enable();
        const query_text = make(6);
        const began = performance.now();
        await searchChunks(ports, { query_text, top_k: 10, approximate });
        if (i >= 0) took.push(performance.now() - began);
      }
      delay.disable();
      lines.push(
        `${String(size).padStart(7)} chunks, ${approximate ? 'by sketches' : 'exact      '}   p50 ${percentile(took, 0.5).toFixed(0)} ms   p95 ${percentile(took, 0.95).toFixed(0)} ms   (others wait at most ${(delay.max / 1e6).toFixed(0)} ms)`,
      );
    }
    return lines;
  } finally {
    await threads.closeAll();
    await Promise.all([records.close(), vectors.close(), embedder.close()]);
    await rm(folder, { recursive: true, force: true });
  }
}
