import { readFile } from 'node:fs/promises';
import { listenOnSocket } from '../../api/rpc/listen-on-socket.ts';
import type { Config } from '../../config/schema.ts';
import { FrostbyteError } from '../../kernel/errors.ts';
import type { Logger } from '../../kernel/telemetry.ts';
import { servedByEndpoint } from '../../models/embedder/endpoint/served-model.ts';
import type { LoadedModel } from '../../models/embedder/onnx/load-model.ts';
import { openAiEmbedder } from '../../models/embedder/openai-compatible.ts';
import { embedderServer } from '../../models/embedder/over-socket/serve-embedder.ts';
import type { Embedder } from '../../models/embedder/port.ts';
import { readSecret } from '../../secrets/secret-file.ts';
import { type RelayDoor, relayDoors } from './relay-doors.ts';

export type ConfiguredEndpoint = Config['embedder']['endpoint'] & { url: string };

/** Told to the process that runs: by which doors tenants come whose data planes are in containers. */
export interface DoorsNote {
  doors: readonly RelayDoor[];
}

/** All that the process which speaks to an endpoint gets to know. The key is not in it: that process alone reads it. */
export interface EndpointSettings {
  at: { socket: string };
  endpoint: ConfiguredEndpoint;
  log_level?: Config['log_level'];
}

/** An endpoint embeds for several at a time; one tenant's documents do not keep it from all others. */
const DOCUMENTS = { total: 4, each: 2, waiting: 256 };
/** Trouble of so long ago says nothing of now, where nobody asked since. */
const TROUBLE_MS = 300_000;

/**
 * Listens for texts, as the process of a model does, and has the endpoint embed them. It is the one process that holds the
 * endpoint's key, and the one that leaves this box. Never resolves. Throws `CONFIG_INVALID` where it cannot listen, or the
 * authority's file cannot be read. `notes` is given who listens to what is told later.
 */
export async function serveEndpoint(
  { at, endpoint }: EndpointSettings,
  notes: (listener: (note: DoorsNote) => void) => void,
  logger: Logger,
): Promise<never> {
  const { name, version } = servedByEndpoint(endpoint);
  let trouble: { message: string; at: number } | null = null;
  const note = (error: unknown) => {
    trouble =
      error === null
        ? null
        : {
            message: error instanceof FrostbyteError ? error.message : 'The embedding endpoint failed.',
            at: performance.now(),
          };
  };
  const key = () => endpointKey(endpoint.key_file);
  const embedder = openAiEmbedder({ endpoint, key, ...(await authority(endpoint.ca_file)) });
  // Said at once rather than with the first document.
  await key().catch(note);
  const server = embedderServer({
    model: async () => asLoaded(embedder, endpoint.batch, note),
    status: () => ({
      model: name,
      version,
      loaded: true,
      batch_ms: 0,
      ...(trouble !== null && performance.now() - trouble.at < TROUBLE_MS && { trouble: trouble.message }),
    }),
    documents: DOCUMENTS,
    origin: (socket) => doors.origin(socket),
    logger,
  });
  const doors = relayDoors((socket) => server.emit('connection', socket), logger);
  await listenOnSocket(server, at.socket);
  notes((note) => void doors.settle(note.doors));
  logger.info('texts of tenants that embed online are sent to the endpoint');
  return new Promise(() => undefined);
}

/** The key as it stands in its file now; null where the endpoint wants none. Tenants read what it throws: no path is in it. */
async function endpointKey(file: string | null): Promise<string | null> {
  if (file === null) return null;
  const bytes = await readSecret(file).catch((error: unknown) => {
    throw noKey('cannot be read: it must be a file, and of this user alone (mode 0600)', error);
  });
  if (bytes === null) throw noKey('is not there. Put it into that file, mode 0600');
  return bytes.toString('utf8').trim();
}

async function authority(file: string | null): Promise<{ ca?: string }> {
  if (file === null) return {};
  const ca = await readFile(file, 'utf8').catch((error: unknown) => {
    throw new FrostbyteError('CONFIG_INVALID', `embedder.endpoint.ca_file cannot be read: ${file}.`, { cause: error });
  });
  return { ca };
}

/** The embedder as the socket's server asks it: some texts at a time, so that who goes away is not embedded for any further. */
function asLoaded(embedder: Embedder, some: number, note: (error: unknown) => void): LoadedModel {
  return {
    async embed(texts, kind, onVectors, signal) {
      try {
        for (let at = 0; at < texts.length; at += some) {
          signal?.throwIfAborted();
          const slice = texts.slice(at, at + some);
          const vectors =
            kind === 'query'
              ? await Promise.all(slice.map((text) => embedder.embedQuery(text)))
              : await embedder.embedDocuments(slice);
          note(null);
          onVectors(
            slice.map((_, i) => at + i),
            vectors,
          );
        }
      } catch (error) {
        if (!signal?.aborted) note(error);
        throw error;
      }
    },
    close: () => embedder.close(),
  };
}

function noKey(what: string, cause?: unknown): FrostbyteError {
  return new FrostbyteError('EMBEDDER_UNAVAILABLE', `The key that embedder.endpoint.key_file names ${what}.`, {
    ...(cause !== undefined && { cause }),
  });
}
