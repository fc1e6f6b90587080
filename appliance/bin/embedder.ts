import { createInterface } from 'node:readline';
import { exitCode, explain } from '../cli/exit.ts';
import { createLogger } from '../observability/logger.ts';
import { type EmbedderSettings, serveEmbedder } from './wire/serve-embedder.ts';
import { type EndpointSettings, serveEndpoint } from './wire/serve-endpoint.ts';

/**
 * The process that embeds for all tenants of a host, with a model or by an endpoint. Its settings come as one line on standard input, which stays open for
 * as long as somebody wants it. It has no environment and no store, and of keys at
 * most the endpoint's.
 */
const lines = createInterface({ input: process.stdin });
lines.once('close', () => process.exit(0));
const settings = await new Promise<EmbedderSettings | EndpointSettings>((resolve) =>
  lines.once('line', (line) => resolve(JSON.parse(line) as EmbedderSettings | EndpointSettings)),
);
const logger = createLogger({ level: settings.log_level ?? 'info' }).child('embedder', { pid: process.pid });
try {
  if ('endpoint' in settings) await serveEndpoint(settings, logger);
  else await serveEmbedder(settings, logger);
  process.exit(0);
} catch (error) {
  process.stderr.write(`${explain(error)}\n`);
  process.exit(exitCode(error));
}
