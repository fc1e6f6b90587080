import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after } from 'node:test';
import { type KeptEmbedder, keepEmbedder } from '../../appliance/bin/keep-embedder.ts';
import { defaultConfig } from '../../appliance/config/schema.ts';
import { servedByEndpoint } from '../../appliance/models/embedder/endpoint/served-model.ts';
import { embedderOverSocket, embedderStatus } from '../../appliance/models/embedder/over-socket/ask-embedder.ts';
import { silentLogger } from '../../appliance/observability/logger.ts';
import { startEmbeddingEndpoint } from '../support/embedding-endpoint.ts';
import { embedderContract } from './embedder.suite.ts';

const folder = mkdtempSync(join(tmpdir(), 'frostbyte-endpoint-'));
const server = startEmbeddingEndpoint();
let kept: KeptEmbedder | undefined;
after(async () => {
  await kept?.stop();
  await (await server).close();
  rmSync(folder, { recursive: true });
});

/** The way of a tenant's plane: over the socket of the process that speaks to the endpoint. */
embedderContract('OpenAI-compatible endpoint, by its process', async () => {
  const { url, ca } = await server;
  const [key_file, ca_file] = [join(folder, 'key'), join(folder, 'ca.pem')];
  writeFileSync(key_file, 'a-key\n', { mode: 0o600 });
  writeFileSync(ca_file, ca);
  const endpoint = { ...defaultConfig().embedder.endpoint, url, key_file, ca_file };
  const at = { socket: join(folder, 'run/endpoint.sock') };
  kept = keepEmbedder({
    settings: { at, endpoint, log_level: 'error' },
    status: () => embedderStatus(at, 5000),
    logger: silentLogger,
  });
  return embedderOverSocket({ model: servedByEndpoint(endpoint), at, by: 'contract', patienceMs: 60_000 });
});
