import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type EvaluationText, evaluateRetrieval as evaluate, type RankedText } from '../../data/evaluate-retrieval.ts';
import { systemClock } from '../../kernel/clock.ts';
import { lexicalEmbedder } from '../../models/embedder/lexical.ts';
import { openSqliteRecords } from '../../stores/record/sqlite.ts';
import { openSqliteVectors } from '../../stores/vector/sqlite-vec.ts';

const TENANT = 'evaluation';

/** Ranks a collection in a throwaway tenant whose folder is gone afterwards, however this ends. */
export async function* evaluateRetrieval(
  corpus: AsyncIterable<EvaluationText>,
  queries: AsyncIterable<EvaluationText>,
  topK: number,
): AsyncGenerator<RankedText> {
  const folder = await mkdtemp(join(tmpdir(), 'frostbyte-evaluation-'));
  const clock = systemClock();
  const records = openSqliteRecords(join(folder, 'records.sqlite'), { tenant_id: TENANT, clock });
  const vectors = openSqliteVectors(join(folder, 'vectors.sqlite'), { appliedAt: clock.iso() });
  const embedder = lexicalEmbedder();
  try {
    yield* evaluate({ tenant_id: TENANT, records, vectors, embedder, clock }, corpus, queries, topK);
  } finally {
    await Promise.all([records.close(), vectors.close(), embedder.close()]);
    await rm(folder, { recursive: true, force: true });
  }
}
