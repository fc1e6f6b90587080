import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { keepEmbedder } from '../../appliance/bin/keep-embedder.ts';
import { onnxEmbedder } from '../../appliance/models/embedder/onnx.ts';
import { embedderStatus } from '../../appliance/models/embedder/over-socket/ask-embedder.ts';
import type { Embedder } from '../../appliance/models/embedder/port.ts';
import { silentLogger } from '../../appliance/observability/logger.ts';
import { FETCHED, FETCHED_MODEL as model } from '../../test/support/models/fetched.ts';
import { keepingVectors } from './kept-vectors.ts';

/** The model in its process, as a daemon runs it; what it made before is not made again. */
export function modelEmbedder(): Embedder {
  const folder = mkdtempSync(join(tmpdir(), 'frostbyte-bench-'));
  const at = { socket: join(folder, 'run/embedder.sock') };
  const kept = keepEmbedder({
    settings: { at, models_folder: FETCHED, model, idle_ms: 600_000, log_level: 'error' },
    status: () => embedderStatus(at, 5000),
    logger: silentLogger,
  });
  const asked = onnxEmbedder({ model, at, by: 'bench', patienceMs: 60_000 });
  const embedder = keepingVectors(asked, (made, missing) => {
    process.stderr.write(`  embedded ${made} of ${missing} texts\n`);
  });
  return {
    ...embedder,
    async close() {
      await embedder.close();
      await kept.stop();
      rmSync(folder, { recursive: true });
    },
  };
}
