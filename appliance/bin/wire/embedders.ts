import { join } from 'node:path';
import type { Config } from '../../config/schema.ts';
import type { Models } from '../../control/tenants/pinned-model.ts';
import { FrostbyteError } from '../../kernel/errors.ts';
import { servedByEndpoint } from '../../models/embedder/endpoint/served-model.ts';
import { lexicalEmbedder } from '../../models/embedder/lexical.ts';
import { LEXICAL, type LockedModel, MODEL_LOCK } from '../../models/embedder/lock.ts';
import { onnxEmbedder } from '../../models/embedder/onnx.ts';
import { type EmbedderAddress, embedderOverSocket } from '../../models/embedder/over-socket/ask-embedder.ts';
import type { Embedder } from '../../models/embedder/port.ts';
import { runFolder } from '../run-folder.ts';
import { modelsOf } from './models.ts';
import type { ConfiguredEndpoint } from './serve-endpoint.ts';

/** The embedders of this process: words alone, one for each model that is here, and the endpoint's. */
export interface Embedders {
  /**
   * For a tenant that needs this model (null: any, and the tenant's mode and the appliance's choice count). It asks in the tenant's name. Throws `EMBEDDER_UNAVAILABLE` where the model is not here, or is an
   * endpoint's and the tenant embeds offline; `CONFIG_INVALID` where the one that was chosen is not here.
   */
  of(tenantId: string, model: string | null, mode: EmbeddingMode): Promise<Embedder>;
  close(): Promise<void>;
}

/** What a tenant's configuration says (spec 3): whether its texts may leave this box, to the endpoint alone. */
export type EmbeddingMode = 'offline' | 'online';

type EmbedderConfig = Pick<Config, 'embedder' | 'data_folder' | 'processes'>;

/** Models are looked for once: one that is brought later is taken at the next start. */
export function embedders(config: EmbedderConfig): Embedders {
  const lexical = lexicalEmbedder();
  const made = new Map<string, Embedder>();
  const endpoint = configuredEndpoint(config);
  let present: Promise<LockedModel[]> | undefined;
  const once = (name: string, tenantId: string, make: () => Embedder): Embedder => {
    const key = `${name} ${tenantId}`;
    const embedder = made.get(key) ?? make();
    made.set(key, embedder);
    return embedder;
  };
  return {
    async of(tenantId, wanted, mode) {
      if (wanted === null && mode === 'online' && endpoint === null) throw noEndpoint();
      if (endpoint !== null && (wanted ?? (mode === 'online' ? endpoint.model : null)) === endpoint.model) {
        if (mode === 'offline') throw staysHere(endpoint.model);
        const at = { socket: endpointSocket(config) };
        const model = servedByEndpoint(endpoint);
        return once(model.name, tenantId, () => embedderOverSocket({ model, at, by: tenantId }));
      }
      present ??= presentModels(config);
      const models = await present;
      const name = wanted ?? chosen(config, models);
      if (name === LEXICAL) return lexical;
      const model = models.find((one) => one.name === name);
      if (model === undefined) throw notHere(name);
      const at = embedderAddress(config, name);
      return once(name, tenantId, () => onnxEmbedder({ model, at, by: tenantId }));
    },
    async close() {
      for (const one of [lexical, ...made.values()]) await one.close();
    },
  };
}

/**
 * The models whose files are here, or that somebody else runs, the best first; none where the appliance is told to do
 * without.
 */
export async function presentModels(config: EmbedderConfig): Promise<LockedModel[]> {
  const { model: wanted, models_folder, addresses } = config.embedder;
  if (wanted === LEXICAL) return [];
  if (addresses !== null) return MODEL_LOCK.models.filter(({ name }) => addresses[name] !== undefined);
  if (models_folder === null) return [];
  const states = await modelsOf(config).list();
  return states.filter(({ state }) => state === 'present').map(({ model }) => model);
}

