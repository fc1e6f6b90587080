import { join } from 'node:path';
import type { Config } from '../../config/schema.ts';
import { type ModelFolder, modelFolder } from '../../models/embedder/folder/model-folder.ts';
import { MODEL_LOCK, type ModelLock } from '../../models/embedder/lock.ts';

export { LEXICAL } from '../../models/embedder/lock.ts';

/** The folder that this appliance's models are kept in. */
export function modelsOf(
  { embedder, data_folder }: Pick<Config, 'embedder' | 'data_folder'>,
  lock: ModelLock = MODEL_LOCK,
): ModelFolder {
  return modelFolder(embedder.models_folder ?? join(data_folder, 'models'), lock);
}
