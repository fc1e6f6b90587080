import { join } from 'node:path';
import type { Config } from '../../config/schema.ts';
import { FrostbyteError } from '../../kernel/errors.ts';
import { lexicalEmbedder } from '../../models/embedder/lexical.ts';
import { LEXICAL, type LockedModel, MODEL_LOCK } from '../../models/embedder/lock.ts';
import { type EmbedderAddress, onnxEmbedder } from '../../models/embedder/onnx.ts';
import type { Embedder } from '../../models/embedder/port.ts';
import { runFolder } from '../run-folder.ts';
import { modelsOf } from './models.ts';

/** The embedders of this process: words alone, and one for each model that is here. */
export interface Embedders {
  /**
   * For a tenant whose index was made with this model (null: nothing is indexed, and the appliance's choice counts). It
   * asks in the tenant's name. Throws `EMBEDDER_UNAVAILABLE` where the model is not here, `CONFIG_INVALID` where the one
   * that was chosen is not.
   */
  of(tenantId: string, indexedWith: string | null): Promise<Embedder>;
  close(): Promise<void>;
}

type EmbedderConfig = Pick<Config, 'embedder' | 'data_folder' | 'processes'>;

/** Models are looked for once: one that is brought later is taken at the next start. */
export function embedders(config: EmbedderConfig): Embedders {
  const lexical = lexicalEmbedder();
  const made = new Map<string, Embedder>();
  let present: Promise<LockedModel[]> | undefined;
  return {
    async of(tenantId, indexedWith) {
      present ??= presentModels(config);
      const models = await present;
      const name = indexedWith ?? chosen(config, models);
      if (name === LEXICAL) return lexical;
      const model = models.find((one) => one.name === name);
      if (model === undefined) throw notHere(name);
      const key = `${name} ${tenantId}`;
      let embedder = made.get(key);
      if (embedder === undefined) {
        embedder = onnxEmbedder({ model, at: embedderAddress(config, name), by: tenantId });
        made.set(key, embedder);
      }
      return embedder;
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

function notHere(name: string): FrostbyteError {
  return new FrostbyteError(
    'EMBEDDER_UNAVAILABLE',
    `This tenant’s index was made with the model ${name}, which is not here. Bring it (frostbyte model import) and start the appliance again; no other model can search it.`,
    {
      retryAfter: 60,
      details: [{ field: 'model', value: name, constraint: 'the model that the index was made with' }],
    },
  );
}