/** The models that a tenant may be pinned to. */
export async function pinnableModels(config: EmbedderConfig): Promise<Models> {
  const present = await presentModels(config);
  const online = configuredEndpoint(config)?.model;
  const beside = online === undefined ? [] : [online];
  return {
    known: [LEXICAL, ...MODEL_LOCK.models.map(({ name }) => name), ...beside],
    present: [LEXICAL, ...present.map(({ name }) => name), ...beside],
    ...(online !== undefined && { online }),
  };
}

/** What an appliance embeds with where no index says otherwise: what it is told, else the best model, else words. */
export function chosen({ embedder: { model } }: EmbedderConfig, present: readonly LockedModel[]): string {
  if (model === 'auto') return present[0]?.name ?? LEXICAL;
  if (model === LEXICAL || present.some(({ name }) => name === model)) return model;
  throw new FrostbyteError(
    'CONFIG_INVALID',
    `embedder.model is ${model}, which is not here. Bring it (frostbyte model import), or set it to auto.`,
    { details: [{ field: 'embedder.model', value: model, constraint: 'auto, lexical or a model that is here' }] },
  );
}

/** Where the process listens that this host runs for a model. */
export function embedderSocket(config: EmbedderConfig, model: string): string {
  return join(runFolder(config), 'embedder', `${model}.sock`);
}

function embedderAddress(config: EmbedderConfig, model: string): EmbedderAddress {
  const said = config.embedder.addresses?.[model];
  if (said === undefined) return { socket: embedderSocket(config, model) };
  const [, host, port] = /^\[?([^/\]]+)\]?:(\d{1,5})$/.exec(said) ?? [];
  return host === undefined ? { socket: said } : { host, port: Number(port) };
}

/** The endpoint that tenants may embed with who are online; null where none is configured. Throws `CONFIG_INVALID`. */
export function configuredEndpoint({ embedder: { endpoint } }: EmbedderConfig): ConfiguredEndpoint | null {
  const { url, model } = endpoint;
  if (url === null) return null;
  if (model !== LEXICAL && !MODEL_LOCK.models.some(({ name }) => name === model)) return { ...endpoint, url };
  // Which vectors an index holds is told by the model's name.
  throw new FrostbyteError(
    'CONFIG_INVALID',
    `embedder.endpoint.model is ${model}, which is what a model on this box is called. Give it another name at the endpoint.`,
    { details: [{ field: 'embedder.endpoint.model', value: model, constraint: 'no name of a model on this box' }] },
  );
}

/** What the socket is called at which the process that speaks to the endpoint is asked. */
export const ENDPOINT_SOCKET = 'endpoint.sock';

/** Where the process that speaks to the endpoint listens. */
export function endpointSocket(config: EmbedderConfig): string {
  return join(runFolder(config), 'embedder', ENDPOINT_SOCKET);
}

function noEndpoint(): FrostbyteError {
  return new FrostbyteError(
    'EMBEDDER_UNAVAILABLE',
    'This tenant embeds online, and this appliance has no endpoint. Name one (embedder.endpoint.url), or set the tenant’s embedding_mode to offline.',
    { retryAfter: 60 },
  );
}

function staysHere(name: string): FrostbyteError {
  return new FrostbyteError(
    'EMBEDDER_UNAVAILABLE',
    `This tenant’s index was made with ${name}, or it is pinned to it; that is an endpoint’s, not on this box, and the tenant embeds offline: nothing is sent there. Set its embedding_mode to online, or reindex it with a model that is here.`,
    { retryAfter: 60 },
  );
}

function notHere(name: string): FrostbyteError {
  return new FrostbyteError(
    'EMBEDDER_UNAVAILABLE',
    `This tenant needs the model ${name}, which is not here: its index was made by it, or it is pinned to it. Bring it (frostbyte model import) and start the appliance again; no other model stands in.`,
    {
      retryAfter: 60,
      details: [{ field: 'model', value: name, constraint: 'a model that is here' }],
    },
  );
}
