import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DEFAULT_TENANT_CONFIG } from '../../../appliance/api/tenant-config.ts';
import type { Parser } from '../../../appliance/data/2-parse/sandbox/parse-file.ts';
import { servedVectors, type VectorIndexes } from '../../../appliance/data/indexes.ts';
import type { DataPlane } from '../../../appliance/data/plane.ts';
import { FrostbyteError } from '../../../appliance/kernel/errors.ts';
import { lexicalEmbedder } from '../../../appliance/models/embedder/lexical.ts';
import type { Embedder } from '../../../appliance/models/embedder/port.ts';
import { silentLogger } from '../../../appliance/observability/logger.ts';
import { createMetrics } from '../../../appliance/observability/metrics.ts';
import { openFilesystemObjects } from '../../../appliance/stores/object/filesystem.ts';
import { openSqliteQueue } from '../../../appliance/stores/queue/sqlite.ts';
import { openSqliteRecords } from '../../../appliance/stores/record/sqlite.ts';
import { openSqliteVectors } from '../../../appliance/stores/vector/sqlite-vec.ts';
import { arrival, idOf, TENANT } from '../../contract/record/builders.ts';
import { type ManualClock, manualClock } from '../manual-clock.ts';

/** A data plane on real stores in a temporary folder, under a clock that the test moves. */
export interface SmallPlane {
  plane: DataPlane;
  clock: ManualClock;
  /** Takes these texts in as one batch of that name; answers their document ids. */
  receive(batchId: string, texts: readonly string[]): Promise<string[]>;
  end(): Promise<void>;
}

/**
 * `parser` is asked by the parse stage; without one, that stage must be a fake. It embeds by words, and by whatever else is
 * among `others` where it is asked for by name.
 */
export async function smallPlane(parser?: Parser, others: Embedder[] = []): Promise<SmallPlane> {
  const folder = await mkdtemp(join(tmpdir(), 'frostbyte-plane-'));
  const clock = manualClock();
  const embedder = lexicalEmbedder();
  const embedders = [embedder, ...others];
  const records = openSqliteRecords(join(folder, 'records.sqlite'), { tenant_id: TENANT, clock });
  const index = (name: string) => openSqliteVectors(join(folder, name), { appliedAt: clock.iso() });
  const indexes: VectorIndexes = [index('vectors.sqlite'), index('vectors.r1.sqlite')];
  const plane: DataPlane = {
    tenant_id: TENANT,
    objects: openFilesystemObjects(join(folder, 'objects')),
    records,
    vectors: servedVectors(records, indexes),
    indexes,
    queue: openSqliteQueue(join(folder, 'queue.sqlite'), { clock }),
    async embedder(model) {
      const name = model === undefined ? (await records.vectorIndex()).embed_model : model;
      const found = name === null ? embedder : embedders.find((one) => one.model === name);
      if (found !== undefined) return found;
      throw new FrostbyteError('EMBEDDER_UNAVAILABLE', `There is no ${name} here.`, { retryAfter: 1 });
    },
    parser: parser ?? ({} as Parser),
    scanner: {} as DataPlane['scanner'],
    clock,
    logger: silentLogger,
    meter: createMetrics({ version: '' }).meter,
    holds: async () => [],
    isClockTrusted: async () => true,
    temporary: join(folder, 'tmp'),
    config: async () => ({ config: DEFAULT_TENANT_CONFIG, config_version: 1 }),
  };
  return {
    plane,
    clock,
    async receive(batchId, texts) {
      const plain = { mime_type: 'text/plain' };
      const batch = arrival(
        batchId,
        texts.map((content, n) => ({ file_id: `f${n}`, content })),
        { at: clock.iso() },
      );
      for (const [n, decision] of batch.files.entries()) {
        if (decision.kind === 'rejected') continue;
        Object.assign(decision.document, plain);
        await plane.objects.put(decision.document.storage_path, Buffer.from(texts[n]!));
      }
      await plane.records.receive({ ...batch, config: { ...DEFAULT_TENANT_CONFIG } });
      return texts.map(idOf);
    },
    async end() {
      await Promise.all([plane.objects.close(), plane.records.close(), plane.vectors.close(), plane.queue.close()]);
      for (const one of embedders) await one.close();
      await rm(folder, { recursive: true });
    },
  };
}
