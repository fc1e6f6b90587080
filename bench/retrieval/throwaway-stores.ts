import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { EvaluationPorts } from '../../appliance/data/evaluate-retrieval.ts';
import { systemClock } from '../../appliance/kernel/clock.ts';
import type { Embedder } from '../../appliance/models/embedder/port.ts';
import { openSqliteRecords } from '../../appliance/stores/record/sqlite.ts';
import { openSqliteVectors } from '../../appliance/stores/vector/sqlite-vec.ts';

/** Empty stores of a tenant that is gone with `end`. The embedder is the caller's to close. */
export async function throwawayStores(embedder: Embedder): Promise<EvaluationPorts & { end(): Promise<void> }> {
  const folder = await mkdtemp(join(tmpdir(), 'frostbyte-bench-'));
  const clock = systemClock();
  const records = openSqliteRecords(join(folder, 'records.sqlite'), { tenant_id: 'bench', clock });
  const vectors = openSqliteVectors(join(folder, 'vectors.sqlite'), { appliedAt: clock.iso() });
  return {
    tenant_id: 'bench',
    records,
    vectors,
    embedder,
    clock,
    async end() {
      await Promise.all([records.close(), vectors.close()]);
      await rm(folder, { recursive: true, force: true });
    },
  };
}
