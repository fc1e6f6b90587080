import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after } from 'node:test';
import { keepEmbedder } from '../../appliance/bin/keep-embedder.ts';
import { onnxEmbedder } from '../../appliance/models/embedder/onnx.ts';
import { embedderStatus } from '../../appliance/models/embedder/over-socket/ask-embedder.ts';
import { silentLogger } from '../../appliance/observability/logger.ts';
import { embedderContract } from '../contract/embedder.suite.ts';
import { FETCHED, FETCHED_MODEL as model } from '../support/models/fetched.ts';

const folder = mkdtempSync(join(tmpdir(), 'frostbyte-model-'));
const at = { socket: join(folder, 'run/embedder.sock') };
const kept = keepEmbedder({
  settings: { at, models_folder: FETCHED, model, idle_ms: 600_000 },
  status: () => embedderStatus(at, 5000),
  logger: silentLogger,
});
after(async () => {
  await kept.stop();
  rmSync(folder, { recursive: true });
});

embedderContract(model.name, async () => onnxEmbedder({ model, at, by: 'contract', patienceMs: 60_000 }));
