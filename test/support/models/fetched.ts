import { resolve } from 'node:path';
import { modelFolder } from '../../../appliance/models/embedder/folder/model-folder.ts';
import { type LockedModel, MODEL_LOCK } from '../../../appliance/models/embedder/lock.ts';

/** Where `make models` puts what it fetches. */
export const FETCHED = resolve(import.meta.dirname, '../../../.cache/models');
const NAME = 'all-mpnet-base-v2';

/** The model that `make models` fetches, as the lock has it. */
export const FETCHED_MODEL: LockedModel = MODEL_LOCK.models.find(({ name }) => name === NAME)!;

/** Why what needs the model's weights cannot run here, or null. */
export async function modelMissing(): Promise<string | null> {
  const found = (await modelFolder(FETCHED).list()).find(({ model }) => model.name === NAME);
  return found?.state === 'present' ? null : `${NAME} is not here: make models`;
}
