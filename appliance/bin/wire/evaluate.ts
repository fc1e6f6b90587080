import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Config } from '../../config/schema.ts';
import { type EvaluationText, evaluateRetrieval as evaluate, type RankedText } from '../../data/evaluate-retrieval.ts';
import { systemClock } from '../../kernel/clock.ts';
import { lexicalEmbedder } from '../../models/embedder/lexical.ts';
import { LEXICAL } from '../../models/embedder/lock.ts';
import type { Embedder } from '../../models/embedder/port.ts';
import { openSqliteRecords } from '../../stores/record/sqlite.ts';
import { openSqliteVectors } from '../../stores/vector/sqlite-vec.ts';
import { chosen, presentModels } from './embedders.ts';
import { modelEmbedder } from './model-embedder.ts';
import { modelsOf } from './models.ts';

type EvaluationConfig = Pick<Config, 'embedder' | 'data_folder' | 'processes'>;

const TENANT = 'evaluation';

/**
 * Ranks a collection in a throwaway tenant whose folder is gone afterwards, however this ends, by the model that an
 * appliance of this configuration takes. Throws `CONFIG_INVALID` where that is not here.
 */
export async function* evaluateRetrieval(
  config: EvaluationConfig,
  corpus: AsyncIterable<EvaluationText>,
  queries: AsyncIterable<EvaluationText>,
  topK: number,
): AsyncGenerator<RankedText> {
  const embedder = await embedderOf(config);
  const folder = await mkdtemp(join(tmpdir(), 'frostbyte-evaluation-'));
  const clock = systemClock();
  const records = openSqliteRecords(join(folder, 'records.sqlite'), { tenant_id: TENANT, clock });
  const vectors = openSqliteVectors(join(folder, 'vectors.sqlite'), { appliedAt: clock.iso() });
  try {
    yield* evaluate({ tenant_id: TENANT, records, vectors, embedder, clock }, corpus, queries, topK);
  } finally {
    await Promise.all([records.close(), vectors.close(), embedder.close()]);
    await rm(folder, { recursive: true, force: true });
  }
}

async function embedderOf(config: EvaluationConfig): Promise<Embedder> {
  const models = await presentModels(config);
  const name = chosen(config, models);
  if (name === LEXICAL) return lexicalEmbedder();
  return modelEmbedder(models.find((model) => model.name === name)!, modelsOf(config).folder);
}
