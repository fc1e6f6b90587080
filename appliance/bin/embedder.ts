import { createInterface } from 'node:readline';
import { exitCode, explain } from '../cli/exit.ts';
import { createLogger } from '../observability/logger.ts';
import { type EmbedderSettings, serveEmbedder } from './wire/serve-embedder.ts';

/**
 * The process that embeds for all tenants of a host. Its settings come as one line on standard input, which stays open for
 * as long as somebody wants it. It has no environment, no store, no key.
 */
const lines = createInterface({ input: process.stdin });
lines.once('close', () => process.exit(0));
const settings = await new Promise<EmbedderSettings>((resolve) =>
  lines.once('line', (line) => resolve(JSON.parse(line) as EmbedderSettings)),
);
try {
  await serveEmbedder(settings, createLogger({ level: 'info' }).child('embedder', { pid: process.pid }));
  process.exit(0);
} catch (error) {
  process.stderr.write(`${explain(error)}\n`);
  process.exit(exitCode(error));
}
