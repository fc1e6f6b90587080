import { createInterface } from 'node:readline';
import { exitCode, explain } from '../cli/exit.ts';
import { createLogger } from '../observability/logger.ts';
import { type EmbedderSettings, serveEmbedder } from './wire/serve-embedder.ts';
import { type DoorsNote, type EndpointSettings, serveEndpoint } from './wire/serve-endpoint.ts';

/**
 * The process that embeds for all tenants of a host, with a model or by an endpoint. Its settings come as the first line on
 * standard input, which stays open for as long as somebody wants it; what changes comes as further lines. It has no
 * environment and no store, and of keys at most the endpoint's.
 */
const lines = createInterface({ input: process.stdin });
lines.once('close', () => process.exit(0));
const { promise: told, resolve: tell } = Promise.withResolvers<EmbedderSettings | EndpointSettings>();
let latest: DoorsNote = { doors: [] };
let listener: (note: DoorsNote) => void = () => undefined;
lines.once('line', (first) => {
  tell(JSON.parse(first) as EmbedderSettings | EndpointSettings);
  lines.on('line', (line) => {
    latest = JSON.parse(line) as DoorsNote;
    listener(latest);
  });
});
const settings = await told;
const notes = (listens: typeof listener): void => {
  listener = listens;
  listens(latest);
};
const logger = createLogger({ level: settings.log_level ?? 'info' }).child('embedder', { pid: process.pid });
try {
  if ('endpoint' in settings) await serveEndpoint(settings, notes, logger);
  else await serveEmbedder(settings, logger);
  process.exit(0);
} catch (error) {
  process.stderr.write(`${explain(error)}\n`);
  process.exit(exitCode(error));
}
